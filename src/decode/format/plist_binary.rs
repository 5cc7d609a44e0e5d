//! Binary property lists (`bplist00`, CFBinaryPList.c): objects by number, a table of their offsets, a trailer.

use super::blob;
use crate::decode::{Flaw, Place, Step, UnreadReason, ValueKind, Walk};

const MAGIC: &[u8] = b"bplist0";
/// Bytes of the trailer (six of them unused, or the sort version).
const TRAILER: usize = 32;
/// Seconds from 1970-01-01 to 2001-01-01, where Apple's time begins.
const EPOCH: f64 = 978_307_200.0;

pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    let document = Document::read(bytes).ok_or(Flaw::Ended)?;
    document.object(walk, place, document.top)
}

struct Document<'x> {
    bytes: &'x [u8],
    /// Table of offsets, `offset_width` bytes each.
    offsets: &'x [u8],
    offset_width: usize,
    reference_width: usize,
    top: u64,
}

impl<'x> Document<'x> {
    fn read(bytes: &'x [u8]) -> Option<Self> {
        let (rest, trailer) = bytes.split_at_checked(bytes.len().checked_sub(TRAILER)?)?;
        let (offset_width, reference_width) = (usize::from(trailer[6]), usize::from(trailer[7]));
        let top = number(&trailer[16..24]);
        let table = usize::try_from(number(&trailer[24..32])).ok()?;
        let valid = (1..=8).contains(&offset_width) && (1..=8).contains(&reference_width);
        let offsets = rest.get(table..).filter(|_| valid)?;
        Some(Self { bytes: rest, offsets, offset_width, reference_width, top })
    }

    /// One level of recursion per container; the budget's depth bounds it, cycles too.
    fn object(&self, walk: &mut Walk<'x>, place: Place<'x>, index: u64) -> Result<(), Flaw> {
        let bytes = self.at(index).ok_or(Flaw::Malformed)?;
        let (&marker, body) = bytes.split_first().ok_or(Flaw::Ended)?;
        let (kind, low) = (marker >> 4, marker & 15);
        match kind {
            0x0 => match low {
                8 | 9 => walk.field(place, if low == 9 { "true" } else { "false" }, ValueKind::Bool),
                _ => Ok(()),
            },
            0x1 => {
                let bytes = body.get(..1 << low.min(4)).ok_or(Flaw::Ended)?;
                // Eight bytes are signed, fewer are not.
                let signed = bytes.len() >= 8;
                let value = number(bytes.last_chunk::<8>().map_or(bytes, |last| last));
                let text = if signed { value.cast_signed().to_string() } else { value.to_string() };
                self.number(walk, place, &text)
            }
            0x2 => {
                let real = real(low, body)?;
                self.number(walk, place, &real.to_string())
            }
            0x3 => {
                let seconds = real(3, body)? + EPOCH;
                self.number(walk, place, &seconds.to_string())
            }
            0x4 => blob::walk(walk, place, self.string(low, body, 1)?),
            0x5 | 0x7 => {
                let text = std::str::from_utf8(self.string(low, body, 1)?).map_err(|_| Flaw::Malformed)?;
                walk.value(place, text)
            }
            0x6 => {
                let (units, _) = self.string(low, body, 2)?.as_chunks::<2>();
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                let text: String =
                    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
                walk.value(place, walk.arena.text(&text))
            }
            // A UID: an object's number in a keyed archive.
            0x8 => {
                let bytes = body.get(..usize::from(low.min(7)) + 1).ok_or(Flaw::Ended)?;
                self.number(walk, place, &number(bytes).to_string())
            }
            0xa | 0xc | 0xd if !walk.may_descend(place) => {
                walk.note(place, UnreadReason::Budget);
                Ok(())
            }
            0xa | 0xc => self.array(walk, place, low, body),
            0xd => self.dict(walk, place, low, body),
            _ => Err(Flaw::Malformed),
        }
    }

    fn array(&self, walk: &mut Walk<'x>, place: Place<'x>, low: u8, body: &'x [u8]) -> Result<(), Flaw> {
        let members = self.string(low, body, self.reference_width)?;
        for (index, reference) in (0..).zip(members.chunks_exact(self.reference_width)) {
            let place = walk.child(place, Step::Index(index))?;
            self.object(walk, place, number(reference))?;
        }
        Ok(())
    }

    fn dict(&self, walk: &mut Walk<'x>, place: Place<'x>, low: u8, body: &'x [u8]) -> Result<(), Flaw> {
        let members = self.string(low, body, 2 * self.reference_width)?;
        let (keys, values) = members.split_at(members.len() / 2);
        let width = self.reference_width;
        for (key, value) in keys.chunks_exact(width).zip(values.chunks_exact(width)) {
            let Some(key) = self.key(walk, number(key)) else { return Err(Flaw::Malformed) };
            let place = walk.child(place, Step::Key(key))?;
            self.object(walk, place, number(value))?;
        }
        Ok(())
    }

    fn key(&self, walk: &Walk<'x>, index: u64) -> Option<&'x str> {
        let (&marker, body) = self.at(index)?.split_first()?;
        match marker >> 4 {
            0x5 | 0x7 => std::str::from_utf8(self.string(marker & 15, body, 1).ok()?).ok(),
            0x6 => {
                let (units, _) = self.string(marker & 15, body, 2).ok()?.as_chunks::<2>();
                let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
                Some(walk.arena.text(&String::from_utf16_lossy(&units)))
            }
            _ => None,
        }
    }

    fn number(&self, walk: &mut Walk<'x>, place: Place<'x>, text: &str) -> Result<(), Flaw> {
        let text = walk.arena.text(text);
        walk.field(place, text, ValueKind::Number)
    }

    /// Where the object of this number begins.
    fn at(&self, index: u64) -> Option<&'x [u8]> {
        let start = usize::try_from(index).ok()?.checked_mul(self.offset_width)?;
        let offset = self.offsets.get(start..start.checked_add(self.offset_width)?)?;
        self.bytes.get(usize::try_from(number(offset)).ok()?..)
    }

    /// The bytes of an object that tells its own length, in units of `width` bytes.
    fn string(&self, low: u8, body: &'x [u8], width: usize) -> Result<&'x [u8], Flaw> {
        let (count, body) = if low == 15 {
            let (&marker, rest) = body.split_first().ok_or(Flaw::Ended)?;
            let bytes = rest.get(..1 << (marker & 15).min(3)).ok_or(Flaw::Ended)?;
            (number(bytes), &rest[bytes.len()..])
        } else {
            (u64::from(low), body)
        };
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(width)).ok_or(Flaw::Ended)?;
        body.get(..length).ok_or(Flaw::Ended)
    }
}

/// Up to eight bytes, the greatest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn real(low: u8, body: &[u8]) -> Result<f64, Flaw> {
    let (four, eight) = (body.first_chunk::<4>(), body.first_chunk::<8>());
    match low {
        2 => four.map(|bytes| f64::from(f32::from_be_bytes(*bytes))),
        _ => eight.map(|bytes| f64::from_be_bytes(*bytes)),
    }
    .ok_or(Flaw::Ended)
}
