//! Socket.IO packets on Engine.IO (`42["event",{…}]`), over WebSocket or polling, and SockJS frames (`a["…"]`): a packet type,
//! then JSON, base64 or bytes.

use super::{Format, Sniff, blob, json, start};
use crate::decode::nested::base64;
use crate::decode::{Flaw, Place, Source, Step, Walk, charset};

pub const FORMAT: Format = Format { name: "socketio", types: &[], sniff, walk };

/// Between the packets of one polling answer (Engine.IO 4).
const SEPARATOR: char = '\u{1e}';

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    if let Some(bytes) = after_binary_type(source.bytes) {
        return blob::walk(walk, place, bytes);
    }
    let text = charset::text(walk, source).trim();
    if !text.contains(SEPARATOR) {
        return walk_packet(walk, place, text);
    }
    for (index, packet) in (0..).zip(text.split(SEPARATOR)) {
        let place = walk.child(place, Step::Index(index))?;
        walk_packet(walk, place, packet)?;
    }
    Ok(())
}

fn walk_packet<'x>(walk: &mut Walk<'x>, place: Place<'x>, packet: &'x str) -> Result<(), Flaw> {
    if let Some(bytes) = after_base64_type(packet.as_bytes()) {
        let bytes = walk.arena.bytes(&bytes);
        let inside = walk.layer(place, "base64")?;
        return blob::walk(walk, inside, bytes);
    }
    match prefix(packet.as_bytes()).and_then(|end| packet.get(end..)) {
        Some(payload) => {
            let inside = walk.layer(place, json::FORMAT.name)?;
            json::walk_whole(walk, inside, payload)
        }
        // Pings and the like.
        None => walk.value(place, packet),
    }
}

fn sniff(bytes: &[u8]) -> Sniff {
    if after_binary_type(bytes).is_some() {
        return Sniff::Yes;
    }
    let first = start(bytes).split(|&byte| byte == SEPARATOR as u8).next().unwrap_or_default();
    let is_json = |end: usize| (json::FORMAT.sniff)(&first[end..]) == Sniff::Yes;
    if prefix(first).is_some_and(is_json) || after_base64_type(first).is_some() { Sniff::Yes } else { Sniff::No }
}

/// What follows the packet type of a binary message (Engine.IO 3), where that is a known format.
fn after_binary_type(bytes: &[u8]) -> Option<&[u8]> {
    const MESSAGE: u8 = 4;
    bytes.strip_prefix(&[MESSAGE]).filter(|rest| blob::is_known(rest))
}

/// What a binary message in base64 holds (`b4…` of Engine.IO 3, `b…` of 4), where that has a form.
fn after_base64_type(bytes: &[u8]) -> Option<Vec<u8>> {
    const SHORTEST: usize = 8;
    let text = std::str::from_utf8(bytes.strip_prefix(b"b")?).ok().filter(|text| text.len() >= SHORTEST)?;
    let of = |text: &str| base64::decoded(text).filter(|bytes| base64::has_form(bytes));
    text.strip_prefix('4').and_then(of).or_else(|| of(text))
}

/// Length of what stands before the JSON: one or two packet types, attachments (`2-`), a namespace (`/chat,`), an
/// acknowledgement id; or SockJS's `a`.
fn prefix(bytes: &[u8]) -> Option<usize> {
    const LONGEST: usize = 64;
    if bytes.starts_with(b"a[") {
        return Some(1);
    }
    let end = bytes.iter().take(LONGEST).position(|byte| matches!(byte, b'{' | b'['))?;
    let types = bytes.iter().take(2).take_while(|byte| matches!(byte, b'0'..=b'6')).count();
    let mut rest = bytes.get(types..end)?;
    if let Some(dash) = rest.iter().position(|&byte| byte == b'-').filter(|_| !rest.starts_with(b"/")) {
        rest = rest[..dash].iter().all(u8::is_ascii_digit).then(|| &rest[dash + 1..])?;
    }
    if rest.starts_with(b"/") {
        let comma = rest.iter().position(|&byte| byte == b',')?;
        rest = &rest[comma + 1..];
    }
    (types > 0 && rest.iter().all(u8::is_ascii_digit)).then_some(end)
}
