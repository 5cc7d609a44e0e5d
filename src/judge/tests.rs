//! The judge as a whole: what its files may hold, how counts are filled in, and that an unknown never clears.

use std::sync::Arc;

use std::collections::HashMap;

use proptest::prelude::*;

use super::decide::Sent;
use super::*;
use crate::decode::{Part, PartKind};
use crate::detect::{Attributes, Confidence, DetectorKind, EvidenceKey, Finding, Sensitive, SubjectKey};
use crate::locate::{Candidate, Country, Location, Owner, Placement, Standing, Unplaced};
use crate::rules::{Ruleset, Source};

fn judge() -> Judge {
    Judge::new(&Ruleset::builtin(), &["pppaus".to_owned()]).unwrap()
}

fn finding(element: &str, record: &str) -> Finding {
    let secret = [0; 32];
    Finding {
        element: element.into(),
        class: "test".into(),
        part: Part::request(PartKind::Body),
        path: format!("{record}.{element}"),
        record: record.into(),
        detector: DetectorKind::Key,
        confidence: Confidence::High,
        why: crate::detect::Why::default(),
        layers: Vec::new(),
        attributes: Attributes::default(),
        preview: String::new(),
        fingerprint: EvidenceKey::new(0, &secret).fingerprint(element, record),
        subject: Some(SubjectKey::new(0, &secret).subject(element, record)),
        position: None,
        track: Sensitive::new(Vec::new()),
        revealed: None,
        plain: None,
    }
}

fn owner(country: &str) -> Owner {
    Owner {
        entity: "owner".into(),
        name: "Owner".into(),
        parent: None,
        group: "owner".into(),
        country: Country::new(country).unwrap(),
        domicile: None,
        standing: Standing::Claimed,
        basis: "test".into(),
        control_pct: None,
        review: None,
        alternatives: Vec::new(),
        as_of: "2026-01-01".into(),
        candidate: Candidate::NoIndication,
        services: Vec::new(),
    }
}

fn placement(owner: Option<Owner>, location: Option<&str>) -> Placement {
    let at = |country| Location { country: Country::new(country).unwrap(), standing: Standing::Claimed };
    Placement {
        location: location.map(at).ok_or(Unplaced::NoEvidence),
        network: Err(Unplaced::NoEvidence),
        owner: owner.map(Arc::new).ok_or(Unplaced::NoEvidence),
        processors: Vec::new(),
        registrable_domain: Some("host.example".into()),
        evidence: Vec::new(),
        refuted: Vec::new(),
        anycast: false,
        unseen: Vec::new(),
    }
}

fn sent<'a>(findings: &'a [Finding], placement: &'a Placement, unread: bool) -> Sent<'a> {
    let day = jiff::civil::date(2026, 11, 24);
    Sent { host: "a.host.example", findings, placement, day, undelivered: false, unread, sender: Sender::default() }
}

fn strongest(verdicts: &[Verdict]) -> Option<Status> {
    verdicts.iter().map(|verdict| verdict.status).max()
}

#[test]
fn counts_are_filled_into_the_window_of_their_cell() {
    let findings: Vec<Finding> =
        (0..1001).flat_map(|i| ["gaid", "precise_geolocation"].map(|e| finding(e, &format!("$.fixes[{i}]")))).collect();
    let placement = placement(Some(owner("CN")), None);
    let judgement = judge().judge_sent(&sent(&findings, &placement, false), &HashMap::new());
    let mut subjects: HashMap<Cell, u64> = HashMap::new();
    for contribution in &judgement.contributions {
        *subjects.entry(contribution.cell.clone()).or_default() += 1;
    }
    let known = Known { subjects, coverage: 0.5, gaps: true, ..Known::default() };
    let about = Circumstances {
        host: "a.host.example".to_owned(),
        day: jiff::civil::date(2026, 11, 24),
        undelivered: false,
        unread: false,
        sender: Sender::default(),
    };
    let judged = (&judgement.categories[..], &judgement.verdicts[..]);
    let settled = judge().count((&about, &findings, &placement), judged, &known).verdicts;
    let of = |category: &str| {
        settled.iter().find(|v| v.category.as_deref() == Some(category)).and_then(|v| v.window.clone()).unwrap()
    };
    let window = of("precise_geolocation");
    assert_eq!((window.subjects, window.threshold, window.state), (1001, 1000, WindowState::Over));
    assert_eq!((window.from.to_string().as_str(), &*window.recipient_group), ("2025-11-24", "owner"));
    assert!(window.lower_bound && window.coverage == 0.5);
    assert_eq!(of("combined").threshold, 1000);
}

