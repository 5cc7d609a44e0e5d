//! The judge: every pack in force, asked about one exchange.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::areas::Areas;
use super::decide::{Matter, Sent};
use super::declared::Declared;
use super::form::{compose, form};
use super::linkage::{Sender, identifiers, link};
use super::load::{element_ids, load, pack_files};
use super::pack::{Pack, Threshold};
use super::recipient::Recipient;
use super::region::Regions;
use super::{
    Category, CategorySubject, Cell, Contribution, Facet, Identifier, Known, Person, Projection, Settled, Verdict,
    Window, WindowState,
};
use crate::decode::{Direction, Inspection, Unread};
use crate::detect::{Finding, SubjectId};
use crate::exchange::{Connection, Coverage, Exchange, NoPeer};
use crate::locate::Placement;
use crate::rules::{RuleError, Ruleset, near_miss};

/// Rule packs in force.
#[derive(Debug)]
pub struct Judge {
    packs: Vec<Pack>,
    /// Government-related locations, as the user loaded them.
    areas: Areas,
    declared: Declared,
    options: JudgeOptions,
}

/// What changes verdicts beside the packs themselves; stated in every record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JudgeOptions {
    /// Let the client's address, which every server sees, count as a listed identifier.
    pub count_implicit_client_ip: bool,
    /// How many users the operator says that there are, for a projection of what one device shows.
    pub projected_users: Option<u64>,
}

/// What judging one exchange yields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    pub categories: Vec<Category>,
    pub verdicts: Vec<Verdict>,
    pub contributions: Vec<Contribution>,
    pub people: Vec<Person>,
}

/// What judging needs beside findings and placement, kept for judging again once the past is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    pub host: String,
    /// UTC.
    pub day: Date,
    /// Nothing reached the recipient.
    pub undelivered: bool,
    /// Something that the client sent was not read.
    pub unread: bool,
    pub sender: Sender,
}

impl Circumstances {
    pub fn of(exchange: &Exchange, inspection: Inspection, unread: &[Unread], sender: Sender) -> Self {
        let sent_unread = unread.iter().any(|unread| unread.part.direction == Direction::Request);
        Self {
            host: exchange.destination.host.clone(),
            day: utc_day(exchange.started_at),
            undelivered: undelivered(exchange.destination.peer.as_ref().err()),
            unread: sent_unread || inspection == Inspection::None,
            sender,
        }
    }
}

