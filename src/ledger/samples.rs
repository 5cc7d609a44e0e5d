//! Hand-made entries for the tests of `ledger` and `export`.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Actor, Entry, InForce, Producer, Settings};
use crate::audit::Assessment;
use crate::decode::{Inspection, Part, PartKind, Unread, UnreadReason};
use crate::detect::{Attributes, Confidence, DetectorKind, EvidenceKey, Finding, Sensitive, SubjectKey};
use crate::exchange::{
    Body, CaptureMode, Client, Connection, Coverage, Destination, Exchange, ExchangeId, Headers, Message, Note, Opaque,
    Outcome, Peer, Request, Response, Scheme, Session, SessionId, Side, Timings, TlsFacts, TlsSide, Trouble,
    UpstreamCertificate, Version, WireBytes,
};
use crate::judge::{
    Category, CategorySubject, Cell, Circumstances, Contribution, LinkedBy, Sender, Settled, Severity, Status, Verdict,
    VerdictClass, Window, WindowState,
};
use crate::locate::{
    Candidate, Claim, Country, Effect, Evidence, EvidenceKind, Location, Network, Owner, Placement, Provenance,
    Refuted, Standing, Unseen,
};

pub fn time() -> Timestamp {
    "2026-11-24T09:01:22.481Z".parse().unwrap()
}

pub fn session() -> Arc<Session> {
    Arc::new(Session {
        id: SessionId::new("01JD8XTA00000000000000000A".parse().unwrap()),
        label: Some("Acme Weather 4.2, first run".to_owned()),
        app: Some("com.acme.weather".to_owned()),
        started_at: time(),
    })
}

pub fn producer() -> Producer {
    let population = [("pppaus".to_owned(), "us".to_owned())];
    let settings = Settings {
        count_implicit_client_ip: false,
        projected_users: None,
        subject_order: vec!["device".to_owned(), "person".to_owned()],
        assumed_population: population.into(),
    };
    let mut producer =
        Producer::new("lab-1".to_owned(), vec!["pppaus@2026.1".to_owned()], "9c1e5f20".to_owned(), settings);
    producer.version = "0.1.0";
    producer
}

/// Settles as `judge` does.
pub fn in_force() -> InForce {
    InForce {
        producer: producer(),
        compose: Box::new(|_, _, _| Vec::new()),
        settle: Box::new(|assessment, known| {
            let mut verdicts = assessment.verdicts.clone();
            for window in verdicts.iter_mut().filter_map(|verdict| verdict.window.as_mut()) {
                window.subjects = known.subjects.get(&cell()).copied().unwrap_or_default();
                window.state = WindowState::of(window.subjects, window.threshold, false);
                window.coverage = known.coverage;
                window.lower_bound |= known.gaps;
            }
            Settled { categories: assessment.categories.clone(), verdicts }
        }),
        listed_class: Box::new(|finding| (&*finding.element == "advertising_id").then(|| "advertising_id".into())),
    }
}

/// The one cell that the samples count in.
pub fn cell() -> Cell {
    Cell {
        pack: "pppaus".into(),
        category: "precise_geolocation".into(),
        recipient_group: "example_holding".into(),
        per_device: true,
    }
}

