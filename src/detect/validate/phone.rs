//! Telephone numbers: 7 to 15 digits as people write them (ITU-T E.164), neither timestamps nor free-call lines.

use super::{digits, is_monotone};

pub(super) fn is_phone(value: &str) -> bool {
    let d = digits(value);
    if !(7..=15).contains(&d.len()) || is_monotone(&d) || !value.chars().all(is_phone_char) {
        return false;
    }
    !(is_social_security(value) || is_fiction(&d) || is_free_call(value, &d) || is_timestamp(value, &d))
}

/// Three, two and four digits between dashes: a number of the Social Security Administration.
fn is_social_security(value: &str) -> bool {
    value.split('-').map(str::len).eq([3, 2, 4]) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Without a name: international form only, and a number plan that knows it.
pub(super) fn is_phone_without_a_name(value: &str) -> bool {
    value.starts_with('+')
        && digits(value).len() >= 9
        && phonenumber::parse(None, value).is_ok_and(|n| phonenumber::is_valid(&n))
}

/// Inside a text, beside a word for telephones: no date, no time, at least eight digits.
pub(super) fn is_phone_in_text(value: &str) -> bool {
    let d = digits(value);
    let groups: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let date = match groups.as_slice() {
        [y, _, _] if y.len() == 4 && (y.starts_with("19") || y.starts_with("20")) => true,
        // A social security number.
        [a, b, c] if a.len() == 3 && b.len() == 2 && c.len() == 4 => true,
        [a, b, y] => a.len() <= 2 && b.len() <= 2 && (y.len() == 4 || y.len() == 2),
        _ => false,
    };
    (8..=15).contains(&d.len()) && !date && is_phone(value)
}

fn is_phone_char(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(
            c,
            '+' | '-'
                | '.'
                | ' '
                | '('
                | ')'
                | '/'
                | 'x'
                | '\u{a0}'
                | '\u{2011}'
                | '\u{2010}'
                | '#'
                | ','
                | 't'
                | 'e'
                | 'l'
                | ':'
        )
}

/// Numbers set aside for films and examples: North America's area code 555, and the ranges of Ofcom, ARCEP, the
/// Bundesnetzagentur and ACMA. The lines 555-0100 to 0199 of real areas are left in: test devices carry them.
fn is_fiction(d: &[u8]) -> bool {
    const RANGES: &[&[u8]] = &[
        &[4, 4, 7, 7, 0, 0, 9, 0, 0],
        &[3, 3, 6, 3, 9, 9, 8],
        &[4, 9, 3, 0, 2, 3, 1, 2, 5],
        &[6, 1, 4, 9, 1, 5, 7, 0],
    ];
    let area = match d.len() {
        11 if d[0] == 1 => &d[1..4],
        10 => &d[..3],
        _ => &[],
    };
    let international = d.strip_prefix(&[0, 0]).unwrap_or(d);
    area == [5, 5, 5]
        || RANGES.iter().any(|range| {
            international.starts_with(range)
                || (d[0] == 0 && d[1..].starts_with(&range[2..]) && range[0] != 4)
                || (d[0] == 0 && range[..2] == [4, 4] && d[1..].starts_with(&range[2..]))
        })
}

/// Numbers that anyone may call for nothing, or that a firm answers.
fn is_free_call(value: &str, d: &[u8]) -> bool {
    let national = match d.len() {
        11 if d[0] == 1 => &d[1..],
        10 if !value.starts_with('+') => d,
        _ => return false,
    };
    national[0] == 8 && national[1] == national[2] && matches!(national[1], 0 | 3..=8)
}

/// Seconds or milliseconds of this century's first decades, written as a bare number.
fn is_timestamp(value: &str, d: &[u8]) -> bool {
    let bare = value.bytes().all(|b| b.is_ascii_digit());
    bare && d.len() == 13 && d[0] == 1 && (4..=9).contains(&d[1])
}
