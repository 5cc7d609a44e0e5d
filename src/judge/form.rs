//! Categories of data from linked findings: 28 CFR 202.204 to .242 by element, covered personal identifiers by 202.212,
//! combined data by 202.205(g).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::areas::{Areas, Lies};
use super::linkage::Group;
use super::pack::{Form, Pack};
use super::recipient::Recipient;
use super::{Facet, LinkedBy};
use crate::detect::{Finding, Fingerprint};

/// A category that one subject's findings form, or might.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Formed {
    /// Index in [`Pack::categories`].
    pub category: usize,
    /// Index of the group.
    pub group: usize,
    /// Indices of the findings that form it, ascending.
    pub findings: Vec<usize>,
    pub linked_by: LinkedBy,
    pub certainty: Certainty,
    /// Where and why, for the reasons of a verdict.
    pub because: Arc<str>,
}

/// Whether a category is formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Certainty {
    Formed,
    /// Formed, and this fact would still undo it.
    FormedUnless(Arc<str>),
    /// This fact decides.
    Depends(Arc<str>),
}

impl Certainty {
    pub fn is_formed(&self) -> bool {
        !matches!(self, Self::Depends(_))
    }

    pub fn fact(&self) -> Option<&Arc<str>> {
        match self {
            Self::Formed => None,
            Self::FormedUnless(fact) | Self::Depends(fact) => Some(fact),
        }
    }
}

/// Everything that the groups of a request form.
pub(super) fn form<'h>(
    pack: &Pack,
    findings: &[Finding],
    groups: &[Group],
    recipient: &Recipient,
    (implicit_client_ip, areas): (bool, &Areas),
    held: &dyn Fn(usize) -> Option<&'h [Facet]>,
) -> Vec<Formed> {
    let mut formed = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        // The connection's address is the sender's, so it is linked to a subject only where there is but one.
        let implicit = implicit_client_ip && groups.len() == 1;
        let former = Former { pack, findings, group, index, recipient, implicit, areas };
        let start = formed.len();
        former.form(&mut formed);
        if let Some(held) = held(index) {
            former.form_with(held, start, &mut formed);
        }
    }
    across_groups(pack, groups, &mut formed);
    formed
}

struct Former<'a> {
    pack: &'a Pack,
    findings: &'a [Finding],
    group: &'a Group,
    index: usize,
    recipient: &'a Recipient,
    implicit: bool,
    areas: &'a Areas,
}

/// Listed identifiers of a group.
struct Listed {
    findings: Vec<usize>,
    /// Index of the class of each distinct identifier.
    classes: Vec<usize>,
}

