//! Percent-encoding (RFC 3986 section 2.1) that is still there when its container is undone.

use percent_encoding::percent_decode_str;

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk};

pub const NESTED: Nested = Nested { name: "percent", looks, undo };

/// At least one escape, and nothing that percent-encoding would not have left.
fn looks(value: &str) -> bool {
    let bytes = value.as_bytes();
    let escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    memchr::memchr(b'%', bytes).is_some_and(escape)
        && !bytes.iter().any(|&byte| byte <= b' ' || matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'`' | b'{' | b'}'))
        && memchr::memchr_iter(b'%', bytes).all(escape)
}

/// Whether some escape stands for a letter or digit.
fn is_needless(value: &str) -> bool {
    let bytes = value.as_bytes();
    memchr::memchr_iter(b'%', bytes).any(|at| {
        let digits = value.get(at + 1..at + 3);
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
    })
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let Ok(decoded) = percent_decode_str(value).decode_utf8() else { return Ok(Found::Nothing) };
    if !afford(walk, place, decoded.len()) {
        return Ok(Found::Nothing);
    }
    let decoded = walk.arena.text(&decoded);
    let inside = walk.layer(place, "percent")?;
    walk.value(inside, decoded)?;
    // Nobody needs to encode letters and digits: `%78` may be a part of a password as well.
    if is_needless(value) { Ok(Found::Also) } else { Ok(Found::Whole) }
}
