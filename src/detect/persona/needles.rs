//! Every form of every known value, ready to be searched for: one automaton, one table of digests, one of digits.

use std::collections::{HashMap, HashSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::Known;
use super::disguise::{Disguise, Hash};
use super::spellings::{self, Spelling};
use crate::rules::RuleError;

/// What must not stand beside a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bounds {
    /// Anything may.
    None,
    /// Digits.
    Digits,
    /// Letters and digits.
    Word,
    /// Letters, digits and what joins them to a longer name or an address.
    Name,
    /// The same, but an `@` may stand before it.
    Handle,
    /// The match must be the whole value, or stand as a postal code does.
    Whole,
    /// Symbols of base64.
    Base64,
}

#[derive(Debug)]
pub(super) struct Needle {
    /// Index of the known value.
    pub known: u32,
    pub disguise: Disguise,
    pub bounds: Bounds,
    /// The bytes, where their case matters.
    pub exact: Option<Box<[u8]>>,
}

/// A digest's or a number's value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub known: u32,
    pub disguise: Disguise,
}

pub(super) struct Needles {
    pub automaton: AhoCorasick,
    pub needles: Vec<Needle>,
    /// First 16 bytes of digests.
    pub digests: HashMap<(Hash, [u8; 16]), Meaning>,
    /// Digits of numbers that may be grouped in any way.
    pub digits: HashMap<Box<[u8]>, Meaning>,
    /// Bit `n`: some number has `n` digits.
    pub digit_lengths: u64,
    /// Twice a number, as zigzag varints have it.
    pub doubled: HashMap<Box<[u8]>, Meaning>,
    /// Bytes of the shortest needle.
    pub shortest: usize,
}

/// Shorter values stand for themselves only where they are the whole value.
const SHORT: usize = 6;
/// Shorter texts are not looked for inside base64 and hex of something larger: three symbols of it may be anybody's.
const PACKED: usize = 9;
/// Fewer digits are not an identifier by themselves, however they are grouped.
const DIGITS: usize = 7;

impl Needles {
    pub fn build(known: &[Known]) -> Result<Self, RuleError> {
        let mut builder = Builder::default();
        for (index, value) in (0..).zip(known) {
            builder.learn(index, value);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .ascii_case_insensitive(true)
            .build(&builder.texts)
            .map_err(|_| {
                RuleError::in_file("persona", "holds more values than can be searched for at once")
                    .help("name fewer persona files")
            })?;
        let shortest = builder.texts.iter().map(Vec::len).min().unwrap_or(usize::MAX);
        let Builder { needles, digests, digits, doubled, .. } = builder;
        let digit_lengths = digits.keys().fold(0, |lengths, digits| lengths | 1 << digits.len().min(63));
        Ok(Self { automaton, needles, digests, digits, digit_lengths, doubled, shortest })
    }
}

#[derive(Default)]
struct Builder {
    texts: Vec<Vec<u8>>,
    needles: Vec<Needle>,
    seen: HashSet<(u32, Vec<u8>)>,
    digests: HashMap<(Hash, [u8; 16]), Meaning>,
    digits: HashMap<Box<[u8]>, Meaning>,
    doubled: HashMap<Box<[u8]>, Meaning>,
}

impl Builder {
    fn learn(&mut self, index: u32, known: &Known) {
        let (element, value) = (&*known.element, known.value.expose().as_str());
        for Spelling { text, plain, packed } in spellings::spellings(element, value) {
            for hash in Hash::ALL {
                let meaning = Meaning { known: index, disguise: Disguise::Hash(hash) };
                self.digests.entry((hash, hash.of(text.as_bytes()))).or_insert(meaning);
            }
            if plain {
                let disguise = if text.eq_ignore_ascii_case(value) { Disguise::Plain } else { Disguise::Notation };
                let bounds = bounds(element, &text);
                self.add(index, disguise, bounds, text.as_bytes().to_vec(), false);
            }
            if packed {
                self.pack(index, text.as_bytes());
            }
        }
        self.learn_numbers(index, element, value);
        self.learn_bytes(index, value);
    }

