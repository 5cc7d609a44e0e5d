//! A tester's own known values, in whatever disguise they travel.
//!
//! Other detectors say what a value looks like; this one knows it. Every form of every value ([`spellings`]) is learnt once
//! ([`needles`]): one automaton searches texts for them as they are, in hex and in base64 of anything larger, one table knows
//! their digests, one their digits however grouped. Decoding has undone everything else before.

mod disguise;
mod file;
mod find;
mod needles;
mod spellings;
mod views;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

pub use file::{Identifier, parse};

use super::Sensitive;
use super::compile::Compiled;
use super::finding::{Confidence, DetectorKind, Ground, Why};
use super::scan::Candidate;
use crate::decode::{Blob, Field, Step, ValueKind};
use crate::rules::{RuleError, near_miss};
use disguise::Disguise;
use find::{Kind, Match};
use needles::Needles;

/// A value to look for.
pub(super) struct Known {
    pub element: Arc<str>,
    /// Index of the element.
    id: u16,
    pub value: Sensitive<String>,
}

/// All known values, ready to be searched for. Built once.
pub(super) struct Personas {
    known: Vec<Known>,
    needles: Needles,
}

/// What a candidate of a persona is, beyond its text.
#[derive(Debug, Clone)]
pub(super) struct Revealed {
    /// The value as the tester gave it.
    pub plain: Sensitive<String>,
    /// Words of `encodings` that the disguise adds.
    pub layers: Vec<&'static str>,
    /// Whether the value shown is a digest, which does not tell the plain one.
    pub hashed: bool,
}

impl fmt::Debug for Personas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Personas({} values, hidden)", self.known.len())
    }
}

impl Personas {
    /// # Errors
    /// An identifier whose element no rule file defines.
    pub fn new(compiled: &Compiled, identifiers: &[Identifier]) -> Result<Self, RuleError> {
        let mut known: Vec<Known> = Vec::new();
        for Identifier { element, value, whose } in identifiers {
            let id = compiled.elements.iter().position(|rule| *rule.id == **element).ok_or_else(|| {
                let ids = compiled.elements.iter().map(|rule| &*rule.id);
                let near = near_miss(element, ids).map(|near| format!("did you mean `{near}`?"));
                RuleError::in_file(whose, format!("names an unknown element `{element}`"))
                    .help(near.unwrap_or_else(|| "`landfall rules list` shows the elements".to_owned()))
            })?;
            let twice = known.iter().any(|known| *known.element == **element && known.value == *value);
            if !twice {
                let element = compiled.elements[id].id.clone();
                known.push(Known { element, id: id as u16, value: value.clone() });
            }
        }
        let needles = Needles::build(&known)?;
        Ok(Self { known, needles })
    }

    /// Add what the fields, their names and the unread bytes hold. Where another detector found the same, its candidate goes.
    pub fn find(&self, compiled: &Compiled, fields: &[Field<'_>], out: &mut Vec<Candidate>) {
        let others = Others::new(out);
        let mut found = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            let kind = if field.kind == ValueKind::Number { Kind::Number } else { Kind::Text };
            if field.kind != ValueKind::Bool {
                let text = Text { field: i, text: field.value, kind, layers: &[] };
                self.find_in(compiled, text, &others, &mut found);
            }
        }
        self.find_in_names(compiled, fields, &others, &mut found);
        self.know_last_digits(compiled, out);
        replace_others(out, &found);
        out.append(&mut found);
    }