impl Judge {
    /// Understand the packs named (all of them where none is). Of packs with the same id the last counts.
    pub fn new(rules: &Ruleset, packs: &[String]) -> Result<Self, Vec<RuleError>> {
        let regions = Regions::new(&rules.regions)?;
        let elements = element_ids(rules);
        let mut known: Vec<Pack> = Vec::new();
        let mut errors = Vec::new();
        for files in pack_files(rules).map_err(|error| vec![error])? {
            match load(&files, &regions, &elements) {
                Ok(pack) => {
                    known.retain(|other| other.id != pack.id);
                    known.push(pack);
                }
                Err(error) => errors.push(error),
            }
        }
        let areas = Areas::new(&rules.gov_locations).unwrap_or_else(|of_areas| {
            errors.extend(of_areas);
            Areas::default()
        });
        let categories: Vec<&str> =
            known.iter().flat_map(|pack| &pack.categories).map(|category| &*category.id).collect();
        let declared = Declared::new(&rules.facts, &categories).unwrap_or_else(|of_facts| {
            errors.extend(of_facts);
            Declared::default()
        });
        errors.extend(packs.iter().filter_map(|name| unknown_pack(name, &known)));
        if !errors.is_empty() {
            return Err(errors);
        }
        known.retain(|pack| packs.is_empty() || packs.iter().any(|name| **name == *pack.id));
        known.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { packs: known, areas, declared, options: JudgeOptions::default() })
    }

    pub fn with_options(self, options: JudgeOptions) -> Self {
        Self { options, ..self }
    }

    pub fn options(&self) -> JudgeOptions {
        self.options
    }

    /// Packs in force, by id: identity, version and digest for the record and the metrics.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// Government-related locations in force.
    pub fn areas(&self) -> &Areas {
        &self.areas
    }

    /// Kinds of identifier by which a subject is told, strongest first, in the order of the first pack's first unit.
    pub fn subject_order(&self) -> Vec<String> {
        let kinds = self.packs.first().into_iter().flat_map(|pack| &pack.order).map(ToString::to_string);
        let mut order: Vec<String> = std::iter::once("persona".to_owned()).chain(kinds).collect();
        // Who sent it, where nothing better is in it; behind that only what is shared or changes.
        let weak = order.iter().position(|kind| kind == "weak").unwrap_or(order.len());
        order.insert(weak, "client_user_or_device".to_owned());
        if self.options.count_implicit_client_ip {
            order.push("client_address".to_owned());
        }
        order
    }

    /// Per pack and category, the number above which it is bulk.
    pub fn thresholds(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, u64)> {
        self.packs.iter().flat_map(|pack| {
            pack.categories.iter().filter_map(move |category| match category.threshold {
                Threshold::MoreThan(number) | Threshold::AtLeast(number) => Some((&pack.id, &category.id, number)),
                Threshold::LowestOfPresent | Threshold::AnyVolume => None,
            })
        })
    }

    /// The listed-identifier class of an element (28 CFR 202.234), by the first pack that lists it.
    pub fn listed_class(&self, element: &str) -> Option<Arc<str>> {
        self.packs.iter().find_map(|pack| Some(pack.listed[pack.role(element)?.listed?].id.clone()))
    }

    /// What one exchange can tell: categories by subject, verdicts with the frame of their window, and what to count.
    pub fn judge(&self, about: &Circumstances, findings: &[Finding], placement: &Placement) -> Judgement {
        self.judge_sent(&Sent::new(about, findings, placement), &HashMap::new())
    }

    /// A connection that was not opened: a question, unless the recipient is outside the rule or nothing was sent.
    pub fn judge_opaque(&self, connection: &Connection, placement: &Placement) -> Vec<Verdict> {
        let sent = Sent {
            host: &connection.destination.host,
            findings: &[],
            placement,
            day: utc_day(connection.started_at),
            undelivered: undelivered(connection.destination.peer.as_ref().err()),
            unread: matches!(connection.coverage, Coverage::Tunnelled(_)),
            sender: Sender::default(),
        };
        self.judge_sent(&sent, &HashMap::new()).verdicts
    }

    pub(super) fn judge_sent(&self, sent: &Sent<'_>, held: &Held) -> Judgement {
        let mut judgement = Judgement::default();
        for pack in &self.packs {
            let recipient = Recipient::of(pack, sent.placement, sent.host);
            let groups = link(pack, sent.findings);
            let alone = groups.len() == 1;
            let identifiers: Vec<Vec<Identifier>> =
                groups.iter().map(|group| identifiers(pack, sent.findings, group, alone, sent.sender)).collect();
            let held = |group: usize| {
                let name = identifiers[group].first()?.id;
                held.get(&(pack.id.clone(), name)).map(Vec::as_slice)
            };
            let implicit = self.options.count_implicit_client_ip;
            let formed = form(pack, sent.findings, &groups, &recipient, (implicit, &self.areas), &held);
            let names: Vec<&str> = recipient.names(sent.placement, sent.host);
            let declared = self.declared.about(&names, &pack.id, sent.day);
            let matter = Matter {
                declared: &declared,
                pack,
                sent,
                groups: &groups,
                formed: &formed,
                identifiers: &identifiers,
                recipient: &recipient,
            };
            judgement.categories.extend(matter.categories());
            judgement.contributions.extend(matter.contributions());
            judgement.people.extend(matter.people());
            judgement.verdicts.extend(matter.verdicts());
        }
        judgement
    }

    /// Categories of a pack that linked data forms for certain, from what was sent of one person.
    pub fn compose(&self, pack: &str, counts: bool, facets: &[Facet]) -> Vec<ComposedCategory> {
        let Some(pack) = self.packs.iter().find(|known| *known.id == *pack) else { return Vec::new() };
        let all: Vec<&Facet> = facets.iter().collect();
        let composed = compose(pack, counts, &all).into_iter().map(|index| &pack.categories[index]);
        composed.map(|category| (category.id.clone(), category.threshold == Threshold::LowestOfPresent)).collect()
    }

    /// What an assessment's facts come to once the past is known; `audit` offers it as `settle`.
    pub fn count(
        &self,
        (about, findings, placement): (&Circumstances, &[Finding], &Placement),
        judged: (&[Category], &[Verdict]),
        known: &Known,
    ) -> Settled {
        let (mut categories, mut verdicts) = if known.held.is_empty() {
            (judged.0.to_vec(), judged.1.to_vec())
        } else {
            let again = self.judge_sent(&Sent::new(about, findings, placement), &known.held);
            (again.categories, again.verdicts)
        };
        for category in &mut categories {
            let CategorySubject::Known(subject) = category.subject else { continue };
            let per_device = self.counts_devices(&category.pack, &category.unit);
            if let Some(name) = known.names.get(&(category.pack.clone(), subject, per_device)) {
                category.subject = CategorySubject::Known(*name);
            }
        }
        verdicts.iter_mut().for_each(|verdict| self.fill(verdict, known));
        Settled { categories, verdicts }
    }

    fn counts_devices(&self, pack: &str, unit: &str) -> bool {
        let pack = self.packs.iter().find(|known| *known.id == *pack);
        pack.is_some_and(|pack| pack.units.iter().any(|known| *known.id == *unit && known.per_device))
    }

    /// Put the count into a verdict's window.
    fn fill(&self, verdict: &mut Verdict, known: &Known) {
        let (Some(window), Some(category)) = (&mut verdict.window, &verdict.category) else { return };
        if let Some(pack) = self.packs.iter().find(|pack| pack.id == verdict.pack) {
            lowest_present(pack, category, window, known);
        }
        let cell = Cell {
            pack: verdict.pack.clone(),
            category: category.clone(),
            recipient_group: window.recipient_group.clone(),
            per_device: window.per_device,
        };
        window.subjects = known.subjects.get(&cell).copied().unwrap_or(0);
        window.state = WindowState::of(window.subjects, window.threshold, window.inclusive);
        window.coverage = known.coverage;
        window.lower_bound |= known.gaps;
        window.projection = self.options.projected_users.filter(|_| window.subjects > 0).map(|users| {
            let subjects = users.max(window.subjects);
            Projection { users, subjects, state: WindowState::of(subjects, window.threshold, window.inclusive) }
        });
    }
}

