//! The forms in which a known value may stand: other notations, and the normal forms that senders hash.

use std::collections::BTreeSet;

/// One form of a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spelling {
    pub text: String,
    /// Whether it is looked for as it is; others only hashed.
    pub plain: bool,
    /// Whether it is looked for inside base64 and hex, too.
    pub packed: bool,
}

/// All forms of a value of this element, the value itself among them.
pub(super) fn spellings(element: &str, value: &str) -> Vec<Spelling> {
    let mut out = Collected::default();
    out.packed(value);
    out.packed(&value.to_lowercase());
    out.packed(&value.to_uppercase());
    match element {
        "phone_number" => phone(value, &mut out),
        "birth_date" => date(value, &mut out),
        "email" => email(value, &mut out),
        "person_name" => name(value, &mut out),
        "postal_address" | "birthplace" => address(value, &mut out),
        _ if is_grouped(value) => grouped(value, &mut out),
        _ => {}
    }
    out.into_list()
}

#[derive(Default)]
struct Collected {
    plain: BTreeSet<String>,
    packed: BTreeSet<String>,
    hashed: BTreeSet<String>,
}

impl Collected {
    /// Looked for as it is and packed, and hashed.
    fn packed(&mut self, text: &str) {
        self.packed.insert(text.to_owned());
    }

    /// Looked for as it is, and hashed.
    fn plain(&mut self, text: impl Into<String>) {
        self.plain.insert(text.into());
    }

    /// Only hashed.
    fn hashed(&mut self, text: impl Into<String>) {
        self.hashed.insert(text.into());
    }

