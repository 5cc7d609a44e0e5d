//! What connect times, points of presence and names do to the answer; and that nothing brings back what was ruled out.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::exchange::{Destination, Headers, Peer, TlsFacts};
use crate::rules::Ruleset;

const LAB: &[u8] = include_bytes!("../../tests/data/geo/lab.mmdb");
const LAB_B: &[u8] = include_bytes!("../../tests/data/geo/lab-b.mmdb");
const LAB_ASN: &[u8] = include_bytes!("../../tests/data/geo/lab-asn.mmdb");
const AT: jiff::Timestamp = jiff::Timestamp::constant(1_795_478_400, 0);
const ASHBURN: &str = "39.04,-77.49";
const FRANKFURT: &str = "50.11,8.68";

fn dataset(name: &str, bytes: &[u8]) -> Dataset {
    Dataset { name: name.to_owned(), bytes: bytes.to_vec() }
}

fn locators(config: LocatorConfig) -> Locators {
    let config = LocatorConfig { entities: Ruleset::builtin().entities, ..config };
    Locators::new(config).unwrap_or_else(|error| panic!("{error}"))
}

fn lab(vantage: Option<&str>) -> LocatorConfig {
    LocatorConfig {
        country_dbs: vec![dataset("lab.mmdb", LAB), dataset("lab-b.mmdb", LAB_B)],
        asn_db: Some(dataset("lab-asn.mmdb", LAB_ASN)),
        vantage: vantage.and_then(Vantage::parse),
        ..LocatorConfig::default()
    }
}

static BOTH: LazyLock<Locators> = LazyLock::new(|| locators(lab(None)));
static EMBEDDED: LazyLock<Locators> = LazyLock::new(|| locators(LocatorConfig::default()));

/// Distances from a vantage, measured once.
fn reach(locators: &Locators, vantage: &'static str) -> Arc<Reach> {
    static KNOWN: LazyLock<Mutex<HashMap<&str, Arc<Reach>>>> = LazyLock::new(Mutex::default);
    let from = || locators.reach(Vantage::parse(vantage).expect("a vantage")).expect("the shapes are whole");
    Arc::clone(KNOWN.lock().expect("no test panicked in here").entry(vantage).or_insert_with(from))
}

/// What is known of one destination.
#[derive(Debug, Clone, Default)]
struct Facts {
    host: &'static str,
    address: &'static str,
    aliases: Vec<&'static str>,
    headers: Vec<(&'static str, &'static str)>,
    /// Vantage, milliseconds, samples.
    time: Option<(&'static str, f64, u32)>,
    interception: Option<&'static str>,
}

impl Facts {
    fn of(address: &'static str) -> Self {
        Self { host: "host.example", address, ..Self::default() }
    }

    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn after(self, vantage: &'static str, ms: f64) -> Self {
        Self { time: Some((vantage, ms, 3)), ..self }
    }

    fn placed(&self, locators: &Locators) -> Arc<Placement> {
        let address = SocketAddr::new(self.address.parse().expect("a test address"), 443);
        let cname = self.aliases.iter().map(|name| (*name).to_owned()).collect();
        let peer = Ok(Peer { cname, ..Peer::at(address) });
        let destination = Destination { host: self.host.to_owned(), port: 443, peer };
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), Bytes::from((*value).to_owned()));
        let headers = Headers(self.headers.iter().map(header).collect());
        let observed = self.time.map_or_else(Observed::default, |(vantage, ms, samples)| Observed {
            connect_time: Some(Duration::from_secs_f64(ms / 1000.0)),
            samples,
            reach: Some(reach(locators, vantage)),
            interception: self.interception,
            ..Observed::default()
        });
        locators.place(&destination, &TlsFacts::default(), Some(&headers), &observed, AT)
    }

    /// `DE established; refuted CN`.
    fn answer(&self, locators: &Locators) -> String {
        let placement = self.placed(locators);
        let location = match &placement.location {
            Ok(Location { country, standing }) => format!("{country} {}", standing.as_str()),
            Err(Unplaced::Disputed(candidates)) => {
                format!("disputed {}", candidates.iter().map(Country::as_str).collect::<Vec<_>>().join(" "))
            }
            Err(unplaced) => unplaced.as_str().to_owned(),
        };
        let refuted: Vec<_> = placement.refuted.iter().map(|refuted| refuted.country.to_string()).collect();
        if refuted.is_empty() { location } else { format!("{location}; refuted {}", refuted.join(" ")) }
    }
}

fn check(facts: Facts, expect: &str) {
    assert_eq!(facts.answer(&BOTH), expect, "{} {:?} {:?}", facts.address, facts.headers, facts.time);
}

