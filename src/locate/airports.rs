//! Which country an airport code stands for: networks name their points of presence after the nearest airport.

use super::Country;

/// IATA code to country.
pub(super) struct Airports {
    /// Sorted by code.
    codes: Vec<([u8; 3], Country)>,
}

/// Metropolitan areas across a border, whose points of presence are named after an airport on the one side or the other.
const NEAR_A_BORDER: &[[u8; 3]] = &[*b"BSL", *b"MLH", *b"EAP", *b"GVA", *b"CPH", *b"MMX", *b"MMA"];

impl Airports {
    /// Read lines `FRA,DE`; any other line is passed over.
    pub fn new(csv: &str) -> Self {
        let mut codes: Vec<_> = csv.lines().filter_map(entry).collect();
        codes.sort_unstable_by_key(|(code, _)| *code);
        codes.shrink_to_fit();
        Self { codes }
    }

    /// The country of a code in either case.
    pub fn country(&self, code: &str) -> Option<Country> {
        let code = iata(code)?;
        let at = self.codes.binary_search_by_key(&code, |(code, _)| *code).ok()?;
        self.codes.get(at).map(|(_, country)| *country)
    }
}

/// Whether the metropolitan area of an airport lies in several countries.
pub(super) fn near_a_border(code: &str) -> bool {
    iata(code).is_some_and(|code| NEAR_A_BORDER.contains(&code))
}

fn entry(line: &str) -> Option<([u8; 3], Country)> {
    let (code, country) = line.split_once(',')?;
    Some((iata(code)?, Country::assigned(country)?))
}

fn iata(code: &str) -> Option<[u8; 3]> {
    let code: [u8; 3] = code.as_bytes().try_into().ok()?;
    code.iter().all(u8::is_ascii_alphabetic).then(|| code.map(|byte| byte.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::super::Embedded;
    use super::*;

    #[test]
    fn codes_stand_for_countries() {
        let embedded = Embedded::default();
        let airports = embedded.airports().expect("the embedded table is whole");
        let check = |code: &str, expect: Option<&str>| {
            assert_eq!(airports.country(code), expect.and_then(Country::new), "{code}");
        };
        check("FRA", Some("DE"));
        check("hkg", Some("HK"));
        check("TPE", Some("TW"));
        check("SJU", Some("PR"));
        check("CAY", Some("GF"));
        check("LON", Some("GB"));
        check("KBP", Some("UA"));
        check("XYZ1", None);
        check("???", None);
        check("", None);
        assert!(near_a_border("BSL") && !near_a_border("FRA"));
    }
}