fn headers(pairs: &[(&str, &'static str)]) -> Headers {
    Headers(
        pairs.iter().map(|(name, value)| ((*name).to_owned(), bytes::Bytes::from_static(value.as_bytes()))).collect(),
    )
}

fn message(pairs: &[(&str, &'static str)], body: &'static str) -> Message {
    let body = Body::whole(body.as_bytes());
    Message { version: Version::Http2, headers: headers(pairs), body, trailers: Headers::default() }
}

pub fn destination() -> Destination {
    Destination {
        host: "t.ads.example".to_owned(),
        port: 443,
        peer: Ok(Peer {
            address: "203.0.113.9:443".parse().unwrap(),
            cname: vec!["edge.cdn.example".to_owned()],
            connect_time: Some(Duration::from_micros(38_100)),
            candidates: vec!["203.0.113.9".parse().unwrap(), "2001:db8::9".parse().unwrap()],
            ttl: Some(Duration::from_secs(60)),
            exit: false,
        }),
    }
}

fn tls() -> TlsFacts {
    let side =
        TlsSide { version: "1.3", alpn: Some("h2".to_owned()), cipher: Some("TLS_AES_128_GCM_SHA256".to_owned()) };
    TlsFacts {
        client: Some(side.clone()),
        upstream: Some(side),
        sni: Some("t.ads.example".to_owned()),
        ja4: None,
        fault: None,
        certificate: Some(UpstreamCertificate {
            subject_country: Some("CN".to_owned()),
            subject_organization: Some("Example Ads".to_owned()),
            issuer: "Example CA".to_owned(),
            sha256: "00".repeat(32),
            not_after: "2027-01-01T00:00:00Z".parse().unwrap(),
        }),
    }
}

/// An exchange whose id depends on the number only.
pub fn exchange(number: u64) -> Exchange {
    let request_headers = [("Content-Type", "application/json; charset=utf-8"), ("content-encoding", "gzip")];
    Exchange {
        id: ExchangeId::new(ulid::Ulid::from_parts(1_795_510_882_481, u128::from(number))),
        import: None,
        session: session(),
        started_at: time(),
        client: Client { address: Some("192.168.1.31".parse().unwrap()), user: None, device: Some("pixel-7".into()) },
        mode: CaptureMode::Forward,
        coverage: Coverage::Intercepted,
        destination: destination(),
        tls: tls(),
        request: Request {
            method: "POST".to_owned(),
            scheme: Scheme::Https,
            authority: "t.ads.example".to_owned(),
            path: "/v1/users/48211/loc".to_owned(),
            query: Some("k=1".to_owned()),
            message: message(&request_headers, "twelve bytes"),
        },
        response: Ok(Response { status: 200, message: message(&[("content-type", "application/json")], "{}") }),
        messages: Vec::new(),
        outcome: Outcome::Completed,
        bytes: WireBytes { up: 12, down: 2 },
        timings: Timings {
            dns: Some(Duration::from_millis(1)),
            connect: Some(Duration::from_micros(38_123)),
            tls: Some(Duration::from_micros(41_049)),
            first_byte: Some(Duration::from_millis(97)),
            total: Some(Duration::from_micros(143_249)),
            overhead: Some(Duration::from_micros(449)),
        },
        stream: None,
        notes: vec![Note::AltSvcH3],
    }
}

fn country(code: &str) -> Country {
    Country::new(code).unwrap()
}

pub fn placement() -> Placement {
    let evidence = |kind, claim, effect, dataset: &str, ms| Evidence {
        raw: None,
        kind,
        claim,
        effect,
        source: Provenance { dataset: dataset.into(), digest: None },
        ms,
    };
    let singapore = Claim::Within(vec![country("SG")]);
    let not_china = Claim::Excludes(vec![country("CN")]);
    Placement {
        location: Ok(Location { country: country("SG"), standing: Standing::Claimed }),
        network: Ok(Network {
            asn: 64500,
            name: Some("EXAMPLE-NET".into()),
            registered: Some(country("US")),
            operator: None,
            country: None,
            standing: Standing::Claimed,
        }),
        owner: Ok(Arc::new(Owner {
            entity: "example_ads".into(),
            name: "Example Ads Ltd".into(),
            parent: Some("example_holding".into()),
            group: "example_holding".into(),
            country: country("CN"),
            domicile: Some(country("KY")),
            standing: Standing::WellSupported,
            basis: "principal place of business".into(),
            control_pct: None,
            review: None,
            alternatives: Vec::new(),
            as_of: "2026-11-24".into(),
            candidate: Candidate::Likely,
            services: vec!["ads".into()],
        })),
        processors: Vec::new(),
        registrable_domain: Some("ads.example".to_owned()),
        evidence: vec![
            evidence(EvidenceKind::CountryDb, singapore, Effect::Supports, "country@2026-06-17", None),
            evidence(EvidenceKind::ConnectTime, not_china, Effect::Refutes, "proxy", Some(2.1)),
        ],
        refuted: vec![Refuted { country: country("CN"), by: EvidenceKind::ConnectTime }],
        anycast: false,
        unseen: vec![Unseen::Replicas, Unseen::RemoteAccess],
    }
}

fn finding(element: &str, class: &str, path: &str, preview: &str) -> Finding {
    Finding {
        element: element.into(),
        class: class.into(),
        part: Part::request(PartKind::Body),
        path: path.to_owned(),
        record: "$.events[0]".to_owned(),
        detector: DetectorKind::Key,
        confidence: Confidence::High,
        why: crate::detect::Why::default(),
        layers: vec!["gzip", "json"],
        attributes: Attributes::default(),
        preview: preview.to_owned(),
        fingerprint: EvidenceKey::new(1, &[7; 32]).fingerprint(element, "sample"),
        subject: None,
        position: None,
        track: Sensitive::new(Vec::new()),
        revealed: None,
        plain: None,
    }
}

/// Someone's position and advertising id, sent to an owner of concern.
pub fn assessment() -> Assessment {
    let subject = SubjectKey::new(1, &[7; 32]).subject("advertising_id", "sample");
    let cell = cell();
    let mut position = finding("precise_geolocation", "geolocation", "$.events[0].pos.lat", "37.7**");
    position.attributes.precision_m = Some(11.0);
    Assessment {
        inspection: Inspection::Partial,
        unread: vec![Unread {
            part: Part::response(PartKind::Body),
            path: "$".to_owned(),
            reason: UnreadReason::Unsupported,
        }],
        bytes_by_format: [("gzip", 40), ("json", 40)].into(),
        placement: Arc::new(placement()),
        findings: vec![position, finding("advertising_id", "advertising_id", "$.events[0].ifa", "8f**")],
        categories: vec![Category {
            pack: cell.pack.clone(),
            category: cell.category.clone(),
            findings: vec![1],
            subject: CategorySubject::Known(subject),
            unit: "us_device".into(),
            linked_by: LinkedBy::Record,
        }],
        verdicts: vec![Verdict {
            pack: cell.pack.clone(),
            rule: "pppaus-precise-geolocation".into(),
            category: Some(cell.category.clone()),
            status: Status::InScope,
            class: Some(VerdictClass::ProhibitedIfBrokerage),
            severity: Severity::High,
            reasons: vec!["owner CN is in pppaus_countries_of_concern".to_owned()],
            missing: vec!["transaction_type".into()],
            window: Some(Window {
                from: jiff::civil::date(2025, 11, 24),
                to: jiff::civil::date(2026, 11, 24),
                recipient_group: cell.recipient_group.clone(),
                subjects: 0,
                threshold: 1000,
                inclusive: false,
                per_device: true,
                state: WindowState::Below,
                coverage: 0.0,
                lower_bound: false,
                projection: None,
            }),
        }],
        contributions: vec![Contribution { cell, subject, day: jiff::civil::date(2026, 11, 24) }],
        people: Vec::new(),
        about: Circumstances {
            host: "t.ads.example".to_owned(),
            day: jiff::civil::date(2026, 11, 24),
            undelivered: false,
            unread: false,
            sender: Sender::default(),
        },
    }
}

/// Nothing was found.
pub fn quiet_assessment() -> Assessment {
    Assessment {
        inspection: Inspection::Full,
        unread: Vec::new(),
        findings: Vec::new(),
        categories: Vec::new(),
        verdicts: Vec::new(),
        contributions: Vec::new(),
        ..assessment()
    }
}

pub fn assessed(number: u64) -> Entry {
    Entry::Assessed(Box::new(exchange(number)), Box::new(assessment()))
}

pub fn connected(number: u64) -> Entry {
    let exchange = exchange(number);
    let connection = Connection {
        id: exchange.id,
        session: exchange.session,
        started_at: exchange.started_at,
        client: exchange.client,
        mode: CaptureMode::Forward,
        coverage: Coverage::Tunnelled(Opaque::LearntPinned),
        destination: exchange.destination,
        tls: TlsFacts::default(),
        outcome: Outcome::Aborted { side: Side::Client, error: Trouble::CertificateRejected },
        bytes: WireBytes { up: 517, down: 0 },
        timings: Timings::default(),
        notes: Vec::new(),
    };
    Entry::Connected(Box::new(connection), Arc::new(placement()), Vec::new())
}

pub fn audit() -> Entry {
    Entry::Audit {
        action: "rules_reloaded",
        actor: Actor::Signal,
        before: Some("9c1e5f20".to_owned()),
        after: None,
        at: time(),
    }
}
