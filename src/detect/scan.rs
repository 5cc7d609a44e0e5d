//! One field at a time: what its name and its form say it is.

use std::borrow::Cow;

use super::compile::{Compiled, Element, Form, ValueTest};
use super::coordinates;
use super::element::Side;
use super::finding::{Confidence, DetectorKind, Ground, Position, Why};
use super::lexicon::{KeyHit, Role};
use super::persona::Revealed;
use super::placeholder::is_placeholder;
use super::surroundings::{Context, Reading, Surroundings};
use super::text;
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
    pub why: Why,
    pub truncated: bool,
    pub precision_m: Option<f64>,
    pub position: Option<Position>,
    /// The array of which all values are one finding.
    pub series: Option<usize>,
    /// Set where the value is the tester's own.
    pub known: Option<Revealed>,
}

impl Candidate {
    pub fn new(element: u16, field: usize, value: &str, detector: DetectorKind, confidence: Confidence) -> Self {
        Self {
            element,
            field: field as u32,
            value: value.to_owned(),
            detector,
            confidence,
            why: Why::default(),
            truncated: false,
            precision_m: None,
            position: None,
            series: None,
            known: None,
        }
    }

    pub fn because(mut self, ground: Ground, support: Option<std::sync::Arc<str>>) -> Self {
        self.why = Why { ground, support };
        self
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
    let mut open = Vec::new();
    for (i, field) in around.fields.iter().enumerate() {
        if field.kind != ValueKind::Bool && is_placeholder(field.value) || around.stands_in(field) {
            continue;
        }
        let found = keyed(compiled, around, i, field, &mut scanned);
        if !found && field.kind == ValueKind::Text && field.value.len() >= SHORTEST_FORM {
            compiled.gates.open(field.value, &mut open);
            let before = scanned.candidates.len();
            for &form in &open {
                by_form(compiled, around, i, field, &compiled.forms[usize::from(form)], &mut scanned.candidates);
            }
            let found_whole = scanned.candidates[before..].iter().any(|c| c.value.len() == field.value.len());
            if !found_whole {
                text::labelled(compiled, around, i, field, before, &mut scanned.candidates);
            }
        }
    }
    scanned
}

/// Shorter texts prove nothing by their form.
const SHORTEST_FORM: usize = 6;

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
        let hits = around.hits(&reading);
        let found = hits
            .iter()
            .filter(|hit| hit.meaning.role.is_value())
            .find_map(|hit| by_name(compiled, around, i, field, &reading, hit));
        let parts = hits.iter().filter(|hit| !hit.meaning.role.is_value());
        // Parts are looked for under the field's own name only: their object is the group.
        for hit in parts.filter(|_| n == 0) {
            out.parts.push(Part { field: i, hit: *hit, reading: reading.clone() });
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
    let operators = element.not_of_host && !on_request(field) && around.is_of_host(&value);
    if operators || context == Context::Vetoed || (hit.meaning.weak && !context.supports()) {
        return None;
    }
    let confidence = match (hit.meaning.weak, element.value.is_strict()) {
        (false, true) => Confidence::High,
        (false, false) | (true, true) => Confidence::Medium,
        (true, false) => Confidence::Low,
    };
    let ground = Ground::Name(compiled.lexicon.key(&hit.meaning));
    let candidate = Candidate::new(hit.meaning.element, i, &value, DetectorKind::Key, confidence);
    let mut candidate = candidate.because(ground, compiled.support(context));
    candidate.truncated = hit.meaning.role == Role::Truncated;
    candidate.series = element.series.then(|| array_of(field)).flatten();
    Some(candidate)
}

/// One form that needs no name, in one field.
fn by_form<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    form: &Form,
    out: &mut Vec<Candidate>,
) {
    let element = &compiled.elements[usize::from(form.element)];
    let elsewhere = !form.places.is_empty() && !form.places.contains(&field.part.kind);
    if elsewhere
        || (form.in_text && text::is_code(field.value))
        || !on_side(element, field)
        || (!form.in_text && field.value.len() > element.value.length[1])
    {
        return;
    }
    let mut context = None;
    for found in form.pattern.captures_iter(field.value).take(MOST_IN_ONE_TEXT) {
        let Some(found) = found.name("v").or_else(|| found.get(0)) else { continue };
        let value = found.as_str();
        let operators = element.not_of_host && !on_request(field) && around.is_of_host(value);
        if operators || is_placeholder(value) || !form.validators.iter().all(|valid| valid(value)) {
            continue;
        }
        let context = *context.get_or_insert_with(|| {
            let reading = around.readings(field).into_iter().next().unwrap_or_default();
            // That a field is named for the element is no word beside it.
            let hits = around.hits(&reading);
            let hit = hits.iter().find(|hit| hit.meaning.element == form.element && hit.meaning.role.is_value());
            around.weigh(element, field, &reading, hit)
        });
        if context == Context::Vetoed {
            return;
        }
        let whole = value.len() == field.value.trim().len();
        let (confidence, ground) = match (form.hint, whole) {
            (true, _) => (Confidence::Low, Ground::Statement),
            (false, true) => (Confidence::High, Ground::Form),
            (false, false) => (Confidence::Medium, Ground::Form),
        };
        let candidate = Candidate::new(form.element, i, value, DetectorKind::Pattern, confidence);
        let mut candidate = candidate.because(ground, compiled.support(context));
        // A position by its form is one only if its numbers are.
        if element.coarse.is_some() && !locate(element, &mut candidate) {
            continue;
        }
        out.push(candidate);
    }
}

/// Give a candidate the position that its text says; coarse ones are the coarse element.
fn locate(element: &Element, candidate: &mut Candidate) -> bool {
    let Some(point) = coordinates::in_text(&candidate.value) else { return false };
    candidate.position = Some(point.position);
    candidate.precision_m = Some(point.precision_m);
    if let (Some(coarse), false) = (element.coarse, point.is_precise()) {
        candidate.element = coarse;
    }
    true
}

/// Longer lists of addresses in one text say nothing new.
const MOST_IN_ONE_TEXT: usize = 200;

fn on_request(field: &Field<'_>) -> bool {
    field.part.direction == Direction::Request
}

pub(super) fn on_side(element: &Element, field: &Field<'_>) -> bool {
    match element.side {
        Side::Both => true,
        Side::Request => field.part.direction == Direction::Request,
        Side::Response => field.part.direction == Direction::Response,
    }
}

/// The value, if it can be what its name says.
pub(super) fn test<'v>(test: &ValueTest, value: &'v str, kind: ValueKind) -> Option<Cow<'v, str>> {
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
