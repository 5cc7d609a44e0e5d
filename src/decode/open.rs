//! Bytes to fields: undo what their signature shows, choose the format, walk it.

use super::format::{self, Choice, Format};
use super::{Flaw, Media, Place, UnreadReason, Walk, charset, coding};

/// Bytes to be read, and what is known of them.
#[derive(Debug, Clone, Copy)]
pub struct Source<'x> {
    pub bytes: &'x [u8],
    pub media: Media<'x>,
    /// The bytes are a prefix; that is told elsewhere.
    pub cut: bool,
}

/// Read bytes of whatever format they are. Fails only when the budget is used up.
pub fn open<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    if source.bytes.is_empty() {
        return Ok(());
    }
    if !walk.may_nest(place) {
        walk.note(place, UnreadReason::Budget);
        return Ok(());
    }
    if let Some(coding) = coding::sniffed(source.bytes) {
        let undone = coding::undo(walk, coding, source.bytes);
        coding::note_flaw(walk, place, undone.flaw, source.cut);
        let place = walk.layer(place, coding.name)?;
        return open(walk, place, Source { bytes: undone.bytes, cut: source.cut || undone.flaw.is_some(), ..source });
    }
    if let Some((place, source)) = charset::from_utf16(walk, place, source)? {
        return open(walk, place, source);
    }
    match format::choose(source) {
        Some(choice) => read(walk, place, source, choice),
        None => match coding::guessed(walk, source.bytes, source.cut) {
            Some((coding, bytes)) => {
                let place = walk.layer(place, coding.name)?;
                open(walk, place, Source { bytes, ..source })
            }
            None => {
                walk.unread_bytes(place, source.bytes, UnreadReason::Unsupported);
                Ok(())
            }
        },
    }
}

/// Walk the format chosen. A guess that fails is taken back, and the bytes are read as text.
fn read<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>, choice: Choice) -> Result<(), Flaw> {
    let mark = walk.mark();
    let inside = walk.layer(place, choice.format.name)?;
    let flaw = match (choice.format.walk)(walk, inside, source) {
        Ok(()) => None,
        Err(Flaw::Ended) if source.cut => None,
        Err(flaw) => Some(flaw),
    };
    if flaw == Some(Flaw::Budget) {
        walk.count(choice.format.name, source.bytes.len());
        return Err(Flaw::Budget);
    }
    let text: &Format = &format::TEXT;
    let trusted = walk.noted_since(mark) || choice.declared && walk.found_since(mark);
    let guessed_wrong = flaw.is_some() && !trusted;
    if guessed_wrong && choice.format.name != text.name && charset::is_mostly_text(source.bytes) {
        walk.back_to(mark);
        let inside = walk.layer(place, text.name)?;
        walk.count(text.name, source.bytes.len());
        return (text.walk)(walk, inside, source);
    }
    if flaw.is_some() {
        walk.unread_bytes(place, source.bytes, UnreadReason::Malformed);
    }
    walk.count(choice.format.name, source.bytes.len());
    Ok(())
}
