//! MAC addresses (IEEE 802): 48 bits with any separator; neither zero, nor broadcast, nor the constant that Android shows.

pub(super) fn is_mac(value: &str) -> bool {
    let hex: String =
        value.chars().filter(|c| !matches!(c, ':' | '-' | '.' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let constant = matches!(hex.as_str(), "000000000000" | "ffffffffffff" | "020000000000");
    hex.len() == 12 && hex.bytes().all(|b| b.is_ascii_hexdigit()) && !constant
}
