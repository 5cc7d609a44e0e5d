//! From categories and a recipient to verdicts: what each rule says, why, and what it would still need to know.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::declared::{DeclaredFact, FactKind, settles};
use super::engine::Circumstances;
use super::form::{self, Certainty, Formed};
use super::linkage::{self, Group, Sender};
use super::pack::{Form, Pack, Rule, Threshold, When};
use super::recipient::{Recipient, Standing};
use super::truth::Truth;
use super::{
    Category, CategorySubject, Cell, Contribution, Identifier, Person, Severity, Status, Verdict, VerdictClass, Window,
    WindowState,
};
use crate::detect::{Finding, SubjectId};
use crate::locate::Placement;

/// A verdict in the making.
#[derive(Clone, PartialEq)]
struct Said {
    status: Status,
    class: Option<VerdictClass>,
    reasons: Vec<String>,
    missing: Vec<Arc<str>>,
}

/// What was sent, to whom and when: all that judging looks at.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub host: &'a str,
    pub findings: &'a [Finding],
    pub placement: &'a Placement,
    /// UTC.
    pub day: Date,
    /// Nothing reached the recipient.
    pub undelivered: bool,
    /// Something that the client sent was not read.
    pub unread: bool,
    pub sender: Sender,
}

impl<'a> Sent<'a> {
    pub fn new(about: &'a Circumstances, findings: &'a [Finding], placement: &'a Placement) -> Self {
        let Circumstances { host, day, undelivered, unread, sender } = about;
        let (day, undelivered, unread, sender) = (*day, *undelivered, *unread, *sender);
        Self { host, findings, placement, day, undelivered, unread, sender }
    }
}

/// What a pack judges: what was sent, its findings grouped and formed.
pub(super) struct Matter<'a> {
    pub pack: &'a Pack,
    pub sent: &'a Sent<'a>,
    pub groups: &'a [Group],
    pub formed: &'a [Formed],
    /// Per group, what names its subject.
    pub identifiers: &'a [Vec<Identifier>],
    pub recipient: &'a Recipient,
    /// What the operator declared of the recipient.
    pub declared: &'a [DeclaredFact],
}

