//! Protocol Buffers without a schema: the wire format tells structure and field numbers, not names.
//!
//! A length-delimited field is text if it reads as text, packed floats if all of them are everyday numbers, else a message if
//! it parses as one, else packed integers or bytes. Numbers are given as they most plausibly were: doubles and floats of
//! everyday size, integers otherwise. A field that occurs more than once has an index (`$.3[0]`), so that each message is a
//! record of its own.

use std::collections::HashMap;

use super::protobuf_wire::{Reader, Value, is_message, packed_doubles, packed_floats, packed_varints};
use super::{Format, Sniff, blob};
use crate::decode::{Flaw, Place, Source, Step, UnreadReason, ValueKind, Walk, charset};

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

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    walk_fields(walk, place, source.bytes)
}

/// One level of recursion per nested message; the budget's depth bounds it.
fn walk_fields<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: &'x [u8]) -> Result<(), Flaw> {
    let mut repeated = repeated(bytes);
    let mut reader = Reader { bytes };
    while let Some((number, value)) = reader.field()? {
        let mut place = walk.child(place, Step::Number(number))?;
        if let Some(next) = repeated.get_mut(&number) {
            place = walk.child(place, Step::Index(*next))?;
            *next += 1;
        }
        match value {
            Value::Varint(value) => number_field(walk, place, &integer(value))?,
            Value::Fixed64(bits) => number_field(walk, place, &double(bits))?,
            Value::Fixed32(bits) => number_field(walk, place, &float(bits))?,
            Value::Bytes(bytes) => walk_bytes(walk, place, bytes)?,
        }
    }
    Ok(())
}

/// Numbers of the fields that occur more than once, with the index that comes next.
fn repeated(bytes: &[u8]) -> HashMap<u32, u32> {
    /// No message that somebody wrote has more.
    const MOST: usize = 4096;
    let mut seen: HashMap<u32, u32> = HashMap::new();
    let mut reader = Reader { bytes };
    while let (Ok(Some((number, _))), true) = (reader.field(), seen.len() < MOST) {
        *seen.entry(number).or_default() += 1;
    }
    seen.retain(|_, count| *count > 1);
    seen.values_mut().for_each(|count| *count = 0);
    seen
}

/// A varint: negative ones are written as 64 bits in two's complement.
fn integer(value: u64) -> String {
    i64::try_from(value).unwrap_or_else(|_| value.cast_signed()).to_string()
}

fn double(bits: u64) -> String {
    let double = f64::from_bits(bits);
    if is_everyday(double) { double.to_string() } else { bits.to_string() }
}

fn float(bits: u32) -> String {
    let float = f32::from_bits(bits);
    if is_everyday(f64::from(float)) { float.to_string() } else { bits.to_string() }
}

/// Whether people and devices have such numbers.
pub(super) fn is_everyday(number: f64) -> bool {
    number == 0.0 || (1e-7..1e15).contains(&number.abs())
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
    if let Some(numbers) = packed_doubles(bytes).or_else(|| packed_floats(bytes)) {
        return walk_packed(walk, place, numbers);
    }
    if is_message(bytes) {
        if walk.may_descend(place) {
            return walk_fields(walk, place, bytes);
        }
        walk.note(place, UnreadReason::Budget);
        return Ok(());
    }
    if blob::is_known(bytes) {
        return blob::walk(walk, place, bytes);
    }
    if let Some(numbers) = packed_varints(bytes) {
        return walk_packed(walk, place, numbers.map(integer));
    }
    blob::opaque(walk, place, bytes)
}

fn walk_packed<'x>(
    walk: &mut Walk<'x>,
    place: Place<'x>,
    numbers: impl IntoIterator<Item = String>,
) -> Result<(), Flaw> {
    for (index, number) in (0..).zip(numbers) {
        let place = walk.child(place, Step::Index(index))?;
        number_field(walk, place, &number)?;
    }
    Ok(())
}

/// Whether bytes that read as text are nevertheless a message: one whose only field is a text (`\n$` and 36 characters),
/// or one that begins with a line end as a tag.
fn is_wrapped(bytes: &[u8]) -> bool {
    const LEAST: usize = 8;
    let [tag, length, ref rest @ ..] = *bytes else { return false };
    let only_text = tag & 7 == 2 && usize::from(length) == rest.len() && rest.len() >= LEAST;
    only_text || tag < b' ' && is_message(bytes)
}

/// Nothing in protobuf is a magic number. A message to the very end that holds some text is one all the same; a first field
/// that can't be is a sure sign against it.
fn sniff(bytes: &[u8]) -> Sniff {
    match (Reader { bytes }).field() {
        Ok(Some(_)) if is_telling(bytes, 0) => Sniff::Yes,
        Ok(Some(_)) | Err(Flaw::Ended) => Sniff::Maybe,
        _ => Sniff::No,
    }
}

/// Whether bytes that are no text are a message with text in it: what chance does not give.
pub(super) fn is_telling(bytes: &[u8], depth: u8) -> bool {
    const DEEPEST: u8 = 4;
    const SHORTEST: usize = 4;
    if charset::is_text(bytes) && !is_wrapped(bytes) {
        return depth > 0 && bytes.len() >= SHORTEST;
    }
    if depth > DEEPEST || !is_message(bytes) {
        return false;
    }
    let mut reader = Reader { bytes };
    while let Ok(Some((_, value))) = reader.field() {
        if let Value::Bytes(inner) = value
            && is_telling(inner, depth + 1)
        {
            return true;
        }
    }
    false
}
