//! A GraphQL document inside a value, as in `{"query": "mutation { … }"}`.

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, format};

pub const NESTED: Nested = Nested { name: "graphql", looks: format::is_graphql, undo };

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let mark = walk.mark();
    let inside = walk.layer(place, "graphql")?;
    match format::walk_graphql(walk, inside, value) {
        Ok(()) => Ok(Found::Also),
        Err(Flaw::Budget) => Err(Flaw::Budget),
        Err(Flaw::Ended | Flaw::Malformed) => {
            walk.back_to(mark);
            Ok(Found::Nothing)
        }
    }
}
