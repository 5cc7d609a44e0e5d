//! The formats that can be walked: one file each, one line each in the registry.

mod blob;
mod cbor;
mod csv;
mod exif;
mod form;
mod form_names;
mod graphql;
mod grpc;
mod grpc_web_text;
mod json;
mod json_cursor;
mod msgpack;
mod multipart;
mod ndjson;
mod plist;
mod plist_binary;
mod protobuf;
mod protobuf_wire;
mod socketio;
mod sse;
mod stomp;
mod text;
mod tokens;
mod xml;

pub use blob::{is_known, walk as walk_bytes};
pub use csv::{is_surely as is_csv, walk_table as walk_csv};
pub use form::{is_query, walk_pairs, walk_query};
pub use graphql::{looks as is_graphql, walk_document as walk_graphql};
pub use json::{walk_several as walk_ndjson, walk_whole as walk_json};
pub use text::FORMAT as TEXT;

use super::{Flaw, Place, Source, Walk, charset};

/// Every format, the surest signs first. To add one: its file, and its line here.
pub const FORMATS: &[&Format] = &[
    &exif::FORMAT,
    &multipart::FORMAT,
    &plist::FORMAT,
    &ndjson::FORMAT,
    &json::FORMAT,
    &socketio::FORMAT,
    &stomp::FORMAT,
    &sse::FORMAT,
    &xml::FORMAT,
    &graphql::FORMAT,
    &form::FORMAT,
    &grpc_web_text::FORMAT,
    &msgpack::FORMAT,
    &cbor::FORMAT,
    &grpc::FORMAT,
    &protobuf::FORMAT,
    &csv::FORMAT,
    &TEXT,
];

/// One format.
pub struct Format {
    /// Word of the event's `encodings` and of `landfall_inspected_bytes_total`.
    pub name: &'static str,
    /// Content types that name it: whole ones, a `type/`, or a `+suffix`.
    pub types: &'static [&'static str],
    /// A cheap look at the bytes, never longer than their length.
    pub sniff: fn(&[u8]) -> Sniff,
    /// Take every field. The fields before a flaw are kept.
    pub walk: for<'x> fn(&mut Walk<'x>, Place<'x>, Source<'x>) -> Result<(), Flaw>,
}

/// What the bytes say of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniff {
    /// They look like it and like hardly anything else.
    Yes,
    /// They may be it: the content type decides.
    Maybe,
    No,
}

/// The format to walk.
pub struct Choice {
    pub format: &'static Format,
    /// The content type names it, too.
    pub declared: bool,
}

/// The format of these bytes: the content type proposes, a look at the bytes corrects. `None` where there is no such format.
pub fn choose(source: Source<'_>) -> Option<Choice> {
    let declared = FORMATS.iter().copied().find(|format| format.types.iter().any(|name| source.media.is(name)));
    let sniffed = declared.map_or(Sniff::No, |format| (format.sniff)(source.bytes));
    if let (Some(format), Sniff::Yes) = (declared, sniffed) {
        return Some(Choice { format, declared: true });
    }
    if let Some(format) = FORMATS.iter().copied().find(|format| (format.sniff)(source.bytes) == Sniff::Yes) {
        return Some(Choice { format, declared: false });
    }
    match declared {
        Some(format) if sniffed == Sniff::Maybe => Some(Choice { format, declared: true }),
        _ => charset::is_mostly_text(source.bytes).then_some(Choice { format: &TEXT, declared: false }),
    }
}

/// Formats of bytes that are no text.
const BINARY: &[&Format] =
    &[&exif::FORMAT, &plist::FORMAT, &msgpack::FORMAT, &cbor::FORMAT, &grpc::FORMAT, &protobuf::FORMAT];

/// Whether the bytes are a picture.
pub fn is_image(bytes: &[u8]) -> bool {
    (exif::FORMAT.sniff)(bytes) == Sniff::Yes
}

/// Whether the bytes are surely one of the binary formats.
fn is_binary(bytes: &[u8]) -> bool {
    !charset::is_text(bytes) && BINARY.iter().any(|format| (format.sniff)(bytes) == Sniff::Yes)
}

/// The bytes without a byte order mark and leading white space: where the first sign of a format stands.
fn start(bytes: &[u8]) -> &[u8] {
    charset::without_bom(bytes).trim_ascii_start()
}
