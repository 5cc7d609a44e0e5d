//! What MessagePack and CBOR have in common: maps, arrays and scalars, one token after the other.

use super::blob;
use crate::decode::{Flaw, Place, Step, UnreadReason, ValueKind, Walk};

/// One token of a binary document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'x> {
    /// Entries that follow; `None`: up to [`Token::Break`].
    Map(Option<u64>),
    /// Elements that follow; `None`: up to [`Token::Break`].
    Array(Option<u64>),
    Text(&'x str),
    Bytes(&'x [u8]),
    Integer(i128),
    Float(f64),
    Float32(f32),
    Bool(bool),
    Null,
    /// End of a container of unknown length.
    Break,
}

/// Reads one token after the other.
pub(super) trait Tokens<'x> {
    /// The next token. [`Flaw::Ended`] where the bytes end inside it.
    fn token(&mut self) -> Result<Token<'x>, Flaw>;
    fn is_at_end(&self) -> bool;
}

/// Take every scalar of one document, or of several in a row (`$[0]`, `$[1]`, …).
pub(super) fn walk_documents<'x, T: Tokens<'x>>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    tokens: impl Fn() -> T,
) -> Result<(), Flaw> {
    let mark = walk.mark();
    let mut source = tokens();
    walk_value(walk, place, &mut source)?;
    if source.is_at_end() {
        return Ok(());
    }
    walk.back_to(mark);
    let mut source = tokens();
    for index in 0.. {
        if source.is_at_end() {
            break;
        }
        let place = walk.child(place, Step::Index(index))?;
        walk_value(walk, place, &mut source)?;
    }
    Ok(())
}

/// One level of recursion per container; the budget's depth bounds it.
fn walk_value<'x>(walk: &mut Walk<'x>, place: Place<'x>, tokens: &mut impl Tokens<'x>) -> Result<(), Flaw> {
    let token = tokens.token()?;
    walk_token(walk, place, token, tokens)
}

fn walk_token<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    token: Token<'x>,
    tokens: &mut impl Tokens<'x>,
) -> Result<(), Flaw> {
    match token {
        Token::Map(length) | Token::Array(length) if !walk.may_descend(place) => {
            walk.note(place, UnreadReason::Budget);
            let pairs = if matches!(token, Token::Map(_)) { 2 } else { 1 };
            skip(length.map(|length| length.saturating_mul(pairs)), tokens)
        }
        Token::Map(length) => walk_map(walk, place, length, tokens),
        Token::Array(length) => walk_array(walk, place, length, tokens),
        Token::Text(text) => walk.value(place, text),
        Token::Bytes(bytes) => blob::walk(walk, place, bytes),
        Token::Integer(number) => number_field(walk, place, &number.to_string()),
        Token::Float(number) if number.is_finite() => number_field(walk, place, &number.to_string()),
        Token::Float32(number) if number.is_finite() => number_field(walk, place, &number.to_string()),
        Token::Bool(bool) => walk.field(place, if bool { "true" } else { "false" }, ValueKind::Bool),
        Token::Float(_) | Token::Float32(_) | Token::Null => Ok(()),
        Token::Break => Err(Flaw::Malformed),
    }
}

fn number_field<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &str) -> Result<(), Flaw> {
    let text = walk.arena.text(text);
    walk.field(place, text, ValueKind::Number)
}

fn walk_map<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    length: Option<u64>,
    tokens: &mut impl Tokens<'x>,
) -> Result<(), Flaw> {
    let mut left = length;
    while left != Some(0) {
        let key = match tokens.token()? {
            Token::Break if length.is_none() => return Ok(()),
            Token::Text(text) => text,
            Token::Integer(number) => walk.arena.text(&number.to_string()),
            Token::Bytes(bytes) => blob::hex(walk.arena, bytes.get(..blob::LONGEST_ID).unwrap_or(bytes)),
            // Nobody who means to be understood uses anything else as a name.
            _ => return Err(Flaw::Malformed),
        };
        let child = walk.child(place, Step::Key(key))?;
        walk_value(walk, child, tokens)?;
        left = left.map(|left| left - 1);
    }
    Ok(())
}

fn walk_array<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    length: Option<u64>,
    tokens: &mut impl Tokens<'x>,
) -> Result<(), Flaw> {
    let mut left = length;
    let mut index = 0_u32;
    while left != Some(0) {
        let token = tokens.token()?;
        if matches!(token, Token::Break) && length.is_none() {
            return Ok(());
        }
        let child = walk.child(place, Step::Index(index))?;
        walk_token(walk, child, token, tokens)?;
        index = index.saturating_add(1);
        left = left.map(|left| left - 1);
    }
    Ok(())
}

/// Containers inside each other that are followed without being taken.
const DEEPEST: usize = 10_000;

/// Over the members of a container, whatever its depth.
fn skip<'x>(length: Option<u64>, tokens: &mut impl Tokens<'x>) -> Result<(), Flaw> {
    let mut open = vec![length];
    while let Some(left) = open.last_mut() {
        if *left == Some(0) {
            open.pop();
            continue;
        }
        *left = left.map(|left| left - 1);
        if open.len() > DEEPEST {
            return Err(Flaw::Malformed);
        }
        match tokens.token()? {
            Token::Map(length) => open.push(length.map(|length| length.saturating_mul(2))),
            Token::Array(length) => open.push(length),
            Token::Break => drop(open.pop()),
            _ => {}
        }
    }
    Ok(())
}

/// Whether the bytes are documents to their very end, the first one a container that holds some text.
pub(super) fn is_sound<'x>(mut tokens: impl Tokens<'x>) -> bool {
    const SHORTEST: usize = 2;
    let mut texts = 0;
    let mut open: Vec<Option<u64>> = Vec::new();
    loop {
        while open.last() == Some(&Some(0)) {
            open.pop();
        }
        if open.is_empty() && tokens.is_at_end() {
            return texts > 0;
        }
        if open.len() > DEEPEST {
            return false;
        }
        if let Some(Some(left)) = open.last_mut() {
            *left -= 1;
        }
        match tokens.token() {
            Ok(Token::Map(length)) => open.push(length.map(|length| length.saturating_mul(2))),
            Ok(Token::Array(length)) => open.push(length),
            Ok(Token::Break) if open.pop() == Some(None) => {}
            Ok(Token::Break) | Err(_) => return false,
            Ok(Token::Text(text)) => texts += usize::from(text.len() >= SHORTEST),
            Ok(_) => {}
        }
        if open.is_empty() && texts == 0 {
            return false;
        }
    }
}
