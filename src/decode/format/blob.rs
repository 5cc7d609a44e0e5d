//! Bytes inside a structure, of whatever they are: text, another format, an id, or nothing that can be read.

use crate::decode::{Arena, Flaw, Media, Place, Source, UnreadReason, ValueKind, Walk, charset, coding, open};

/// Bytes that are shown as hex when they are nothing else: ids and digests are at most this long.
pub const LONGEST_ID: usize = 64;

/// Take a byte string.
pub fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    if bytes.is_empty() {
        return Ok(());
    }
    if is_known(bytes) {
        return open(walk, place, Source { bytes, media: Media::NONE, cut: false });
    }
    if charset::is_text(bytes) {
        let text = charset::lossy(walk, bytes);
        return walk.value(place, text);
    }
    opaque(walk, place, bytes)
}

/// Bytes that are neither text nor a format: an id as its digits, what is longer unread.
pub fn opaque<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    if bytes.len() > LONGEST_ID {
        walk.unread_bytes(place, bytes, UnreadReason::Unsupported);
        return Ok(());
    }
    let text = match uuid(bytes) {
        Some(text) => walk.arena.text(&text),
        None => hex(walk.arena, bytes),
    };
    walk.field(place, text, ValueKind::Text)
}

/// Whether the bytes are a compressed stream or a binary format, by signs that chance does not give.
pub fn is_known(bytes: &[u8]) -> bool {
    coding::sniffed(bytes).is_some() || super::is_binary(bytes)
}

/// Lower-case hex digits.
pub fn hex<'x>(arena: &'x Arena, bytes: &[u8]) -> &'x str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits: String = bytes
        .iter()
        .flat_map(|&byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect();
    arena.text(&digits)
}

/// Sixteen bytes with a version and variant of RFC 9562, as they are written.
fn uuid(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let formed = matches!(bytes[6] >> 4, 1..=8) && bytes[8] >> 6 == 0b10;
    let digits = u128::from_be_bytes(*bytes);
    formed.then(|| {
        let part = |shift: u32, width: u32| digits >> shift & ((1 << (4 * width)) - 1);
        let (a, b, c, d, e) = (part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12));
        format!("{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    })
}
