//! Candidates to findings: one per value and place, series merged, values replaced by fingerprint and preview.

use std::collections::{HashMap, HashSet};

use super::compile::Compiled;
use super::finding::{Attributes, Finding, Position};
use super::fingerprint::Keys;
use super::mask;
use super::names::Names;
use super::scan::Candidate;
use super::sensitive::Sensitive;
use crate::decode::{Field, Part};

pub(super) fn report(
    compiled: &Compiled,
    fields: &[Field<'_>],
    mut candidates: Vec<Candidate>,
    keys: &Keys,
    reveal: bool,
) -> Vec<Finding> {
    candidates.sort_by_key(|candidate| candidate.field);
    let names = Names::new(&candidates);
    let mask = |key: &str| names.mask(key, |key| compiled.lexicon.knows(key));
    let identified = identified_records(compiled, fields, &candidates);
    let mut arrays: HashMap<(u16, Part, usize), usize> = HashMap::new();
    let mut tracks: HashMap<usize, Vec<(Position, Option<f64>)>> = HashMap::new();
    let mut seen: HashSet<(u16, Part, String)> = HashSet::new();
    let mut findings = Vec::new();
    for candidate in candidates {
        let field = &fields[candidate.field as usize];
        let normal = normal_form(compiled, &candidate);
        let own_subject = identified.contains(&(field.part, field.path.record().identity()));
        let first = match candidate.series.filter(|_| !own_subject) {
            Some(array) => {
                let next = findings.len();
                let first = *arrays.entry((candidate.element, field.part, array)).or_insert(next);
                if let Some(position) = candidate.position.filter(|_| first != next) {
                    tracks.entry(first).or_default().push((position, candidate.precision_m));
                }
                first == next
            }
            // The same position or pulse of two people is two findings.
            None if own_subject && !names_a_subject(compiled, &candidate) => true,
            None => seen.insert((candidate.element, field.part, shown_form(&candidate, &normal))),
        };
        if first {
            let (path, record) = (field.path.render(mask), field.path.record().render(mask));
            findings.push(finding(compiled, field, candidate, &normal, (keys, reveal), (path, record)));
        }
    }
    for (finding, track) in tracks {
        findings[finding].track = Sensitive::new(track);
    }
    findings
}

fn finding(
    compiled: &Compiled,
    field: &Field<'_>,
    candidate: Candidate,
    normal: &str,
    (keys, reveal): (&Keys, bool),
    (path, record): (String, String),
) -> Finding {
    let element = &compiled.elements[usize::from(candidate.element)];
    let preview = match candidate.position {
        Some(position) => mask::position(position.latitude),
        None => mask::preview(element.mask, &candidate.value),
    };
    let layers = layers(field, &candidate);
    // A part of an identifier names nobody for sure.
    let subject = element.subject.as_deref().filter(|_| !candidate.truncated);
    Finding {
        element: element.id.clone(),
        class: element.class.clone(),
        part: field.part,
        path,
        record,
        detector: candidate.detector,
        confidence: candidate.confidence,
        why: candidate.why,
        layers,
        attributes: Attributes { precision_m: candidate.precision_m, truncated: candidate.truncated },
        preview,
        fingerprint: keys.evidence.fingerprint(&element.id, normal),
        subject: subject.map(|family| keys.subject.subject(family, normal)),
        position: candidate.position.map(Sensitive::new),
        track: Sensitive::new(Vec::new()),
        plain: candidate.known.filter(|known| reveal && known.hashed).map(|known| known.plain),
        revealed: reveal.then(|| Sensitive::new(candidate.value)),
    }
}

/// Array elements that name a person or device of their own: their values are not samples of one series.
fn identified_records(compiled: &Compiled, fields: &[Field<'_>], candidates: &[Candidate]) -> HashSet<(Part, usize)> {
    candidates
        .iter()
        .filter(|candidate| names_a_subject(compiled, candidate))
        .map(|candidate| &fields[candidate.field as usize])
        .map(|field| (field.part, field.path.record().identity()))
        .filter(|(_, record)| *record != 0)
        .collect()
}

fn names_a_subject(compiled: &Compiled, candidate: &Candidate) -> bool {
    compiled.elements[usize::from(candidate.element)].subject.is_some()
}

/// What tells two findings of one element apart: a value and its digest are two.
fn shown_form(candidate: &Candidate, normal: &str) -> String {
    match &candidate.known {
        Some(known) if known.hashed => format!("{normal}\0{}", candidate.value.to_lowercase()),
        _ => normal.to_owned(),
    }
}

/// Encodings undone, from the outside in, those of a known value's disguise among them.
fn layers(field: &Field<'_>, candidate: &Candidate) -> Vec<&'static str> {
    let mut layers = field.layers.names();
    layers.extend(candidate.known.iter().flat_map(|known| &known.layers));
    layers
}

/// The normal form of the value itself, whatever hides it: equal people have equal fingerprints.
fn normal_form(compiled: &Compiled, candidate: &Candidate) -> String {
    if let Some(known) = &candidate.known {
        return (compiled.elements[usize::from(candidate.element)].normal)(known.plain.expose());
    }
    match candidate.position {
        Some(position) => format!("{:.6},{:.6}", position.latitude, position.longitude),
        None => (compiled.elements[usize::from(candidate.element)].normal)(&candidate.value),
    }
}