    /// The same for bytes that no format explains, the blob of each field.
    pub fn find_in_blobs(&self, compiled: &Compiled, blobs: &[Blob<'_>]) -> Vec<Candidate> {
        let mut found = Vec::new();
        for (i, blob) in blobs.iter().enumerate() {
            for hit in self.needles.find(blob.bytes, Kind::Blob).into_iter().filter(|hit| !hit.weak) {
                let known = self.known[hit.known as usize].value.expose();
                let shown = match hit.disguise {
                    Disguise::Hash(_) => String::from_utf8_lossy(&blob.bytes[hit.start..hit.end]).into_owned(),
                    _ => known.clone(),
                };
                found.push(self.told(compiled, i, shown, (hit.disguise, hit.known), &[]));
            }
        }
        found
    }

    /// Parts of a known number that another detector found under a name that says so (`ssn_last4`).
    fn know_last_digits(&self, compiled: &Compiled, candidates: &mut [Candidate]) {
        const FEWEST: usize = 4;
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        for candidate in candidates.iter_mut().filter(|candidate| candidate.truncated) {
            let part = digits(&candidate.value);
            let of = |known: &Known| known.id == candidate.element && digits(known.value.expose()).ends_with(&part);
            let index = self.known.iter().position(of).filter(|_| part.len() >= FEWEST);
            if let Some(index) = index.and_then(|index| u32::try_from(index).ok()) {
                let field = candidate.field as usize;
                let shown = std::mem::take(&mut candidate.value);
                *candidate = self.told(compiled, field, shown, (Disguise::LastDigits, index), &[]);
                candidate.truncated = true;
            }
        }
    }

    fn find_in(&self, compiled: &Compiled, text: Text<'_>, others: &Others, out: &mut Vec<Candidate>) {
        let before = out.len();
        for hit in self.needles.find(text.text.as_bytes(), text.kind) {
            self.push(compiled, text, hit, others, out);
        }
        for view in views::of(text.text) {
            let reading = Text { text: &view.text, kind: Kind::Text, layers: view.layers, ..text };
            for hit in self.needles.find(view.text.as_bytes(), Kind::Text) {
                let known = &self.known[hit.known as usize].value;
                let twice =
                    out[before..].iter().any(|it| it.known.as_ref().is_some_and(|revealed| revealed.plain == *known));
                if !twice {
                    self.push(compiled, reading, hit, others, out);
                }
            }
        }
    }

    fn push(&self, compiled: &Compiled, text: Text<'_>, hit: Match, others: &Others, out: &mut Vec<Candidate>) {
        let Text { field, text, kind, layers } = text;
        let known = &self.known[hit.known as usize];
        // Five digits are any number, unless the name says otherwise.
        if hit.weak && kind == Kind::Number && !others.said(field, known.id) {
            return;
        }
        let shown = match hit.disguise {
            Disguise::Plain | Disguise::Notation | Disguise::Hash(_) => text.get(hit.start..hit.end).unwrap_or(text),
            // What is inside is told, as for every other encoding.
            _ => known.value.expose(),
        };
        out.push(self.told(compiled, field, shown.to_owned(), (hit.disguise, hit.known), layers));
    }

    fn told(
        &self,
        compiled: &Compiled,
        field: usize,
        shown: String,
        (disguise, index): (Disguise, u32),
        layers: &[&'static str],
    ) -> Candidate {
        let known = &self.known[index as usize];
        let title = &compiled.elements[usize::from(known.id)].title;
        let mut candidate = Candidate::new(known.id, field, &shown, DetectorKind::Persona, Confidence::High);
        candidate.why = Why { ground: Ground::Known(disguise.describe(title)), support: None };
        candidate.known = Some(Revealed {
            plain: known.value.clone(),
            layers: layers.iter().chain(disguise.layers()).copied().collect(),
            hashed: matches!(disguise, Disguise::Hash(_)),
        });
        candidate
    }

    /// Names of objects and fields that are known values: `{"kim@a.example": {…}}`.
    fn find_in_names(&self, compiled: &Compiled, fields: &[Field<'_>], others: &Others, out: &mut Vec<Candidate>) {
        let mut seen: HashSet<usize> = HashSet::new();
        for (i, field) in fields.iter().enumerate() {
            for path in field.path.up() {
                if !seen.insert(path.identity()) {
                    break;
                }
                if let Some(Step::Key(key)) = path.step()
                    && key.len() >= self.needles.shortest
                {
                    let text = Text { field: i, text: key, kind: Kind::Text, layers: &[] };
                    self.find_in(compiled, text, others, out);
                }
            }
        }
    }
}

/// A text to search, and where it stands.
#[derive(Debug, Clone, Copy)]
struct Text<'t> {
    /// Index of the field.
    field: usize,
    text: &'t str,
    kind: Kind,
    /// Escapes undone to read it.
    layers: &'static [&'static str],
}

/// What other detectors say of the fields.
struct Others(HashSet<(u32, u16)>);

impl Others {
    fn new(candidates: &[Candidate]) -> Self {
        Self(candidates.iter().map(|candidate| (candidate.field, candidate.element)).collect())
    }

    fn said(&self, field: usize, element: u16) -> bool {
        self.0.contains(&(field as u32, element))
    }
}

/// Take away what the persona knows better: the same text in the same field, or a longer or shorter reading of it as the same
/// element.
fn replace_others(candidates: &mut Vec<Candidate>, found: &[Candidate]) {
    let normal =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let mut of_field: HashMap<u32, Vec<(u16, String)>> = HashMap::new();
    for candidate in found {
        of_field.entry(candidate.field).or_default().push((candidate.element, normal(&candidate.value)));
    }
    candidates.retain(|candidate| {
        let Some(known) = of_field.get(&candidate.field) else { return true };
        let text = normal(&candidate.value);
        !known.iter().any(|(element, known)| {
            let reading = *element == candidate.element && (text.contains(known) || known.contains(&text));
            *known == text || reading
        })
    });
}
