//! Which findings of one request are about the same person or device (28 CFR 202.232, 202.233).
//!
//! - Only what the client sent counts: data in an answer links nothing.
//! - What stands in one record (array element) is linked; so is what stands outside all arrays, in whichever part.
//! - An array whose elements name different people (two or more elements with naming identifiers, none shared) is a list of
//!   people: each element stands for itself, and neither the others nor what is around the array is linked to it.
//! - Any other array holds facts about whoever is around it: events without identifiers, or one person's.
//!   Two arrays side by side that name one person each name two people.
//! - Elements without a naming identifier, but with a weak one each (an address, a cookie of a log's lines), are apart too,
//!   unless a naming identifier stands above them: one device has many addresses.
//! - An array under a name like `emails`, `telecom` or `ids` spells out one person's contacts or names, up to three of a kind.
//! - Records that share a naming identifier are of the same person.

use std::collections::{HashMap, HashSet};

use super::pack::Pack;
use super::record::{List, Records};
use super::{Identifier, LinkedBy};
use crate::decode::Direction;
use crate::detect::{DetectorKind, Finding, Fingerprint, SubjectId};

/// How many values of one element an array of attributes may hold and still be of one person.
const ATTRIBUTES: usize = 3;

/// Names of arrays whose elements are attributes of one person or device, in singular, lower case, letters only.
const ATTRIBUTE_NAMES: [&str; 33] = [
    "address",
    "alias",
    "contactpoint",
    "coordinate",
    "device",
    "deviceid",
    "eid",
    "email",
    "emailaddress",
    "externalid",
    "given",
    "handle",
    "hashedemail",
    "hashedphone",
    "id",
    "identifier",
    "identity",
    "ifa",
    "imei",
    "interface",
    "ip",
    "ipaddress",
    "line",
    "mac",
    "mail",
    "mobile",
    "name",
    "phone",
    "phonenumber",
    "telecom",
    "telephone",
    "uid",
    "username",
];

/// Findings about one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Indices, ascending.
    pub findings: Vec<usize>,
    pub linked_by: LinkedBy,
}

/// What names somebody: the keyed id, or where there is none the value's fingerprint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Name {
    Subject(SubjectId),
    Value(Fingerprint),
}

/// Group a request's findings by subject.
pub(super) fn link(pack: &Pack, findings: &[Finding]) -> Vec<Group> {
    let sent = |index: &usize| findings[*index].part.direction == Direction::Request;
    let linker = Linker { pack, findings, records: Records::new(findings, (0..findings.len()).filter(sent)) };
    let mut resolved = linker.resolve(0, false);
    if !resolved.own.is_empty() {
        resolved.others.push(resolved.own);
    }
    linker.join_shared(resolved.others)
}

struct Linker<'a> {
    pack: &'a Pack,
    findings: &'a [Finding],
    records: Records,
}

/// What is linked to a record, and the people it only mentions.
#[derive(Default)]
struct Resolved {
    own: Vec<usize>,
    others: Vec<Vec<usize>>,
}

/// What an array is, from the people it names.
enum Holds {
    Facts,
    OnePerson,
    People,
}

