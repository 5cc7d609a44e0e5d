//! JSON (RFC 8259), read in one pass over the text: no tree, no recursion, as much as there is before a cut.
//!
//! Tolerated: a byte order mark, anti-hijacking prefixes, JSONP, trailing commas, raw control characters, `NaN`.

use super::{Format, Sniff, ndjson, start};
use crate::decode::{Flaw, Place, Source, Step, UnreadReason, ValueKind, Walk, charset};

pub use super::json_cursor::Cursor;

pub const FORMAT: Format = Format {
    name: "json",
    types: &["application/json", "text/json", "application/x-json", "text/x-json", "+json", "application/reports+json"],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = unwrapped(charset::text(walk, source));
    let mark = walk.mark();
    let mut cursor = Cursor::new(text);
    walk_value(walk, place, &mut cursor)?;
    cursor.skip_separators();
    if cursor.is_at_end() {
        return Ok(());
    }
    if !cursor.is_at_container() {
        return Err(Flaw::Malformed);
    }
    walk.back_to(mark);
    let several = (ndjson::FORMAT.walk)(walk, place, source);
    if several == Err(Flaw::Malformed) {
        walk.back_to(mark);
        walk_value(walk, place, &mut Cursor::new(text))?;
    }
    several
}

/// Take a text that is one JSON value and nothing else.
pub fn walk_whole<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(text);
    walk_value(walk, place, &mut cursor)?;
    cursor.skip_separators();
    if cursor.is_at_end() { Ok(()) } else { Err(Flaw::Malformed) }
}

/// Take a text that is JSON values one after the other: `$[0]`, `$[1]`, …
pub fn walk_several<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    ndjson::walk_text(walk, place, text)
}

/// An object or array under way.
struct Frame<'x> {
    place: Place<'x>,
    /// Index of the next element; `None` in an object.
    next: Option<u32>,
    started: bool,
}

/// Take every scalar of the value that the cursor stands before, and leave the cursor behind it.
pub fn walk_value<'x>(walk: &mut Walk<'x>, place: Place<'x>, cursor: &mut Cursor<'x>) -> Result<(), Flaw> {
    let mut stack: Vec<Frame<'x>> = Vec::new();
    let mut place = place;
    loop {
        cursor.skip_space();
        match cursor.peek().ok_or(Flaw::Ended)? {
            opening @ (b'{' | b'[') => {
                if walk.may_descend(place) {
                    cursor.bump();
                    stack.push(Frame { place, next: (opening == b'[').then_some(0), started: false });
                } else {
                    walk.note(place, UnreadReason::Budget);
                    cursor.skip_container()?;
                }
            }
            _ => scalar(walk, place, cursor)?,
        }
        place = loop {
            let Some(frame) = stack.last_mut() else { return Ok(()) };
            match frame.advance(walk, cursor)? {
                Some(next) => break next,
                None => stack.pop(),
            };
        };
    }
}

impl<'x> Frame<'x> {
    /// The place of the next value, with the cursor before it; `None` behind the closing bracket.
    fn advance(&mut self, walk: &mut Walk<'x>, cursor: &mut Cursor<'x>) -> Result<Option<Place<'x>>, Flaw> {
        let closing = if self.next.is_some() { b']' } else { b'}' };
        cursor.skip_space();
        if cursor.take(closing) {
            return Ok(None);
        }
        if self.started {
            cursor.expect(b',')?;
            cursor.skip_space();
            if cursor.take(closing) {
                return Ok(None);
            }
        }
        self.started = true;
        let step = match &mut self.next {
            Some(next) => {
                *next = next.saturating_add(1);
                Step::Index(*next - 1)
            }
            None => {
                let key = cursor.string()?.text(walk.arena);
                cursor.skip_space();
                cursor.expect(b':')?;
                Step::Key(key)
            }
        };
        walk.child(self.place, step).map(Some)
    }
}

fn scalar<'x>(walk: &mut Walk<'x>, place: Place<'x>, cursor: &mut Cursor<'x>) -> Result<(), Flaw> {
    if cursor.peek() == Some(b'"') {
        return match cursor.string() {
            Ok(string) => walk.value(place, string.text(walk.arena)),
            Err(Flaw::Ended) => {
                walk.field(place, cursor.rest_of_string().text(walk.arena), ValueKind::Text)?;
                Err(Flaw::Ended)
            }
            Err(flaw) => Err(flaw),
        };
    }
    let word = cursor.word()?;
    match word.as_bytes()[0] {
        b'-' | b'0'..=b'9' => walk.field(place, word, ValueKind::Number),
        _ => match word {
            "true" | "false" => walk.field(place, word, ValueKind::Bool),
            "null" | "NaN" | "Infinity" | "undefined" => Ok(()),
            _ => Err(Flaw::Malformed),
        },
    }
}

fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    let inner = match bytes.first() {
        Some(b'{' | b'[') => &bytes[1..],
        Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b')' | b'w' | b'/' | b'a'..=b's' | b'_') => {
            return Sniff::Maybe;
        }
        _ => return Sniff::No,
    };
    if (ndjson::FORMAT.sniff)(bytes) == Sniff::Yes {
        return Sniff::No;
    }
    match (bytes[0], inner.trim_ascii_start().first()) {
        (_, None) => Sniff::Yes,
        (b'{', Some(b'"' | b'}')) => Sniff::Yes,
        (b'[', Some(b'"' | b'{' | b'[' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => Sniff::Yes,
        _ => Sniff::Maybe,
    }
}

/// Without what servers put around JSON so that it can't be run as a script, or so that it can (JSONP).
fn unwrapped(text: &str) -> &str {
    const GUARDS: [&str; 6] = [")]}',", ")]}'", "while(1);", "for(;;);", "for (;;);", "throw 1;"];
    let text = text.trim_start();
    if let Some(rest) = GUARDS.iter().find_map(|guard| text.strip_prefix(guard)) {
        return rest;
    }
    let name = text.strip_prefix("/**/").unwrap_or(text);
    let call = name.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '$'));
    let inside = call.filter(|&end| end > 0).and_then(|end| name[end..].strip_prefix('('));
    match inside.map(|inside| inside.trim_end().trim_end_matches(';')).and_then(|inside| inside.strip_suffix(')')) {
        Some(inside) => inside,
        None => text,
    }
}
