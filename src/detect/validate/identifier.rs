//! Identifiers of devices and installations: not zeroed, not all alike, not a known constant.

/// Constants that stand for "no id": the zeroed advertising id and the Android id that a faulty release shared.
const CONSTANTS: &[&str] = &["9774d56d682e549c", "unknown", "unavailable", "0123456789abcdef", "1234567890abcdef"];

pub(super) fn is_identifier(value: &str) -> bool {
    let text: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase()).collect();
    // Four different characters at least: zeroed ids and `aaaa…-0001` have fewer.
    let mut seen = [false; 256];
    text.iter().for_each(|&b| seen[usize::from(b)] = true);
    let different = seen.iter().filter(|&&s| s).count();
    different >= 3 && !CONSTANTS.iter().any(|c| c.as_bytes() == text)
}
