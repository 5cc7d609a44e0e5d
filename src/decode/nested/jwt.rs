//! JSON Web Tokens in compact form (RFC 7519), after `Bearer` or bare: claims and header. Signatures are not of interest.

use super::base64::decoded;
use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Step, Walk, charset, format};

pub const NESTED: Nested = Nested { name: "jwt", looks, undo };

/// `eyJ` is how every base64url text of `{"` begins.
fn looks(value: &str) -> bool {
    parts(value).is_some_and(|(_, claims)| claims.starts_with("eyJ"))
}

/// Header and claims: two of the token's three parts.
fn parts(value: &str) -> Option<(&str, &str)> {
    let token = value.rsplit(' ').next()?;
    let mut parts = token.split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    (header.starts_with("eyJ") && parts.next().is_none()).then_some((header, claims))
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let Some((header, claims)) = parts(value) else { return Ok(Found::Nothing) };
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let mark = walk.mark();
    let inside = walk.layer(place, "jwt")?;
    let head = walk.child(inside, Step::Key("header"))?;
    let mut read = json(walk, inside, claims);
    if read.is_ok() {
        read = json(walk, head, header);
    }
    match read {
        Ok(()) => Ok(Found::Also),
        Err(Flaw::Budget) => Err(Flaw::Budget),
        Err(Flaw::Ended | Flaw::Malformed) => {
            walk.back_to(mark);
            Ok(Found::Nothing)
        }
    }
}

fn json<'x>(walk: &mut Walk<'x>, place: Place<'x>, part: &str) -> Result<(), Flaw> {
    let bytes = walk.arena.bytes(&decoded(part).ok_or(Flaw::Malformed)?);
    format::walk_json(walk, place, charset::lossy(walk, bytes))
}
