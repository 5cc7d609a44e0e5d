//! Basic credentials (RFC 7617): user name and password.

use super::base64::decoded;
use super::{Found, Nested};
use crate::decode::{Flaw, Place, Step, ValueKind, Walk};

pub const NESTED: Nested = Nested { name: "basic", looks, undo };

fn looks(value: &str) -> bool {
    credentials(value).is_some()
}

fn credentials(value: &str) -> Option<&str> {
    let (scheme, credentials) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(credentials.trim())
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let text = credentials(value).and_then(decoded).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, password)) = text.as_deref().and_then(|text| text.split_once(':')) else {
        return Ok(Found::Nothing);
    };
    let (user, password) = (walk.arena.text(user), walk.arena.text(password));
    let inside = walk.layer(place, "basic")?;
    for (key, value) in [("username", user), ("password", password)] {
        if !value.is_empty() {
            let place = walk.child(inside, Step::Key(key))?;
            // Neither is encoded any further; a password may look as if it were.
            walk.field(place, value, ValueKind::Text)?;
        }
    }
    Ok(Found::Also)
}