/// By pack and best name, what else was sent of a person.
type Held = HashMap<(Arc<str>, SubjectId), Vec<Facet>>;

/// A category, and whether it is counted both ways, by persons and by devices.
pub type ComposedCategory = (Arc<str>, bool);

/// Combined data goes by the lowest number among the categories present, in this exchange or before it at these recipients.
fn lowest_present(pack: &Pack, category: &str, window: &mut Window, known: &Known) {
    let rule = pack.categories.iter().find(|rule| *rule.id == *category);
    if rule.is_none_or(|rule| rule.threshold != Threshold::LowestOfPresent) {
        return;
    }
    for present in &pack.categories {
        let Threshold::MoreThan(number) = present.threshold else { continue };
        let per_device = pack.units[present.unit].per_device;
        let cell = Cell {
            pack: pack.id.clone(),
            category: present.id.clone(),
            recipient_group: window.recipient_group.clone(),
            per_device,
        };
        if number < window.threshold && known.subjects.get(&cell).is_some_and(|subjects| *subjects > 0) {
            (window.threshold, window.per_device) = (number, per_device);
        }
    }
}

fn unknown_pack(name: &str, known: &[Pack]) -> Option<RuleError> {
    let ids: HashSet<&str> = known.iter().map(|pack| pack.id.as_ref()).collect();
    if ids.contains(name) {
        return None;
    }
    let error = RuleError::in_file("packs", format!("unknown pack `{name}`"));
    Some(match near_miss(name, ids.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help("`landfall rules list` shows the known ones"),
    })
}

fn utc_day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// It is known that nobody received anything.
fn undelivered(no_peer: Option<&NoPeer>) -> bool {
    no_peer.is_some_and(|why| matches!(why, NoPeer::Unresolved | NoPeer::Unreachable | NoPeer::Refused))
}
