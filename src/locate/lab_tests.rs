//! The stage as a whole, over the lab databases (`tests/data/geo`) and over small ones in every maker's shape.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::test_mmdb::write;
use super::*;
use crate::exchange::{Destination, NoPeer, Peer, TlsFacts};
use crate::rules::Ruleset;

const LAB: &[u8] = include_bytes!("../../tests/data/geo/lab.mmdb");
const LAB_B: &[u8] = include_bytes!("../../tests/data/geo/lab-b.mmdb");
const LAB_ASN: &[u8] = include_bytes!("../../tests/data/geo/lab-asn.mmdb");
const LAB_CSV: &str = include_str!("../../tests/data/geo/lab.csv");

/// 24 November 2026.
const AT: Timestamp = Timestamp::constant(1_795_478_400, 0);

fn dataset(name: &str, bytes: &[u8]) -> Dataset {
    Dataset { name: name.to_owned(), bytes: bytes.to_vec() }
}

/// Both opinions and the ASN database of the lab.
static BOTH: LazyLock<Locators> = LazyLock::new(|| {
    locators(LocatorConfig {
        country_dbs: vec![dataset("lab.mmdb", LAB), dataset("lab-b.mmdb", LAB_B)],
        asn_db: Some(dataset("lab-asn.mmdb", LAB_ASN)),
        entities: Ruleset::builtin().entities,
        ..LocatorConfig::default()
    })
});

/// What a user gets who names nothing.
static EMBEDDED: LazyLock<Locators> =
    LazyLock::new(|| locators(LocatorConfig { entities: Ruleset::builtin().entities, ..LocatorConfig::default() }));

fn locators(config: LocatorConfig) -> Locators {
    Locators::new(config).unwrap_or_else(|error| panic!("{error}"))
}

fn place(locators: &Locators, host: &str, address: &str) -> Arc<Placement> {
    let address = SocketAddr::new(address.parse().expect("test address"), 443);
    let peer = Ok(Peer::at(address));
    let destination = Destination { host: host.to_owned(), port: 443, peer };
    locators.place(&destination, &TlsFacts::default(), None, &Observed::default(), AT)
}

/// `SG claimed`, `disputed CN HK`, `anycast`.
fn location(placement: &Placement) -> String {
    match &placement.location {
        Ok(Location { country, standing }) => format!("{country} {}", standing.as_str()),
        Err(Unplaced::Disputed(candidates)) => {
            let codes: Vec<_> = candidates.iter().map(Country::as_str).collect();
            format!("disputed {}", codes.join(" "))
        }
        Err(unplaced) => unplaced.as_str().to_owned(),
    }
}

fn located(locators: &Locators, address: &str) -> String {
    location(&place(locators, "host.example", address))
}

#[test]
fn every_ordinary_lab_range_is_placed_by_two_opinions() {
    let mut seen = 0;
    for line in LAB_CSV.lines().skip(1) {
        let mut fields = line.split(',');
        let (range, country) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let asn: Option<u32> = fields.nth(3).and_then(|asn| asn.parse().ok());
        if country == "special" {
            continue;
        }
        let range: ipnet::IpNet = range.parse().expect("lab range");
        let address = range.hosts().nth(8).expect("a host").to_string();
        let placement = place(&BOTH, "host.example", &address);
        if let Some(asn) = asn {
            assert_eq!(placement.network.as_ref().map(|network| network.asn), Ok(asn), "{address}");
        }
        let expect = match asn.and_then(|asn| carrier::by_number(asn).0) {
            Some(_) => format!("{country} claimed"),
            None => format!("{country} well_supported"),
        };
        assert_eq!(location(&placement), expect, "{address}");
        seen += 1;
    }
    assert!(seen > 100, "{seen} lines of lab.csv");
}

#[test]
fn ipv6_lab_ranges_are_placed_too() {
    assert_eq!(located(&BOTH, "fd00:0086:0001::5"), "CN well_supported");
    assert_eq!(located(&BOTH, "fd00:0049::1"), "DE well_supported");
}

