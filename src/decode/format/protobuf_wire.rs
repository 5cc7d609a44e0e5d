//! The wire format of Protocol Buffers (encoding.html of its documentation): tags, varints, lengths, packed numbers.

use super::protobuf::is_everyday;
use crate::decode::Flaw;

pub(super) enum Value<'x> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'x [u8]),
}

pub(super) struct Reader<'x> {
    pub bytes: &'x [u8],
}

impl<'x> Reader<'x> {
    /// The next field's number and value; `None` at the end. Groups are long out of use and count as malformed.
    pub fn field(&mut self) -> Result<Option<(u32, Value<'x>)>, Flaw> {
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

/// Whether the bytes parse as fields to their very end.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    let mut reader = Reader { bytes };
    loop {
        match reader.field() {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Numbers of a packed field are taken for floats only if none of them is very small or very great, as random bits are.
fn is_measured(number: f64) -> bool {
    number == 0.0 || is_everyday(number) && (1e-4..1e9).contains(&number.abs())
}

/// The bytes as packed doubles, at least two.
pub(super) fn packed_doubles(bytes: &[u8]) -> Option<Vec<String>> {
    let (chunks, rest) = bytes.as_chunks::<8>();
    let doubles = || chunks.iter().map(|chunk| f64::from_le_bytes(*chunk));
    let packed = chunks.len() > 1 && rest.is_empty() && doubles().all(is_measured) && doubles().any(|it| it != 0.0);
    packed.then(|| doubles().map(|double| double.to_string()).collect())
}

/// The bytes as packed floats, at least three: two could be an id of eight bytes.
pub(super) fn packed_floats(bytes: &[u8]) -> Option<Vec<String>> {
    let (chunks, rest) = bytes.as_chunks::<4>();
    let floats = || chunks.iter().map(|chunk| f32::from_le_bytes(*chunk));
    let measured = |float| is_measured(f64::from(float));
    let packed = chunks.len() > 2 && rest.is_empty() && floats().all(measured) && floats().any(|it| it != 0.0);
    packed.then(|| floats().map(|float| float.to_string()).collect())
}

/// The bytes as packed varints: several, in their shortest form, and not the length of an id.
pub(super) fn packed_varints(bytes: &[u8]) -> Option<impl Iterator<Item = u64>> {
    const IDS: [usize; 6] = [6, 8, 16, 20, 32, 64];
    let is_id = IDS.contains(&bytes.len());
    let ends = bytes.iter().filter(|&&byte| byte & 0x80 == 0).count();
    let padded = bytes.windows(2).any(|pair| pair[0] & 0x80 != 0 && pair[1] == 0);
    let whole = bytes.last().is_some_and(|last| last & 0x80 == 0);
    if is_id || ends < 2 || padded || !whole || bytes.split(|&byte| byte & 0x80 == 0).any(|run| run.len() > 9) {
        return None;
    }
    let mut reader = Reader { bytes };
    Some(std::iter::from_fn(move || reader.varint().ok()))
}
