//! Plain text, markup and scripts: one field without a key.

use super::{Format, Sniff};
use crate::decode::{Flaw, Place, Source, Walk, charset};

pub const FORMAT: Format = Format {
    name: "text",
    types: &["text/", "application/javascript", "application/x-javascript", "application/ecmascript"],
    sniff,
    walk,
};

fn sniff(bytes: &[u8]) -> Sniff {
    if charset::is_mostly_text(bytes) { Sniff::Maybe } else { Sniff::No }
}

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source).trim();
    walk.value(place, text)
}
