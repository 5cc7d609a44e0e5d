//! Judging one exchange: `cargo bench --bench judge`. What counting costs is the ledger's; judging is this.

use std::sync::Arc;

use divan::{Bencher, black_box};
use landfall::decode::{Part, PartKind};
use landfall::detect::{
    Attributes, Confidence, DetectorKind, EvidenceKey, Finding, Position, Sensitive, SubjectKey, Why,
};
use landfall::judge::{Circumstances, Judge, Sender};
use landfall::locate::{Candidate, Country, Owner, Placement, Standing, Unplaced};
use landfall::rules::Ruleset;

fn main() {
    divan::main();
}

/// What an advertising kit sends of one device.
const ELEMENTS: [&str; 10] = [
    "gaid",
    "precise_geolocation",
    "email",
    "user_id",
    "android_id",
    "ip_address",
    "cookie_id",
    "person_name",
    "phone_number",
    "zip_code",
];

fn finding(element: &str, record: &str) -> Finding {
    let secret = [0; 32];
    let at = (element == "precise_geolocation").then_some(Position { latitude: 45.5, longitude: -122.6 });
    Finding {
        element: element.into(),
        class: "bench".into(),
        part: Part::request(PartKind::Body),
        path: format!("{record}.{element}"),
        record: record.into(),
        detector: DetectorKind::Key,
        confidence: Confidence::High,
        why: Why::default(),
        layers: Vec::new(),
        attributes: Attributes { precision_m: at.map(|_| 10.0), truncated: false },
        preview: String::new(),
        fingerprint: EvidenceKey::new(0, &secret).fingerprint(element, record),
        subject: Some(SubjectKey::new(0, &secret).subject(element, record)),
        position: at.map(Sensitive::new),
        track: Sensitive::new(Vec::new()),
        revealed: None,
        plain: None,
    }
}

fn placement() -> Placement {
    let country = Country::new("CN").expect("a country");
    Placement {
        location: Err(Unplaced::NoEvidence),
        network: Err(Unplaced::NoEvidence),
        owner: Ok(Arc::new(Owner {
            entity: "owner".into(),
            name: "Owner".into(),
            parent: None,
            group: "owner".into(),
            country,
            domicile: None,
            standing: Standing::Claimed,
            basis: "bench".into(),
            control_pct: None,
            review: None,
            alternatives: Vec::new(),
            as_of: "2026-01-01".into(),
            candidate: Candidate::Likely,
            services: vec!["ads".into()],
        })),
        processors: Vec::new(),
        registrable_domain: Some("host.example".into()),
        evidence: Vec::new(),
        refuted: Vec::new(),
        anycast: false,
        unseen: Vec::new(),
    }
}

/// Ten findings of one person; with `pppaus` alone, and with every pack.
#[divan::bench(args = ["pppaus", "all"])]
fn ten_findings(bencher: Bencher<'_, '_>, packs: &str) {
    let named: Vec<String> = [packs.to_owned()].into_iter().filter(|name| name != "all").collect();
    let judge = Judge::new(&Ruleset::builtin(), &named).expect("the built-in rules hold");
    let findings: Vec<Finding> = ELEMENTS.iter().map(|element| finding(element, "$")).collect();
    let about = Circumstances {
        host: "t.host.example".to_owned(),
        day: jiff::civil::date(2026, 11, 24),
        undelivered: false,
        unread: false,
        sender: Sender::default(),
    };
    let placement = placement();
    bencher.bench_local(|| judge.judge(black_box(&about), black_box(&findings), black_box(&placement)));
}
