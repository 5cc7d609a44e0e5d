//! gRPC-Web as text: the frames in base64, each possibly padded by itself (PROTOCOL-WEB.md of gRPC).

use super::{Format, Sniff, grpc};
use crate::decode::nested::base64;
use crate::decode::{Flaw, Place, Source, Walk};

pub const FORMAT: Format = Format {
    name: "grpc-web-text",
    types: &["application/grpc-web-text", "application/grpc-web-text+proto"],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text: Vec<u8> = source.bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (frames, whole) = undone(&text);
    let granted = walk.spend_bytes(frames.len());
    let frames = walk.arena.bytes(&frames[..granted]);
    let inside = walk.layer(place, grpc::FORMAT.name)?;
    let cut = source.cut || granted < frames.len();
    (grpc::FORMAT.walk)(walk, inside, Source { bytes: frames, cut, ..source })?;
    if whole { Ok(()) } else { Err(Flaw::Malformed) }
}

/// All pieces decoded, each up to its padding; and whether that was all of it.
fn undone(text: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut rest = text;
    while !rest.is_empty() {
        let padding = memchr::memchr(b'=', rest).unwrap_or(rest.len());
        let end = padding + rest[padding..].iter().take_while(|&&byte| byte == b'=').count();
        let Some(piece) = std::str::from_utf8(&rest[..end]).ok().and_then(base64::decoded) else {
            return (out, false);
        };
        out.extend_from_slice(&piece);
        rest = &rest[end..];
    }
    (out, true)
}

/// A frame's flag and the upper bytes of its length are zero, `AAAA`; sure where all of it is frames.
fn sniff(bytes: &[u8]) -> Sniff {
    if !bytes.starts_with(b"AAAA") {
        return Sniff::No;
    }
    let (frames, whole) = undone(bytes.trim_ascii());
    if whole && grpc::is_framed(&frames) { Sniff::Yes } else { Sniff::Maybe }
}
