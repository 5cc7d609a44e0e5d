//! Names that are people's: an object keyed by names must not carry them into a path.

use std::collections::HashSet;

use super::scan::Candidate;
use crate::decode::{looks_like_a_person, mask_key, masked};

/// Keys that are values which the exchange itself tells: `{"kim84": {"username": "kim84"}}`.
pub(super) struct Names(HashSet<String>);

/// Shorter values are words.
const SHORTEST: usize = 3;
/// Longer ones are no names.
const LONGEST: usize = 64;

impl Names {
    pub fn new(candidates: &[Candidate]) -> Self {
        let texts = candidates.iter().flat_map(|candidate| {
            let plain = candidate.known.as_ref().map(|known| known.plain.expose().as_str());
            [Some(candidate.value.as_str()), plain]
        });
        let short = texts.flatten().filter(|text| (SHORTEST..=LONGEST).contains(&text.len()));
        Self(short.filter(|text| text.chars().any(char::is_alphabetic)).map(str::to_lowercase).collect())
    }

    /// A key as it may be written; `is_word` tells words that rule files know.
    pub fn mask(&self, key: &str, is_word: impl Fn(&str) -> bool) -> String {
        let known = self.0.contains(&key.to_lowercase());
        if known || looks_like_a_person(key) && !is_word(key) { masked(key) } else { mask_key(key) }
    }
}