impl Former<'_> {
    fn form(&self, formed: &mut Vec<Formed>) {
        let start = formed.len();
        let listed = self.listed();
        for (category, (findings, doubt)) in self.by_element() {
            let certainty = doubt.map_or(Certainty::Formed, Certainty::Depends);
            formed.push(self.formed(category, findings, certainty, &self.pack.categories[category].section));
        }
        for (category, rule) in self.pack.categories.iter().enumerate() {
            let own = &formed[start..];
            let found = match &rule.form {
                Form::Elements { .. } | Form::Presence { .. } => None,
                Form::LinkedIdentifiers => self.linked_identifiers(category, &listed, own),
                Form::Combined => self.combined(category, &listed, own),
                Form::InsideAreas { of, missing } => self.inside_areas(category, *of, missing, own),
            };
            formed.extend(found);
        }
    }

    /// What this request's data and what went to the same recipients before form together (28 CFR 202.233).
    fn form_with(&self, held: &[Facet], start: usize, formed: &mut Vec<Formed>) {
        let own = facets(self.pack, self.findings, self.group, &formed[start..]);
        if own.is_empty() {
            return;
        }
        let counts = counts(self.pack, self.recipient);
        let all: Vec<&Facet> = own.iter().chain(held).collect();
        for category in compose(self.pack, counts, &all) {
            let known = formed[start..].iter().position(|other| other.category == category);
            if known.is_some_and(|known| formed[start + known].certainty.is_formed()) {
                continue;
            }
            if let Some(known) = known {
                formed.remove(start + known);
            }
            let findings = self.group.findings.clone();
            let because = &self.pack.categories[category].section;
            let new = self.formed(category, findings, Certainty::Formed, because);
            formed.push(Formed { linked_by: LinkedBy::SharedIdentifier, ..new });
        }
    }

    fn listed(&self) -> Listed {
        let mut listed = Listed { findings: Vec::new(), classes: Vec::new() };
        let mut seen: HashSet<(&str, Fingerprint)> = HashSet::new();
        for &index in &self.group.findings {
            let finding = &self.findings[index];
            let Some(class) = self.pack.role(&finding.element).and_then(|role| role.listed) else { continue };
            if finding.attributes.truncated && !self.pack.listed[class].truncated_counts {
                continue;
            }
            listed.findings.push(index);
            if seen.insert((&finding.element, finding.fingerprint)) {
                listed.classes.push(class);
            }
        }
        listed
    }

    /// Categories that a finding forms alone; with the fact they depend on where no finding is certain.
    fn by_element(&self) -> BTreeMap<usize, (Vec<usize>, Option<Arc<str>>)> {
        let mut found: BTreeMap<usize, (Vec<usize>, Option<Arc<str>>)> = BTreeMap::new();
        for &index in &self.group.findings {
            let finding = &self.findings[index];
            for (category, doubt) in self.pack.role(&finding.element).iter().flat_map(|role| &role.forms) {
                if !self.is_precise(*category, finding) {
                    continue;
                }
                let (findings, depends) = found.entry(*category).or_insert_with(|| (Vec::new(), doubt.clone()));
                findings.push(index);
                if doubt.is_none() {
                    *depends = None;
                }
            }
        }
        found
    }

    fn is_precise(&self, category: usize, finding: &Finding) -> bool {
        let Form::Elements { precision_m: Some(limit) } = self.pack.categories[category].form else { return true };
        finding.attributes.precision_m.is_none_or(|known| known <= limit)
    }

    /// Covered personal identifiers, 28 CFR 202.212.
    fn linked_identifiers(&self, category: usize, listed: &Listed, own: &[Formed]) -> Option<Formed> {
        let rule = &self.pack.combination;
        let sensitive = own.iter().filter(|other| self.is_sensitive(other));
        let with_sensitive = listed.classes.iter().any(|class| rule.with_sensitive_data.contains(class));
        let by_link = with_sensitive.then(|| strongest(sensitive.map(|other| &other.certainty))).flatten();
        let linked = self.linked(&listed.classes);
        let network = self.pack.listed.iter().position(|class| *class.id == *"network");
        let implied = network.filter(|_| self.implicit && linked.is_none() && !listed.classes.is_empty());
        let by_address = implied.and_then(|class| self.linked(&[&listed.classes[..], &[class]].concat()));
        let certainty = strongest([&linked, &by_link, &by_address].into_iter().flatten())?;
        let because = match certainty {
            Certainty::Formed => &self.pack.categories[category].section,
            Certainty::FormedUnless(_) | Certainty::Depends(_) => &rule.necessity_cite,
        };
        let formed = self.formed(category, listed.findings.clone(), certainty, because);
        let only_address = linked.is_none() && by_link.is_none();
        Some(if only_address { Formed { linked_by: LinkedBy::ClientIp, ..formed } } else { formed })
    }

    fn linked(&self, classes: &[usize]) -> Option<Certainty> {
        linked(self.pack, counts(self.pack, self.recipient), classes)
    }

    /// More than one category, or a listed identifier linked to one that is formed of something else: 202.205(g).
    fn combined(&self, category: usize, listed: &Listed, own: &[Formed]) -> Option<Formed> {
        let parts: Vec<&Formed> = own.iter().filter(|part| self.counts_in_combined(part)).collect();
        let linked = parts.iter().filter(|part| self.is_sensitive(part) && self.names_another(listed, part));
        let by_link = strongest(linked.map(|part| &part.certainty));
        let by_number = second_strongest(parts.iter().map(|part| &part.certainty));
        let certainty = strongest([&by_link, &by_number].into_iter().flatten())?;
        let mut findings: BTreeSet<usize> = parts.iter().flat_map(|part| part.findings.iter().copied()).collect();
        findings.extend(&listed.findings);
        let findings = findings.into_iter().collect();
        Some(self.formed(category, findings, certainty, &self.pack.categories[category].section))
    }

    /// An identifier is not linked to itself: a card number is one and personal financial data at once.
    fn names_another(&self, listed: &Listed, part: &Formed) -> bool {
        let value = |index: &usize| (&self.findings[*index].element, self.findings[*index].fingerprint);
        listed.findings.iter().any(|identifier| part.findings.iter().any(|other| value(identifier) != value(other)))
    }

    /// Without a list of areas, every position that a finding gives is a question. With one, a position whose circle lies across a
    /// border is.
    fn inside_areas(&self, category: usize, of: usize, missing: &Arc<str>, own: &[Formed]) -> Option<Formed> {
        let positions = own.iter().find(|other| other.category == of)?;
        let given = |index: &&usize| self.findings[**index].position.is_some();
        let given: Vec<usize> = positions.findings.iter().filter(given).copied().collect();
        let section = &self.pack.categories[category].section;
        if self.areas.is_empty() {
            let depends = Certainty::Depends(missing.clone());
            return (!given.is_empty()).then(|| self.formed(category, given, depends, section));
        }
        let mut inside = (Vec::new(), None);
        let mut across = (Vec::new(), None);
        for index in given {
            match self.lies(&self.findings[index]) {
                Lies::Inside(area) => note(&mut inside, index, area),
                Lies::Overlaps(area) => note(&mut across, index, area),
                Lies::Outside => {}
            }
        }
        let ((findings, Some(area)), certainty) = (match inside {
            (_, Some(_)) => (inside, Certainty::Formed),
            _ => (across, Certainty::Depends("precision".into())),
        }) else {
            return None;
        };
        Some(self.formed(category, findings, certainty, &format!("{section}, area {area}").into()))
    }

    /// Where the positions of a finding lie: one of a track is enough.
    fn lies(&self, finding: &Finding) -> Lies {
        let own = finding.position.iter().map(|position| (*position.expose(), finding.attributes.precision_m));
        let mut crossed = Lies::Outside;
        for (position, radius) in own.chain(finding.track.expose().iter().copied()) {
            match self.areas.locate(position, radius.unwrap_or(0.0)) {
                Lies::Outside => {}
                inside @ Lies::Inside(_) => return inside,
                across => crossed = across,
            }
        }
        crossed
    }

    /// One of the categories that data is sensitive by itself for.
    fn is_sensitive(&self, formed: &Formed) -> bool {
        matches!(self.pack.categories[formed.category].form, Form::Elements { .. })
    }

    fn counts_in_combined(&self, formed: &Formed) -> bool {
        matches!(self.pack.categories[formed.category].form, Form::Elements { .. } | Form::LinkedIdentifiers)
    }

    fn formed(&self, category: usize, findings: Vec<usize>, certainty: Certainty, because: &Arc<str>) -> Formed {
        let linked_by = self.group.linked_by;
        Formed { category, group: self.index, findings, linked_by, certainty, because: because.clone() }
    }
}