#[test]
fn the_reason_doubts_only_what_the_status_leaves_open() {
    let findings = [finding("ip_address", "$"), finding("cookie_id", "$")];
    let reason = |services: &[&str]| {
        let services = services.iter().map(|service| (*service).into()).collect();
        let placement = placement(Some(Owner { services, ..owner("CN") }), None);
        let verdicts = judge().judge_sent(&sent(&findings, &placement, false), &HashMap::new()).verdicts;
        (verdicts[0].status, verdicts[0].reasons[0].clone())
    };
    let (status, said) = reason(&["analytics"]);
    assert_eq!(status, Status::InScope);
    assert!(said.ends_with("was sent, unless necessity excludes it (28 CFR 202.212(b)(2))"), "{said}");
    let (status, said) = reason(&["telephony"]);
    assert_eq!(status, Status::Undetermined);
    assert!(said.ends_with("may have been sent: necessity decides (28 CFR 202.212(b)(2))"), "{said}");
}

#[test]
fn an_owner_nobody_knows_pools_by_domain() {
    let findings = [finding("email", "$"), finding("imei", "$")];
    let placement = placement(None, None);
    let judgement = judge().judge_sent(&sent(&findings, &placement, false), &HashMap::new());
    assert_eq!(&*judgement.contributions[0].cell.recipient_group, "host.example");
}

#[test]
fn the_clients_own_address_counts_only_when_told_to() {
    let findings = [finding("email", "$")];
    let placement = placement(Some(owner("CN")), None);
    let with = judge().with_options(JudgeOptions { count_implicit_client_ip: true, ..JudgeOptions::default() });
    assert!(judge().judge_sent(&sent(&findings, &placement, false), &HashMap::new()).categories.is_empty());
    let judgement = with.judge_sent(&sent(&findings, &placement, false), &HashMap::new());
    assert_eq!(judgement.categories[0].linked_by, LinkedBy::ClientIp);
    assert_eq!(strongest(&judgement.verdicts), Some(Status::InScope));
}

#[test]
fn classes_and_thresholds_are_those_of_the_rule() {
    let judge = judge();
    assert_eq!(judge.listed_class("email").as_deref(), Some("demographic_contact"));
    assert_eq!(judge.listed_class("precise_geolocation"), None);
    let numbers: Vec<u64> = judge.thresholds().map(|(_, _, number)| number).collect();
    assert_eq!(numbers, [100, 1000, 1000, 1000, 10_000, 10_000, 100_000]);
}

/// The built-in rules with one replacement in one file of the pack.
fn edited(file: &str, from: &str, to: &str) -> String {
    let mut rules = Ruleset::builtin();
    rules.packs.retain(|source| source.path.starts_with("packs/pppaus/"));
    let source = rules.packs.iter_mut().find(|source| source.path.ends_with(file)).unwrap();
    assert!(source.text.contains(from), "{from}");
    source.text = source.text.replacen(from, to, 1);
    Judge::new(&rules, &[]).unwrap_err()[0].to_string()
}

