//! Protocol Buffers without a schema: the wire format tells structure and field numbers, not names.
//!
//! A length-delimited field is text if it reads as text, else a message if it parses as one, else bytes. Numbers are given
//! as they most plausibly were: doubles and floats of everyday size, integers otherwise.

use super::{Format, Sniff};
use crate::decode::{Arena, Flaw, Place, Source, Step, UnreadReason, ValueKind, Walk, charset};

pub const FORMAT: Format = Format {
    name: "protobuf",
    types: &[
        "application/x-protobuf",
        "application/protobuf",
        "application/x-google-protobuf",
        "application/vnd.google.protobuf",
        "application/proto",
        "+proto",
        "+protobuf",
    ],
    sniff,
    walk,
};

/// Bytes of an opaque field that are shown as hex: ids and digests are at most this long.
const LONGEST_ID: usize = 64;

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    walk_fields(walk, place, source.bytes)
}

/// One level of recursion per nested message; the budget's depth bounds it.
fn walk_fields<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    let mut reader = Reader { bytes };
    while let Some((number, value)) = reader.field()? {
        let place = walk.child(place, Step::Number(number))?;
        match value {
            Value::Varint(value) => number_field(walk, place, &value.to_string())?,
            Value::Fixed64(bits) => {
                let double = f64::from_bits(bits);
                number_field(walk, place, &plausible(double).map_or(bits.to_string(), |double| double.to_string()))?;
            }
            Value::Fixed32(bits) => {
                let float = f32::from_bits(bits);
                let sized = plausible(f64::from(float)).map_or(bits.to_string(), |_| float.to_string());
                number_field(walk, place, &sized)?;
            }
            Value::Bytes(bytes) => walk_bytes(walk, place, bytes)?,
        }
    }
    Ok(())
}

fn number_field<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &str) -> Result<(), Flaw> {
    let text = walk.arena.text(text);
    walk.field(place, text, ValueKind::Number)
}

fn walk_bytes<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    if charset::is_text(bytes) && !is_wrapped(bytes) {
        let text = charset::lossy(walk, bytes);
        return walk.value(place, text);
    }
    if is_message(bytes) {
        if walk.may_descend(place) {
            return walk_fields(walk, place, bytes);
        }
        walk.note(place, UnreadReason::Budget);
        return Ok(());
    }
    if bytes.len() > LONGEST_ID {
        walk.note(place, UnreadReason::Unsupported);
        return Ok(());
    }
    let text = hex(walk.arena, bytes);
    walk.field(place, text, ValueKind::Text)
}

fn hex<'x>(arena: &'x Arena, bytes: &[u8]) -> &'x str {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    arena.text(&digits)
}

/// The number, if people and devices have such numbers.
fn plausible(number: f64) -> Option<f64> {
    let everyday = number == 0.0 || (1e-7..1e15).contains(&number.abs());
    everyday.then_some(number)
}

/// Whether the bytes parse as fields to their very end.
fn is_message(bytes: &[u8]) -> bool {
    let mut reader = Reader { bytes };
    loop {
        match reader.field() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Whether bytes that read as text are nevertheless a message: one whose only field is a text (`\n$` and 36 characters),
/// or one that begins with a line end as a tag.
fn is_wrapped(bytes: &[u8]) -> bool {
    const LEAST: usize = 8;
    let [tag, length, ref rest @ ..] = *bytes else { return false };
    let only_text = tag & 7 == 2 && usize::from(length) == rest.len() && rest.len() >= LEAST;
    only_text || tag < b' ' && is_message(bytes)
}

enum Value<'x> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'x [u8]),
}

struct Reader<'x> {
    bytes: &'x [u8],
}

impl<'x> Reader<'x> {
    /// The next field's number and value; `None` at the end. Groups are long out of use and count as malformed.
    fn field(&mut self) -> Result<Option<(u32, Value<'x>)>, Flaw> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or(Flaw::Malformed)?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Flaw::Malformed)?;
                let (value, rest) = self.bytes.split_at_checked(length).ok_or(Flaw::Ended)?;
                self.bytes = rest;
                Value::Bytes(value)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            _ => return Err(Flaw::Malformed),
        };
        Ok(Some((number, value)))
    }

    fn varint(&mut self) -> Result<u64, Flaw> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let (&byte, rest) = self.bytes.split_first().ok_or(Flaw::Ended)?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Flaw::Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(Flaw::Ended)?;
        self.bytes = rest;
        Ok(*array)
    }
}

/// Nothing in protobuf is a sure sign, but a first field that can't be is a sure sign against it.
fn sniff(bytes: &[u8]) -> Sniff {
    match (Reader { bytes }).field() {
        Ok(Some(_)) | Err(Flaw::Ended) => Sniff::Maybe,
        _ => Sniff::No,
    }
}
