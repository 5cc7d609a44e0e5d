//! One field at a time: what its name and its form say it is.

use std::borrow::Cow;

use super::compile::{Compiled, Element, ValueTest};
use super::element::Side;
use super::finding::{Confidence, DetectorKind, Position};
use super::lexicon::{KeyHit, Role};
use super::placeholder::is_placeholder;
use super::surroundings::{Context, Reading, Surroundings};
use crate::decode::{Direction, Field, Path, Step, ValueKind};

/// A finding in the making. Holds the value; only [`report`](super::report) turns it into something that may leave.
#[derive(Debug)]
pub(super) struct Candidate {
    pub element: u16,
    /// Index of the field.
    pub field: u32,
    pub value: String,
    pub detector: DetectorKind,
    pub confidence: Confidence,
    pub truncated: bool,
    pub precision_m: Option<f64>,
    pub position: Option<Position>,
    /// The array of which all values are one finding.
    pub series: Option<usize>,
}

impl Candidate {
    pub fn new(element: u16, field: usize, value: &str, detector: DetectorKind, confidence: Confidence) -> Self {
        Self {
            element,
            field: field as u32,
            value: value.to_owned(),
            detector,
            confidence,
            truncated: false,
            precision_m: None,
            position: None,
            series: None,
        }
    }
}

/// A name that says what a field is a part of; positions and records are put together from these.
pub(super) struct Part {
    pub field: usize,
    pub hit: KeyHit,
    pub reading: Reading,
}

/// What the fields of an exchange gave, each by itself.
#[derive(Default)]
pub(super) struct Scanned {
    pub candidates: Vec<Candidate>,
    pub parts: Vec<Part>,
}

pub(super) fn scan(compiled: &Compiled, around: &Surroundings<'_, '_>) -> Scanned {
    let mut scanned = Scanned::default();
    for (i, field) in around.fields.iter().enumerate() {
        if field.kind != ValueKind::Bool && is_placeholder(field.value) {
            continue;
        }
        let found = keyed(compiled, around, i, field, &mut scanned);
        if !found && field.kind != ValueKind::Bool {
            unkeyed(compiled, around, i, field, &mut scanned.candidates);
        }
    }
    scanned
}

/// The elements that the field's name speaks of. Returns whether one of them was found.
fn keyed<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    out: &mut Scanned,
) -> bool {
    let readings = around.readings(field);
    for (n, reading) in readings.into_iter().enumerate() {
        let hits = compiled.lexicon.hits(&reading.outer, &reading.own);
        let found = hits
            .iter()
            .filter(|hit| hit.meaning.role.is_value())
            .find_map(|hit| by_name(compiled, around, i, field, &reading, hit));
        let parts = hits.iter().filter(|hit| !hit.meaning.role.is_value());
        // Parts are looked for under the field's own name only: their object is the group.
        for hit in parts.filter(|_| n == 0) {
            let reading = Reading { outer: reading.outer.clone(), own: reading.own.clone() };
            out.parts.push(Part { field: i, hit: *hit, reading });
        }
        if let Some(candidate) = found {
            // What the law doesn't list may still be something listed by its form: an identifying cookie, say.
            let settled = compiled.elements[usize::from(candidate.element)].listed;
            out.candidates.push(candidate);
            return settled;
        }
    }
    false
}

fn by_name<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    reading: &Reading,
    hit: &KeyHit,
) -> Option<Candidate> {
    let element = &compiled.elements[usize::from(hit.meaning.element)];
    if !on_side(element, field) {
        return None;
    }
    let value = test(&element.value, field.value, field.kind)?;
    let narrow =
        hit.meaning.role != Role::Shared || element.shared.as_ref().is_some_and(|shared| shared.is_match(&value));
    if !narrow {
        return None;
    }
    let context = around.weigh(element, field, reading, Some(hit));
    if context == Context::Vetoed || (hit.meaning.weak && context != Context::Supported) {
        return None;
    }
    let strict = element.value.pattern.is_some() || !element.value.validators.is_empty();
    let confidence = match (hit.meaning.weak, strict) {
        (false, true) => Confidence::High,
        (false, false) | (true, true) => Confidence::Medium,
        (true, false) => Confidence::Low,
    };
    let mut candidate = Candidate::new(hit.meaning.element, i, &value, DetectorKind::Key, confidence);
    candidate.truncated = hit.meaning.role == Role::Truncated;
    candidate.series = element.series.then(|| array_of(field)).flatten();
    Some(candidate)
}

/// Elements that need no name.
fn unkeyed<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    out: &mut Vec<Candidate>,
) {
    if field.value.len() < 6 {
        return;
    }
    let mut tried: Vec<u16> = compiled.ungated.clone();
    for found in compiled.gates.find_overlapping_iter(field.value) {
        let owner = compiled.gate_owners[found.pattern().as_usize()];
        if !tried.contains(&owner) {
            tried.push(owner);
        }
    }
    for id in tried {
        let element = &compiled.elements[usize::from(id)];
        let Some(unkeyed) = &element.unkeyed else { continue };
        let elsewhere = !unkeyed.places.is_empty() && !unkeyed.places.contains(&field.part.kind);
        if elsewhere || !on_side(element, field) || (!unkeyed.in_text && field.value.len() > element.value.length[1]) {
            continue;
        }
        let reading = around.readings(field).into_iter().next().unwrap_or_default();
        if around.weigh(element, field, &reading, None) == Context::Vetoed {
            continue;
        }
        for found in unkeyed.pattern.captures_iter(field.value).take(MOST_IN_ONE_TEXT) {
            let Some(found) = found.name("v").or_else(|| found.get(0)) else { continue };
            let value = found.as_str();
            let valid = |validators: &[super::validate::Validator]| validators.iter().all(|valid| valid(value));
            if valid(&unkeyed.validators) && valid(&element.value.validators) && !is_placeholder(value) {
                let whole = value.len() == field.value.trim().len();
                let confidence = if whole { Confidence::High } else { Confidence::Medium };
                out.push(Candidate::new(id, i, value, DetectorKind::Pattern, confidence));
            }
        }
    }
}

/// Longer lists of addresses in one text say nothing new.
const MOST_IN_ONE_TEXT: usize = 200;

pub(super) fn on_side(element: &Element, field: &Field<'_>) -> bool {
    match element.side {
        Side::Both => true,
        Side::Request => field.part.direction == Direction::Request,
        Side::Response => field.part.direction == Direction::Response,
    }
}

/// The value, if it can be what its name says.
fn test<'v>(test: &ValueTest, value: &'v str, kind: ValueKind) -> Option<Cow<'v, str>> {
    if kind == ValueKind::Bool {
        return test.bool.then_some(Cow::Borrowed(value));
    }
    let mut value = value.trim();
    let [least, most] = test.length;
    if value.len() < least || (value.len() > most && value.chars().count() > most) {
        return None;
    }
    if let Some([from, to]) = test.range {
        let number: f64 = value.parse().ok()?;
        if !(from..=to).contains(&number) {
            return None;
        }
    }
    if let Some(pattern) = &test.pattern {
        let captures = pattern.captures(value)?;
        value = captures.name("v").map_or(value, |v| v.as_str());
    }
    let vetoed = test.not.as_ref().is_some_and(|not| not.is_match(value));
    (!vetoed && test.validators.iter().all(|valid| valid(value))).then_some(Cow::Borrowed(value))
}

/// The array that a field, or the object it stands in, is an element of.
pub(super) fn array_of(field: &Field<'_>) -> Option<usize> {
    let element = field.path.up().find(|path| matches!(path.step(), Some(Step::Index(_))))?;
    element.parent().map(Path::identity)
}