impl Linker<'_> {
    /// `anchored`: a naming identifier stands above. Depth is bounded by the records' own.
    fn resolve(&self, node: usize, anchored: bool) -> Resolved {
        let node = self.records.node(node);
        let mut result = Resolved { own: node.own.clone(), others: Vec::new() };
        let around: HashSet<Name> = node.own.iter().flat_map(|&index| self.naming(index)).collect();
        let anchored = anchored || !around.is_empty();
        let mut single = Vec::new();
        for list in &node.lists {
            let mut elements = Vec::with_capacity(list.elements.len());
            for &element in &list.elements {
                let resolved = self.resolve(element, anchored);
                elements.push(resolved.own);
                result.others.extend(resolved.others);
            }
            match self.holds(list, &elements, &around, anchored) {
                Holds::Facts => result.own.extend(elements.into_iter().flatten()),
                Holds::OnePerson => single.push(elements.into_iter().flatten().collect::<Vec<_>>()),
                Holds::People => result.others.extend(elements),
            }
        }
        match single.as_mut_slice() {
            [only] => result.own.append(only),
            several => result.others.extend(several.iter_mut().map(std::mem::take)),
        }
        result
    }

    fn holds(&self, list: &List, elements: &[Vec<usize>], around: &HashSet<Name>, anchored: bool) -> Holds {
        if self.spells_out_attributes(list, elements) {
            return Holds::Facts;
        }
        match self.count_people(elements, around) {
            0 if anchored => Holds::Facts,
            0 => {
                let weak = elements.iter().filter(|element| element.iter().any(|&index| self.is_weak(index))).count();
                if weak > 1 { Holds::People } else { Holds::Facts }
            }
            1 => Holds::OnePerson,
            _ => Holds::People,
        }
    }

    fn spells_out_attributes(&self, list: &List, elements: &[Vec<usize>]) -> bool {
        let singular = list.name.trim_end_matches("list").trim_end_matches('s');
        let plural = list.name.trim_end_matches("es");
        if !ATTRIBUTE_NAMES.iter().any(|name| *name == singular || *name == plural || *name == list.name) {
            return false;
        }
        let mut values: HashMap<&str, HashSet<Name>> = HashMap::new();
        for &index in elements.iter().flatten() {
            let of_element = values.entry(&self.findings[index].element).or_default();
            of_element.extend(self.naming(index));
        }
        values.values().all(|values| values.len() <= ATTRIBUTES)
    }

    /// Distinct people that the elements name, beside whoever is around the array.
    fn count_people(&self, elements: &[Vec<usize>], around: &HashSet<Name>) -> usize {
        let mut sets = DisjointSets::new(elements.len());
        let mut owners: HashMap<Name, usize> = HashMap::new();
        let mut named = vec![false; elements.len()];
        let mut known = vec![false; elements.len()];
        for (element, findings) in elements.iter().enumerate() {
            for name in findings.iter().flat_map(|&index| self.naming(index)) {
                named[element] = true;
                known[element] |= around.contains(&name);
                sets.join(*owners.entry(name).or_insert(element), element);
            }
        }
        let of = |marked: &[bool], sets: &mut DisjointSets| -> HashSet<usize> {
            (0..elements.len()).filter(|&element| marked[element]).map(|element| sets.find(element)).collect()
        };
        let around = of(&known, &mut sets);
        let all = of(&named, &mut sets);
        all.difference(&around).count() + usize::from(!around.is_empty() && all.len() > around.len())
    }

    /// Join groups that share a naming identifier, and say what ties each together.
    fn join_shared(&self, groups: Vec<Vec<usize>>) -> Vec<Group> {
        let mut sets = DisjointSets::new(groups.len());
        let mut owners: HashMap<Name, usize> = HashMap::new();
        for (group, findings) in groups.iter().enumerate() {
            for name in findings.iter().flat_map(|&index| self.naming(index)) {
                sets.join(*owners.entry(name).or_insert(group), group);
            }
        }
        let mut joined: Vec<(Vec<usize>, usize)> = vec![(Vec::new(), 0); groups.len()];
        for (group, findings) in groups.into_iter().enumerate() {
            let (all, parts) = &mut joined[sets.find(group)];
            all.extend(findings);
            *parts += 1;
        }
        let mut groups: Vec<Group> = joined
            .into_iter()
            .filter(|(findings, _)| !findings.is_empty())
            .map(|(mut findings, parts)| {
                findings.sort_unstable();
                let linked_by = if parts > 1 { LinkedBy::SharedIdentifier } else { self.tie(&findings) };
                Group { findings, linked_by }
            })
            .collect();
        groups.sort_by_key(|group| group.findings[0]);
        groups
    }

    fn tie(&self, findings: &[usize]) -> LinkedBy {
        let place = |index: &usize| (self.findings[*index].part, self.findings[*index].record.as_str());
        let first = place(&findings[0]);
        let one_record = first.1 != "$" && findings.iter().all(|index| place(index) == first);
        if one_record { LinkedBy::Record } else { LinkedBy::Request }
    }

    fn naming(&self, index: usize) -> Option<Name> {
        let finding = &self.findings[index];
        let naming = self.pack.role(&finding.element)?.naming && !finding.attributes.truncated;
        naming.then(|| finding.subject.map_or(Name::Value(finding.fingerprint), Name::Subject))
    }

    fn is_weak(&self, index: usize) -> bool {
        let role = self.pack.role(&self.findings[index].element);
        role.is_some_and(|role| role.listed.is_some() && !role.naming)
    }
}

/// Union-find with path halving.
struct DisjointSets(Vec<usize>);

impl DisjointSets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn find(&mut self, mut item: usize) -> usize {
        while self.0[item] != item {
            self.0[item] = self.0[self.0[item]];
            item = self.0[item];
        }
        item
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        self.0[a.max(b)] = a.min(b);
    }
}

/// Who sent a request, as far as Landfall knows it from elsewhere than the request itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sender {
    /// The user that authenticated to the proxy, or the device that the configuration names.
    pub known: Option<SubjectId>,
    /// The client's address, where it counts.
    pub address: Option<SubjectId>,
}

/// What names a group's subject, best name first, all of it of the same person. Where nothing in the request names anybody,
/// who sent it does, if the request is about one person only; a weak identifier stands alone, for it links nothing.
pub(super) fn identifiers(
    pack: &Pack,
    findings: &[Finding],
    group: &Group,
    alone: bool,
    sender: Sender,
) -> Vec<Identifier> {
    let named = |naming: bool| {
        let candidates = group.findings.iter().filter_map(move |&index| {
            let finding = &findings[index];
            let role = pack.role(&finding.element).filter(|role| role.naming == naming)?;
            let known = finding.detector == DetectorKind::Persona;
            let rank = if known { 0 } else { role.rank? };
            Some(Identifier { rank, id: finding.subject?, of_device: role.of_device })
        });
        let mut all: Vec<Identifier> = candidates.collect();
        all.sort_unstable();
        all.dedup_by_key(|identifier| identifier.id);
        all
    };
    let naming = named(true);
    if !naming.is_empty() {
        return naming;
    }
    let by_sender =
        |id: Option<SubjectId>| id.filter(|_| alone).map(|id| Identifier { rank: u8::MAX, id, of_device: false });
    let weak = || named(false).into_iter().next();
    by_sender(sender.known).or_else(weak).or_else(|| by_sender(sender.address)).into_iter().collect()
}

/// The identifier that stands for the subject where persons, or devices, are counted.
pub(super) fn representative(identifiers: &[Identifier], per_device: bool) -> Option<SubjectId> {
    let device = identifiers.iter().find(|identifier| per_device && identifier.of_device);
    device.or(identifiers.first()).map(|identifier| identifier.id)
}