#[test]
fn light_is_no_faster_than_it_is() {
    // Said to be in China, and answering from next door.
    check(Facts::of("127.204.1.9").after(ASHBURN, 2.0), "US established; refuted CN");
    let placement = Facts::of("127.204.1.9").after(ASHBURN, 2.0).placed(&BOTH);
    let excludes = placement.evidence.iter().find(|evidence| evidence.effect == Effect::Refutes).expect("it says so");
    assert_eq!(excludes.kind, EvidenceKind::ConnectTime);
    assert_eq!(excludes.claim, Claim::Excludes(vec![Country::new("CN").expect("a code")]));
    assert_eq!(excludes.ms, Some(2.0));
    // What was claimed stays in the record.
    let claimed = placement.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::CountryDb);
    assert!(claimed.clone().count() == 2 && claimed.clone().all(|evidence| evidence.effect == Effect::Neutral));
    // More is left than one country, and none of them was claimed.
    check(Facts::of("127.204.1.9").after(ASHBURN, 30.0), "no_evidence; refuted CN");
    // Far enough for China: nothing is refuted, and nothing confirmed.
    check(Facts::of("127.204.1.9").after(ASHBURN, 120.0), "CN well_supported");
    // Of two that differ one is too far away.
    check(Facts::of("127.201.2.9").after(FRANKFURT, 6.0), "DE claimed; refuted SG");
    check(Facts::of("127.201.3.9").after("22.30,114.17", 60.0), "disputed CN HK");
    // The country that is left is one where the measuring side stands.
    check(Facts::of("127.1.1.9").after(ASHBURN, 1.0), "US established");
}

#[test]
fn a_time_that_shows_nothing_refutes_nothing() {
    let near = Facts::of("127.204.1.9").after(ASHBURN, 2.0);
    check(Facts { time: Some((ASHBURN, 2.0, 2)), ..near.clone() }, "CN well_supported");
    check(Facts { interception: Some("a middlebox answers"), ..near.clone() }, "CN well_supported");
    check(Facts { time: None, ..near.clone() }, "CN well_supported");
    // The vantage may be off by so much that China is not too far.
    check(Facts { time: Some(("39.04,-77.49,9500", 2.0, 3)), ..near }, "CN well_supported");
    // Through space, more distance is possible in the same time.
    check(Facts::of("127.203.3.9").after("50.11,8.68", 40.0), "US claimed");
}

#[test]
fn a_stated_vantage_speaks_for_every_destination() {
    let locators = locators(lab(Some(ASHBURN)));
    let address = SocketAddr::new([127, 204, 1, 9].into(), 443);
    let destination = Destination { host: "a.example".to_owned(), port: 443, peer: Ok(Peer::at(address)) };
    let observed = Observed { connect_time: Some(Duration::from_millis(2)), samples: 3, ..Observed::default() };
    let placement = locators.place(&destination, &TlsFacts::default(), None, &observed, AT);
    assert_eq!(
        placement.refuted,
        [Refuted { country: Country::new("CN").expect("a code"), by: EvidenceKind::ConnectTime }]
    );
    // The same facts are placed once.
    let again = locators.place(&destination, &TlsFacts::default(), None, &observed, AT);
    assert!(Arc::ptr_eq(&placement, &again));
}

#[test]
fn a_point_of_presence_is_believed_from_its_own_network_only() {
    let hong_kong = |address| Facts::of(address).header("CF-Ray", "8f1b2c3d4e5f6789-HKG");
    check(hong_kong("127.204.2.9"), "HK well_supported");
    check(hong_kong("127.200.3.9"), "HK well_supported");
    check(hong_kong("127.200.1.9"), "HK well_supported");
    check(hong_kong("127.204.2.9").after("22.30,114.17", 1.0), "HK established; refuted US");
    // Anyone can send the field.
    check(hong_kong("127.49.1.9"), "DE well_supported");
    // It is refuted like any other claim.
    check(hong_kong("127.204.2.9").after(ASHBURN, 1.5), "US established; refuted HK");
    check(hong_kong("127.200.2.9").after(ASHBURN, 30.0), "anycast");
    let fastly = Facts::of("127.200.2.9").header("x-served-by", "cache-iad-kiad7000056-IAD, cache-fra-eddf8230059-FRA");
    check(fastly.clone(), "DE well_supported");
    assert_eq!(fastly.placed(&BOTH).unseen.first(), Some(&Unseen::Origin));
    // Around a border the nearest airport may be in the next country.
    check(Facts::of("127.200.3.9").header("cf-ray", "8f1b2c3d4e5f6789-BSL"), "FR claimed");
    check(Facts::of("127.200.3.9").header("cf-ray", "8f1b2c3d4e5f6789-XQX"), "US claimed");
}

