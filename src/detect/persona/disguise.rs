//! How a known value was found: as it is, or in what disguise.

use std::sync::Arc;

/// What hides a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Disguise {
    /// The value as the tester gave it, whatever its case.
    Plain,
    /// Another notation: other separators, another order, digits only.
    Notation,
    Hex,
    Base64,
    Base64Twice,
    /// The bytes of an identifier, rather than its digits.
    Bytes,
    /// A number whose digits or bytes are the identifier's.
    Integer,
    Hash(Hash),
    /// The last digits of a number, under a name that says so.
    LastDigits,
}

/// The digests that senders make of identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    pub const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// Bytes of a digest.
    pub fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The first 16 bytes of a text's digest: as much as tells digests apart.
    pub fn of(self, text: &[u8]) -> [u8; 16] {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
        use md5::Digest as _;
        let algorithm = match self {
            Self::Md5 => return md5::Md5::digest(text).into(),
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
            Self::Sha512 => &SHA512,
        };
        let mut cut = [0; 16];
        cut.copy_from_slice(&digest(algorithm, text).as_ref()[..16]);
        cut
    }
}

impl Disguise {
    /// Words of the event's `encodings` that it adds, from the outside in.
    pub fn layers(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Notation | Self::Bytes | Self::Integer | Self::LastDigits => &[],
            Self::Hex => &["hex"],
            Self::Base64 => &["base64"],
            Self::Base64Twice => &["base64", "base64"],
            Self::Hash(Hash::Md5) => &["md5"],
            Self::Hash(Hash::Sha1) => &["sha1"],
            Self::Hash(Hash::Sha256) => &["sha256"],
            Self::Hash(Hash::Sha512) => &["sha512"],
        }
    }

    /// `SHA-256 of the e-mail address`.
    pub fn describe(self, title: &str) -> Arc<str> {
        let how = match self {
            Self::Plain => "the",
            Self::Notation => "another notation of the",
            Self::Hex => "hex of the",
            Self::Base64 => "base64 of the",
            Self::Base64Twice => "base64 of base64 of the",
            Self::Bytes => "bytes of the",
            Self::Integer => "number of the",
            Self::LastDigits => "last digits of the",
            Self::Hash(hash) => return format!("{} of the {}", hash.title(), lower_first(title)).into(),
        };
        format!("{how} {}", lower_first(title)).into()
    }
}

/// A title in the middle of a sentence; abbreviations stay as they are.
fn lower_first(title: &str) -> String {
    let mut chars = title.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(chars).collect(),
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_the_known_ones() {
        let hex = |bytes: [u8; 16]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(Hash::Md5.of(b"")), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(Hash::Sha1.of(b"")), "da39a3ee5e6b4b0d3255bfef95601890");
        assert_eq!(hex(Hash::Sha256.of(b"")), "e3b0c44298fc1c149afbf4c8996fb924");
        assert_eq!(hex(Hash::Sha512.of(b"")), "cf83e1357eefb8bdf1542850d66d8007");
        assert_eq!(&*Disguise::Hash(Hash::Sha256).describe("E-mail address"), "SHA-256 of the e-mail address");
        assert_eq!(&*Disguise::Plain.describe("IMEI"), "the IMEI");
    }
}
