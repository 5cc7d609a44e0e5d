//! Forms and query strings (`application/x-www-form-urlencoded`, WHATWG URL section 5.1).

use percent_encoding::percent_decode_str;

use super::form_names::Names;
use super::{Format, Sniff, start};
use crate::decode::{Flaw, Place, Source, Walk, charset};

pub const FORMAT: Format = Format { name: "form", types: &["application/x-www-form-urlencoded"], sniff, walk };

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source).trim();
    walk_query(walk, place, text)
}

/// Take every `name=value` of a query string or form. A name without `=` is a bare value.
pub fn walk_query<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    walk_pairs(walk, place, text, '&', decoded)
}

/// Take every pair between separators; `decode` turns names and values into what they stand for.
pub fn walk_pairs<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    text: &'x str,
    separator: char,
    decode: fn(&Walk<'x>, &'x str) -> &'x str,
) -> Result<(), Flaw> {
    let mut names = Names::default();
    for pair in text.split(separator) {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let (name, value) = (decode(walk, name), decode(walk, value));
        if value.is_empty() {
            continue;
        }
        let place = names.place(walk, place, name)?;
        walk.value(place, value)?;
    }
    Ok(())
}

/// Percent-encoding and `+` undone. Borrows where there is nothing to undo.
fn decoded<'x>(walk: &Walk<'x>, text: &'x str) -> &'x str {
    let (plus, percent) = (text.contains('+'), text.contains('%'));
    if !plus && !percent {
        return text;
    }
    let spaced = if plus { text.replace('+', " ") } else { text.to_owned() };
    let decoded = percent_decode_str(&spaced).decode_utf8_lossy();
    walk.arena.text(&decoded)
}

/// Whether a text is pairs of plain names and values, at least `least` of them with a value.
pub fn is_query(text: &str, least: usize) -> bool {
    sniff(text.as_bytes()) == Sniff::Yes && text.split('&').count() >= least
}

/// Sure only where every pair has a plain name and a value that needs no further escaping.
fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes).trim_ascii_end();
    if matches!(bytes.first(), None | Some(b'{' | b'[' | b'<' | b'"')) {
        return Sniff::No;
    }
    let mut pairs = 0;
    for pair in bytes.split(|&byte| byte == b'&') {
        let Some(equals) = memchr::memchr(b'=', pair) else { return Sniff::Maybe };
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        if !is_name(name) || !value.iter().all(|&byte| is_form_byte(byte)) {
            return Sniff::Maybe;
        }
        pairs += usize::from(value.iter().any(|&byte| byte != b'='));
    }
    if pairs > 0 { Sniff::Yes } else { Sniff::Maybe }
}

fn is_name(name: &[u8]) -> bool {
    const LONGEST: usize = 100;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.[]%:$".contains(byte);
    !name.is_empty() && name.len() <= LONGEST && name.iter().all(plain)
}

fn is_form_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~*+%!'()@:/,;$?=|[]{}\"".contains(&byte)
}
