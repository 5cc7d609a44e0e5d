//! The judge: every pack in force, asked about one exchange.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::areas::Areas;
use super::decide::{Matter, Sent};
use super::form::form;
use super::linkage::link;
use super::load::{element_ids, load, pack_files};
use super::pack::{Pack, Threshold};
use super::recipient::Recipient;
use super::region::Regions;
use super::{Category, Cell, Contribution, Known, Verdict, WindowState};
use crate::decode::{Direction, Inspection, Unread};
use crate::detect::Finding;
use crate::exchange::{Connection, Coverage, Exchange, NoPeer};
use crate::locate::Placement;
use crate::rules::{RuleError, Ruleset, near_miss};

/// Rule packs in force.
#[derive(Debug)]
pub struct Judge {
    packs: Vec<Pack>,
    /// Government-related locations, as the user loaded them.
    areas: Areas,
    options: JudgeOptions,
}

/// What changes verdicts beside the packs themselves; stated in every record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JudgeOptions {
    /// Let the client's address, which every server sees, count as a listed identifier.
    pub count_implicit_client_ip: bool,
}

/// What judging one exchange yields.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    pub categories: Vec<Category>,
    pub verdicts: Vec<Verdict>,
    pub contributions: Vec<Contribution>,
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
        errors.extend(packs.iter().filter_map(|name| unknown_pack(name, &known)));
        if !errors.is_empty() {
            return Err(errors);
        }
        known.retain(|pack| packs.is_empty() || packs.iter().any(|name| **name == *pack.id));
        known.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { packs: known, areas, options: JudgeOptions::default() })
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
        let unit = self.packs.iter().flat_map(|pack| &pack.units).next();
        unit.into_iter().flat_map(|unit| &unit.order).map(ToString::to_string).collect()
    }

    /// Per pack and category, the number above which it is bulk.
    pub fn thresholds(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>, u64)> {
        self.packs.iter().flat_map(|pack| {
            pack.categories.iter().filter_map(move |category| match category.threshold {
                Threshold::MoreThan(number) => Some((&pack.id, &category.id, number)),
                Threshold::LowestOfPresent | Threshold::AnyVolume => None,
            })
        })
    }

    /// The listed-identifier class of an element (28 CFR 202.234), by the first pack that lists it.
    pub fn listed_class(&self, element: &str) -> Option<Arc<str>> {
        self.packs.iter().find_map(|pack| Some(pack.listed[pack.role(element)?.listed?].id.clone()))
    }

    /// What one exchange can tell: categories by subject, verdicts with the frame of their window, and what to count.
    pub fn judge(
        &self,
        exchange: &Exchange,
        findings: &[Finding],
        placement: &Placement,
        inspection: Inspection,
        unread: &[Unread],
    ) -> Judgement {
        let sent_unread = unread.iter().any(|unread| unread.part.direction == Direction::Request);
        self.judge_sent(&Sent {
            host: &exchange.destination.host,
            findings,
            placement,
            day: utc_day(exchange.started_at),
            undelivered: undelivered(exchange.destination.peer.as_ref().err()),
            unread: sent_unread || inspection == Inspection::None,
        })
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
        };
        self.judge_sent(&sent).verdicts
    }

    pub(super) fn judge_sent(&self, sent: &Sent<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        for pack in &self.packs {
            let recipient = Recipient::of(pack, sent.placement, sent.host);
            let groups = link(pack, sent.findings);
            let formed =
                form(pack, sent.findings, &groups, &recipient, self.options.count_implicit_client_ip, &self.areas);
            let matter = Matter { pack, sent, groups: &groups, formed: &formed, recipient: &recipient };
            let categories = matter.categories();
            judgement.contributions.extend(matter.contributions(&categories));
            judgement.verdicts.extend(matter.verdicts());
            judgement.categories.extend(categories);
        }
        judgement
    }

    /// The same verdicts with the counts that the past gives; `audit` offers it as `settle`.
    pub fn count(&self, verdicts: &[Verdict], known: &Known) -> Vec<Verdict> {
        let mut verdicts = verdicts.to_vec();
        for verdict in &mut verdicts {
            let (Some(window), Some(category)) = (&mut verdict.window, &verdict.category) else { continue };
            let cell = Cell {
                pack: verdict.pack.clone(),
                category: category.clone(),
                recipient_group: window.recipient_group.clone(),
            };
            window.subjects = known.subjects.get(&cell).copied().unwrap_or(0);
            window.state = WindowState::of(window.subjects, window.threshold);
            window.coverage = known.coverage;
            window.lower_bound |= known.gaps;
        }
        verdicts
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