fn note((findings, area): &mut (Vec<usize>, Option<u32>), index: usize, of: u32) {
    findings.push(index);
    area.get_or_insert(of);
}

/// Whether the recipient's business is one that no telecommunications need.
pub(super) fn counts(pack: &Pack, recipient: &Recipient) -> bool {
    recipient.services.iter().any(|service| pack.combination.counts_towards.contains(service))
}

/// What was sent of a group, for putting together with what goes elsewhere. `formed` is what the group forms.
pub(super) fn facets(pack: &Pack, findings: &[Finding], group: &Group, formed: &[Formed]) -> Vec<Facet> {
    let mut facets: Vec<Facet> = Vec::new();
    let mut add = |kind: Arc<str>, finding: &Finding| {
        // A value that names nobody is told by its element: another of the same may be a new reading of the old.
        let item = match finding.subject {
            Some(subject) => subject.bytes().to_vec(),
            None => finding.element.as_bytes().to_vec(),
        };
        let facet = Facet { kind, item };
        if !facets.contains(&facet) {
            facets.push(facet);
        }
    };
    for &index in &group.findings {
        let finding = &findings[index];
        let class = pack.role(&finding.element).and_then(|role| role.listed).map(|class| &pack.listed[class]);
        if let Some(class) = class.filter(|class| class.truncated_counts || !finding.attributes.truncated) {
            add(format!("listed:{}", class.id).into(), finding);
        }
    }
    for own in formed.iter().filter(|own| own.certainty.is_formed()) {
        let category = &pack.categories[own.category];
        if matches!(category.form, Form::Elements { .. }) {
            own.findings.iter().for_each(|&index| add(category.id.clone(), &findings[index]));
        }
    }
    facets
}

