//! Encodings inside values: one file each, one line each in the registry.

pub mod base64;
mod basic;
mod csv;
mod data_url;
mod graphql;
mod hex;
mod in_text;
mod json_string;
mod jwt;
mod percent;
mod query;
mod url;

use super::{Flaw, PartKind, Place, UnreadReason, ValueKind, Walk};

/// Every nested encoding, the surest first. To add one: its file, and its line here.
pub const NESTED: &[&Nested] = &[
    &json_string::NESTED,
    &csv::NESTED,
    &graphql::NESTED,
    &data_url::NESTED,
    &url::NESTED,
    &query::NESTED,
    &percent::NESTED,
    &jwt::NESTED,
    &basic::NESTED,
    &hex::NESTED,
    &base64::NESTED,
    &in_text::NESTED,
];

/// An encoding that a whole value may be in.
pub struct Nested {
    /// Word of the event's `encodings`, or of the family of them.
    pub name: &'static str,
    /// A cheap look: most values are not encoded, and must not pay for it.
    pub looks: fn(&str) -> bool,
    /// Undo it and take what is inside.
    pub undo: for<'x> fn(&mut Walk<'x>, Place<'x>, &'x str) -> Result<Found, Flaw>,
}

/// What undoing gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was not in this encoding after all.
    Nothing,
    /// What is inside says all that the value says.
    Whole,
    /// The value is of interest beside what is inside (a token).
    Also,
}

/// Take a value: what it hides, or else itself.
pub fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, value: &'x str) -> Result<(), Flaw> {
    for nested in NESTED {
        if !(nested.looks)(value) {
            continue;
        }
        if !walk.may_nest(place) {
            walk.note(place, UnreadReason::Budget);
            break;
        }
        match (nested.undo)(walk, place, value)? {
            Found::Nothing => {}
            Found::Whole => return Ok(()),
            Found::Also => return walk.field(place, value, ValueKind::Text),
        }
    }
    if is_payload(place) && is_packed(value, LONGEST_TOKEN) {
        walk.note(place, UnreadReason::Unsupported);
    }
    walk.field(place, value, ValueKind::Text)
}

/// Characters of the longest credential or attestation in common use; what is longer carries something.
const LONGEST_TOKEN: usize = 2048;

/// Whether an app puts its data here, rather than what the protocol needs.
fn is_payload(place: Place<'_>) -> bool {
    matches!(place.part.kind, PartKind::Query | PartKind::Body | PartKind::Message)
}

/// One run of over `longest` base64 or hex symbols that nothing here undoes: whatever it holds, it was not read.
pub(super) fn is_packed(value: &str, longest: usize) -> bool {
    let any = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    value.len() > longest
        && value.bytes().all(|byte| base64::is_symbol(byte) && byte != b' ')
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_alphabetic) // so that neither long numbers nor sequences of bases are taken for it
}

/// Pay for as many bytes as a nested text has; too dear is told once.
fn afford<'x>(walk: &mut Walk<'x>, place: Place<'x>, bytes: usize) -> bool {
    let granted = walk.spend_bytes(bytes);
    if granted < bytes {
        walk.note(place, UnreadReason::Budget);
    }
    granted == bytes
}