    fn into_list(self) -> Vec<Spelling> {
        let Self { plain, packed, hashed } = self;
        let texts: BTreeSet<&String> = plain.iter().chain(&packed).chain(&hashed).filter(|it| !it.is_empty()).collect();
        texts
            .into_iter()
            .map(|text| Spelling {
                text: text.clone(),
                plain: plain.contains(text) || packed.contains(text),
                packed: packed.contains(text),
            })
            .collect()
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// International digits, and the national number, of a phone number.
pub(super) fn phone_digits(value: &str) -> Option<(String, String)> {
    let all = digits(value);
    if all.len() < 7 {
        return None;
    }
    if value.trim_start().starts_with('+')
        && let Ok(number) = phonenumber::parse(None, value)
    {
        return Some((all, number.national().value().to_string()));
    }
    match all.len() {
        10 => Some((format!("1{all}"), all)),
        11 if all.starts_with('1') => Some((all.clone(), all[1..].to_owned())),
        _ => Some((all.clone(), all)),
    }
}

fn phone(value: &str, out: &mut Collected) {
    let Some((all, national)) = phone_digits(value) else { return };
    for text in [format!("+{all}"), all.clone(), national.clone()] {
        out.packed(&text);
    }
    for text in [format!("00{all}"), format!("011{all}"), format!("0{national}"), format!("tel:+{all}")] {
        out.plain(text);
    }
    if let (Some(area), Some(exchange), Some(line), 10) =
        (national.get(..3), national.get(3..6), national.get(6..), national.len())
    {
        for text in [
            format!("({area}) {exchange}-{line}"),
            format!("{area}-{exchange}-{line}"),
            format!("{area}.{exchange}.{line}"),
            format!("{area} {exchange} {line}"),
            format!("+1 {area}-{exchange}-{line}"),
            format!("+1-{area}-{exchange}-{line}"),
            format!("+1 ({area}) {exchange}-{line}"),
            format!("1-{area}-{exchange}-{line}"),
        ] {
            out.packed(&text);
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Year, month and day of a date in ISO form, compact or with any separator, or month first as in the US.
pub(super) fn ymd(value: &str) -> Option<(i16, u8, u8)> {
    let groups: Vec<&str> = value.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let number = |text: &str| text.parse::<i16>().ok();
    let (year, month, day) = match groups.as_slice() {
        [one] if one.len() == 8 => (number(&one[..4])?, number(&one[4..6])?, number(&one[6..])?),
        [year, month, day, ..] if year.len() == 4 => (number(year)?, number(month)?, number(day)?),
        [first, second, year] if year.len() == 4 => {
            let (first, second) = (number(first)?, number(second)?);
            let day_first = value.contains('.') || first > 12;
            if day_first { (number(year)?, second, first) } else { (number(year)?, first, second) }
        }
        _ => return None,
    };
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

fn date(value: &str, out: &mut Collected) {
    let Some((y, m, d)) = ymd(value) else { return };
    for text in [
        format!("{y:04}-{m:02}-{d:02}"),
        format!("{m:02}/{d:02}/{y:04}"),
        format!("{d:02}.{m:02}.{y:04}"),
        format!("{d:02}/{m:02}/{y:04}"),
        format!("{y:04}{m:02}{d:02}"),
    ] {
        out.packed(&text);
    }
    let name = MONTHS[usize::from(m - 1)];
    let short = &name[..3];
    for text in [
        format!("{y:04}/{m:02}/{d:02}"),
        format!("{y:04}.{m:02}.{d:02}"),
        format!("{y}-{m}-{d}"),
        format!("{y}/{m}/{d}"),
        format!("{m}/{d}/{y}"),
        format!("{d}/{m}/{y}"),
        format!("{d}.{m}.{y}"),
        format!("{m:02}-{d:02}-{y:04}"),
        format!("{d:02}-{m:02}-{y:04}"),
        format!("{m:02}.{d:02}.{y:04}"),
        format!("{d:02} {m:02} {y:04}"),
        format!("{m:02}{d:02}{y:04}"),
        format!("{d:02}{m:02}{y:04}"),
        format!("{name} {d}, {y}"),
        format!("{name} {d:02}, {y}"),
        format!("{name} {d} {y}"),
        format!("{d} {name} {y}"),
        format!("{d:02} {name} {y}"),
        format!("{short} {d}, {y}"),
        format!("{short} {d:02}, {y}"),
        format!("{d} {short} {y}"),
        format!("{d:02} {short} {y}"),
        format!("{d:02}-{short}-{y}"),
        format!("{y}年{m}月{d}日"),
        format!("{y}年{m:02}月{d:02}日"),
    ] {
        out.plain(text);
    }
}

fn email(value: &str, out: &mut Collected) {
    let lower = value.to_lowercase();
    let Some((local, host)) = lower.split_once('@') else { return };
    // What advertising networks ask for before hashing: no tag, and no dots where the host ignores them.
    let untagged = local.split('+').next().unwrap_or(local);
    out.hashed(format!("{untagged}@{host}"));
    let dotless = untagged.replace('.', "");
    out.hashed(format!("{dotless}@{host}"));
    if matches!(host, "gmail.com" | "googlemail.com") {
        out.plain(format!("{dotless}@{host}"));
    }
}

fn words(value: &str) -> Vec<&str> {
    value.split_whitespace().collect()
}

fn name(value: &str, out: &mut Collected) {
    let words = words(value);
    let folded = folded(value);
    if folded != value {
        out.plain(folded.clone());
        out.hashed(folded.to_lowercase());
    }
    if let [first @ .., last] = words.as_slice()
        && !first.is_empty()
    {
        let first = first.join(" ");
        out.plain(format!("{last}, {first}"));
        out.plain(format!("{last} {first}"));
        out.hashed(format!("{first}{last}").to_lowercase());
        out.hashed(format!("{last}{first}").to_lowercase());
    }
}

/// Without the accents of Latin letters.
fn folded(value: &str) -> String {
    crate::detect::words::without_accents(value)
}

fn address(value: &str, out: &mut Collected) {
    let pieces: Vec<&str> = value.split(',').map(str::trim).collect();
    for separator in [", ", ",", " ", "\n", ",\n", "\r\n", "; "] {
        out.plain(pieces.join(separator));
    }
    let bare: String = value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    out.hashed(bare);
    out.hashed(words(value).join(" ").to_lowercase());
}

/// Whether separators only group the characters of an identifier.
fn is_grouped(value: &str) -> bool {
    value.len() >= 5
        && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | ' ' | '/'))
        && value.chars().any(|c| c.is_ascii_digit())
}

fn grouped(value: &str, out: &mut Collected) {
    let bare: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    let lower = bare.to_ascii_lowercase();
    for text in [bare.clone(), lower.clone(), bare.to_ascii_uppercase()] {
        out.packed(&text);
    }
    let hex = lower.bytes().all(|byte| byte.is_ascii_hexdigit());
    match lower.len() {
        12 if hex => mac(&lower, out),
        32 if hex => {
            if let (Some(a), Some(b), Some(c), Some(d), Some(e)) =
                (lower.get(..8), lower.get(8..12), lower.get(12..16), lower.get(16..20), lower.get(20..))
            {
                let dashed = format!("{a}-{b}-{c}-{d}-{e}");
                out.packed(&dashed);
                out.packed(&dashed.to_ascii_uppercase());
            }
        }
        9 if bare.bytes().all(|byte| byte.is_ascii_digit()) => {
            for separator in ["-", " ", "."] {
                out.packed(&[&bare[..3], &bare[3..5], &bare[5..]].join(separator));
            }
        }
        13..=19 if bare.bytes().all(|byte| byte.is_ascii_digit()) => {
            let fours: Vec<String> =
                bare.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
            for separator in ["-", " "] {
                out.packed(&fours.join(separator));
            }
        }
        _ => {}
    }
}

fn mac(lower: &str, out: &mut Collected) {
    let pairs = |text: &str, separator: &str| {
        let pairs: Vec<&str> = (0..12).step_by(2).filter_map(|at| text.get(at..at + 2)).collect();
        pairs.join(separator)
    };
    let upper = lower.to_ascii_uppercase();
    for text in [lower, upper.as_str()] {
        for separator in [":", "-"] {
            out.packed(&pairs(text, separator));
        }
        out.plain(format!("{}.{}.{}", &text[..4], &text[4..8], &text[8..]));
        out.plain(pairs(text, " "));
    }
    // Many writers leave out leading zeros (`3c:8:6d`).
    let short: Vec<&str> = (0..12)
        .step_by(2)
        .filter_map(|at| lower.get(at..at + 2))
        .map(|pair| pair.strip_prefix('0').unwrap_or(pair))
        .collect();
    out.plain(short.join(":"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(element: &str, value: &str, plain: &[&str]) {
        let all = spellings(element, value);
        for text in plain {
            assert!(all.iter().any(|spelling| spelling.plain && spelling.text == *text), "{text}: {all:?}");
        }
    }

    #[test]
    fn other_notations() {
        check("phone_number", "+18138866645", &["8138866645", "(813) 886-6645", "0018138866645", "+1 813-886-6645"]);
        check("phone_number", "+49301234567", &["49301234567", "0301234567", "+49301234567"]);
        check("birth_date", "1992-11-01", &["11/01/1992", "01.11.1992", "19921101", "1 November 1992", "Nov 1, 1992"]);
        check("birth_date", "11/01/1992", &["1992-11-01"]);
        check(
            "mac_address",
            "3c:28:6d:a5:08:33",
            &["3C-28-6D-A5-08-33", "3c286da50833", "3c28.6da5.0833", "3c:28:6d:a5:8:33"],
        );
        check("ssn", "175-06-3033", &["175063033", "175 06 3033"]);
        check("card_pan", "5412523290104761", &["5412 5232 9010 4761", "5412-5232-9010-4761"]);
        check("idfa", "787E7276-E00B-46C0-BA49-4899B09E8C50", &["787e7276e00b46c0ba494899b09e8c50"]);
        check("person_name", "Tammy Roberts", &["Roberts, Tammy", "TAMMY ROBERTS"]);
        check("postal_address", "1 Klein Ln, Columbus, OH 43215", &["1 Klein Ln Columbus OH 43215"]);
    }

    #[test]
    fn dates_in_every_order() {
        for text in ["1992-11-01", "11/01/1992", "01.11.1992", "19921101", "1992/11/1", "1992-11-01T00:00:00Z"] {
            assert_eq!(ymd(text), Some((1992, 11, 1)), "{text}");
        }
        assert_eq!(ymd("25/12/1990"), Some((1990, 12, 25)));
        assert_eq!(ymd("1990-13-01"), None);
    }
}
