//! Normal forms: spellings of one value that must have one fingerprint.

/// A value in its normal form.
pub(super) type Normal = fn(&str) -> String;

pub(super) const NORMALS: &[(&str, Normal)] = &[
    ("exact", exact),
    ("lower", lower),
    ("digits", digits),
    ("alphanumeric", alphanumeric),
    ("words", words),
    ("phone", phone),
];

pub(super) fn by_name(name: &str) -> Option<Normal> {
    NORMALS.iter().find(|(n, _)| *n == name).map(|(_, normal)| *normal)
}

fn exact(value: &str) -> String {
    value.trim().to_owned()
}

fn lower(value: &str) -> String {
    value.trim().to_lowercase()
}

fn digits(value: &str) -> String {
    value.chars().filter(char::is_ascii_digit).collect()
}

/// Letters and digits, small.
fn alphanumeric(value: &str) -> String {
    value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Small words with one space between.
fn words(value: &str) -> String {
    value.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Digits with the country code. Ten digits without one are taken for the North American plan.
fn phone(value: &str) -> String {
    let digits = digits(value);
    let bare = digits.strip_prefix("00").unwrap_or(&digits);
    match bare.len() {
        10 if !value.trim_start().starts_with('+') && !bare.starts_with(['0', '1']) => format!("1{bare}"),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, spellings: &[&str], normal: &str) {
        for spelling in spellings {
            assert_eq!(by_name(name).unwrap()(spelling), normal, "{spelling}");
        }
    }

    #[test]
    fn spellings_agree() {
        check("phone", &["+1 (503) 555-0119", "503-555-0119", "0015035550119"], "15035550119");
        check("phone", &["+49 30 1234567"], "49301234567");
        check("alphanumeric", &["D8:3A:DD:41:7C:09", "d83add417c09"], "d83add417c09");
        check("words", &["Noor  CASTELLAN", "noor castellan"], "noor castellan");
    }
}
