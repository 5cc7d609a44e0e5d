//! Hexadecimal digits of a text or of something that has a known form, in either case, with `0x` or without.

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Walk, charset, format};

pub const NESTED: Nested = Nested { name: "hex", looks, undo };

/// Shorter ones are text by chance.
const SHORTEST: usize = 12;

fn digits(value: &str) -> &str {
    value.strip_prefix("0x").unwrap_or(value)
}

/// An even number of hex digits, letters among them or not.
fn looks(value: &str) -> bool {
    let digits = digits(value).as_bytes();
    digits.len() >= SHORTEST && digits.len().is_multiple_of(2) && digits.iter().all(u8::is_ascii_hexdigit)
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let Some(bytes) = decoded(digits(value)).filter(|bytes| is_telling(bytes)) else { return Ok(Found::Nothing) };
    if !afford(walk, place, bytes.len()) {
        return Ok(Found::Nothing);
    }
    let bytes = walk.arena.bytes(&bytes);
    let inside = walk.layer(place, "hex")?;
    format::walk_bytes(walk, inside, bytes)?;
    Ok(Found::Also)
}

/// A long number may be text by chance; text that is letters, or anything with a known form, may not.
fn is_telling(bytes: &[u8]) -> bool {
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic() || byte.is_ascii_whitespace()).count();
    let text = bytes.is_ascii() && charset::is_text(bytes) && bytes.iter().any(|byte| !byte.is_ascii_uppercase());
    text && (letters > 0 || bytes.iter().all(|byte| byte.is_ascii_digit() || b"+-.,: ".contains(byte)))
        || format::is_known(bytes)
        || charset::is_text(bytes) && bytes.len() >= SHORTEST
}

fn decoded(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    pairs.iter().map(|&[high, low]| u8::try_from(digit(high)? << 4 | digit(low)?).ok()).collect()
}
