//! Search one text for every form of every known value.

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use smallvec::SmallVec;

use super::disguise::{Disguise, Hash};
use super::needles::{Bounds, Meaning, Needles};

/// A known value in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub start: usize,
    pub end: usize,
    /// Index of the known value.
    pub known: u32,
    pub disguise: Disguise,
    /// Whether it stands for itself only as the whole value.
    pub weak: bool,
}

pub(super) type Matches = SmallVec<[Match; 4]>;

/// Longer lists of one person's values in one text say nothing new.
const MOST_IN_ONE_TEXT: usize = 200;

/// How the text was told to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A number of a format that has numbers: its digits are not grouped.
    Number,
    /// Bytes that no format explains.
    Blob,
}

impl Needles {
    /// All matches, longest first, without those that lie inside a longer one.
    pub fn find(&self, text: &[u8], kind: Kind) -> Matches {
        let mut found = Matches::new();
        if text.len() < self.shortest.min(5) {
            return found;
        }
        for hit in self.automaton.find_overlapping_iter(text) {
            let needle = &self.needles[hit.pattern().as_usize()];
            let matched = &text[hit.range()];
            if needle.exact.as_deref().is_some_and(|exact| exact != matched) {
                continue;
            }
            if is_bounded(text, hit.start(), hit.end(), needle.bounds) {
                let weak = needle.bounds == Bounds::Whole;
                let (start, end) = (hit.start(), hit.end());
                found.push(Match { start, end, known: needle.known, disguise: needle.disguise, weak });
            }
            if found.len() >= MOST_IN_ONE_TEXT {
                break;
            }
        }
        self.find_digits(text, kind, &mut found);
        self.find_digests(text, &mut found);
        without_contained(found)
    }

    /// Numbers whose digits are grouped in any way.
    fn find_digits(&self, text: &[u8], kind: Kind, found: &mut Matches) {
        let mut groups = Groups::new(text, kind);
        while let Some(run) = groups.next_run() {
            // Groups that end with the newest one, the shortest first.
            let mut digits: SmallVec<[u8; 24]> = SmallVec::new();
            for &(start, end) in run.iter().rev() {
                if digits.len() + (end - start) > 24 {
                    break;
                }
                digits.insert_from_slice(0, &text[start..end]);
                if self.digit_lengths >> digits.len().min(63) & 1 == 0 {
                    continue;
                }
                if let Some(&Meaning { known, disguise }) = self.digits.get(&digits[..]) {
                    let last = run.last().map_or(end, |group| group.1);
                    let whole = digits.len() >= 9 || !touches_word(text, start, last);
                    if whole {
                        found.push(Match { start, end: last, known, disguise, weak: false });
                    }
                }
            }
        }
        if kind == Kind::Number
            && let Some(&Meaning { known, disguise }) = self.doubled.get(text)
        {
            found.push(Match { start: 0, end: text.len(), known, disguise, weak: false });
        }
    }

    /// Digests in hex and in base64.
    fn find_digests(&self, text: &[u8], found: &mut Matches) {
        const SHORTEST: usize = 22;
        let mut at = 0;
        while at + SHORTEST <= text.len() {
            let run = text[at..].iter().take_while(|byte| is_symbol(**byte)).count();
            if run >= SHORTEST {
                self.find_digests_in(text, at, at + run, found);
            }
            at += run + 1;
        }
    }

    fn find_digests_in(&self, text: &[u8], start: usize, end: usize, found: &mut Matches) {
        let run = &text[start..end];
        let mut push = |start: usize, end: usize, meaning: Option<&Meaning>| {
            if let Some(&Meaning { known, disguise }) = meaning {
                found.push(Match { start, end, known, disguise, weak: false });
            }
        };
        let mut from = 0;
        for piece in run.split(|byte| !byte.is_ascii_alphanumeric()) {
            if piece.iter().all(u8::is_ascii_hexdigit) {
                push(start + from, start + from + piece.len(), self.digest_of_hex(piece));
            }
            from += piece.len() + 1;
        }
        // All of it, or what follows a name and its sign (`sha256-…`, `key=…`).
        let trimmed = run.len() - run.iter().rev().take_while(|&&byte| byte == b'=').count();
        let signs = run[..trimmed].iter().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b'-'));
        let froms = std::iter::once(0).chain(signs.map(|(at, _)| at + 1).take(4));
        for from in froms {
            push(start + from, end, self.digest_of_base64(&run[from..trimmed]));
        }
    }

    fn digest_of_hex(&self, digits: &[u8]) -> Option<&Meaning> {
        let hash = Hash::ALL.into_iter().find(|hash| hash.length() * 2 == digits.len())?;
        let mut first = [0; 16];
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        for (byte, &[high, low]) in first.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(high)? << 4 | digit(low)?;
        }
        self.digests.get(&(hash, first))
    }

    fn digest_of_base64(&self, symbols: &[u8]) -> Option<&Meaning> {
        const SYMBOLS: [(usize, Hash); 4] = [(22, Hash::Md5), (27, Hash::Sha1), (43, Hash::Sha256), (86, Hash::Sha512)];
        let hash = SYMBOLS.iter().find(|(length, _)| *length == symbols.len())?.1;
        let mut bytes = [0; 72];
        let engine = if symbols.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
        let length = engine.decode_slice(symbols, &mut bytes).ok()?;
        let first = bytes[..length].first_chunk::<16>()?;
        self.digests.get(&(hash, *first))
    }
}

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

