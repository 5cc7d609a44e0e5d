//! Base64 and base64url (RFC 4648), padded or not, of text or of something compressed.

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Media, Place, Source, Walk, charset, coding, open};

pub const NESTED: Nested = Nested { name: "base64", looks, undo };

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);

/// Shorter texts decode to something readable by chance.
const SHORTEST: usize = 12;
/// Characters that are decoded to see whether the rest is worth it; a multiple of four.
const HEAD: usize = 16;

const fn lenient(alphabet: &Alphabet) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config)
}

/// Base64 characters only, not a number or digest, and a beginning that decodes to something readable.
fn looks(value: &str) -> bool {
    if value.len() < SHORTEST || !value.is_ascii() {
        return false;
    }
    let head = &value[..value.len().min(HEAD) & !3];
    let plausible = decoded(head).is_some_and(|start| is_text_so_far(&start) || is_compressed(&start));
    plausible && value.bytes().all(is_symbol) && value.bytes().any(|byte| !byte.is_ascii_hexdigit() && byte != b'-')
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let Some(bytes) = decoded(value).filter(|bytes| is_compressed(bytes) || charset::is_text(bytes)) else {
        return Ok(Found::Nothing);
    };
    let name = if value.contains(['-', '_']) { "base64url" } else { "base64" };
    let bytes = walk.arena.bytes(&bytes);
    let inside = walk.layer(place, name)?;
    if is_compressed(bytes) {
        let mark = walk.mark();
        open(walk, inside, Source { bytes, media: Media::NONE, cut: false })?;
        if walk.noted_since(mark) && !walk.found_since(mark) {
            walk.back_to(mark);
            return Ok(Found::Nothing);
        }
    } else {
        walk.value(inside, charset::lossy(walk, bytes).trim())?;
    }
    Ok(Found::Also)
}

/// Decoded with whichever alphabet fits. A `+` that a form turned into a space is taken back.
pub(super) fn decoded(value: &str) -> Option<Vec<u8>> {
    let engine = if value.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    if value.contains([' ', '\r', '\n']) {
        let value = value.replace(['\r', '\n'], "").replace(' ', "+");
        return engine.decode(value).ok();
    }
    engine.decode(value).ok()
}

pub(super) fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=' | b' ' | b'\r' | b'\n')
}

fn is_compressed(bytes: &[u8]) -> bool {
    coding::sniffed(bytes).is_some()
}

/// Text, or the beginning of one.
fn is_text_so_far(bytes: &[u8]) -> bool {
    bytes.len() >= 6 && charset::is_text(bytes)
}
