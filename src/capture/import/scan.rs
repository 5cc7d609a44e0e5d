//! Walks a JSON text of any length without holding it: names of objects, and the elements of an array one at a time.
//!
//! It only tells values apart (brackets and strings); what an element means, and whether it is well formed, is for
//! `serde_json` to say. Damage inside one element therefore costs that element and not the file.

use std::io::{self, BufRead};

/// A reader that knows how far it has come.
pub struct Scanner<R> {
    reader: R,
    position: u64,
}

/// Why a walk ended early.
#[derive(Debug)]
pub enum ScanError {
    Io(io::Error),
    /// The text ends inside a value.
    Eof,
    /// Not JSON at this byte offset.
    Syntax(u64),
}

/// What became of one array element.
#[derive(Debug, PartialEq, Eq)]
pub enum Element {
    /// It lies in the buffer.
    Taken,
    /// It was longer than the limit and has been skipped.
    TooLarge,
    /// There are no more.
    End,
}

/// Names longer than this are cut: none that is looked for is.
const LONGEST_NAME: usize = 256;

impl<R: BufRead> Scanner<R> {
    /// Starts at the first byte, a UTF-8 byte order mark aside.
    pub fn new(mut reader: R) -> io::Result<Self> {
        let mark = reader.fill_buf()?.starts_with(b"\xef\xbb\xbf");
        let position = if mark { 3 } else { 0 };
        reader.consume(position);
        Ok(Self { reader, position: position as u64 })
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Step into an object (`{`) or array (`[`).
    pub fn enter(&mut self, bracket: u8) -> Result<(), ScanError> {
        match self.next_significant()? {
            Some(byte) if byte == bracket => {
                self.advance(1);
                Ok(())
            }
            Some(_) => Err(ScanError::Syntax(self.position)),
            None => Err(ScanError::Eof),
        }
    }

    /// The next name of the object that was entered, its colon passed; `None` once the object ends.
    pub fn name(&mut self) -> Result<Option<Vec<u8>>, ScanError> {
        match self.next_member(b'}')? {
            None => Ok(None),
            Some(b'"') => {
                let mut name = Vec::new();
                self.walk_value(&mut Sink { into: Some(&mut name), limit: LONGEST_NAME, over: false })?;
                match self.next_significant()? {
                    Some(b':') => self.advance(1),
                    Some(_) => return Err(ScanError::Syntax(self.position)),
                    None => return Err(ScanError::Eof),
                }
                Ok(Some(serde_json::from_slice::<String>(&name).map(String::into_bytes).unwrap_or(name)))
            }
            Some(_) => Err(ScanError::Syntax(self.position)),
        }
    }

    /// The next element of the array that was entered, put into `into`; elements over `limit` bytes are skipped.
    pub fn element(&mut self, into: &mut Vec<u8>, limit: usize) -> Result<Element, ScanError> {
        into.clear();
        if self.next_member(b']')?.is_none() {
            return Ok(Element::End);
        }
        let mut sink = Sink { into: Some(into), limit, over: false };
        self.walk_value(&mut sink)?;
        Ok(if sink.over { Element::TooLarge } else { Element::Taken })
    }

    /// Pass over the value that comes next.
    pub fn skip(&mut self) -> Result<(), ScanError> {
        self.next_significant()?.ok_or(ScanError::Eof)?;
        self.walk_value(&mut Sink { into: None, limit: 0, over: false })
    }

    /// Whether only white space is left.
    pub fn at_end(&mut self) -> Result<bool, ScanError> {
        Ok(self.next_significant()?.is_none())
    }

    /// First byte of the next member, a separating comma passed; `None` when the closing bracket came and was passed.
    fn next_member(&mut self, close: u8) -> Result<Option<u8>, ScanError> {
        let mut byte = self.next_significant()?.ok_or(ScanError::Eof)?;
        if byte == b',' {
            self.advance(1);
            byte = self.next_significant()?.ok_or(ScanError::Eof)?;
        }
        if byte == close {
            self.advance(1);
            return Ok(None);
        }
        Ok(Some(byte))
    }

    fn next_significant(&mut self) -> Result<Option<u8>, ScanError> {
        loop {
            let buffer = self.reader.fill_buf().map_err(ScanError::Io)?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let space = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let found = buffer.get(space).copied();
            self.advance(space);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn walk_value(&mut self, sink: &mut Sink<'_>) -> Result<(), ScanError> {
        let mut walk = Walk::default();
        loop {
            let buffer = self.reader.fill_buf().map_err(ScanError::Io)?;
            if buffer.is_empty() {
                return if walk.scalar { Ok(()) } else { Err(ScanError::Eof) };
            }
            let (used, step) = walk.chunk(buffer);
            sink.take(&buffer[..used]);
            self.advance(used);
            match step {
                Step::More => {}
                Step::Done => return Ok(()),
                Step::Stray => return Err(ScanError::Syntax(self.position)),
            }
        }
    }

    fn advance(&mut self, count: usize) {
        self.reader.consume(count);
        self.position += count as u64;
    }
}

struct Sink<'a> {
    into: Option<&'a mut Vec<u8>>,
    limit: usize,
    over: bool,
}

impl Sink<'_> {
    fn take(&mut self, bytes: &[u8]) {
        let Some(into) = self.into.as_mut() else { return };
        if self.over || into.len() + bytes.len() > self.limit {
            self.over = true;
            into.clear();
        } else {
            into.extend_from_slice(bytes);
        }
    }
}

enum Step {
    More,
    Done,
    /// A bracket or comma stands where a value should.
    Stray,
}

/// Where in a value the walk is, across buffers.
#[derive(Default)]
struct Walk {
    depth: u64,
    string: bool,
    escaped: bool,
    /// In a number, `true`, `false` or `null` outside any bracket.
    scalar: bool,
}

impl Walk {
    /// Bytes of this buffer that belong to the value, and how it goes on.
    fn chunk(&mut self, buffer: &[u8]) -> (usize, Step) {
        let mut at = 0;
        while at < buffer.len() {
            if self.string {
                at = self.inside_string(buffer, at);
                if !self.string && self.depth == 0 {
                    return (at, Step::Done);
                }
                continue;
            }
            match buffer[at] {
                b'"' if !self.scalar => self.string = true,
                b'{' | b'[' if !self.scalar => self.depth += 1,
                b'}' | b']' | b',' if self.depth == 0 => {
                    return (at, if self.scalar { Step::Done } else { Step::Stray });
                }
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return (at + 1, Step::Done);
                    }
                }
                byte if self.depth == 0 && byte.is_ascii_whitespace() => return (at, Step::Done),
                _ if self.depth == 0 => self.scalar = true,
                _ => {}
            }
            at += 1;
        }
        (at, Step::More)
    }

    /// Pass to the string's closing quote, or to the end of the buffer.
    fn inside_string(&mut self, buffer: &[u8], mut at: usize) -> usize {
        if self.escaped {
            self.escaped = false;
            return at + 1;
        }
        at += match memchr::memchr2(b'"', b'\\', &buffer[at..]) {
            None => return buffer.len(),
            Some(found) => found,
        };
        if buffer[at] == b'"' {
            self.string = false;
        } else {
            self.escaped = true;
        }
        at + 1
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Elements of the array `a` in an object, read through a buffer of three bytes; `!` marks a skipped one.
    fn elements(text: &str, limit: usize) -> Result<Vec<String>, String> {
        let mut scanner = Scanner::new(BufReader::with_capacity(3, text.as_bytes())).map_err(|e| e.to_string())?;
        let mut found = Vec::new();
        let mut walk = || -> Result<(), ScanError> {
            scanner.enter(b'{')?;
            while let Some(name) = scanner.name()? {
                if name != b"a" {
                    scanner.skip()?;
                    continue;
                }
                scanner.enter(b'[')?;
                let mut buffer = Vec::new();
                loop {
                    match scanner.element(&mut buffer, limit)? {
                        Element::Taken => found.push(String::from_utf8_lossy(&buffer).into_owned()),
                        Element::TooLarge => found.push("!".to_owned()),
                        Element::End => break,
                    }
                }
            }
            Ok(())
        };
        match walk() {
            Ok(()) => Ok(found),
            Err(error) => Err(format!("{error:?} after {found:?}")),
        }
    }

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        assert_eq!(elements(text, 40), Ok(expect.iter().map(|&e| e.to_owned()).collect()), "{text}");
    }

    #[test]
    fn takes_elements_apart_wherever_buffers_end() {
        check(r#"{"a":[]}"#, &[]);
        check(
            "\u{feff}{\"x\": {\"a\": [9]}, \"a\" : [ 1 , \"]\\\"}\", {\"b\": [1,2]} ] , \"z\":null}",
            &["1", r#""]\"}""#, r#"{"b": [1,2]}"#],
        );
        check(r#"{"\u0061":[true,null]}"#, &["true", "null"]);
        check(r#"{"a":[{"x":"01234567890123456789012345678901234567890"},2]}"#, &["!", "2"]);
        check(r#"{"a":["\\","\"",{}],"a":[7]}"#, &[r#""\\""#, r#""\"""#, "{}", "7"]);
    }

    #[test]
    fn damage_inside_an_element_is_left_to_the_parser() {
        check(r#"{"a":[{"x": tru, y},3]}"#, &[r#"{"x": tru, y}"#, "3"]);
    }

    #[test]
    fn says_how_a_text_breaks_off() {
        for (text, expect) in [
            (r#"{"a":[1,{"x":"#, r#"Eof after ["1"]"#),
            (r#"{"a":[1,"#, r#"Eof after ["1"]"#),
            (r#"{"a":[1}"#, r#"Syntax(7) after ["1"]"#),
            (r#"{"a":[1,"x"#, r#"Eof after ["1"]"#),
            (r#"{"a" 3}"#, "Syntax(5) after []"),
            ("[]", "Syntax(0) after []"),
            ("", "Eof after []"),
        ] {
            assert_eq!(elements(text, 40), Err(expect.to_owned()), "{text}");
        }
    }
}