impl Matter<'_> {
    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for rule in &self.pack.rules {
            match rule.when {
                When::Category(category) => verdicts.extend(self.category_verdict(rule, category)),
                When::UnreadRequest => verdicts.extend(self.unread_verdict(rule)),
                When::OtherForeignRecipient => verdicts.extend(self.notices(rule)),
            }
        }
        verdicts
    }

    /// One line per category and subject; what is only possible is not formed and has none.
    pub fn categories(&self) -> Vec<Category> {
        let mut lines: Vec<Category> = Vec::new();
        let mut known: BTreeMap<(usize, Option<SubjectId>), usize> = BTreeMap::new();
        for formed in self.formed.iter().filter(|formed| formed.certainty.is_formed()) {
            let rule = &self.pack.categories[formed.category];
            let unit = self.unit(formed.category);
            let subject = linkage::representative(&self.identifiers[formed.group], self.pack.units[unit].per_device);
            let numbers = formed.findings.iter().map(|index| u32::try_from(index + 1).unwrap_or(u32::MAX));
            if let Some(&line) = known.get(&(formed.category, subject)) {
                lines[line].findings.extend(numbers);
                continue;
            }
            known.insert((formed.category, subject), lines.len());
            lines.push(Category {
                pack: self.pack.id.clone(),
                category: rule.id.clone(),
                findings: numbers.collect(),
                subject: subject.map_or(CategorySubject::Unattributed, CategorySubject::Known),
                unit: self.pack.units[unit].id.clone(),
                linked_by: formed.linked_by,
            });
        }
        lines
    }

    /// What the exchange adds to the counts. Data that went to a person at home, or nowhere, is none of a window's.
    pub fn contributions(&self) -> Vec<Contribution> {
        if self.is_outside() {
            return Vec::new();
        }
        let mut seen: HashSet<(usize, bool, SubjectId)> = HashSet::new();
        let mut contributions = Vec::new();
        for formed in self.formed.iter().filter(|formed| formed.certainty.is_formed()) {
            let rule = &self.pack.categories[formed.category];
            let units: &[bool] = match rule.threshold {
                Threshold::AnyVolume => &[],
                // Which of them governs depends on what else goes there.
                Threshold::LowestOfPresent => &[false, true],
                Threshold::MoreThan(_) | Threshold::AtLeast(_) => &[self.pack.units[rule.unit].per_device],
            };
            for &per_device in units {
                let Some(subject) = linkage::representative(&self.identifiers[formed.group], per_device) else {
                    continue;
                };
                if seen.insert((formed.category, per_device, subject)) {
                    let cell = self.cell(&rule.id, per_device);
                    contributions.push(Contribution { cell, subject, day: self.sent.day });
                }
            }
        }
        contributions
    }

    /// Whoever the exchange names, for linking with what else goes to the same recipients.
    pub fn people(&self) -> Vec<Person> {
        if self.is_outside() || !self.pack.counts_people() {
            return Vec::new();
        }
        let person = |(group, identifiers): (usize, &Vec<Identifier>)| {
            let own: Vec<Formed> = self.formed.iter().filter(|formed| formed.group == group).cloned().collect();
            let facets = form::facets(self.pack, self.sent.findings, &self.groups[group], &own);
            if identifiers.is_empty() || facets.is_empty() {
                return None;
            }
            let composite = |form: &Form| matches!(form, Form::LinkedIdentifiers | Form::Combined);
            let complete = self.pack.categories.iter().enumerate().filter(|(_, rule)| composite(&rule.form)).all(
                |(category, _)| own.iter().any(|formed| formed.category == category && formed.certainty.is_formed()),
            );
            Some(Person {
                pack: self.pack.id.clone(),
                recipient_group: self.recipient.group.clone(),
                from: self.pack.window_start(self.sent.day),
                identifiers: identifiers.clone(),
                facets,
                counts: form::counts(self.pack, self.recipient),
                complete,
            })
        };
        self.identifiers.iter().enumerate().filter_map(person).collect()
    }

    fn is_outside(&self) -> bool {
        self.recipient.standing == Standing::Home || self.out_of_force() || self.sent.undelivered
    }

    fn category_verdict(&self, rule: &Rule, category: usize) -> Option<Verdict> {
        if let Form::Presence { groups, except, missing } = &self.pack.categories[category].form {
            return self.presence_verdict(rule, category, (groups, except), missing.as_ref());
        }
        let formed: Vec<&Formed> = self.formed.iter().filter(|formed| formed.category == category).collect();
        let certain = formed.iter().any(|formed| formed.certainty.is_formed());
        let is_formed = match formed.as_slice() {
            [] => return None,
            _ if certain => Truth::Yes,
            _ => Truth::Unknown,
        };
        let applies = if self.out_of_force() || self.sent.undelivered { Truth::No } else { Truth::Yes };
        let status = Status::from(is_formed.and(self.recipient.is_candidate()).and(applies));
        if status == Status::NotInScope && !certain {
            return None;
        }
        let mut reasons = vec![self.formed_reason(category, &formed)];
        reasons.extend(self.recipient.reasons.iter().cloned());
        reasons.extend(self.inapplicable());
        let mut missing = Vec::new();
        if status != Status::NotInScope {
            missing.extend(self.recipient.missing.iter().cloned());
            missing.extend(self.doubts(&formed, certain));
            missing.extend(rule.needs.iter().cloned());
        }
        Some(self.verdict(rule, Some(category), status, reasons, missing))
    }

    /// The recipient alone is what the rule asks about.
    fn presence_verdict(
        &self,
        rule: &Rule,
        category: usize,
        (groups, except): (&[Arc<str>], &[Arc<str>]),
        missing: Option<&Arc<str>>,
    ) -> Option<Verdict> {
        let named = groups.is_empty() || groups.contains(&self.recipient.group);
        if !named || except.contains(&self.recipient.group) || self.out_of_force() || self.sent.undelivered {
            return None;
        }
        let decided = if missing.is_some() { Truth::Unknown } else { Truth::Yes };
        let status = match self.recipient.standing {
            Standing::Candidate => Status::from(decided),
            Standing::Review => Status::Undetermined,
            Standing::Unknown | Standing::Conditional | Standing::OtherForeign | Standing::Home => return None,
        };
        let about = &self.pack.categories[category];
        let mut reasons = vec![format!("{} was met ({})", about.title, about.section)];
        reasons.extend(self.recipient.reasons.iter().cloned());
        let missing = missing.into_iter().chain(&self.recipient.missing).chain(&rule.needs).cloned().collect();
        Some(self.verdict(rule, Some(category), status, reasons, missing))
    }

    fn unread_verdict(&self, rule: &Rule) -> Option<Verdict> {
        let outside = self.recipient.standing == Standing::Home || self.out_of_force() || self.sent.undelivered;
        if !self.sent.unread || outside {
            return None;
        }
        let cite = rule.references.first().map_or("", AsRef::as_ref);
        let mut reasons =
            vec![format!("something that the client sent could not be read, and encrypted data counts ({cite})")];
        reasons.extend(self.recipient.reasons.iter().cloned());
        let missing = rule.needs.iter().chain(&self.recipient.missing).cloned().collect();
        Some(self.verdict(rule, None, Status::Undetermined, reasons, missing))
    }

    /// Towards any other foreign owner, each category raises the question of the contract.
    fn notices(&self, rule: &Rule) -> Vec<Verdict> {
        if self.recipient.standing != Standing::OtherForeign || self.out_of_force() || self.sent.undelivered {
            return Vec::new();
        }
        let mut categories: Vec<usize> = self.formed.iter().map(|formed| formed.category).collect();
        categories.sort_unstable();
        categories.dedup();
        let notice = |category| {
            let formed: Vec<&Formed> = self.formed.iter().filter(|formed| formed.category == category).collect();
            let certain = formed.iter().any(|formed| formed.certainty.is_formed());
            let mut reasons = vec![self.formed_reason(category, &formed)];
            reasons.extend(self.recipient.reasons.iter().cloned());
            let cite = rule.references.first().map_or("", AsRef::as_ref);
            reasons.push(format!("brokerage with it needs a contract that bars onward transfer ({cite})"));
            let missing = rule.needs.iter().cloned().chain(self.doubts(&formed, certain)).collect();
            self.verdict(rule, Some(category), Status::Undetermined, reasons, missing)
        };
        categories.into_iter().map(notice).collect()
    }

    fn verdict(
        &self,
        rule: &Rule,
        category: Option<usize>,
        status: Status,
        reasons: Vec<String>,
        mut missing: Vec<Arc<str>>,
    ) -> Verdict {
        let mut seen = std::collections::HashSet::new();
        missing.retain(|fact| seen.insert(fact.clone()));
        let category_id = category.map(|index| &*self.pack.categories[index].id);
        let mut said = Said { status, class: rule.class, reasons, missing };
        for fact in self.declared.iter().filter(|fact| fact.covers(category_id)) {
            self.declare(fact, category, &mut said);
        }
        let Said { status, class, reasons, missing } = said;
        let (class, severity) = match status {
            Status::InScope => (class, rule.in_scope),
            Status::Undetermined => (class, rule.undetermined),
            Status::NotInScope => (None, Severity::Info),
        };
        Verdict {
            pack: self.pack.id.clone(),
            rule: rule.id.clone(),
            category: category.map(|index| self.pack.categories[index].id.clone()),
            status,
            class,
            severity,
            reasons,
            missing,
            window: category.filter(|_| status != Status::NotInScope).and_then(|category| self.window(category)),
        }
    }

    /// Let a declared fact change what a verdict says, and say so.
    fn declare(&self, fact: &DeclaredFact, category: Option<usize>, said: &mut Said) {
        if said.status == Status::NotInScope || category.is_none() {
            return; // An unread body may hold anything.
        }
        let before = said.clone();
        let needed = said.missing.contains(&settles(fact.kind));
        match (fact.kind, fact.value.as_str()) {
            (FactKind::Exemption, section) if self.exempts(section, category) => said.status = Status::NotInScope,
            (FactKind::PublicRecord, _) => said.status = Status::NotInScope,
            (FactKind::ContractClause, "in_place") if needed => said.status = Status::NotInScope,
            (FactKind::TransferTool, tool) if needed && tool != "none" => said.status = Status::NotInScope,
            (FactKind::Purpose, "telecommunications") if needed => said.status = Status::NotInScope,
            (FactKind::Purpose, _) if needed && self.recipient.standing == Standing::Candidate => {
                said.status = Status::InScope;
            }
            (FactKind::TransactionType, kind) => match (said.class, kind) {
                (Some(VerdictClass::ProhibitedIfBrokerage), "brokerage") => said.class = Some(VerdictClass::Prohibited),
                (Some(VerdictClass::ProhibitedIfBrokerage), _) => said.class = Some(VerdictClass::Restricted),
                // The question of onward transfer is one of brokerage alone.
                (Some(VerdictClass::Notice), kind) if kind != "brokerage" && needed => said.status = Status::NotInScope,
                _ => {}
            },
            _ => {}
        }
        let settled = settles(fact.kind);
        if fact.kind != FactKind::Exemption && fact.kind != FactKind::PublicRecord {
            said.missing.retain(|missing| *missing != settled);
        }
        if said.status == Status::NotInScope {
            said.missing.clear();
        }
        if *said != before {
            said.reasons.push(fact.said());
        }
    }

    /// Whether an exemption covers a category: some name the categories they are for, whatever rides along.
    fn exempts(&self, section: &str, category: Option<usize>) -> bool {
        let only =
            self.pack.exemptions.iter().find(|(known, _)| section.ends_with(known.trim_start_matches("28 CFR ")));
        only.is_none_or(|(_, categories)| category.is_some_and(|category| categories.contains(&category)))
    }

    /// The window's frame; `settle` fills the count in.
    fn window(&self, category: usize) -> Option<Window> {
        let (threshold, inclusive) = match self.pack.categories[category].threshold {
            Threshold::MoreThan(number) => (number, false),
            Threshold::AtLeast(number) => (number, true),
            Threshold::LowestOfPresent => (self.lowest()?.1, false),
            Threshold::AnyVolume => return None,
        };
        let unattributed = self
            .formed
            .iter()
            .filter(|formed| formed.category == category)
            .any(|formed| self.identifiers[formed.group].is_empty());
        Some(Window {
            from: self.pack.window_start(self.sent.day),
            to: self.sent.day,
            recipient_group: self.recipient.group.clone(),
            subjects: 0,
            threshold,
            inclusive,
            per_device: self.pack.units[self.unit(category)].per_device,
            state: WindowState::Below,
            coverage: 0.0,
            lower_bound: unattributed,
            projection: None,
        })
    }

    /// Category with the lowest number among those formed, and the number.
    fn lowest(&self) -> Option<(usize, u64)> {
        let numbers = self.formed.iter().filter_map(|formed| match self.pack.categories[formed.category].threshold {
            Threshold::MoreThan(number) => Some((number, formed.category)),
            Threshold::AtLeast(_) | Threshold::LowestOfPresent | Threshold::AnyVolume => None,
        });
        numbers.min().map(|(number, category)| (category, number))
    }

    /// Combined data is counted in the unit of the category whose number governs.
    fn unit(&self, category: usize) -> usize {
        let rule = &self.pack.categories[category];
        match (&rule.form, self.lowest()) {
            (Form::Combined, Some((governing, _))) => self.pack.categories[governing].unit,
            _ => rule.unit,
        }
    }

    fn cell(&self, category: &Arc<str>, per_device: bool) -> Cell {
        let recipient_group = self.recipient.group.clone();
        Cell { pack: self.pack.id.clone(), category: category.clone(), recipient_group, per_device }
    }

    fn doubts<'f>(&self, formed: &[&'f Formed], certain: bool) -> impl Iterator<Item = Arc<str>> + use<'f> {
        let relevant: Vec<&'f Formed> =
            formed.iter().copied().filter(|formed| formed.certainty.is_formed() == certain).collect();
        relevant.into_iter().filter_map(|formed| formed.certainty.fact().cloned())
    }

    fn formed_reason(&self, category: usize, formed: &[&Formed]) -> String {
        let rule = &self.pack.categories[category];
        let strongest = formed.iter().find(|formed| formed.certainty.is_formed()).or(formed.first());
        let because = strongest.map_or(&rule.section, |formed| &formed.because);
        match strongest.map(|formed| &formed.certainty) {
            None | Some(Certainty::Formed) => format!("{} was sent ({because})", rule.title),
            // Formed is formed: the reason must not doubt what the status says.
            Some(Certainty::FormedUnless(fact)) => {
                format!("{} was sent, unless {} excludes it ({because})", rule.title, fact.replace('_', " "))
            }
            Some(Certainty::Depends(fact)) => {
                format!("{} may have been sent: {} decides ({because})", rule.title, fact.replace('_', " "))
            }
        }
    }

    fn inapplicable(&self) -> Option<String> {
        if self.sent.undelivered {
            Some("nothing reached the recipient".to_owned())
        } else if self.out_of_force() {
            Some(format!("the rule is in force only from {}", self.pack.in_force))
        } else {
            None
        }
    }

    fn out_of_force(&self) -> bool {
        self.sent.day < self.pack.in_force
    }
}
