//! US social security numbers and taxpayer numbers: the ranges that are never issued.

use super::digits;

/// Nine digits, or their last four alone.
pub(super) fn is_ssn(value: &str) -> bool {
    let d = digits(value);
    if d.len() == 4 {
        return d != [0; 4];
    }
    let Some((area, group, serial)) = parts(&d) else { return false };
    // Numbers of a wallet insert and of advertisements, printed so often that they were withdrawn.
    let printed = matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999) | (123, 45, 6789) | (111, 11, 1111));
    !printed && area != 0 && area != 666 && area < 900 && group != 0 && serial != 0
}

/// Individual taxpayer numbers: 9xx with a group of 50-65, 70-88, 90-92 or 94-99.
pub(super) fn is_itin(value: &str) -> bool {
    let Some((area, group, _)) = parts(&digits(value)) else { return false };
    area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

fn parts(digits: &[u8]) -> Option<(u32, u32, u32)> {
    let number = |part: &[u8]| part.iter().fold(0, |n, &d| n * 10 + u32::from(d));
    (digits.len() == 9).then(|| (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..])))
}
