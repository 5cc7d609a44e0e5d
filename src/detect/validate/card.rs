//! Payment card numbers: Luhn, and an issuer range with the lengths that its brand uses.

use super::{digits, is_monotone, luhn::is_luhn};

/// First digits from, to (compared on as many digits), and lengths.
const RANGES: &[(u32, u32, &[usize])] = &[
    (4, 4, &[13, 16, 19]),
    (51, 55, &[16]),
    (2221, 2720, &[16]),
    (34, 34, &[15]),
    (37, 37, &[15]),
    (6011, 6011, &[16, 19]),
    (644, 659, &[16, 19]),
    (62, 62, &[16, 17, 18, 19]),
    (3528, 3589, &[16, 19]),
    (300, 305, &[14, 16]),
    (36, 36, &[14, 16]),
    (38, 39, &[14, 16]),
    (50, 50, &[16, 18, 19]),
    (56, 58, &[16, 18, 19]),
    (60, 60, &[16]),
    (63, 63, &[16, 18, 19]),
    (67, 67, &[16, 18, 19]),
    (2200, 2204, &[16]),
    (9792, 9792, &[16]),
    (81, 82, &[16]),
];

pub(super) fn is_card_number(value: &str) -> bool {
    let d = digits(value);
    (13..=19).contains(&d.len()) && !is_monotone(&d) && in_range(&d) && is_luhn(&d)
}

/// Without a name only digits in the groups that cards are printed in are taken: one id in ten passes Luhn.
pub(super) fn is_card_number_without_a_name(value: &str) -> bool {
    let groups: Vec<usize> = value.split([' ', '-']).map(str::len).collect();
    matches!(groups.as_slice(), [4, 4, 4, 4] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 4, 3]) && is_card_number(value)
}

fn in_range(digits: &[u8]) -> bool {
    RANGES.iter().any(|&(from, to, lengths)| {
        let width = from.ilog10() as usize + 1;
        let prefix = digits.iter().take(width).fold(0, |n, &d| n * 10 + u32::from(d));
        (from..=to).contains(&prefix) && lengths.contains(&digits.len())
    })
}
