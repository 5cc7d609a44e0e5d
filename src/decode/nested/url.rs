//! A URL inside a value: its query, its fragment, the user it names, and what of its path may say something (RFC 3986).

use percent_encoding::percent_decode_str;

use super::{Found, Nested, afford};
use crate::decode::{Flaw, Place, Step, Walk, format};

pub const NESTED: Nested = Nested { name: "url", looks, undo };

/// A scheme and `://`, and nothing a URL cannot hold.
fn looks(value: &str) -> bool {
    const LONGEST_SCHEME: usize = 40;
    let head = &value.as_bytes()[..value.len().min(LONGEST_SCHEME)];
    let Some(colon) = memchr::memchr(b':', head) else { return false };
    let scheme = head[..colon].iter().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
    colon > 1
        && scheme
        && value[colon..].starts_with("://")
        && memchr::memchr3(b'?', b'#', b'@', value.as_bytes()).is_some() | path(value).any(is_telling)
        && !value.bytes().any(|byte| byte <= b' ' || matches!(byte, b'"' | b'<' | b'>'))
}

/// Segments of the path.
fn path(value: &str) -> impl Iterator<Item = &str> {
    let rest = value.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['?', '#']).next().unwrap_or_default().split('/').skip(1)
}

/// Whether a segment may be more than the name of a resource.
fn is_telling(segment: &str) -> bool {
    const LONG: usize = 16;
    segment.contains(['@', '%', ',', ';', '=']) || segment.len() >= LONG
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    if !afford(walk, place, value.len()) {
        return Ok(Found::Nothing);
    }
    let inside = walk.layer(place, "url")?;
    let rest = value.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if let Some((user, _)) = authority.rsplit_once('@') {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        for (key, text) in [("username", name), ("password", password)] {
            let place = walk.child(inside, Step::Key(key))?;
            walk.value(place, decoded(walk, text))?;
        }
    }
    for (index, segment) in (0..).zip(path(value)) {
        if is_telling(segment) {
            // The name above speaks of the whole URL.
            let place = walk.child(inside, Step::Index(index))?.unnamed();
            walk.value(place, decoded(walk, segment))?;
        }
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    if let Some((_, query)) = rest.split_once('?') {
        format::walk_query(walk, inside, query)?;
    }
    if let Some((_, query)) = fragment.split_once('?') {
        format::walk_query(walk, inside, query)?;
    } else if fragment.contains('=') {
        format::walk_query(walk, inside, fragment)?;
    }
    Ok(Found::Also)
}

fn decoded<'x>(walk: &Walk<'x>, text: &'x str) -> &'x str {
    if text.contains('%') { walk.arena.text(&percent_decode_str(text).decode_utf8_lossy()) } else { text }
}