    fn add(&mut self, known: u32, disguise: Disguise, bounds: Bounds, text: Vec<u8>, exact: bool) {
        let key = if exact { text.clone() } else { text.to_ascii_lowercase() };
        if text.is_empty() || !self.seen.insert((known, key)) {
            return;
        }
        let exact = exact.then(|| text.clone().into_boxed_slice());
        self.needles.push(Needle { known, disguise, bounds, exact });
        self.texts.push(text);
    }

    /// The text in hex and in base64, at any alignment, once and twice.
    fn pack(&mut self, known: u32, text: &[u8]) {
        let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
        let long = text.len() >= PACKED;
        let bounds = if long { Bounds::None } else { Bounds::Word };
        self.add(known, Disguise::Hex, bounds, hex.into_bytes(), false);
        for engine in [&STANDARD, &URL_SAFE] {
            if !long {
                let whole = engine.encode(text);
                let twice = engine.encode(&whole);
                for (disguise, text) in [(Disguise::Base64, whole), (Disguise::Base64Twice, twice)] {
                    self.add(known, disguise, Bounds::Base64, text.trim_end_matches('=').into(), true);
                }
                continue;
            }
            for inner in aligned(engine, text) {
                for outer in aligned(engine, &inner) {
                    self.add(known, Disguise::Base64Twice, Bounds::None, outer, true);
                }
                self.add(known, Disguise::Base64, Bounds::None, inner, true);
            }
        }
    }

    /// Digits that may be grouped in any way, or stand in a number's own bytes.
    fn learn_numbers(&mut self, known: u32, element: &str, value: &str) {
        let plain: String = value.chars().filter(char::is_ascii_digit).collect();
        let only_digits = value.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.' | '/'));
        let mut texts: Vec<(String, Disguise)> = Vec::new();
        if element == "phone_number" {
            if let Some((all, national)) = spellings::phone_digits(value) {
                let more = [format!("00{all}"), format!("011{all}"), format!("0{national}")];
                texts.extend([all, national].into_iter().chain(more).map(|text| (text, Disguise::Notation)));
            }
        } else if element == "birth_date" {
            if let Some(seconds) = spellings::ymd(value).and_then(|(y, m, d)| midnight(y, m, d)) {
                // Fewer digits are anybody's number.
                texts.extend([seconds.to_string(), (seconds * 1000).to_string()].map(|it| (it, Disguise::Integer)));
                texts.retain(|(text, _)| text.len() >= 9 && !text.starts_with('-'));
            }
        } else if only_digits {
            texts.push((plain.clone(), Disguise::Notation));
            if element == "imei" && plain.len() == 15 {
                // The serial number without its check digit (3GPP TS 23.003 section 6.2.1).
                texts.push((plain[..14].to_owned(), Disguise::Notation));
            }
        } else {
            let bare: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            if (12..=16).contains(&bare.len())
                && let Ok(number) = u64::from_str_radix(&bare, 16)
            {
                texts.push((number.to_string(), Disguise::Integer));
                texts.push((number.swap_bytes().to_string(), Disguise::Integer));
                texts.push((number.cast_signed().unsigned_abs().to_string(), Disguise::Integer));
            }
        }
        // A number has no leading zeros.
        let short: Vec<_> = texts
            .iter()
            .map(|(text, _)| (text.trim_start_matches('0').to_owned(), Disguise::Integer))
            .filter(|(text, _)| text.len() >= 9)
            .collect();
        texts.extend(short);
        for (text, disguise) in texts {
            if text.len() < DIGITS {
                continue;
            }
            let meaning = Meaning { known, disguise };
            if let (Ok(number), true) = (text.parse::<u128>(), text.len() >= 9) {
                let doubled = (number * 2).to_string().into_bytes().into_boxed_slice();
                self.doubled.entry(doubled).or_insert(Meaning { known, disguise: Disguise::Integer });
            }
            self.digits.entry(text.into_bytes().into_boxed_slice()).or_insert(meaning);
        }
    }

