//! SIM card numbers (ITU-T E.118): 89, then 16 to 18 digits; Luhn where the check digit is written.

use super::{digits, luhn::is_luhn};

pub(super) fn is_iccid(value: &str) -> bool {
    let d = digits(value.trim_end_matches(['F', 'f']));
    // Phones report 20 digits, the last of which some leave out of the check.
    d.starts_with(&[8, 9])
        && (18..=20).contains(&d.len())
        && (d.len() == 18 || is_luhn(&d) || (d.len() == 20 && is_luhn(&d[..19])))
}
