//! Mobile equipment identities (3GPP TS 23.003): 15 digits with Luhn, 14 without the check digit, 16 with a software version.

use super::{digits, is_monotone, luhn::is_luhn};

pub(super) fn is_imei(value: &str) -> bool {
    let d = digits(value);
    // The first two digits are the reporting body; none is assigned below 01.
    let assigned = !is_monotone(&d) && d.iter().take(2).any(|&digit| digit != 0);
    assigned && (matches!(d.len(), 14 | 16) || (d.len() == 15 && is_luhn(&d)))
}