#[test]
fn errors_name_the_place_and_the_near_miss() {
    let check = |file, from, to, expected: &[&str]| {
        let error = edited(file, from, to);
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    };
    let place = "`built-in rules/packs/pppaus/pack.yaml` line ";
    let region = "unknown region `pppaus_countries_of_concrn`; did you mean `pppaus_countries_of_concern`?";
    check("pack.yaml", "pppaus_countries_of_concern", "pppaus_countries_of_concrn", &[place, region]);
    check("pack.yaml", "unit: us_device", "unit: us_devise", &[place, "unknown unit `us_devise`; did you mean"]);
    check(
        "pack.yaml",
        "classes: [government_id]",
        "classes: [goverment_id]",
        &["unknown identifier class", "did you mean"],
    );
    check("pack.yaml", "threshold: any", "threshold: some", &["`some` is not a threshold"]);
    check("pack.yaml", "form: combined", "form: combi", &["category `combined` does not say how it forms"]);
    check("pack.yaml", "months: 12", "months: 0", &["a window is of 1 to 1200 months"]);
    check("pack.yaml", "in_force: 2025-04-08", "in_force: spring", &["`spring` is not a date"]);
    check("rules.yaml", "category: combined", "category: combned", &["unknown category", "did you mean `combined`?"]);
    check("rules.yaml", "pppaus-human-omic", "pppaus-human-genomic", &["rule `pppaus-human-genomic` is defined twice"]);
    check("rules.yaml", "severity:", "severty:", &["severty"]);
    assert!(Judge::new(&Ruleset::builtin(), &["pppus".to_owned()]).unwrap_err()[0].to_string().contains("`pppaus`"));
}

#[test]
fn a_users_pack_replaces_the_built_in_one_whole() {
    let mut rules = Ruleset::builtin();
    rules.packs.retain(|source| source.path.starts_with("packs/pppaus/"));
    let builtin = judge().packs()[0].digest.clone();
    let copies: Vec<Source> = rules
        .packs
        .iter()
        .map(|source| Source { name: format!("/mine/{}", source.path), ..source.clone() })
        .map(|source| Source { text: source.text.replace("version: \"2026.1\"", "version: mine"), ..source })
        .collect();
    rules.packs.extend(copies);
    let judge = Judge::new(&rules, &[]).unwrap();
    assert_eq!(judge.packs().len(), 1);
    assert_eq!(&*judge.packs()[0].version, "mine");
    assert_ne!(judge.packs()[0].digest, builtin);
}

const ELEMENTS: [&str; 8] =
    ["email", "gaid", "imei", "ip_address", "username", "ssn", "precise_geolocation", "vital_sign"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Forgetting who the owner is never clears what was in scope, and never accuses what was not formed.
    #[test]
    fn forgetting_the_owner_leaves_a_question(
        picks in prop::collection::vec((0..ELEMENTS.len(), 0..3_usize), 0..6),
        country in prop::sample::select(vec!["CN", "US", "DE"]),
        unread: bool,
    ) {
        let records = ["$", "$.rows[0]", "$.rows[1]"];
        let findings: Vec<Finding> = picks.iter().map(|(e, r)| finding(ELEMENTS[*e], records[*r])).collect();
        let (known, unknown) = (placement(Some(owner(country)), None), placement(None, None));
        let judge = judge();
        let before = judge.judge_sent(&sent(&findings, &known, unread), &HashMap::new());
        let after = judge.judge_sent(&sent(&findings, &unknown, unread), &HashMap::new());
        prop_assert_ne!(strongest(&after.verdicts), Some(Status::InScope));
        prop_assert_ne!(strongest(&after.verdicts), Some(Status::NotInScope));
        if !before.verdicts.is_empty() {
            prop_assert_eq!(strongest(&after.verdicts), Some(Status::Undetermined));
        }
        prop_assert!(after.verdicts.iter().all(|verdict| verdict.missing.iter().any(|fact| &**fact == "owner")));
    }

    /// What could not be read never makes a verdict weaker.
    #[test]
    fn an_unread_body_never_clears(
        picks in prop::collection::vec(0..ELEMENTS.len(), 0..4),
        country in prop::sample::select(vec!["CN", "US", "DE"]),
    ) {
        let findings: Vec<Finding> = picks.iter().map(|e| finding(ELEMENTS[*e], "$")).collect();
        let placement = placement(Some(owner(country)), None);
        let judge = judge();
        let read = judge.judge_sent(&sent(&findings, &placement, false), &HashMap::new());
        let unread = judge.judge_sent(&sent(&findings, &placement, true), &HashMap::new());
        prop_assert!(strongest(&unread.verdicts) >= strongest(&read.verdicts));
        prop_assert!(country == "US" || strongest(&unread.verdicts) >= Some(Status::Undetermined));
    }
}
