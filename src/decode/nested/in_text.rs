//! Base64 inside a larger text: a log line, a list, a cookie of several parts. Only what decodes to a known form counts.

use super::{Found, Nested, afford, base64};
use crate::decode::{Flaw, Place, Walk};

pub const NESTED: Nested = Nested { name: "base64", looks, undo };

/// Shorter runs are words.
const SHORTEST: usize = 16;
/// Texts that hold more runs are lists of something else.
const MOST_RUNS: usize = 64;
/// Longer texts are documents.
const LONGEST_TEXT: usize = 256 << 10;

/// Some run of symbols that is not the whole text, and decodes to something with a form.
fn looks(value: &str) -> bool {
    (SHORTEST + 1..=LONGEST_TEXT).contains(&value.len()) && runs(value).any(|run| run.len() < value.len() && head(run))
}

/// Runs of base64 symbols, each with its padding.
fn runs(value: &str) -> impl Iterator<Item = &str> {
    let symbol = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=');
    let pieces = value.split(move |c| !symbol(c)).flat_map(|run| {
        // `name=` before the run is not part of it.
        let end = run.trim_end_matches('=').rfind('=').map_or(0, |at| at + 1);
        [&run[end..]]
    });
    pieces.filter(|run| run.len() >= SHORTEST).take(MOST_RUNS)
}

/// Whether the beginning decodes to the beginning of JSON or of something compressed, or all of it to text with a form.
fn head(run: &str) -> bool {
    base64::begins_well(run) && base64::decoded(run).is_some_and(|bytes| base64::has_form(&bytes))
}

fn undo<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<Found, Flaw> {
    for run in runs(value).filter(|run| run.len() < value.len() && head(run)) {
        let Some(bytes) = base64::decoded(run) else { continue };
        if !afford(walk, place, bytes.len()) {
            break;
        }
        let bytes = walk.arena.bytes(&bytes);
        let inside = walk.layer(place, base64::name(run))?;
        // The name above speaks of the whole text.
        base64::walk_decoded(walk, inside.unnamed(), bytes)?;
    }
    Ok(Found::Also)
}
