//! Dates on which somebody alive can have been born.

/// A date in any common order, or seconds or milliseconds since 1970.
pub(super) fn is_birth_date(value: &str) -> bool {
    let value = value.trim();
    if let Ok(number) = value.parse::<i64>() {
        return compact(value) || epoch(number);
    }
    let day = value.split(['T', ' ']).next().unwrap_or(value);
    let groups: Vec<&str> = value.split(|c: char| !c.is_alphanumeric()).filter(|g| !g.is_empty()).collect();
    numeric(day) || chinese(value) || month_named(&groups)
}

/// The core has no clock: later than any capture this version will read.
const LAST_YEAR: u32 = 2035;

fn plausible_year(year: u32) -> bool {
    (1900..=LAST_YEAR).contains(&year)
}

fn plausible_day(a: u32, b: u32) -> bool {
    // Month and day in either order.
    (1..=31).contains(&a) && (1..=31).contains(&b) && (a <= 12 || b <= 12)
}

/// `1964-12-13`, `12/13/1964`, `13.12.64`.
fn numeric(value: &str) -> bool {
    let groups: Vec<&str> = value.split(['-', '/', '.']).collect();
    let numbers: Option<Vec<u32>> = groups.iter().map(|g| g.parse().ok()).collect();
    match (groups.as_slice(), numbers.as_deref()) {
        ([first, _, _], Some(&[y, m, d])) if first.len() == 4 => plausible_year(y) && plausible_day(m, d),
        ([_, _, last], Some(&[a, b, y])) if last.len() == 4 => plausible_year(y) && plausible_day(a, b),
        ([_, _, last], Some(&[a, b, _])) if last.len() == 2 => plausible_day(a, b),
        _ => false,
    }
}

/// `19641213` or `13121964`.
fn compact(value: &str) -> bool {
    let part = |from: usize, to: usize| value.get(from..to).and_then(|p| p.parse().ok()).unwrap_or(0);
    value.len() == 8
        && value.bytes().all(|b| b.is_ascii_digit())
        && ((plausible_year(part(0, 4)) && plausible_day(part(4, 6), part(6, 8)))
            || (plausible_year(part(4, 8)) && plausible_day(part(0, 2), part(2, 4))))
}

/// 1900 to 2027, in seconds or milliseconds, and not small enough to be anything else.
fn epoch(number: i64) -> bool {
    let seconds = if number.abs() > 10_000_000_000 { number / 1000 } else { number };
    (-2_208_988_800..=1_800_000_000).contains(&seconds) && seconds.abs() > 10_000_000
}

/// `1964年12月13日`
fn chinese(value: &str) -> bool {
    let groups: Vec<u32> = value.split(['年', '月', '日']).filter_map(|g| g.trim().parse().ok()).collect();
    value.contains('年') && matches!(groups.as_slice(), &[y, m, d] if plausible_year(y) && plausible_day(m, d))
}

/// `13 December 1964`, `Dec 13, 1964`: two numbers and a word.
fn month_named(groups: &[&str]) -> bool {
    let [a, b, c] = groups else { return false };
    let numbers: Vec<u32> =
        [a, b, c].iter().filter_map(|g| g.trim_end_matches(|c: char| c.is_alphabetic()).parse().ok()).collect();
    let word = [a, b, c].iter().any(|g| g.chars().count() >= 3 && g.chars().all(char::is_alphabetic));
    word && matches!(numbers.as_slice(), &[x, y] if (plausible_year(y) && (1..=31).contains(&x)) || (plausible_year(x) && (1..=31).contains(&y)))
}
