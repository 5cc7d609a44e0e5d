//! Candidates to findings: one per value and place, series merged, values replaced by fingerprint and preview.

use std::collections::{HashMap, HashSet};

use super::compile::Compiled;
use super::finding::{Attributes, Finding, Position};
use super::fingerprint::Keys;
use super::mask;
use super::scan::Candidate;
use super::sensitive::Sensitive;
use crate::decode::{Field, Part, mask_key};

pub(super) fn report(
    compiled: &Compiled,
    fields: &[Field<'_>],
    mut candidates: Vec<Candidate>,
    keys: &Keys,
    reveal: bool,
) -> Vec<Finding> {
    candidates.sort_by_key(|candidate| candidate.field);
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
            None => seen.insert((candidate.element, field.part, normal.clone())),
        };
        if first {
            findings.push(finding(compiled, field, candidate, &normal, keys, reveal));
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
    keys: &Keys,
    reveal: bool,
) -> Finding {
    let element = &compiled.elements[usize::from(candidate.element)];
    let preview = match candidate.position {
        Some(position) => mask::position(position.latitude),
        None => mask::preview(element.mask, &candidate.value),
    };
    // A part of an identifier names nobody for sure.
    let subject = element.subject.as_deref().filter(|_| !candidate.truncated);
    Finding {
        element: element.id.clone(),
        class: element.class.clone(),
        part: field.part,
        path: field.path.render(mask_key),
        record: field.path.record().render(mask_key),
        detector: candidate.detector,
        confidence: candidate.confidence,
        why: candidate.why,
        layers: field.layers.names(),
        attributes: Attributes { precision_m: candidate.precision_m, truncated: candidate.truncated },
        preview,
        fingerprint: keys.evidence.fingerprint(&element.id, normal),
        subject: subject.map(|family| keys.subject.subject(family, normal)),
        position: candidate.position.map(Sensitive::new),
        track: Sensitive::new(Vec::new()),
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

fn normal_form(compiled: &Compiled, candidate: &Candidate) -> String {
    match candidate.position {
        Some(position) => format!("{:.6},{:.6}", position.latitude, position.longitude),
        None => (compiled.elements[usize::from(candidate.element)].normal)(&candidate.value),
    }
}
