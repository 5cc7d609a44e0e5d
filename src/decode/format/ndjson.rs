//! Newline-delimited JSON, concatenated JSON and JSON text sequences (RFC 7464): `$[0]`, `$[1]`, …

use super::json::{Cursor, walk_value};
use super::{Format, Sniff, start};
use crate::decode::{Flaw, Place, Source, Step, Walk, charset};

pub const FORMAT: Format = Format {
    name: "ndjson",
    types: &[
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-seq",
        "application/stream+json",
    ],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    walk_text(walk, place, charset::text(walk, source))
}

pub(super) fn walk_text<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(text);
    for index in 0.. {
        cursor.skip_separators();
        if cursor.is_at_end() {
            break;
        }
        let place = walk.child(place, Step::Index(index))?;
        walk_value(walk, place, &mut cursor)?;
    }
    Ok(())
}

/// An object or array that ends on its line, with another one on the next.
fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    let Some(&(b'{' | b'[')) = bytes.first() else { return Sniff::No };
    let Some(end) = memchr::memchr(b'\n', bytes) else { return Sniff::Maybe };
    let closed = matches!(bytes[..end].trim_ascii_end().last(), Some(b'}' | b']'));
    let next = bytes[end..].trim_ascii_start().first();
    if closed && matches!(next, Some(b'{' | b'[')) { Sniff::Yes } else { Sniff::Maybe }
}