#[test]
fn embedded_data_knows_where_agreement_is_worth_nothing() {
    let check = |facts: Facts, expect: &str| assert_eq!(facts.answer(&EMBEDDED), expect, "{}", facts.address);
    // CloudFront: two databases agree on the registrant.
    let front = Facts::of("13.35.0.1");
    assert_ne!(front.answer(&EMBEDDED), "US well_supported");
    check(front.header("x-amz-cf-pop", "NRT57-P2"), "JP well_supported");
    check(Facts::of("75.2.60.5"), "anycast");
    check(Facts::of("34.36.1.1"), "anycast");
    check(Facts::of("13.107.246.10"), "anycast");
    check(Facts::of("9.9.9.9"), "anycast");
    // A server at Amazon that passes on what CloudFront told it.
    let passed = Facts::of("3.120.0.1").header("x-amz-cf-pop", "NRT57-P2").answer(&EMBEDDED);
    assert_ne!(passed, "JP well_supported");
}

#[test]
fn the_operators_own_name_for_its_region_counts() {
    let bucket = Facts { host: "b.oss-eu-central-1.aliyuncs.com", ..Facts::of("127.201.2.9") };
    check(bucket, "DE claimed");
    let alias = Facts { aliases: vec!["b.oss-cn-hongkong.aliyuncs.com"], ..Facts::of("127.201.1.9") };
    check(alias, "disputed HK US");
    let alone = Facts { host: "b.oss-us-east-1.aliyuncs.com", ..Facts::of("127.1.5.9") };
    check(alone, "US well_supported");
    // The name is Alibaba's, the address is not.
    check(Facts { host: "b.oss-cn-hangzhou.aliyuncs.com", ..Facts::of("127.49.1.9") }, "DE well_supported");
    // A customer's own label is a hint that decides nothing.
    let chosen = Facts { host: "api.cn-north-1.shop.example", ..Facts::of("127.49.1.9") };
    check(chosen.clone(), "DE well_supported");
    assert!(chosen.placed(&BOTH).evidence.iter().any(|evidence| evidence.kind == EvidenceKind::RegionName));
}

#[test]
fn an_address_wrapped_in_another_is_the_same_host() {
    for wrapped in ["::ffff:127.204.1.9", "64:ff9b::7fcc:109", "2002:7fcc:109::1"] {
        check(Facts::of(wrapped).after(ASHBURN, 2.0), "US established; refuted CN");
    }
}

/// Evidence that may come on top.
fn more() -> impl Strategy<Value = Facts> {
    let address = prop::sample::select(vec![
        "127.204.1.9",
        "127.204.2.9",
        "127.201.2.9",
        "127.201.3.9",
        "127.200.1.9",
        "127.200.3.9",
        "127.49.3.9",
        "127.86.1.9",
    ]);
    let header = prop::sample::select(vec![
        ("cf-ray", "8f1b2c3d4e5f6789-HKG"),
        ("cf-ray", "8f1b2c3d4e5f6789-PEK"),
        ("x-amz-cf-pop", "PVG1-C1"),
        ("x-served-by", "cache-hkg17922-HKG"),
        ("via", "cache5.cn12[0,0]"),
        ("server", "x"),
    ]);
    let host = prop::sample::select(vec![
        "host.example",
        "b.oss-cn-hangzhou.aliyuncs.com",
        "ec2-1.eu-central-1.compute.amazonaws.com",
        "api.tiktok.com",
    ]);
    (address, prop::collection::vec(header, 0..4), host).prop_map(|(address, headers, host)| Facts {
        host,
        headers,
        ..Facts::of(address)
    })
}

proptest! {
    #[test]
    fn what_is_ruled_out_is_never_the_answer(facts in more(), ms in 0.2_f64..200.0, far in any::<bool>()) {
        let facts = facts.after(if far { ASHBURN } else { FRANKFURT }, ms);
        let placement = facts.placed(&BOTH);
        if let Ok(location) = &placement.location {
            prop_assert!(placement.refuted.iter().all(|refuted| refuted.country != location.country));
        }
        // Whatever else is said afterwards.
        let bare = Facts { headers: Vec::new(), host: "host.example", ..facts.clone() }.placed(&BOTH);
        for refuted in &bare.refuted {
            prop_assert!(placement.refuted.contains(refuted));
            prop_assert!(placement.location.as_ref().ok().is_none_or(|location| location.country != refuted.country));
        }
    }

    #[test]
    fn the_order_of_facts_does_not_matter(facts in more(), ms in 0.2_f64..200.0, timed in any::<bool>()) {
        let facts = if timed { facts.after(ASHBURN, ms) } else { facts };
        let mut turned = facts.clone();
        turned.headers.reverse();
        prop_assert_eq!(facts.answer(&BOTH), turned.answer(&BOTH));
        prop_assert_eq!(facts.answer(&BOTH), facts.answer(&TURNED));
    }
}

/// The same databases in the other order.
static TURNED: LazyLock<Locators> = LazyLock::new(|| {
    let mut config = lab(None);
    config.country_dbs.reverse();
    locators(config)
});