    /// The sixteen bytes of a UUID, in network order and as Microsoft keeps them; as hex they stand in fields of bytes.
    fn learn_bytes(&mut self, known: u32, value: &str) {
        let bare: String = value.chars().filter(|c| *c != '-').collect();
        let Some(number) = (bare.len() == 32).then(|| u128::from_str_radix(&bare, 16).ok()).flatten() else { return };
        let bytes = number.to_be_bytes();
        let mut mixed = bytes;
        mixed[..4].reverse();
        mixed[4..6].reverse();
        mixed[6..8].reverse();
        for bytes in [bytes, mixed] {
            self.add(known, Disguise::Bytes, Bounds::None, bytes.to_vec(), true);
            for engine in [&STANDARD, &URL_SAFE] {
                for packed in aligned(engine, &bytes) {
                    self.add(known, Disguise::Base64, Bounds::None, packed, true);
                }
            }
        }
        let hex: String = mixed.iter().map(|byte| format!("{byte:02x}")).collect();
        self.add(known, Disguise::Bytes, Bounds::Word, hex.clone().into_bytes(), false);
        let dashed = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        self.add(known, Disguise::Bytes, Bounds::Word, dashed.into_bytes(), false);
    }
}

/// Seconds from 1970 to the beginning of this day (UTC).
fn midnight(year: i16, month: u8, day: u8) -> Option<i64> {
    let date = jiff::civil::Date::new(year, month.cast_signed(), day.cast_signed()).ok()?;
    let epoch = jiff::civil::date(1970, 1, 1);
    Some(i64::from(epoch.until(date).ok()?.get_days()) * 86_400)
}

/// The symbols of base64 that depend on the text alone, for each of its three alignments in something larger.
fn aligned(engine: &impl base64::Engine, text: &[u8]) -> Vec<Vec<u8>> {
    (0..3_usize)
        .map(|before| {
            let mut padded = vec![0; before];
            padded.extend_from_slice(text);
            let encoded = engine.encode(&padded).into_bytes();
            // Symbols that share a bit with what stands before or behind are anything.
            let (start, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
            encoded.get(start..end).unwrap_or_default().to_vec()
        })
        .collect()
}

/// What may stand beside a spelling for it still to be the value.
fn bounds(element: &str, text: &str) -> Bounds {
    let digits_only = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = element == "person_name" && !text.contains(char::is_whitespace);
    match text.len() {
        _ if is_name => Bounds::Name,
        0..SHORT => Bounds::Whole,
        // A key may be glued to a long number.
        9.. if digits_only => Bounds::Digits,
        _ if element == "email" => Bounds::Name,
        _ if matches!(element, "username" | "account_handle") => Bounds::Handle,
        16.. if text.bytes().any(|byte| byte.is_ascii_alphabetic()) && !text.contains(' ') && !digits_only => {
            Bounds::None
        }
        _ if element == "birth_date" => Bounds::Digits,
        _ => Bounds::Word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_any_alignment() {
        let text = b"kim@a.example";
        for before in 0..7 {
            for after in 0..4 {
                let larger = [&vec![b'x'; before][..], text, &vec![b'y'; after][..]].concat();
                let encoded = STANDARD.encode(&larger);
                let found = aligned(&STANDARD, text)
                    .iter()
                    .any(|core| memchr::memmem::find(encoded.as_bytes(), core).is_some());
                assert!(found, "{before} {after}");
            }
        }
    }

    #[test]
    fn days_to_seconds() {
        assert_eq!(midnight(1992, 11, 1), Some(720_576_000));
        assert_eq!(midnight(1970, 1, 1), Some(0));
    }
}
