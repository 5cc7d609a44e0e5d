//! JSON as a string inside something else.

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, format};

pub const NESTED: Nested = Nested { name: "json_string", looks, undo };

fn looks(value: &str) -> bool {
    let value = bare(value).as_bytes();
    matches!(value, [b'{', .., b'}'] | [b'[', .., b']']) && value.len() > 2
}

/// Without the mark that Express puts before JSON in cookies.
fn bare(value: &str) -> &str {
    let value = value.trim_ascii();
    value.strip_prefix("j:").unwrap_or(value)
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let mark = walk.mark();
    let inside = walk.layer(place, "json_string")?;
    let mut read = format::walk_json(walk, inside, bare(value));
    if read == Err(Flaw::Malformed) && value.contains('\n') {
        walk.back_to(mark);
        read = format::walk_ndjson(walk, inside, bare(value));
    }
    match read {
        Ok(()) => Ok(Found::Whole),
        Err(Flaw::Budget) => Err(Flaw::Budget),
        Err(Flaw::Ended | Flaw::Malformed) => {
            walk.back_to(mark);
            Ok(Found::Nothing)
        }
    }
}
