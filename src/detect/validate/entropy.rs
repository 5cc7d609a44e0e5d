//! Whether a text was drawn rather than written.

use std::collections::HashMap;

/// At least 8 characters of a token's alphabet, with the spread of a random draw: `b7c266e8…`, not `dark_mode_enabled`.
pub(super) fn looks_random(value: &str) -> bool {
    let length = value.len();
    if length < 8 || !value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.=+/~:|%!*".contains(&b)) {
        return false;
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let mixed = value.bytes().any(|b| b.is_ascii_lowercase()) && value.bytes().any(|b| b.is_ascii_uppercase());
    bits_per_character(value) >= 2.3 && (digits * 12 >= length || (mixed && length >= 16))
}

fn bits_per_character(value: &str) -> f64 {
    let mut counts: HashMap<u8, u32> = HashMap::new();
    for b in value.bytes() {
        *counts.entry(b).or_default() += 1;
    }
    let total = value.len() as f64;
    counts.values().map(|&n| f64::from(n) / total).map(|p| -p * p.log2()).sum()
}