/// Runs of digits, with those right before that the same number may be made of.
struct Groups<'t> {
    text: &'t [u8],
    at: usize,
    grouped: bool,
    /// The newest last.
    run: SmallVec<[(usize, usize); MOST_GROUPS]>,
}

/// Groups that one number is written in (a phone number's may be pairs).
const MOST_GROUPS: usize = 8;

impl<'t> Groups<'t> {
    fn new(text: &'t [u8], kind: Kind) -> Self {
        Self { text, at: 0, grouped: kind != Kind::Number, run: SmallVec::new() }
    }

    fn next_run(&mut self) -> Option<&[(usize, usize)]> {
        let start = self.at + self.text[self.at..].iter().position(u8::is_ascii_digit)?;
        let end = start + self.text[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let joined =
            self.grouped && self.run.last().is_some_and(|&(_, before)| is_separator(&self.text[before..start]));
        if !joined {
            self.run.clear();
        } else if self.run.len() == MOST_GROUPS {
            self.run.remove(0);
        }
        self.run.push((start, end));
        self.at = end;
        Some(&self.run)
    }
}

/// What people put between the digits of one number.
fn is_separator(between: &[u8]) -> bool {
    const NARROW: [&[u8]; 4] = [b"\xc2\xa0", b"\xe2\x80\x91", b"\xe2\x80\x93", b"\xe2\x80\xaf"];
    (1..=3).contains(&between.len()) && between.iter().all(|byte| b" -.()/".contains(byte)) || NARROW.contains(&between)
}

fn touches_word(text: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|at| text[at]);
    before.is_some_and(is_letter) || text.get(end).copied().is_some_and(is_letter)
}

/// A letter or digit; what is no ASCII counts as one.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

fn is_bounded(text: &[u8], start: usize, end: usize, bounds: Bounds) -> bool {
    let before = start.checked_sub(1).map(|at| text[at]);
    let after = text.get(end).copied();
    let further = text.get(end + 1).copied();
    let beside = |test: &dyn Fn(u8) -> bool| before.is_some_and(test) || after.is_some_and(test);
    match bounds {
        Bounds::None => true,
        Bounds::Digits => !beside(&|byte| byte.is_ascii_digit()),
        Bounds::Word => !touches_word(text, start, end),
        Bounds::Name | Bounds::Handle => {
            let joins = |byte: u8| is_letter(byte) || matches!(byte, b'_' | b'-' | b'+');
            let goes_on = after == Some(b'.') && further.is_some_and(is_letter);
            let preceded = before.is_some_and(|byte| joins(byte) || byte == b'.');
            let at = after == Some(b'@') || before == Some(b'@') && bounds == Bounds::Name;
            !preceded && !after.is_some_and(joins) && !goes_on && !at
        }
        Bounds::Whole => {
            let (head, tail) = (text[..start].trim_ascii(), text[end..].trim_ascii());
            head.is_empty() && tail.is_empty()
                || is_after_state(head) && !touches_word(text, start, end)
                || text.len() <= SENTENCE && is_word_of_sentence(before, after, further)
        }
        Bounds::Base64 => !beside(&|byte| is_symbol(byte) && byte != b'='),
    }
}

/// Longer texts are documents and scripts, in which every short number stands somewhere.
const SENTENCE: usize = 512;

/// Whether what stands beside a word is what a sentence or a list has there, rather than the rest of a longer number.
fn is_word_of_sentence(before: Option<u8>, after: Option<u8>, further: Option<u8>) -> bool {
    let opens = before.is_none_or(|byte| b" \t\n,;:=(\"'".contains(&byte));
    let stops = after == Some(b'.') && !further.is_some_and(is_letter);
    opens && (stops || after.is_none_or(|byte| b" \t\r\n,;)&\"'?!".contains(&byte)))
}

/// Whether a text ends with `, OH`: what stands before a postal code.
fn is_after_state(head: &[u8]) -> bool {
    let Some((rest, state)) = head.len().checked_sub(2).map(|at| head.split_at(at)) else { return false };
    state.iter().all(u8::is_ascii_uppercase) && rest.last().is_some_and(|byte| matches!(byte, b' ' | b','))
}

/// A name inside an address is the address; a value twice in one place is one.
fn without_contained(mut found: Matches) -> Matches {
    found.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end), hit.disguise));
    let mut kept = Matches::new();
    for hit in found {
        let inside = kept.iter().any(|outer: &Match| {
            let same_span = outer.start == hit.start && outer.end == hit.end;
            let within = outer.start <= hit.start && hit.end <= outer.end;
            within && (!same_span || outer.known == hit.known)
        });
        if !inside {
            kept.push(hit);
        }
    }
    kept
}
