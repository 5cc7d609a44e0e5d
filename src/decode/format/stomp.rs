//! STOMP frames (STOMP 1.2, "STOMP Frames"), as chats carry them over WebSockets: `$[0]`, `$[1]`, …; a body is read by its form.

use super::{Format, Sniff};
use crate::decode::{Flaw, Media, Place, Source, Step, Walk, charset, open};

pub const FORMAT: Format = Format { name: "stomp", types: &["application/vnd.stomp"], sniff, walk };

const COMMANDS: &[&str] = &[
    "SEND",
    "MESSAGE",
    "CONNECT",
    "CONNECTED",
    "STOMP",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "RECEIPT",
    "ERROR",
    "ACK",
    "NACK",
    "BEGIN",
    "COMMIT",
    "ABORT",
    "DISCONNECT",
];

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let frames = source.bytes.split(|&byte| byte == 0).map(<[u8]>::trim_ascii).filter(|frame| !frame.is_empty());
    for (index, frame) in (0..).zip(frames) {
        let place = walk.child(place, Step::Index(index))?;
        take(walk, place, frame, source.cut)?;
    }
    Ok(())
}

fn take<'x>(walk: &mut Walk<'x>, place: Place<'x>, frame: &'x [u8], cut: bool) -> Result<(), Flaw> {
    let (head, body) = parts(frame);
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let line = charset::lossy(walk, line).trim();
        let Some((name, value)) = line.split_once(':') else { continue };
        if !matches!(name, "content-type" | "content-length" | "heart-beat" | "accept-version") {
            let place = walk.child(place, Step::Key(name))?;
            walk.value(place, value.trim())?;
        }
    }
    open(walk, place, Source { bytes: body, media: Media::NONE, cut })
}

/// Command and headers, and what follows the empty line.
fn parts(frame: &[u8]) -> (&[u8], &[u8]) {
    let breaks = [&b"\n\n"[..], b"\r\n\r\n"];
    let first = breaks.iter().filter_map(|gap| memchr::memmem::find(frame, gap).map(|at| (at, gap.len()))).min();
    first.map_or((frame, &[][..]), |(at, gap)| (&frame[..at], &frame[at + gap..]))
}

fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = bytes.trim_ascii_start();
    let Some(end) = memchr::memchr(b'\n', bytes) else { return Sniff::No };
    let command = bytes[..end].trim_ascii_end();
    let known = COMMANDS.iter().any(|name| name.as_bytes() == command);
    if known && bytes.trim_ascii_end().ends_with(b"\0") { Sniff::Yes } else { Sniff::No }
}
