//! A message's body: its content codings undone in reverse order, then read by its type.

use super::{Flaw, Media, Part, Place, Source, UnreadReason, Walk, coding, open};
use crate::exchange::{Body, Cut, Headers, Message};

/// Codings applied on top of each other; nobody honest uses more than two.
const MAX_CODINGS: usize = 8;

/// Take a body, and say what of it is missing.
pub fn walk<'x>(walk: &mut Walk<'x>, part: Part, message: &'x Message) -> Result<(), Flaw> {
    let place = Place::root(part);
    let body = &message.body;
    if let Some(cut) = body.cut {
        walk.note(place, missing(cut));
    }
    let source = Source { bytes: &body.captured, media: Media::of(&message.headers), cut: body.cut.is_some() };
    match uncoded(walk, place, source, &message.headers, body)? {
        Some((place, source)) => {
            let source = affordable(walk, place, source, body);
            open(walk, place, source)
        }
        None => Ok(()),
    }
}

fn missing(cut: Cut) -> UnreadReason {
    match cut {
        Cut::Aborted => UnreadReason::Aborted,
        Cut::Budget | Cut::Limit => UnreadReason::Budget,
        Cut::NotRecorded => UnreadReason::Truncated,
        Cut::Unopened => UnreadReason::Unsupported,
    }
}

/// The source with every coding undone that the headers name; `None` where one is unknown, which is noted.
fn uncoded<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    source: Source<'x>,
    headers: &Headers,
    body: &Body,
) -> Result<Option<(Place<'x>, Source<'x>)>, Flaw> {
    let (mut place, mut source) = (place, source);
    if source.bytes.is_empty() {
        return Ok(None);
    }
    for name in codings(headers).iter().rev() {
        let Some(coding) = coding::named(name) else {
            walk.note(place, UnreadReason::Unsupported);
            return Ok(None);
        };
        let trust = coding::Trust { maybe_undone: body.decoded, cut: source.cut };
        let Some(undone) = coding::undo_named(walk, coding, source.bytes, trust) else { break };
        coding::note_flaw(walk, place, undone.flaw, source.cut);
        place = walk.layer(place, coding.name)?;
        source = Source { bytes: undone.bytes, cut: source.cut || undone.flaw.is_some(), ..source };
    }
    Ok(Some((place, source)))
}

/// The codings named, in the order they were applied.
fn codings(headers: &Headers) -> Vec<&str> {
    let values = headers.all("content-encoding").filter_map(|value| std::str::from_utf8(value).ok());
    let names = values.flat_map(|value| value.split(',')).map(str::trim);
    let none = ["", "identity", "none", "utf-8", "utf8"];
    names.filter(|name| !none.iter().any(|none| name.eq_ignore_ascii_case(none))).take(MAX_CODINGS).collect()
}

/// As much of a body that came without a coding as the budget allows; decompressed bytes are paid for already.
fn affordable<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>, body: &'x Body) -> Source<'x> {
    if !std::ptr::eq(source.bytes.as_ptr(), body.captured.as_ptr()) {
        return source;
    }
    let granted = walk.spend_bytes(source.bytes.len());
    if granted < source.bytes.len() {
        walk.note(place, UnreadReason::Budget);
    }
    Source { bytes: &source.bytes[..granted], cut: source.cut || granted < source.bytes.len(), ..source }
}
