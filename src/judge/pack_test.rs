//! The tests that a pack carries: facts in, verdicts out. `landfall rules test` runs them, and so do Landfall's own tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::decide::Sent;
use super::linkage::Sender;
use super::load::pack_files;
use super::region::date;
use super::{CategorySubject, Judge, Judgement, Pack, Status, Verdict, VerdictClass};
use crate::decode::{Direction, Part, PartKind};
use crate::detect::{Attributes, Confidence, DetectorKind, EvidenceKey, Finding, Position, Sensitive, SubjectKey};
use crate::locate::{Candidate, Country, Location, Network, Owner, Placement, Review, Standing, Unplaced};
use crate::rules::{RuleError, Ruleset, Source};

/// How one test of a pack went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    pub pack: Arc<str>,
    pub test: String,
    /// What differed.
    pub result: Result<(), String>,
}

/// Run the tests of every pack in force. A rule without a case that fires and one that does not is an error of its pack.
pub fn test_packs(rules: &Ruleset, judge: &Judge) -> Result<Vec<TestOutcome>, Vec<RuleError>> {
    let mut outcomes = Vec::new();
    let mut errors = Vec::new();
    let all = pack_files(rules).map_err(|error| vec![error])?;
    for pack in judge.packs() {
        // A replaced pack's tests went with it.
        let own = all.iter().rev().find(|files| files.digest() == *pack.digest);
        match own.map(|files| files.tests.ok_or_else(|| untested(pack))) {
            None => {}
            Some(Err(error)) => errors.push(error),
            Some(Ok(source)) => match test_pack(source, judge, pack) {
                Ok(run) => outcomes.extend(run),
                Err(error) => errors.extend(error),
            },
        }
    }
    if errors.is_empty() { Ok(outcomes) } else { Err(errors) }
}

