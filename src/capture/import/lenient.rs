//! Values as real exporters write them: texts with lone surrogates, sizes as floats, -1 or null for "unknown".

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Text kept as bytes: half of a surrogate pair, which no `String` holds, does not make an exchange unreadable.
#[derive(Debug, Default)]
pub struct Text(pub Vec<u8>);

/// A count of bytes or milliseconds; `None` for negative.
#[derive(Debug, Default, Clone, Copy)]
pub struct Measure(pub Option<f64>);

impl Text {
    pub fn into_string(self) -> String {
        String::from_utf8(self.0).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl Measure {
    /// As whole bytes.
    pub fn bytes(self) -> Option<u64> {
        // A float beyond 2^64 saturates, which is what a size that absurd should do.
        self.0.map(|size| size as u64)
    }
}

/// Base64 of the usual alphabet, padded or not.
pub fn base64(text: &[u8]) -> Result<Vec<u8>, base64::DecodeError> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    if text.iter().any(u8::is_ascii_whitespace) {
        let dense: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return ENGINE.decode(dense);
    }
    ENGINE.decode(text)
}

/// `null` as if the member were absent.
pub fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_byte_buf(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.as_bytes().to_vec()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(bytes.to_vec()))
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = Option::<f64>::deserialize(from)?;
        Ok(Self(number.filter(|number| *number >= 0.0)))
    }
}
