//! Bytes to text: UTF-8 as it is, UTF-16 and Latin-1 turned into it, broken sequences replaced.

use std::borrow::Cow;

use super::{Flaw, Place, Source, Walk};

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

/// The bytes without a UTF-8 byte order mark.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes)
}

/// Whether the bytes are UTF-8 text without control characters (a character may be cut at the end).
pub fn is_text(bytes: &[u8]) -> bool {
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    valid && !bytes.iter().any(|&byte| is_control(byte))
}

/// Whether the bytes can be read as text, if need be with a few characters replaced.
pub fn is_mostly_text(bytes: &[u8]) -> bool {
    const SAMPLE: usize = 4 << 10;
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let odd = sample.iter().filter(|&&byte| is_control(byte)).count();
    let broken = sample.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    // In a single-byte charset every letter beyond ASCII counts as broken.
    let bearable = if is_single_byte(sample) { 4 } else { 16 };
    odd == 0 && broken <= 1 + sample.len() / bearable
}

/// The source's bytes as text. A character cut at the end of a prefix is left out.
pub fn text<'x>(walk: &Walk<'x>, source: Source<'x>) -> &'x str {
    let bytes = without_bom(source.bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) if source.cut && error.error_len().is_none() => {
            return std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        }
        Err(_) => {}
    }
    if source.media.param("charset").is_some_and(is_latin1) || is_single_byte(bytes) {
        return walk.arena.text(&from_windows_1252(bytes));
    }
    lossy(walk, bytes)
}

/// Whether bytes that are no UTF-8 hold no character of it beyond ASCII either, so that some single-byte charset is likelier.
fn is_single_byte(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().all(|chunk| chunk.valid().is_ascii())
}

/// windows-1252, which the web takes Latin-1 and ASCII for, too (WHATWG Encoding).
fn from_windows_1252(bytes: &[u8]) -> String {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let character = |&byte: &u8| match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    bytes.iter().map(character).collect()
}

/// A header's value: UTF-8, else the single-byte charset that HTTP once had (RFC 9110 section 5.5).
pub fn header<'x>(walk: &Walk<'x>, bytes: &'x [u8]) -> &'x str {
    std::str::from_utf8(bytes).unwrap_or_else(|_| walk.arena.text(&from_windows_1252(bytes)))
}

/// The bytes as UTF-8, broken sequences replaced by U+FFFD.
pub fn lossy<'x>(walk: &Walk<'x>, bytes: &'x [u8]) -> &'x str {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => walk.arena.text(&text),
    }
}

/// The same source in UTF-8, with a layer more, where it is UTF-16.
pub fn from_utf16<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    source: Source<'x>,
) -> Result<Option<(Place<'x>, Source<'x>)>, Flaw> {
    let Some((start, order)) = utf16(source) else { return Ok(None) };
    let units = source.bytes[start..].chunks_exact(2).map(|pair| order([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let place = walk.layer(place, "utf-16")?;
    let kept = walk.arena.bytes(&text.as_bytes()[..walk.spend_bytes(text.len())]);
    Ok(Some((place, Source { bytes: kept, ..source })))
}

type ByteOrder = fn([u8; 2]) -> u16;

/// Where UTF-16 text begins and its byte order: by its mark, its first character, or the header.
fn utf16(source: Source<'_>) -> Option<(usize, ByteOrder)> {
    match source.bytes {
        [0xff, 0xfe, ..] => Some((2, u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Some((2, u16::from_be_bytes)),
        [b'{' | b'[' | b'<' | b'"', 0, _, 0, ..] => Some((0, u16::from_le_bytes)),
        [0, b'{' | b'[' | b'<' | b'"', 0, _, ..] => Some((0, u16::from_be_bytes)),
        _ => {
            let charset = source.media.param("charset")?;
            let named = |name: &str| charset.eq_ignore_ascii_case(name);
            // Servers name it and send UTF-8 all the same.
            let wide = !is_text(source.bytes);
            match source.bytes {
                _ if named("utf-16le") && wide => Some((0, u16::from_le_bytes)),
                [_, 0, ..] if named("utf-16") && wide => Some((0, u16::from_le_bytes)),
                _ if (named("utf-16be") || named("utf-16")) && wide => Some((0, u16::from_be_bytes)),
                _ => None,
            }
        }
    }
}

fn is_latin1(charset: &str) -> bool {
    ["iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252", "us-ascii"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}

fn is_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1b | 0x1e) || byte == 0x7f
}
