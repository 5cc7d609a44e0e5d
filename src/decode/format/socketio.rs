//! Socket.IO packets on Engine.IO (`42["event",{…}]`): a packet type, then JSON.

use super::{Format, Sniff, json, start};
use crate::decode::{Flaw, Place, Source, Walk, charset};

pub const FORMAT: Format = Format { name: "socketio", types: &[], sniff, walk };

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source).trim();
    let payload = prefix(text.as_bytes()).and_then(|end| text.get(end..)).ok_or(Flaw::Malformed)?;
    let inside = walk.layer(place, json::FORMAT.name)?;
    json::walk_whole(walk, inside, payload)
}

fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    let is_json = |end: usize| (json::FORMAT.sniff)(&bytes[end..]) == Sniff::Yes;
    if prefix(bytes).is_some_and(is_json) { Sniff::Yes } else { Sniff::No }
}

/// Length of what stands before the JSON: one or two packet types, attachments (`2-`), a namespace (`/chat,`), an acknowledgement id.
fn prefix(bytes: &[u8]) -> Option<usize> {
    const LONGEST: usize = 64;
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
