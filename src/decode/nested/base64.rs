//! Base64 and base64url (RFC 4648), padded or not, of text, of something compressed, or of a binary format.

use base64::Engine;
use base64::alphabet::{self, Alphabet};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Media, Place, Source, Walk, charset, coding, format, open};

pub const NESTED: Nested = Nested { name: "base64", looks, undo };

const STANDARD: GeneralPurpose = lenient(&alphabet::STANDARD);
const URL_SAFE: GeneralPurpose = lenient(&alphabet::URL_SAFE);

/// Shorter texts decode to something readable by chance, and count only if that has a form.
const SHORT: usize = 12;
/// The shortest text looked at.
const SHORTEST: usize = 8;
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
    value.len() >= SHORTEST
        && begins_well(value)
        && value.bytes().all(is_symbol)
        && value.bytes().any(|byte| !byte.is_ascii_hexdigit() && byte != b'-')
}

/// Whether the first bytes can be those of a text, of something compressed or of a binary format.
pub(super) fn begins_well(value: &str) -> bool {
    if !value.is_ascii() {
        return false;
    }
    let head = &value[..value.len().min(HEAD) & !3];
    decoded(head).is_some_and(|start| {
        charset::is_text(&start) || coding::sniffed(&start).is_some() || begins_binary(start.first().copied())
    })
}

/// First bytes of the binary formats that are sent in base64: protobuf's tags of fields 1 to 15, maps and arrays of MessagePack
/// and CBOR, images.
fn begins_binary(first: Option<u8>) -> bool {
    first.is_some_and(|byte| matches!(byte, 0 | 8..=0x7d | 0x80..=0x9f | 0xa1..=0xbf | 0xd9 | 0xdc..=0xdf | 0xff))
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    let bytes = decoded(value);
    if let Some(bytes) = bytes.as_deref().filter(|bytes| coding::is_zlib(bytes))
        && let Some((coding, bytes)) = coding::guessed(walk, bytes, false)
    {
        let inside = walk.layer(place, name(value))?;
        let inside = walk.layer(inside, coding.name)?;
        open(walk, inside, Source { bytes, media: Media::NONE, cut: false })?;
        return Ok(Found::Also);
    }
    let bytes = bytes.filter(|bytes| {
        let telling = value.len() >= SHORT && charset::is_text(bytes) && bytes.len() > 5;
        telling || has_form(bytes)
    });
    let Some(bytes) = bytes.filter(|bytes| afford(walk, place, bytes.len())) else { return Ok(Found::Nothing) };
    let bytes = walk.arena.bytes(&bytes);
    let inside = walk.layer(place, name(value))?;
    let mark = walk.mark();
    walk_decoded(walk, inside, bytes)?;
    if walk.noted_since(mark) && !walk.found_since(mark) && !format::is_image(bytes) {
        walk.back_to(mark);
        return Ok(Found::Nothing);
    }
    Ok(Found::Also)
}

/// Word of the event's `encodings`.
pub(super) fn name(value: &str) -> &'static str {
    if value.contains(['-', '_']) { "base64url" } else { "base64" }
}

/// Whether decoded bytes have a form that chance does not give: JSON, an address, pairs, something compressed, a binary format.
pub fn has_form(bytes: &[u8]) -> bool {
    const SHORTEST: usize = 5;
    if format::is_known(bytes) {
        return true;
    }
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| charset::is_text(bytes)) else { return false };
    let text = text.trim();
    let json = matches!(text.as_bytes(), [b'{', .., b'}'] | [b'[', .., b']'] | [b'<', .., b'>']);
    let address = text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    let long = text.len() >= SHORTEST * 2 && text.contains([' ', '=', ':', '|', ',']);
    text.len() >= SHORTEST && text.is_ascii() && (json || address || long) || json
}

/// Take what base64 held.
pub(super) fn walk_decoded<'x>(walk: &mut Walk<'x>, inside: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    if format::is_known(bytes) {
        return format::walk_bytes(walk, inside, bytes);
    }
    walk.value(inside, charset::lossy(walk, bytes).trim())
}

/// Decoded with whichever alphabet fits. A `+` that a form turned into a space is taken back.
pub fn decoded(value: &str) -> Option<Vec<u8>> {
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
