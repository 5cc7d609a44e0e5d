//! GraphQL documents (specification of October 2021): the arguments that are written into them.
//!
//! `mutation { updateUser(email: "a@b.example", pos: {lat: 1.5}) { id } }` gives `$.updateUser.email` and `$.updateUser.pos.lat`.

use super::{Format, Sniff, start};
use crate::decode::{Flaw, Place, Source, Step, ValueKind, Walk, charset};

pub const FORMAT: Format = Format { name: "graphql", types: &["application/graphql"], sniff, walk };

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source);
    walk_document(walk, place, text)
}

/// Take every scalar of every argument.
pub fn walk_document<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    let mut tokens = Tokens { rest: text };
    let mut stack: Vec<Open<'x>> = Vec::new();
    let mut name: Option<&'x str> = None;
    let mut after_colon = false;
    while let Some(token) = tokens.next()? {
        let here = stack.last().map_or(place, |open| open.place);
        let is_value = std::mem::take(&mut after_colon);
        match token {
            Token::Open('(') => {
                let place = match name.take() {
                    Some(field) if !is_keyword(field) => walk.child(here, Step::Key(field))?,
                    _ => here,
                };
                stack.push(Open { place, bracket: ')', next: None });
            }
            Token::Open(bracket) => {
                if !walk.may_descend(here) {
                    walk.note(here, crate::decode::UnreadReason::Budget);
                    return Err(Flaw::Budget);
                }
                let place = stack.last_mut().map_or(Ok(here), |open| open.value_place(walk, name.take()))?;
                let next = (bracket == '[').then_some(0);
                stack.push(Open { place, bracket: if bracket == '[' { ']' } else { '}' }, next });
                name = None;
            }
            Token::Close(bracket) => {
                if stack.pop().is_none_or(|open| open.bracket != bracket) {
                    return Err(Flaw::Malformed);
                }
                name = None;
            }
            Token::Colon => after_colon = true,
            Token::Variable => name = None,
            // Behind a colon: an enum's word or a literal, or a variable's type, which stands behind no name.
            Token::Name(word) if is_value => {
                if let (Some(open), Some(name)) = (stack.last_mut(), name.take()) {
                    let place = open.value_place(walk, Some(name))?;
                    walk.field(place, word, ValueKind::Text)?;
                }
            }
            Token::Name(word) => name = Some(word),
            Token::Scalar(text, kind) => {
                let Some(open) = stack.last_mut() else { return Err(Flaw::Malformed) };
                let place = open.value_place(walk, name.take())?;
                match kind {
                    ValueKind::Text => walk.value(place, walk.arena.text(&unescaped(text)))?,
                    kind => walk.field(place, text, kind)?,
                }
            }
        }
    }
    if stack.is_empty() { Ok(()) } else { Err(Flaw::Ended) }
}

/// A bracket that is open.
struct Open<'x> {
    place: Place<'x>,
    /// What closes it.
    bracket: char,
    /// Index of the next element of a list.
    next: Option<u32>,
}

impl<'x> Open<'x> {
    fn value_place(&mut self, walk: &mut Walk<'x>, name: Option<&'x str>) -> Result<Place<'x>, Flaw> {
        if let Some(next) = &mut self.next {
            *next = next.saturating_add(1);
            return walk.child(self.place, Step::Index(*next - 1));
        }
        name.map_or(Ok(self.place), |name| walk.child(self.place, Step::Key(name)))
    }
}

enum Token<'x> {
    Open(char),
    Close(char),
    Colon,
    /// A variable, a directive or a spread: what it holds is told elsewhere.
    Variable,
    Name(&'x str),
    Scalar(&'x str, ValueKind),
}

struct Tokens<'x> {
    rest: &'x str,
}

impl<'x> Tokens<'x> {
    fn next(&mut self) -> Result<Option<Token<'x>>, Flaw> {
        loop {
            self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '!' | '='));
            let Some(first) = self.rest.chars().next() else { return Ok(None) };
            let token = match first {
                '#' => {
                    self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                    continue;
                }
                '(' | '[' | '{' => Token::Open(first),
                ')' | ']' | '}' => Token::Close(first),
                ':' => Token::Colon,
                '"' => return self.string().map(Some),
                '$' | '@' | '.' | '|' | '&' => {
                    self.rest = &self.rest[1..];
                    self.take(is_name);
                    return Ok(Some(Token::Variable));
                }
                c if c.is_ascii_digit() || c == '-' => {
                    let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
                    return Ok(Some(Token::Scalar(self.take(number), ValueKind::Number)));
                }
                c if is_name(c) => return Ok(Some(Token::Name(self.take(is_name)))),
                _ => return Err(Flaw::Malformed),
            };
            self.rest = &self.rest[first.len_utf8()..];
            return Ok(Some(token));
        }
    }

    fn take(&mut self, test: impl Fn(char) -> bool) -> &'x str {
        let (taken, rest) = self.rest.split_at(self.rest.find(|c| !test(c)).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn string(&mut self) -> Result<Token<'x>, Flaw> {
        if let Some(block) = self.rest.strip_prefix("\"\"\"") {
            let (text, rest) = block.split_once("\"\"\"").ok_or(Flaw::Ended)?;
            self.rest = rest;
            return Ok(Token::Scalar(text.trim(), ValueKind::Text));
        }
        let mut escaped = false;
        let end = self.rest[1..].find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or(Flaw::Ended)? + 1;
        let text = &self.rest[1..end];
        self.rest = &self.rest[end + 1..];
        Ok(Token::Scalar(text, ValueKind::Text))
    }
}

fn unescaped(text: &str) -> String {
    super::json_cursor::unescaped(text)
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn is_keyword(word: &str) -> bool {
    matches!(word, "query" | "mutation" | "subscription" | "fragment")
}

/// Whether a text begins as a GraphQL document does and holds arguments.
pub fn looks(text: &str) -> bool {
    let text = text.trim_start();
    let head = text.split(|c: char| !is_name(c)).next().unwrap_or_default();
    let begins = is_keyword(head) || text.starts_with('{') && !text[1..].trim_start().starts_with(['"', '}', '{', '[']);
    begins && text.trim_end().ends_with('}') && text.contains('{') && text.contains('(')
}

fn sniff(bytes: &[u8]) -> Sniff {
    const HEAD: usize = 64;
    let begins = start(bytes);
    let head = &begins[..begins.len().min(HEAD)];
    let named = [&b"query"[..], b"mutation", b"subscription"].iter().any(|word| head.starts_with(word));
    let opens = head.contains(&b'{') || head.contains(&b'(');
    match (named && opens, begins.first()) {
        (true, _) if std::str::from_utf8(bytes).is_ok_and(looks) => Sniff::Yes,
        (true, _) | (_, Some(b'{' | b'q' | b'm' | b's' | b'f' | b'#')) => Sniff::Maybe,
        _ => Sniff::No,
    }
}
