//! A table with a line of names as a string inside something else.

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, format};

pub const NESTED: Nested = Nested { name: "csv", looks: format::is_csv, undo };

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let mark = walk.mark();
    let inside = walk.layer(place, "csv")?;
    match format::walk_csv(walk, inside.unnamed(), value) {
        Ok(()) => Ok(Found::Whole),
        Err(Flaw::Budget) => Err(Flaw::Budget),
        Err(Flaw::Ended | Flaw::Malformed) => {
            walk.back_to(mark);
            Ok(Found::Nothing)
        }
    }
}
