//! MessagePack (specification of 2013): every document of the bytes.

use super::tokens::{self, Token, Tokens};
use super::{Format, Sniff};
use crate::decode::{Flaw, Place, Source, Walk};

pub const FORMAT: Format = Format {
    name: "msgpack",
    types: &[
        "application/msgpack",
        "application/x-msgpack",
        "application/vnd.msgpack",
        "application/vnd.messagepack",
        "+msgpack",
    ],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    tokens::walk_documents(walk, place, || Reader { bytes: source.bytes })
}

/// A map or an array, and sound to the end.
fn sniff(bytes: &[u8]) -> Sniff {
    match bytes.first() {
        Some(0x80..=0x9f | 0xdc..=0xdf) if tokens::is_sound(Reader { bytes }) => Sniff::Yes,
        None => Sniff::No,
        _ => Sniff::Maybe,
    }
}

struct Reader<'x> {
    bytes: &'x [u8],
}

impl<'x> Tokens<'x> for Reader<'x> {
    fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn token(&mut self) -> Result<Token<'x>, Flaw> {
        let [first] = self.array()?;
        let low = |mask: u8| Some(u64::from(first & mask));
        Ok(match first {
            0x00..=0x7f => Token::Integer(first.into()),
            0x80..=0x8f => Token::Map(low(0x0f)),
            0x90..=0x9f => Token::Array(low(0x0f)),
            0xa0..=0xbf => self.text(u32::from(first & 0x1f))?,
            0xc0 => Token::Null,
            0xc1 => return Err(Flaw::Malformed),
            0xc2 | 0xc3 => Token::Bool(first == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(1 << (first - 0xc4))?;
                Token::Bytes(self.take(length)?)
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                self.extension(length)?
            }
            0xca => Token::Float32(f32::from_be_bytes(self.array()?)),
            0xcb => Token::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Token::Integer(u8::from_be_bytes(self.array()?).into()),
            0xcd => Token::Integer(u16::from_be_bytes(self.array()?).into()),
            0xce => Token::Integer(u32::from_be_bytes(self.array()?).into()),
            0xcf => Token::Integer(u64::from_be_bytes(self.array()?).into()),
            0xd0 => Token::Integer(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Token::Integer(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Token::Integer(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Token::Integer(i64::from_be_bytes(self.array()?).into()),
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(1 << (first - 0xd9))?;
                self.text(length)?
            }
            0xdc | 0xdd => Token::Array(Some(self.length(2 << (first - 0xdc))?.into())),
            0xde | 0xdf => Token::Map(Some(self.length(2 << (first - 0xde))?.into())),
            0xe0..=0xff => Token::Integer(i8::from_be_bytes([first]).into()),
        })
    }
}

impl<'x> Reader<'x> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(Flaw::Ended)?;
        self.bytes = rest;
        Ok(*array)
    }

    /// A length of this many bytes: 1, 2 or 4.
    fn length(&mut self, width: u32) -> Result<u32, Flaw> {
        Ok(match width {
            1 => u8::from_be_bytes(self.array()?).into(),
            2 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?),
        })
    }

    fn take(&mut self, length: u32) -> Result<&'x [u8], Flaw> {
        let length = usize::try_from(length).map_err(|_| Flaw::Ended)?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Flaw::Ended)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// Old writers have no type for bytes, and put them here.
    fn text(&mut self, length: u32) -> Result<Token<'x>, Flaw> {
        let bytes = self.take(length)?;
        Ok(std::str::from_utf8(bytes).map_or(Token::Bytes(bytes), Token::Text))
    }

    /// A timestamp's seconds, else the bytes.
    fn extension(&mut self, length: u32) -> Result<Token<'x>, Flaw> {
        const TIMESTAMP: u8 = 0xff;
        let [kind] = self.array()?;
        let bytes = self.take(length)?;
        let seconds = match (kind, bytes) {
            (TIMESTAMP, &[a, b, c, d]) => Some(u32::from_be_bytes([a, b, c, d]).into()),
            // 30 bits of nanoseconds, 34 bits of seconds.
            (TIMESTAMP, bytes) if bytes.len() == 8 => {
                bytes.first_chunk::<8>().map(|all| i128::from(u64::from_be_bytes(*all) & ((1 << 34) - 1)))
            }
            (TIMESTAMP, bytes) if bytes.len() == 12 => {
                bytes.last_chunk::<8>().map(|all| i64::from_be_bytes(*all).into())
            }
            _ => None,
        };
        Ok(seconds.map_or(Token::Bytes(bytes), Token::Integer))
    }
}
