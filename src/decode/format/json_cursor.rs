//! A position in JSON text: its tokens, and how to get over what nobody wants.

use crate::decode::{Arena, Flaw};

/// Where a walk stands in its text.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'x> {
    text: &'x str,
    at: usize,
}

/// A string as it stands between its quotes.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'x> {
    raw: &'x str,
    escaped: bool,
}

impl<'x> Cursor<'x> {
    pub fn new(text: &'x str) -> Self {
        Self { text, at: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn bump(&mut self) {
        self.at += 1;
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    pub fn is_at_container(&self) -> bool {
        matches!(self.peek(), Some(b'{' | b'['))
    }

    pub fn skip_space(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Over white space and what may stand between values: commas, semicolons, record separators.
    pub fn skip_separators(&mut self) {
        self.skip(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b';' | 0x1e | 0));
    }

    /// Step over this byte if it stands here.
    pub fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    pub fn expect(&mut self, byte: u8) -> Result<(), Flaw> {
        match self.peek() {
            None => Err(Flaw::Ended),
            Some(found) if found == byte => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Flaw::Malformed),
        }
    }

    /// The string that begins here. The cursor stays where the text ends before the string does.
    pub fn string(&mut self) -> Result<Raw<'x>, Flaw> {
        let start = self.at + 1;
        let mut ahead = *self;
        ahead.expect(b'"')?;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(ahead.at..).ok_or(Flaw::Ended)?;
            ahead.at += memchr::memchr2(b'"', b'\\', rest).ok_or(Flaw::Ended)?;
            if ahead.take(b'"') {
                self.at = ahead.at;
                let raw = self.text.get(start..ahead.at - 1).ok_or(Flaw::Malformed)?;
                return Ok(Raw { raw, escaped });
            }
            escaped = true;
            ahead.at += 2;
        }
    }

    /// What there is of a string that never ends.
    pub fn rest_of_string(&mut self) -> Raw<'x> {
        let raw = self.text.get(self.at + 1..).unwrap_or_default();
        self.at = self.text.len();
        Raw { raw, escaped: raw.contains('\\') }
    }

    /// The number or literal that begins here. A word that touches the end of the text may be cut, unless it is the whole text.
    pub fn word(&mut self) -> Result<&'x str, Flaw> {
        let start = self.at;
        self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
        if self.at == start {
            return Err(Flaw::Malformed);
        }
        if self.is_at_end() && !self.text[..start].trim().is_empty() {
            return Err(Flaw::Ended);
        }
        Ok(&self.text[start..self.at])
    }

    /// Over the object or array that begins here, whatever its depth.
    pub fn skip_container(&mut self) -> Result<(), Flaw> {
        let mut open = 0_usize;
        loop {
            match self.peek().ok_or(Flaw::Ended)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b'}' | b']' => open = open.saturating_sub(1),
                _ => {}
            }
            self.bump();
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn skip(&mut self, test: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|&byte| !test(byte)).unwrap_or(rest.len());
    }
}

impl<'x> Raw<'x> {
    /// The text meant. Borrows where nothing is escaped.
    pub fn text(self, arena: &'x Arena) -> &'x str {
        if self.escaped { arena.text(&unescaped(self.raw)) } else { self.raw }
    }
}

/// Escapes undone (RFC 8259 section 7); an unknown one stands for its character, a lone surrogate for U+FFFD.
pub fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else { break };
        rest = &rest[escape.len_utf8()..];
        match escape {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => rest = push_unit(&mut out, rest),
            other => out.push(other),
        }
    }
    out.push_str(rest);
    out
}

/// Push the character whose UTF-16 form begins with these four digits; gives what follows it.
fn push_unit<'t>(out: &mut String, rest: &'t str) -> &'t str {
    let Some((first, after)) = unit(rest) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return rest;
    };
    let second = after.strip_prefix("\\u").and_then(unit);
    if let (0xd800..=0xdbff, Some((low @ 0xdc00..=0xdfff, end))) = (first, second) {
        out.extend(char::decode_utf16([first, low]).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
        return end;
    }
    out.push(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER));
    after
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u16::from_str_radix(digits, 16).ok())?.map(|unit| (unit, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let cases = [
            (r"a\n\t\/\\\u0040b", "a\n\t/\\@b"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d!", "\u{fffd}!"),
            (r"\u12", "\u{fffd}12"),
            (r"\u+123", "\u{fffd}+123"),
            ("end\\", "end"),
            (r"\ü", "ü"),
        ];
        for (raw, meant) in cases {
            assert_eq!(unescaped(raw), meant, "{raw}");
        }
    }
}