#[test]
fn special_lab_ranges_give_no_confident_answer() {
    let check = |address, expect| assert_eq!(located(&BOTH, address), expect, "{address}");
    check("127.200.1.9", "anycast");
    check("127.200.2.9", "anycast");
    // Nothing flags it, both opinions are the user's own and agree: a claim, never more.
    check("127.200.3.9", "US claimed");
    check("127.201.1.9", "US well_supported");
    check("127.201.2.9", "disputed DE SG");
    check("127.201.3.9", "disputed CN HK");
    check("127.202.1.9", "no_evidence");
    check("127.202.2.9", "not_applicable");
    check("127.202.3.9", "no_evidence");
    check("127.203.1.9", "DE well_supported");
    check("127.203.2.9", "disputed NL US");
    check("127.203.3.9", "US claimed");
    check("127.204.1.9", "CN well_supported");
    check("127.204.2.9", "US claimed");
    check("127.204.3.9", "disputed AU NZ");
    check("127.0.0.1", "not_applicable");
}

#[test]
fn one_opinion_only_claims() {
    let one = locators(LocatorConfig { country_dbs: vec![dataset("lab.mmdb", LAB)], ..LocatorConfig::default() });
    assert_eq!(located(&one, "127.86.1.9"), "CN claimed");
    assert_eq!(located(&one, "127.204.3.9"), "AU claimed");
    // The same file twice is one source.
    let twice = vec![dataset("a.mmdb", LAB), dataset("b.mmdb", LAB)];
    let twice = locators(LocatorConfig { country_dbs: twice, ..LocatorConfig::default() });
    assert_eq!(located(&twice, "127.86.1.9"), "CN claimed");
}

#[test]
fn evidence_says_what_it_did() {
    let placement = place(&BOTH, "host.example", "127.200.2.9");
    let countries: Vec<_> = placement
        .evidence
        .iter()
        .filter(|evidence| matches!(evidence.claim, Claim::Within(_)) && evidence.kind == EvidenceKind::CountryDb)
        .map(|evidence| (&*evidence.source.dataset, evidence.effect))
        .collect();
    assert_eq!(countries, [("lab@2026-06-17", Effect::Neutral), ("lab-b@2026-06-17", Effect::Neutral)]);
    let placement = place(&BOTH, "host.example", "127.86.1.9");
    assert!(placement.evidence.iter().any(|evidence| {
        evidence.kind == EvidenceKind::CountryDb
            && evidence.claim == Claim::Within(Country::new("CN").into_iter().collect())
            && evidence.effect == Effect::Supports
    }));
    let digest = placement.evidence.first().and_then(|evidence| evidence.source.digest.as_deref()).unwrap_or_default();
    assert_eq!(digest.len(), 64);
}

#[test]
fn the_network_has_an_operator_and_three_countries() {
    let placement = place(&BOTH, "host.example", "127.85.1.9");
    let network = placement.network.as_ref().expect("the lab knows it");
    assert_eq!(network.asn, 45102);
    assert_eq!(network.name.as_deref(), Some("Alibaba (US) Technology Co., Ltd."));
    assert_eq!(network.operator.as_deref(), Some("alibaba"));
    assert_eq!(network.country, Country::new("CN"));
    assert_eq!(network.registered, Country::new("CN"));
    assert_eq!(network.standing, Standing::WellSupported);
    assert_eq!(location(&place(&BOTH, "host.example", "127.85.1.9")), "HK well_supported");
}

#[test]
fn embedded_data_places_public_addresses_and_no_others() {
    let check = |address, expect| assert_eq!(located(&EMBEDDED, address), expect, "{address}");
    check("114.114.114.114", "CN well_supported");
    check("77.88.8.8", "RU well_supported");
    check("8.8.8.8", "anycast");
    check("1.1.1.1", "anycast");
    check("2606:4700:4700::1111", "anycast");
    check("151.101.1.69", "anycast");
    check("::ffff:77.88.8.8", "RU well_supported");
    check("64:ff9b::4d58:808", "RU well_supported");
    check("2002:4d58:808::1", "RU well_supported");
    for reserved in ["127.0.0.1", "10.0.0.1", "100.64.0.1", "198.18.0.5", "192.0.2.1", "::1", "fd00::1", "fe80::1"] {
        check(reserved, "not_applicable");
        assert_eq!(place(&EMBEDDED, "x.example", reserved).network, Err(Unplaced::NotApplicable));
    }
    check("::ffff:10.0.0.1", "not_applicable");
}

