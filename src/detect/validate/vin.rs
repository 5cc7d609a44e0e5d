//! Vehicle identification numbers (ISO 3779): 17 characters without I, O, Q, and the check character of 49 CFR 565.15.

const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

pub(super) fn is_vin(value: &str) -> bool {
    let upper = value.to_ascii_uppercase();
    if upper.len() != 17 {
        return false;
    }
    let sum = upper.bytes().zip(WEIGHTS).try_fold(0, |sum, (b, weight)| Some(sum + number(b)? * weight));
    let Some(sum) = sum else { return false };
    let check = match sum % 11 {
        10 => b'X',
        rest => b'0' + rest as u8,
    };
    upper.as_bytes()[8] == check && upper.bytes().any(|b| b.is_ascii_alphabetic())
}

fn number(b: u8) -> Option<u32> {
    Some(match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'A'..=b'H' => u32::from(b - b'A') + 1,
        b'J'..=b'N' => u32::from(b - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(b - b'S') + 2,
        _ => return None,
    })
}
