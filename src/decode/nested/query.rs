//! A query string or form inside a value: `lat=45.5&lon=-122.6`.

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, format};

pub const NESTED: Nested = Nested { name: "form", looks, undo };

fn looks(value: &str) -> bool {
    const LEAST: usize = 2;
    memchr::memchr(b'=', value.as_bytes()).is_some_and(|at| at > 0)
        && memchr::memchr(b'&', value.as_bytes()).is_some()
        && format::is_query(value, LEAST)
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let inside = walk.layer(place, "form")?;
    format::walk_query(walk, inside, value)?;
    Ok(Found::Whole)
}
