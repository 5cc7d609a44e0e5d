//! gRPC messages: a flag, a length, and a message each (gRPC over HTTP2, "Length-Prefixed-Message").
//!
//! A single message stands at the root; of several, each has its index.

use super::{Format, Sniff, protobuf};
use crate::decode::{Flaw, Media, Place, Source, Step, UnreadReason, Walk, coding, open};

pub const FORMAT: Format = Format {
    name: "grpc",
    types: &[
        "application/grpc",
        "application/grpc+proto",
        "application/grpc+json",
        "application/grpc-web",
        "application/grpc-web+proto",
    ],
    sniff,
    walk,
};

/// Bytes before each message: the flag and a big-endian length.
const HEAD: usize = 5;
const COMPRESSED: u8 = 1;
/// gRPC-Web carries trailers in a frame of their own.
const TRAILERS: u8 = 0x80;

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let mut rest = source.bytes;
    let several = frame(rest).is_some_and(|(.., after)| !after.is_empty() && after[0] & TRAILERS == 0);
    for index in 0.. {
        if rest.is_empty() {
            break;
        }
        let (flag, message, after) = frame(rest).ok_or(Flaw::Ended)?;
        let place = if several { walk.child(place, Step::Index(index))? } else { place };
        let cut = message.len() < length(rest);
        let inner = Source { bytes: message, media: source.media, cut: source.cut || cut };
        walk_frame(walk, place, flag, inner)?;
        if cut {
            return Err(Flaw::Ended);
        }
        rest = after;
    }
    Ok(())
}

fn walk_frame<'x>(walk: &mut Walk<'x>, place: Place<'x>, flag: u8, source: Source<'x>) -> Result<(), Flaw> {
    if flag & TRAILERS != 0 {
        return open(walk, place, Source { media: Media::new("text/plain"), ..source });
    }
    if flag & COMPRESSED == 0 {
        return walk_message(walk, place, source);
    }
    let Some(coding) = coding::sniffed(source.bytes) else {
        walk.note(place, UnreadReason::Unsupported);
        return Ok(());
    };
    let undone = coding::undo(walk, coding, source.bytes);
    coding::note_flaw(walk, place, undone.flaw, source.cut);
    let place = walk.layer(place, coding.name)?;
    walk_message(walk, place, Source { bytes: undone.bytes, cut: source.cut || undone.flaw.is_some(), ..source })
}

fn walk_message<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let media = if source.media.is("+json") { "application/json" } else { protobuf::FORMAT.types[0] };
    open(walk, place, Source { media: Media::new(media), ..source })
}

/// Flag, message (as far as it is there) and what follows.
fn frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (message, after) = rest.split_at(length(bytes).min(rest.len()));
    Some((head[0], message, after))
}

fn length(bytes: &[u8]) -> usize {
    let length = bytes.get(1..HEAD).and_then(|length| length.first_chunk::<4>());
    length.map_or(0, |length| usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX))
}

/// Frames that fill the bytes exactly, the first of them a message with text in it or compressed.
fn sniff(bytes: &[u8]) -> Sniff {
    match frame(bytes) {
        Some((0 | 1, first, _)) if is_framed(bytes) && is_telling(first) => Sniff::Yes,
        Some((0 | 1 | 0x80 | 0x81, ..)) => Sniff::Maybe,
        _ => Sniff::No,
    }
}

pub(super) fn is_framed(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match frame(rest) {
            Some((0 | 1 | 0x80 | 0x81, message, after)) if message.len() == length(rest) => rest = after,
            _ => return false,
        }
    }
    true
}

fn is_telling(message: &[u8]) -> bool {
    coding::sniffed(message).is_some() || protobuf::is_telling(message, 0)
}
