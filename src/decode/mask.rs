//! Names that are values themselves: an object keyed by e-mail addresses must not carry them into a path.

/// Characters of a masked key that stay readable.
const KEPT: usize = 2;
/// Longer keys are never names.
const LONGEST: usize = 64;

/// The key as it may stand in a written path: unchanged where it is a name, else its first two characters and `**`.
///
/// Masked are keys with an `@`, with five digits in a row or seven in all, UUIDs, IP addresses, long hex or base64 texts,
/// and anything over 64 bytes.
pub fn mask_key(key: &str) -> String {
    if is_value(key) { masked(key) } else { key.to_owned() }
}

/// The key's first two characters.
pub fn masked(key: &str) -> String {
    let kept: String = key.chars().take(KEPT).collect();
    format!("{kept}**")
}

/// Whether a key reads like a person's name: two to four words, each with a capital, as names of fields hardly are.
pub fn looks_like_a_person(key: &str) -> bool {
    let words: Vec<&str> = key.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphabetic())).collect();
    let capital = |word: &&str| {
        let mut chars = word.chars();
        chars.next().is_some_and(char::is_uppercase) && word.chars().all(|c| c.is_alphabetic() || "'’-".contains(c))
    };
    (2..=4).contains(&words.len()) && words.iter().all(capital)
}

/// A key where nobody knows which words are names of fields: those that read like a person's are masked, too.
pub fn mask_unknown_key(key: &str) -> String {
    if looks_like_a_person(key) { masked(key) } else { mask_key(key) }
}

fn is_value(key: &str) -> bool {
    if key.len() > LONGEST || key.contains('@') || has_many_digits(key) {
        return true;
    }
    key.parse::<std::net::IpAddr>().is_ok() || key.split(['.', '/']).any(|word| is_hex_id(word) || is_token(word))
}

fn has_many_digits(key: &str) -> bool {
    const IN_A_ROW: usize = 5;
    const IN_ALL: usize = 7;
    let longest_run = key.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max().unwrap_or(0);
    longest_run >= IN_A_ROW || key.chars().filter(|c| c.is_numeric()).count() >= IN_ALL
}

/// Hex digits with at least one digit among them, in groups or not: UUIDs, digests, MAC addresses.
fn is_hex_id(word: &str) -> bool {
    const SHORTEST: usize = 12;
    let mut hex = 0;
    let mut digits = 0;
    for byte in word.bytes() {
        match byte {
            b'0'..=b'9' => (hex, digits) = (hex + 1, digits + 1),
            b'a'..=b'f' | b'A'..=b'F' => hex += 1,
            b'-' | b':' => {}
            _ => return false,
        }
    }
    hex >= SHORTEST && digits > 0
}

/// A long word that mixes digits and both cases, as base64 does and names don't.
fn is_token(word: &str) -> bool {
    const SHORTEST: usize = 20;
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    word.len() >= SHORTEST
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'_' | b'-' | b'='))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_and_values_are_masked() {
        let names =
            ["email", "user-agent", "address_line_1", "md5", "sha256", "ipv4", "data[0][user_data][em]", "städte"];
        for name in names {
            assert_eq!(mask_key(name), name);
        }
        let values = [
            ("a@b.example", "a@**"),
            ("+15555550100", "+1**"),
            ("1990-04-01", "19**"),
            ("203.0.113.9", "20**"),
            ("2001:db8::7", "20**"),
            ("6fa459ea-ee8a-3ca4-894e-db77e160355e", "6f**"),
            ("aa:bb:cc:dd:ee:0f", "aa**"),
            ("QmFzZTY0aXNhbG9uZ1dvcmQ", "Qm**"),
            ("37.77,-122.41", "37**"),
            ("٠٥٥٥١٢٣٤٥", "٠٥**"),
        ];
        for (value, masked) in values {
            assert_eq!(mask_key(value), masked);
        }
        assert_eq!(mask_key(&"x".repeat(65)), "xx**");
    }
}
