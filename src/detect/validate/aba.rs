//! Routing numbers of US banks: nine digits, a Federal Reserve prefix and a check sum.

use super::digits;

pub(super) fn is_aba_routing(value: &str) -> bool {
    let d = digits(value);
    if d.len() != 9 {
        return false;
    }
    let prefix = d[0] * 10 + d[1];
    let sum: u32 = d.iter().zip([3, 7, 1].iter().cycle()).map(|(&digit, weight)| u32::from(digit) * weight).sum();
    matches!(prefix, 0..=12 | 21..=32 | 61..=72 | 80) && sum > 0 && sum.is_multiple_of(10)
}
