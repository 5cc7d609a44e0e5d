//! Examples of the rules, run through the real path: what must hit and what must not.

use super::compile::{Element, part_kind};
use super::element::{Example, Scalar};
use super::{Detectors, EvidenceKey, Keys, SubjectKey};
use crate::decode::{Arena, Field, Layers, Part, PartKind, Path, Step, ValueKind};
use crate::rules::RuleError;

pub(super) fn check(detectors: &Detectors) -> Vec<RuleError> {
    detectors.compiled.elements.iter().flat_map(|element| check_element(detectors, element)).collect()
}

fn check_element(detectors: &Detectors, element: &Element) -> Vec<RuleError> {
    let hits = element.examples.hits.iter().map(|example| (example, true));
    let non_hits = element.examples.non_hits.iter().map(|example| (example, false));
    hits.chain(non_hits)
        .filter_map(|(example, expected)| {
            let Some(part) = part_of(example) else {
                let place = example.place.as_deref().unwrap_or_default();
                return Some(error(
                    element,
                    &format!("has an example in an unknown place `{place}`"),
                    "write `request.body` and the like",
                ));
            };
            let found = finds(detectors, element, example, part);
            (found != expected).then(|| {
                let what = if expected {
                    "is not found in its example that hits"
                } else {
                    "is found in its example that must not"
                };
                let value = example.value.text();
                error(element, &format!("{what}, `{}: {value}`", example.key), "mend the rule or the example")
            })
        })
        .collect()
}

fn error(element: &Element, what: &str, help: &str) -> RuleError {
    RuleError::in_file(&element.file, format!("element `{}` {what}", element.id)).help(help)
}

fn part_of(example: &Example) -> Option<Part> {
    let place = example.place.as_deref().unwrap_or("request.body");
    let (direction, kind) = place.split_once('.')?;
    let kind = part_kind(kind)?;
    match direction {
        "request" => Some(Part::request(kind)),
        "response" => Some(Part::response(kind)),
        _ => None,
    }
}

fn finds(detectors: &Detectors, element: &Element, example: &Example, part: Part) -> bool {
    let arena = Arena::default();
    let fields = fields(&arena, example, part);
    let secret = [0; 32];
    let keys = Keys { evidence: EvidenceKey::new(0, &secret), subject: SubjectKey::new(0, &secret) };
    let url = example.url.as_deref().unwrap_or("/");
    detectors.detect_fields(url, &fields, &keys, false).iter().any(|finding| finding.element == element.id)
}

/// The example's own field and the other members of its object.
fn fields<'x>(arena: &'x Arena, example: &'x Example, part: Part) -> Vec<Field<'x>> {
    let mut path = Path::ROOT;
    let mut names: Vec<&str> = Vec::new();
    let steps: Vec<&str> = match part.kind {
        // Header and cookie names have no structure.
        PartKind::Header | PartKind::Cookie => vec![&example.key],
        _ => example.key.split('.').filter(|step| !step.is_empty()).collect(),
    };
    for (i, &step) in steps.iter().enumerate() {
        let step = match step.parse::<u32>() {
            Ok(index) => Step::Index(index),
            Err(_) => {
                names.push(step);
                Step::Key(step)
            }
        };
        if i + 1 == steps.len() {
            break;
        }
        path = path.child(arena, step);
    }
    let last = steps.last().map(|&step| step.parse::<u32>().map_or(Step::Key(step), Step::Index));
    let main =
        Place { arena, part, path: last.map_or(path, |step| path.child(arena, step)), key: names.last().copied() };
    let others = example.with.iter().map(|(key, value)| {
        let step = key.parse::<u32>().map_or(Step::Key(key), Step::Index);
        let name = if matches!(step, Step::Index(_)) { main.key } else { Some(key.as_str()) };
        Place { arena, part, path: path.child(arena, step), key: name }.field(value)
    });
    std::iter::once(main.field(&example.value)).chain(others).collect()
}

struct Place<'x> {
    arena: &'x Arena,
    part: Part,
    path: Path<'x>,
    key: Option<&'x str>,
}

impl<'x> Place<'x> {
    fn field(&self, value: &Scalar) -> Field<'x> {
        Field {
            part: self.part,
            path: self.path,
            key: self.key,
            value: self.arena.text(&value.text()),
            kind: value.kind(),
            layers: Layers::NONE,
        }
    }
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }

    fn kind(&self) -> ValueKind {
        match self {
            Self::Bool(_) => ValueKind::Bool,
            Self::Integer(_) | Self::Float(_) => ValueKind::Number,
            Self::Text(_) => ValueKind::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_example_holds() {
        let errors = Detectors::builtin().check_examples();
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}\n{} examples fail", lines.join("\n"), lines.len());
    }
}
