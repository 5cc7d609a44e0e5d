//! Plain text, markup and scripts: one field without a key.

use super::{Format, Sniff};
use crate::decode::{Flaw, Place, Source, UnreadReason, Walk, charset, nested};

pub const FORMAT: Format = Format {
    name: "text",
    types: &["text/", "application/javascript", "application/x-javascript", "application/ecmascript"],
    sniff,
    walk,
};

/// Characters of SHA-512 in hex: a body that long may be a digest or an id.
const LONGEST_DIGEST: usize = 128;

fn sniff(bytes: &[u8]) -> Sniff {
    if charset::is_mostly_text(bytes) { Sniff::Maybe } else { Sniff::No }
}

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source).trim();
    let before = walk.fields();
    walk.value(place, text)?;
    // It came out as it went in: a body sealed by the app itself, and no text.
    if walk.fields() == before + 1 && nested::is_packed(text, LONGEST_DIGEST) {
        walk.note(place, UnreadReason::Unsupported);
    }
    Ok(())
}
