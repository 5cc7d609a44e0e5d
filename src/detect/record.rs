//! Elements that only several fields make together: amount and merchant are one transaction.

use std::collections::HashMap;

use super::compile::Compiled;
use super::finding::{Confidence, DetectorKind, Ground};
use super::lexicon::Role;
use super::scan::{self, Candidate, Part};
use super::surroundings::{self, Context, Object, Surroundings};

/// The fields of one object that are members of one element.
#[derive(Default)]
struct Group<'p> {
    members: Vec<(u8, &'p Part)>,
}

pub(super) fn find(compiled: &Compiled, around: &Surroundings<'_, '_>, parts: &[Part], out: &mut Vec<Candidate>) {
    let mut groups: HashMap<(u16, Object<'_>), Group<'_>> = HashMap::new();
    for part in parts {
        let Role::Member(member) = part.hit.meaning.role else { continue };
        let field = &around.fields[part.field];
        let record = compiled.elements[usize::from(part.hit.meaning.element)].record.as_ref();
        let pattern = record.and_then(|record| record.patterns[usize::from(member)].as_ref());
        if pattern.is_some_and(|pattern| !pattern.is_match(field.value.trim())) {
            continue;
        }
        // `merchant: {name}` is a member of the object that holds `merchant`.
        let outside = usize::from(part.hit.start) < part.reading.outer.len();
        let object = if outside { surroundings::object_above(field) } else { None };
        let object = object.unwrap_or_else(|| surroundings::object(field));
        groups.entry((part.hit.meaning.element, object)).or_default().members.push((member, part));
    }
    for ((id, _), group) in groups {
        let element = &compiled.elements[usize::from(id)];
        let Some(record) = &element.record else { continue };
        let present: u64 = group.members.iter().fold(0, |set, (member, _)| set | 1 << member);
        let has = |members: &[u8]| members.iter().all(|member| present & (1 << member) != 0);
        let complete = has(&record.required);
        let of = |wanted: u8| group.members.iter().find(|(member, _)| *member == wanted);
        let taken = |part: &(u8, &Part)| out.iter().any(|candidate| candidate.field as usize == part.1.field);
        let instead = record.show_else.filter(|_| of(record.show).is_some_and(taken)).and_then(of);
        let shown = instead
            .or_else(|| of(record.show))
            .or_else(|| record.required.first().and_then(|&member| of(member)))
            .or(group.members.first());
        let Some((_, part)) =
            shown.filter(|_| complete && present.count_ones() >= record.min.min(record.min_supported))
        else {
            continue;
        };
        let field = &around.fields[part.field];
        let context = around.weigh(element, field, &part.reading, Some(&part.hit));
        let enough = match context {
            Context::Supported(_) => record.min_supported,
            Context::Neutral if has(&record.required_alone) => record.min,
            Context::Neutral | Context::Vetoed => continue,
        };
        if present.count_ones() >= enough && scan::on_side(element, field) {
            let confidence = if context.supports() { Confidence::High } else { Confidence::Medium };
            let names = record.names.iter().zip(0u8..).filter(|(_, i)| present & (1 << i) != 0);
            let ground = Ground::Members(names.map(|(name, _)| name.clone()).collect());
            let candidate = Candidate::new(id, part.field, field.value.trim(), DetectorKind::Key, confidence);
            let mut candidate = candidate.because(ground, compiled.support(context));
            candidate.series = element.series.then(|| scan::array_of(field)).flatten();
            out.push(candidate);
        }
    }
}
