//! Previews: enough to tell two findings apart, never enough to know the value. At most 24 characters.

/// A value, masked.
pub(super) type Mask = fn(&str) -> String;

pub(super) const MASKS: &[(&str, Mask)] = &[
    ("hidden", hidden),
    ("email", email),
    ("digits", digits),
    ("name", name),
    ("token", token),
    ("address", address),
    ("date", date),
];

pub(super) fn by_name(name: &str) -> Option<Mask> {
    MASKS.iter().find(|(n, _)| *n == name).map(|(_, mask)| *mask)
}

const LONGEST: usize = 24;

/// Apply a mask, and hide everything where it hid too little.
pub(super) fn preview(mask: Mask, value: &str) -> String {
    let preview: String = mask(value.trim()).chars().take(LONGEST).collect();
    let shown = preview.chars().filter(|&c| c.is_alphanumeric()).count();
    let all = value.chars().filter(|c| c.is_alphanumeric()).count();
    if shown * 2 > all { hidden(value) } else { preview }
}

/// Whole degrees and the first decimal: about 11 km.
pub(super) fn position(latitude: f64) -> String {
    let tenths = (latitude * 10.0).trunc() / 10.0;
    format!("{tenths:.1}**")
}

fn hidden(_: &str) -> String {
    "***".to_owned()
}

/// `a***@d***.com`
fn email(value: &str) -> String {
    let Some((local, domain)) = value.rsplit_once('@') else { return hidden(value) };
    let (name, suffix) = domain.rsplit_once('.').unwrap_or((domain, ""));
    format!("{}***@{}***.{}", first(local), first(name), suffix.chars().take(6).collect::<String>())
}

/// The last two digits.
fn digits(value: &str) -> String {
    let last: Vec<char> = value.chars().rev().filter(char::is_ascii_alphanumeric).take(2).collect();
    format!("***{}", last.iter().rev().collect::<String>())
}

fn name(value: &str) -> String {
    format!("{}***", first(value))
}

/// The first two characters.
fn token(value: &str) -> String {
    format!("{}***", value.chars().take(2).collect::<String>())
}

/// The first part of a network address.
fn address(value: &str) -> String {
    let end = value.find(['.', ':']).unwrap_or(0);
    format!("{}.***", value[..end].chars().take(4).collect::<String>())
}

/// The century.
fn date(value: &str) -> String {
    match value.get(..4).filter(|year| year.starts_with("19") || year.starts_with("20")) {
        Some(year) => format!("{}**", &year[..2]),
        None => hidden(value),
    }
}

fn first(value: &str) -> String {
    value.chars().take(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expect: &str) {
        assert_eq!(preview(by_name(name).unwrap(), value), expect);
    }

    #[test]
    fn masks_by_kind() {
        check("email", "noor.c@posteo.net", "n***@p***.net");
        check("email", "a@b.c", "***");
        check("digits", "4111 1111 1111 1111", "***11");
        check("digits", "12", "***");
        check("name", "Noor", "N***");
        check("name", "N", "***");
        check("address", "202.207.111.75", "202.***");
        check("address", "2001:db8::7", "2001.***");
        check("date", "1964-12-13", "19**");
        check("token", "eyJhbGciOiJIUzI1NiJ9", "ey***");
        assert_eq!(position(37.7749), "37.7**");
        assert_eq!(position(-122.45), "-122.4**");
    }
}