/// Categories that linked data forms for certain: covered personal identifiers and combined data, by index.
pub(super) fn compose(pack: &Pack, counts: bool, facets: &[&Facet]) -> Vec<usize> {
    let mut listed: Vec<(usize, &[u8])> = Vec::new();
    let mut parts: Vec<(usize, &[u8])> = Vec::new();
    for facet in facets {
        let (found, into) = match facet.kind.strip_prefix("listed:") {
            Some(class) => (pack.listed.iter().position(|known| *known.id == *class), &mut listed),
            None => (pack.categories.iter().position(|known| known.id == facet.kind), &mut parts),
        };
        // What a pack before this one called something else is nothing to this one.
        let Some(found) = found.map(|index| (index, &facet.item[..])) else { continue };
        if !into.contains(&found) {
            into.push(found);
        }
    }
    let classes: Vec<usize> = listed.iter().map(|(class, _)| *class).collect();
    let rule = &pack.combination;
    let with_sensitive = !parts.is_empty() && classes.iter().any(|class| rule.with_sensitive_data.contains(class));
    let identifiers = with_sensitive || linked(pack, counts, &classes).is_some_and(|certainty| certainty.is_formed());
    let mut distinct: Vec<usize> = parts.iter().map(|(category, _)| *category).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let named = parts.iter().any(|(_, part)| listed.iter().any(|(_, identifier)| identifier != part));
    let combined = named || distinct.len() + usize::from(identifiers) > 1;
    let forms = |category: &usize| match pack.categories[*category].form {
        Form::LinkedIdentifiers => identifiers,
        Form::Combined => combined,
        Form::Elements { .. } | Form::InsideAreas { .. } | Form::Presence { .. } => false,
    };
    (0..pack.categories.len()).filter(forms).collect()
}

/// A listed identifier linked to another one, 202.212(a)(1) and (b).
fn linked(pack: &Pack, counts: bool, classes: &[usize]) -> Option<Certainty> {
    let rule = &pack.combination;
    let only = |excluded: &[usize]| classes.iter().all(|class| excluded.contains(class));
    if classes.len() < 2 || only(&rule.excluded_alone) {
        return None;
    }
    if !only(&rule.excluded_if_necessary) {
        return Some(Certainty::Formed);
    }
    let necessity = rule.necessity.clone();
    Some(if counts { Certainty::FormedUnless(necessity) } else { Certainty::Depends(necessity) })
}

/// A request is one set of data: different categories about different people in it are combined data too.
fn across_groups(pack: &Pack, groups: &[Group], formed: &mut Vec<Formed>) {
    let Some(combined) = pack.categories.iter().position(|category| category.form == Form::Combined) else { return };
    let counts =
        |part: &&Formed| matches!(pack.categories[part.category].form, Form::Elements { .. } | Form::LinkedIdentifiers);
    let mut best: BTreeMap<usize, &Certainty> = BTreeMap::new();
    for part in formed.iter().filter(counts) {
        let known = best.entry(part.category).or_insert(&part.certainty);
        *known = stronger(known, &part.certainty);
    }
    let Some(certainty) = second_strongest(best.into_values()) else { return };
    let has = |group: usize, formed: &[Formed]| formed.iter().any(|f| f.group == group && f.category == combined);
    for group in (0..groups.len()).filter(|group| !has(*group, formed)).collect::<Vec<_>>() {
        let own: BTreeSet<usize> =
            formed.iter().filter(counts).filter(|f| f.group == group).flat_map(|f| f.findings.clone()).collect();
        if !own.is_empty() {
            formed.push(Formed {
                category: combined,
                group,
                findings: own.into_iter().collect(),
                linked_by: LinkedBy::Request,
                certainty: certainty.clone(),
                because: pack.categories[combined].section.clone(),
            });
        }
    }
}

fn strength(certainty: &Certainty) -> u8 {
    match certainty {
        Certainty::Formed => 2,
        Certainty::FormedUnless(_) => 1,
        Certainty::Depends(_) => 0,
    }
}

fn stronger<'c>(a: &'c Certainty, b: &'c Certainty) -> &'c Certainty {
    if strength(b) > strength(a) { b } else { a }
}

fn strongest<'c>(all: impl IntoIterator<Item = &'c Certainty>) -> Option<Certainty> {
    all.into_iter().max_by_key(|certainty| strength(certainty)).cloned()
}

/// How certain it is that there are two: as certain as the second.
fn second_strongest<'c>(all: impl IntoIterator<Item = &'c Certainty>) -> Option<Certainty> {
    let mut all: Vec<&Certainty> = all.into_iter().collect();
    all.sort_by_key(|certainty| std::cmp::Reverse(strength(certainty)));
    all.get(1).map(|certainty| (*certainty).clone())
}
