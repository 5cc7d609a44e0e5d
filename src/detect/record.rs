//! Elements that only several fields make together: amount and merchant are one transaction.

use std::collections::HashMap;

use super::compile::Compiled;
use super::finding::{Confidence, DetectorKind};
use super::lexicon::Role;
use super::scan::{self, Candidate, Part};
use super::surroundings::{Context, Surroundings};
use crate::decode::{self, Path};

/// The fields of one object that are members of one element.
#[derive(Default)]
struct Group<'p> {
    members: Vec<(u8, &'p Part)>,
}

pub(super) fn find(compiled: &Compiled, around: &Surroundings<'_, '_>, parts: &[Part], out: &mut Vec<Candidate>) {
    let mut groups: HashMap<(u16, decode::Part, usize), Group<'_>> = HashMap::new();
    for part in parts {
        let Role::Member(member) = part.hit.meaning.role else { continue };
        let field = &around.fields[part.field];
        // `merchant: {name}` is a member of the object that holds `merchant`.
        let own = field.path.parent().unwrap_or(Path::ROOT);
        let outside = usize::from(part.hit.start) < part.reading.outer.len();
        let object = if outside { own.parent().unwrap_or(own) } else { own };
        groups
            .entry((part.hit.meaning.element, field.part, object.identity()))
            .or_default()
            .members
            .push((member, part));
    }
    for ((id, _, _), group) in groups {
        let element = &compiled.elements[usize::from(id)];
        let Some(record) = &element.record else { continue };
        let present: u64 = group.members.iter().fold(0, |set, (member, _)| set | 1 << member);
        let complete = record.required.iter().all(|member| present & (1 << member) != 0);
        let shown = group.members.iter().find(|(member, _)| *member == record.show).or(group.members.first());
        let Some((_, part)) =
            shown.filter(|_| complete && present.count_ones() >= record.min.min(record.min_supported))
        else {
            continue;
        };
        let field = &around.fields[part.field];
        let context = around.weigh(element, field, &part.reading, Some(&part.hit));
        let enough = match context {
            Context::Supported => record.min_supported,
            Context::Neutral => record.min,
            Context::Vetoed => continue,
        };
        if present.count_ones() >= enough && scan::on_side(element, field) {
            let confidence = if context == Context::Supported { Confidence::High } else { Confidence::Medium };
            let mut candidate = Candidate::new(id, part.field, field.value.trim(), DetectorKind::Key, confidence);
            candidate.series = element.series.then(|| scan::array_of(field)).flatten();
            out.push(candidate);
        }
    }
}
