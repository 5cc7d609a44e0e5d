//! CBOR (RFC 8949), sequences of it too (RFC 8742). Tags are passed over: what they tag says enough.

use super::tokens::{self, Token, Tokens};
use super::{Format, Sniff};
use crate::decode::{Arena, Flaw, Place, Source, Walk};

pub const FORMAT: Format = Format {
    name: "cbor",
    types: &["application/cbor", "application/cbor-seq", "application/x-cbor", "+cbor", "+cbor-seq"],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let arena = walk.arena;
    tokens::walk_documents(walk, place, || Reader { bytes: source.bytes, arena: Some(arena) })
}

/// A map or an array (or the tag for CBOR itself), and sound to the end.
fn sniff(bytes: &[u8]) -> Sniff {
    let untagged = bytes.strip_prefix(&[0xd9, 0xd9, 0xf7]).unwrap_or(bytes);
    match untagged.first() {
        Some(0x81..=0x9f | 0xa1..=0xbf) if tokens::is_sound(Reader { bytes, arena: None }) => Sniff::Yes,
        None => Sniff::No,
        _ => Sniff::Maybe,
    }
}

struct Reader<'x> {
    bytes: &'x [u8],
    /// Where strings of several chunks are put together; without, only their first chunk is given.
    arena: Option<&'x Arena>,
}

/// Additional information of the first byte (RFC 8949 section 3).
const INDEFINITE: u8 = 31;
/// Tags inside tags; nobody honest uses more than a few.
const MAX_TAGS: usize = 16;

impl<'x> Tokens<'x> for Reader<'x> {
    fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn token(&mut self) -> Result<Token<'x>, Flaw> {
        for _ in 0..MAX_TAGS {
            let (major, info, argument) = self.head()?;
            let definite = (info != INDEFINITE).then_some(argument);
            return Ok(match major {
                0 => Token::Integer(argument.into()),
                1 => Token::Integer(-1 - i128::from(argument)),
                2 => Token::Bytes(self.string(major, definite)?),
                3 => {
                    let bytes = self.string(major, definite)?;
                    std::str::from_utf8(bytes).map_or(Token::Bytes(bytes), Token::Text)
                }
                4 => Token::Array(definite),
                5 => Token::Map(definite),
                6 => continue,
                _ => simple(info, argument)?,
            });
        }
        Err(Flaw::Malformed)
    }
}

impl<'x> Reader<'x> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(Flaw::Ended)?;
        self.bytes = rest;
        Ok(*array)
    }

    /// Major type, additional information, argument (0 where it is indefinite).
    fn head(&mut self) -> Result<(u8, u8, u64), Flaw> {
        let [first] = self.array()?;
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..=23 => info.into(),
            24 => u8::from_be_bytes(self.array()?).into(),
            25 => u16::from_be_bytes(self.array()?).into(),
            26 => u32::from_be_bytes(self.array()?).into(),
            27 => u64::from_be_bytes(self.array()?),
            INDEFINITE if matches!(major, 2..=5 | 7) => 0,
            _ => return Err(Flaw::Malformed),
        };
        Ok((major, info, argument))
    }

    fn take(&mut self, length: u64) -> Result<&'x [u8], Flaw> {
        let length = usize::try_from(length).map_err(|_| Flaw::Ended)?;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Flaw::Ended)?;
        self.bytes = rest;
        Ok(taken)
    }

    /// A string's bytes, its chunks put together.
    fn string(&mut self, major: u8, length: Option<u64>) -> Result<&'x [u8], Flaw> {
        if let Some(length) = length {
            return self.take(length);
        }
        let mut whole: Vec<u8> = Vec::new();
        let mut first: Option<&'x [u8]> = None;
        loop {
            match self.head()? {
                (7, INDEFINITE, _) => break,
                (inner, info, length) if inner == major && info != INDEFINITE => {
                    let chunk = self.take(length)?;
                    first.get_or_insert(chunk);
                    if self.arena.is_some() {
                        whole.extend_from_slice(chunk);
                    }
                }
                _ => return Err(Flaw::Malformed),
            }
        }
        Ok(self.arena.map_or(first.unwrap_or_default(), |arena| arena.bytes(&whole)))
    }
}

fn simple<'x>(info: u8, argument: u64) -> Result<Token<'x>, Flaw> {
    Ok(match info {
        20 | 21 => Token::Bool(info == 21),
        25 => Token::Float32(half(u16::try_from(argument).map_err(|_| Flaw::Malformed)?)),
        26 => Token::Float32(f32::from_bits(u32::try_from(argument).map_err(|_| Flaw::Malformed)?)),
        27 => Token::Float(f64::from_bits(argument)),
        INDEFINITE => Token::Break,
        28..=30 => return Err(Flaw::Malformed),
        _ => Token::Null,
    })
}

/// A half-precision float (RFC 8949 appendix D).
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2_f32.powi(-24),
        31 => f32::INFINITY,
        _ => (fraction + 1024.0) * 2_f32.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