fn untested(pack: &Pack) -> RuleError {
    RuleError::in_file(&format!("packs/{}", pack.id), "the pack has no tests").help("add a `tests.yaml`")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestsFile {
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// For people; nothing is decided by it.
    #[serde(default, rename = "cite")]
    _cite: Option<String>,
    facts: Facts,
    /// Strongest status per rule; rules that are not named must stay silent.
    expect: BTreeMap<String, Spanned<Status>>,
    /// Categories formed, with their numbers of subjects; all of them, where the key stands.
    categories: Option<BTreeMap<String, usize>>,
    /// Facts that the strongest verdicts must name between them.
    #[serde(default)]
    missing: Vec<String>,
    /// Class of every verdict that is not `not_in_scope`.
    class: Option<VerdictClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    #[serde(default = "some_day")]
    at: Spanned<String>,
    /// Absent: nobody knows the owner.
    owner: Option<OwnerFacts>,
    /// Country of the answering host.
    location: Option<Spanned<String>>,
    /// Country of the network's operator.
    network: Option<Spanned<String>>,
    #[serde(default)]
    findings: Vec<FindingFacts>,
    #[serde(default)]
    unread: bool,
    #[serde(default)]
    undelivered: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnerFacts {
    country: Spanned<String>,
    /// Owner group, where it matters which.
    #[serde(default = "some_owner")]
    group: String,
    domicile: Option<Spanned<String>>,
    #[serde(default)]
    candidate: CandidateWord,
    #[serde(default)]
    review: bool,
    #[serde(default)]
    services: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CandidateWord {
    Likely,
    Review,
    #[default]
    NoIndication,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingFacts {
    element: Spanned<String>,
    /// Equal values are equal identifiers.
    #[serde(default)]
    value: String,
    #[serde(default = "root")]
    record: String,
    #[serde(default)]
    part: PartWord,
    precision_m: Option<f64>,
    #[serde(default)]
    truncated: bool,
    /// Latitude and longitude.
    position: Option<(f64, f64)>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PartWord {
    #[default]
    RequestBody,
    RequestQuery,
    RequestHeader,
    RequestCookie,
    ResponseBody,
}

fn some_day() -> Spanned<String> {
    let nowhere = serde_saphyr::Location::UNKNOWN;
    Spanned::new("2026-10-21".to_owned(), nowhere, nowhere)
}

fn some_owner() -> String {
    "owner".to_owned()
}

fn root() -> String {
    "$".to_owned()
}

fn test_pack(source: &Source, judge: &Judge, pack: &Pack) -> Result<Vec<TestOutcome>, Vec<RuleError>> {
    let file: TestsFile = source.parse().map_err(|error| vec![error])?;
    let mut outcomes = Vec::new();
    let mut errors = Vec::new();
    let mut fired: BTreeSet<&str> = BTreeSet::new();
    let mut silent: BTreeSet<&str> = BTreeSet::new();
    for case in &file.tests {
        for rule in &pack.rules {
            let status = case.expect.get(&*rule.id).map(|status| status.value);
            let set = if status.is_some_and(|status| status > Status::NotInScope) { &mut fired } else { &mut silent };
            set.insert(&rule.id);
        }
        match case.run(source, judge, pack) {
            Ok(result) => outcomes.push(TestOutcome { pack: pack.id.clone(), test: case.name.clone(), result }),
            Err(error) => errors.push(error),
        }
    }
    // A category without elements cannot form.
    for rule in pack.rules.iter().filter(|rule| pack.can_fire(rule)) {
        for (set, what) in [(&fired, "fires"), (&silent, "stays silent")] {
            if !set.contains(&*rule.id) {
                let message = format!("rule `{}` has no test in which it {what}", rule.id);
                errors.push(RuleError::in_file(&source.name, message).help("add one"));
            }
        }
    }
    if errors.is_empty() { Ok(outcomes) } else { Err(errors) }
}

impl Case {
    fn run(&self, source: &Source, judge: &Judge, pack: &Pack) -> Result<Result<(), String>, RuleError> {
        if let Some((name, at)) = self.expect.iter().find(|(name, _)| pack.rules.iter().all(|rule| *rule.id != **name))
        {
            return Err(RuleError::in_file(&source.name, format!("unknown rule `{name}`")).at(at.referenced));
        }
        let findings =
            self.facts.findings.iter().map(|facts| facts.finding(source, pack)).collect::<Result<Vec<_>, _>>()?;
        let sent = Sent {
            host: "host.example",
            findings: &findings,
            placement: &self.facts.placement(source)?,
            day: date(&self.facts.at, source)?,
            undelivered: self.facts.undelivered,
            unread: self.facts.unread,
            sender: Sender::default(),
        };
        Ok(self.compare(&judge.judge_sent(&sent, &HashMap::new()), pack))
    }

    fn compare(&self, judgement: &Judgement, pack: &Pack) -> Result<(), String> {
        let own: Vec<&Verdict> = judgement.verdicts.iter().filter(|verdict| verdict.pack == pack.id).collect();
        let mut found: BTreeMap<String, Status> = BTreeMap::new();
        for verdict in &own {
            let strongest = found.entry(verdict.rule.to_string()).or_insert(verdict.status);
            *strongest = verdict.status.max(*strongest);
        }
        let expected: BTreeMap<String, Status> = self.expect.iter().map(|(rule, s)| (rule.clone(), s.value)).collect();
        if found != expected {
            return Err(format!("expected {}, got {}", words(&expected), words(&found)));
        }
        if let Some(fact) =
            self.missing.iter().find(|fact| !own.iter().any(|v| v.missing.iter().any(|m| **m == ***fact)))
        {
            return Err(format!("no verdict names `{fact}` as missing"));
        }
        let other = |verdict: &&&Verdict| verdict.status > Status::NotInScope && verdict.class != self.class;
        if let (Some(class), Some(verdict)) = (self.class, own.iter().find(other)) {
            return Err(format!("`{}` is not of class `{}`", verdict.rule, class.as_str()));
        }
        self.compare_categories(judgement, pack)
    }

    fn compare_categories(&self, judgement: &Judgement, pack: &Pack) -> Result<(), String> {
        let Some(expected) = &self.categories else { return Ok(()) };
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        for category in judgement.categories.iter().filter(|category| category.pack == pack.id) {
            let subjects = found.entry(category.category.to_string()).or_default();
            *subjects += usize::from(category.subject != CategorySubject::Unattributed);
        }
        if found == *expected { Ok(()) } else { Err(format!("expected categories {expected:?}, got {found:?}")) }
    }
}

fn words(statuses: &BTreeMap<String, Status>) -> String {
    let words: Vec<String> = statuses.iter().map(|(rule, status)| format!("{rule}: {}", status.as_str())).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

impl Facts {
    fn placement(&self, source: &Source) -> Result<Placement, RuleError> {
        let place = |word: &Option<Spanned<String>>| word.as_ref().map(|word| country(word, source)).transpose();
        let location = place(&self.location)?.map(|country| Location { country, standing: Standing::Claimed });
        let network = place(&self.network)?.map(|country| Network {
            asn: 64_500,
            name: None,
            registered: None,
            operator: None,
            country: Some(country),
            standing: Standing::Claimed,
        });
        let owner = self.owner.as_ref().map(|owner| owner.read(source)).transpose()?;
        Ok(Placement {
            location: location.ok_or(Unplaced::NoEvidence),
            network: network.ok_or(Unplaced::NoEvidence),
            owner: owner.map(Arc::new).ok_or(Unplaced::NoEvidence),
            processors: Vec::new(),
            registrable_domain: None,
            evidence: Vec::new(),
            refuted: Vec::new(),
            anycast: false,
            unseen: Vec::new(),
        })
    }
}

impl OwnerFacts {
    fn read(&self, source: &Source) -> Result<Owner, RuleError> {
        Ok(Owner {
            entity: "owner".into(),
            name: "Owner".into(),
            parent: None,
            group: self.group.as_str().into(),
            country: country(&self.country, source)?,
            domicile: self.domicile.as_ref().map(|word| country(word, source)).transpose()?,
            standing: Standing::Claimed,
            basis: "test".into(),
            control_pct: None,
            review: self.review.then_some(Review::Contested),
            alternatives: Vec::new(),
            as_of: "2026-01-01".into(),
            candidate: match self.candidate {
                CandidateWord::Likely => Candidate::Likely,
                CandidateWord::Review => Candidate::Review,
                CandidateWord::NoIndication => Candidate::NoIndication,
            },
            services: self.services.iter().map(|service| service.as_str().into()).collect(),
        })
    }
}

impl FindingFacts {
    fn finding(&self, source: &Source, pack: &Pack) -> Result<Finding, RuleError> {
        let element = self.element.value.as_str();
        let secret = [0; 32];
        let Some(role) = pack.role(element) else {
            let error = RuleError::in_file(&source.name, format!("element `{element}` means nothing to the pack"));
            return Err(error.at(self.element.referenced).help("name one of its lists"));
        };
        let names_somebody = role.rank.is_some() && !self.truncated;
        let subject = names_somebody.then(|| SubjectKey::new(0, &secret).subject(element, &self.value));
        Ok(Finding {
            element: element.into(),
            class: "test".into(),
            part: self.part.read(),
            path: format!("{}.{element}", self.record),
            record: self.record.clone(),
            detector: DetectorKind::Key,
            confidence: Confidence::High,
            why: crate::detect::Why::default(),
            layers: Vec::new(),
            attributes: Attributes { precision_m: self.precision_m, truncated: self.truncated },
            preview: String::new(),
            fingerprint: EvidenceKey::new(0, &secret).fingerprint(element, &self.value),
            subject,
            position: self.position.map(|(latitude, longitude)| Sensitive::new(Position { latitude, longitude })),
            track: Sensitive::new(Vec::new()),
            revealed: None,
            plain: None,
        })
    }
}

impl PartWord {
    fn read(self) -> Part {
        let (direction, kind) = match self {
            Self::RequestBody => (Direction::Request, PartKind::Body),
            Self::RequestQuery => (Direction::Request, PartKind::Query),
            Self::RequestHeader => (Direction::Request, PartKind::Header),
            Self::RequestCookie => (Direction::Request, PartKind::Cookie),
            Self::ResponseBody => (Direction::Response, PartKind::Body),
        };
        Part { direction, kind }
    }
}

fn country(word: &Spanned<String>, source: &Source) -> Result<Country, RuleError> {
    Country::new(&word.value).ok_or_else(|| {
        RuleError::in_file(&source.name, format!("`{}` is not a country code", word.value)).at(word.referenced)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_packs_pass_their_own_tests() {
        let rules = Ruleset::builtin();
        let judge = Judge::new(&rules, &[]).unwrap();
        let outcomes = test_packs(&rules, &judge).unwrap();
        let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.result.is_err()).collect();
        assert!(failed.is_empty(), "{failed:#?}");
        assert!(outcomes.len() > 40, "{}", outcomes.len());
    }
}