#[test]
fn what_the_user_states_comes_first() {
    let feed = "127.86.0.0/16,SG,,,\n127.86.1.0/24,MY,,,\n127.7.1.0/24,,,,\n10.0.0.0/8,FR,,,\n";
    let locators = locators(LocatorConfig {
        country_dbs: vec![dataset("lab.mmdb", LAB)],
        overrides: ["127.86.1.7/32", "127.86.1.0/28", "192.168.0.0/16"]
            .iter()
            .zip(["IE", "DE", "PL"])
            .map(|(network, country)| Override {
                network: network.parse().expect("a test range"),
                country: Country::new(country).expect("a test country"),
            })
            .collect(),
        geofeeds: vec![dataset("feed.csv", feed.as_bytes())],
        ..LocatorConfig::default()
    });
    let check = |address, expect| assert_eq!(located(&locators, address), expect, "{address}");
    check("127.86.1.7", "IE established");
    check("127.86.1.9", "DE established");
    check("127.86.1.99", "MY claimed");
    check("127.86.2.1", "SG claimed");
    check("192.168.3.3", "PL established");
    check("10.1.1.1", "FR claimed");
    // The feed asks not to place this one; the database still claims.
    check("127.7.1.1", "RU claimed");
    check("172.16.0.1", "not_applicable");
}

#[test]
fn no_peer_is_no_location() {
    let destination = |host: &str| Destination { host: host.to_owned(), port: 443, peer: Err(NoPeer::Unresolved) };
    let place = |host: &str| EMBEDDED.place(&destination(host), &TlsFacts::default(), None, &Observed::default(), AT);
    let placement = place("api.tiktok.com");
    assert_eq!(placement.location, Err(Unplaced::NoPeer));
    assert_eq!(placement.network, Err(Unplaced::NoPeer));
    assert_eq!(placement.owner.as_ref().map(|owner| owner.country), Ok(Country::new("CN").expect("a code")));
    // A literal says itself which address would have answered.
    assert_eq!(location(&place("77.88.8.8")), "RU well_supported");
}

#[test]
fn the_connect_time_is_a_neutral_fact() {
    let address = SocketAddr::new([127, 86, 1, 9].into(), 443);
    let peer = Ok(Peer { connect_time: Some(Duration::from_millis(9)), ..Peer::at(address) });
    let destination = Destination { host: "a.example".to_owned(), port: 443, peer };
    let observed = Observed { connect_time: Some(Duration::from_micros(2100)), samples: 3, ..Observed::default() };
    let placement = BOTH.place(&destination, &TlsFacts::default(), None, &observed, AT);
    let time = placement.evidence.iter().find(|evidence| evidence.kind == EvidenceKind::ConnectTime);
    assert_eq!(time.map(|evidence| (evidence.ms, evidence.effect)), Some((Some(2.1), Effect::Neutral)));
}

