//! JSON Web Tokens in compact form (RFC 7519), after `Bearer` or bare: their claims. Signatures are not of interest.

use super::base64::decoded;
use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, charset, format};

pub const NESTED: Nested = Nested { name: "jwt", looks, undo };

/// `eyJ` is how every base64url text of `{"` begins.
fn looks(value: &str) -> bool {
    claims(value).is_some_and(|claims| claims.starts_with("eyJ"))
}

/// The middle one of the token's three parts.
fn claims(value: &str) -> Option<&str> {
    let token = value.rsplit(' ').next()?;
    let mut parts = token.strip_prefix("eyJ")?.split('.').skip(1);
    let (claims, _signature) = (parts.next()?, parts.next()?);
    parts.next().is_none().then_some(claims)
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let Some(claims) = claims(value).and_then(decoded) else { return Ok(Found::Nothing) };
    if !afford(walk, place, claims.len()) {
        return Ok(Found::Nothing);
    }
    let claims = walk.arena.bytes(&claims);
    let mark = walk.mark();
    let inside = walk.layer(place, "jwt")?;
    match format::walk_json(walk, inside, charset::lossy(walk, claims)) {
        Ok(()) => Ok(Found::Also),
        Err(Flaw::Budget) => Err(Flaw::Budget),
        Err(Flaw::Ended | Flaw::Malformed) => {
            walk.back_to(mark);
            Ok(Found::Nothing)
        }
    }
}
