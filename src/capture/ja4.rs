//! JA4, the fingerprint of a TLS client's hello, after FoxIO's specification of JA4 (the BSD-licensed member of JA4+).

use std::fmt::Write;

use super::crypto::sha256_hex;

/// Sections without values are written so, rather than as the hash of nothing.
const NOTHING: &str = "000000000000";

/// Extensions that section a already tells, left out of section c: server name and ALPN.
const TOLD_BEFORE: [u16; 2] = [0x0000, 0x0010];

/// What a hello offers, in the client's order, GREASE still in it.
#[derive(Debug, Default)]
pub(super) struct Offer {
    /// Highest version offered.
    pub version: u16,
    pub ciphers: Vec<u16>,
    pub extensions: Vec<u16>,
    pub signature_algorithms: Vec<u16>,
    /// First protocol of the ALPN extension; empty when there is none.
    pub alpn: Vec<u8>,
}

impl Offer {
    /// Sections a, b and c, as `t13d1516h2_8daaf6152771_e5627efa2ab1`.
    pub(super) fn fingerprint(&self) -> String {
        let ciphers = sorted(&self.ciphers);
        let extensions = sorted(&self.extensions);
        let destination = if extensions.contains(&0x0000) { 'd' } else { 'i' };
        let (first, last) = alpn_ends(&self.alpn);
        let (cipher_count, extension_count) = (ciphers.len().min(99), extensions.len().min(99));
        let version = version(self.version);
        let mut text = format!("t{version}{destination}{cipher_count:02}{extension_count:02}{first}{last}_");
        text.push_str(&hash(&list(&ciphers)));
        text.push('_');

        let rest: Vec<u16> = extensions.into_iter().filter(|kind| !TOLD_BEFORE.contains(kind)).collect();
        let mut extensions = list(&rest);
        let algorithms: Vec<u16> = self.signature_algorithms.iter().copied().filter(|it| !is_grease(*it)).collect();
        if !algorithms.is_empty() && !extensions.is_empty() {
            extensions.push('_');
            extensions.push_str(&list(&algorithms));
        }
        text.push_str(&hash(&extensions));
        text
    }
}

/// Values reserved to keep peers tolerant (RFC 8701): `0x0a0a`, `0x1a1a`, … `0xfafa`.
pub(super) fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        _ => "00",
    }
}

/// First and last character of the protocol's name, or of its hex form when one of them is not alphanumeric.
fn alpn_ends(name: &[u8]) -> (char, char) {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return ('0', '0') };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return (first.into(), last.into());
    }
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    (digit(first >> 4), digit(last & 0x0f))
}

fn sorted(values: &[u16]) -> Vec<u16> {
    let mut values: Vec<u16> = values.iter().copied().filter(|value| !is_grease(*value)).collect();
    values.sort_unstable();
    values
}

fn list(values: &[u16]) -> String {
    let mut text = String::with_capacity(values.len() * 5);
    for value in values {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        write!(text, "{comma}{value:04x}").ok();
    }
    text
}

fn hash(text: &str) -> String {
    if text.is_empty() {
        return NOTHING.to_owned();
    }
    let mut hex = sha256_hex(text.as_bytes());
    hex.truncate(NOTHING.len());
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_list(text: &str) -> Vec<u16> {
        text.split(',').map(|hex| u16::from_str_radix(hex, 16).unwrap()).collect()
    }

    /// The example of the specification, in the client's order and with GREASE put in.
    fn example() -> Offer {
        Offer {
            version: 0x0304,
            ciphers: hex_list("aaaa,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
            extensions: hex_list(
                "3a3a,001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015,fafa",
            ),
            signature_algorithms: hex_list("0403,0804,0401,0503,0805,0501,0806,0601"),
            alpn: b"h2".to_vec(),
        }
    }

    #[test]
    fn the_published_example_comes_out() {
        assert_eq!(example().fingerprint(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
        let unsigned = Offer { signature_algorithms: Vec::new(), ..example() };
        assert_eq!(unsigned.fingerprint(), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    }

    #[test]
    fn absent_parts_are_written_as_zeros() {
        assert_eq!(Offer::default().fingerprint(), "t00i000000_000000000000_000000000000");
        let only_told = Offer { extensions: vec![0x0000, 0x0010], ..Offer::default() };
        assert_eq!(only_told.fingerprint(), "t00d000200_000000000000_000000000000");
        let many = Offer { ciphers: (0..300).collect(), version: 0x0301, ..Offer::default() };
        assert!(many.fingerprint().starts_with("t10i990000_"));
    }

    #[test]
    fn protocols_show_their_ends() {
        #[track_caller]
        fn check(alpn: &[u8], expect: &str) {
            let (first, last) = alpn_ends(alpn);
            assert_eq!(format!("{first}{last}"), expect, "{alpn:x?}");
        }
        check(b"", "00");
        check(b"h2", "h2");
        check(b"http/1.1", "h1");
        check(b"h", "hh");
        check(&[0xab], "ab");
        check(&[0xab, 0xcd], "ad");
        check(&[0x30, 0xab], "3b");
        check(&[0x30, 0x31, 0xab, 0xcd], "3d");
        check(&[0x30, 0xab, 0xcd, 0x31], "01");
    }
}