#[test]
fn every_makers_fields_are_understood() {
    let check = |database_type: &str, record: Value, expect: &str| {
        let bytes = write(6, database_type, &[("2001:db8::/32", record)]);
        let locators = locators(LocatorConfig { country_dbs: vec![dataset("x.mmdb", &bytes)], ..Default::default() });
        assert_eq!(located(&locators, "2001:db8::1"), expect, "{database_type}");
    };
    check(
        "GeoLite2-Country",
        json!({"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "US"}}),
        "DE claimed",
    );
    check("GeoIP2-City", json!({"registered_country": {"iso_code": "US"}}), "no_evidence");
    check("DBIP-Country-Lite", json!({"country": {"iso_code": "JP", "names": {"en": "Japan"}}}), "JP claimed");
    check("ipinfo country.mmdb", json!({"country": "BR", "country_name": "Brazil"}), "BR claimed");
    check("ipinfo bundle_lite", json!({"country": "Brazil", "country_code": "BR", "asn": "AS1"}), "BR claimed");
    check("ipinfo location", json!({"country": "BR", "is_anycast": true}), "anycast");
    check("ip-location-db", json!({"country_code": "kr"}), "KR claimed");
    check("ip-location-db", json!({"country_code": "EU"}), "no_evidence");
    check("ip-location-db", json!({"country_code": "AN"}), "no_evidence");
    check("GeoIP2-City", json!({"country": {"iso_code": "US"}, "traits": {"is_anycast": true}}), "anycast");
    // A field of an unexpected type is no field.
    check(
        "odd",
        json!({"country_code": "DE", "country": [1, {"a": 2.5}], "location": "x", "traits": true}),
        "DE claimed",
    );
}

#[test]
fn networks_are_read_in_every_makers_fields() {
    let check = |record: Value, asn: u32, name: Option<&str>| {
        let bytes = write(4, "asn", &[("192.0.2.0/24", record)]);
        let config = LocatorConfig { asn_db: Some(dataset("asn.mmdb", &bytes)), ..Default::default() };
        let placement = place(&locators(config), "a.example", "192.0.2.1");
        let network = placement.network.as_ref().expect("a network");
        assert_eq!((network.asn, network.name.as_deref()), (asn, name));
    };
    check(
        json!({"autonomous_system_number": 4134, "autonomous_system_organization": "Chinanet"}),
        4134,
        Some("Chinanet"),
    );
    check(json!({"asn": "AS4134", "name": "CHINANET", "domain": "x.example"}), 4134, Some("CHINANET"));
    check(json!({"asn": "AS4134", "as_name": "CHINANET", "country": "China"}), 4134, Some("CHINANET"));
    check(json!({"asn": 4_200_000_000_u32}), 4_200_000_000, None);
}

#[test]
fn an_ipv4_database_has_nothing_on_ipv6() {
    let bytes = write(4, "flat", &[("192.0.2.0/24", json!({"country_code": "SE"}))]);
    let locators = locators(LocatorConfig { country_dbs: vec![dataset("v4.mmdb", &bytes)], ..Default::default() });
    assert_eq!(located(&locators, "192.0.2.1"), "SE claimed");
    assert_eq!(located(&locators, "::ffff:192.0.2.1"), "SE claimed");
    assert_eq!(located(&locators, "2a00:1450::1"), "no_evidence");
}

#[test]
fn a_database_that_is_none_is_refused() {
    let refuse = |bytes: &[u8]| {
        let config = LocatorConfig { country_dbs: vec![dataset("dir/x.mmdb", bytes)], ..Default::default() };
        Locators::new(config).err().map(|error| error.to_string()).unwrap_or_default()
    };
    for broken in [&b""[..], b"not a database", &LAB[..LAB.len() / 2], &LAB[100..]] {
        let message = refuse(broken);
        assert!(message.starts_with("database `dir/x.mmdb`: not a usable MMDB: "), "{message}");
        assert!(message.ends_with("; name a whole, undamaged .mmdb file"), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }
    // A pointer out of the data section shows only when everything is read.
    let mut torn = write(4, "flat", &[("192.0.2.0/24", json!({"country_code": "SE"}))]);
    let at = torn.iter().position(|byte| *byte == 0xe1).expect("the record's map");
    torn[at + 1] = 0x27;
    assert!(refuse(&torn).starts_with("database `dir/x.mmdb`: not a usable MMDB: "), "{}", refuse(&torn));
    assert_eq!(
        refuse(LAB_ASN),
        "database `dir/x.mmdb`: holds no country of any address; name a database of the kind that the option asks for"
    );
    let config = LocatorConfig { asn_db: Some(dataset("x.mmdb", LAB)), ..Default::default() };
    let message = Locators::new(config).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.starts_with("database `x.mmdb`: holds no autonomous system number"), "{message}");
}

#[test]
fn datasets_are_dated() {
    let names: Vec<_> = EMBEDDED.datasets().iter().map(|(_, info)| &*info.name).collect();
    assert_eq!(names, ["country", "country-dbip", "as-country", "asn", "entities"]);
    for (_, info) in EMBEDDED.datasets() {
        assert!(info.built.is_some(), "{}", info.name);
        assert_eq!(info.digest.len(), 64, "{}", info.name);
    }
    let names: Vec<_> = BOTH.datasets().iter().map(|(_, info)| &*info.name).collect();
    assert_eq!(names, ["lab", "lab-b", "as-country", "lab-asn", "entities"]);
}

proptest::proptest! {
    #[test]
    fn any_host_and_address_can_be_placed(host in ".{0,40}|[a-z0-9.-]{0,60}", v6 in proptest::num::u128::ANY, v4 in proptest::num::u32::ANY) {
        for address in [std::net::IpAddr::from(v6.to_be_bytes()), std::net::IpAddr::from(v4.to_be_bytes())] {
            for locators in [&*EMBEDDED, &*BOTH] {
                let placement = place(locators, &host, &address.to_string());
                // Loopback and unique local addresses apart, the lab has nothing; embedded data has nothing reserved.
                if reserved::reserved(address::unwrap(address)).is_some() && std::ptr::eq(locators, &*EMBEDDED) {
                    proptest::prop_assert_eq!(&placement.location, &Err(Unplaced::NotApplicable));
                }
            }
        }
    }
}
