//! MaxMind's test databases: whole ones in every kind, and ones that are broken on purpose (`tests/data/mmdb`).

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::exchange::{Destination, Peer, TlsFacts};

const AT: jiff::Timestamp = jiff::Timestamp::constant(1_795_478_400, 0);

fn directory(kind: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/mmdb").join(kind)
}

fn whole(name: &str) -> Dataset {
    let file = directory("whole").join(format!("{name}.mmdb"));
    Dataset { name: file.display().to_string(), bytes: fs::read(file).expect("a test database") }
}

fn place(config: LocatorConfig, address: &str) -> Arc<Placement> {
    let locators = Locators::new(config).unwrap_or_else(|error| panic!("{error}"));
    let address = SocketAddr::new(address.parse().expect("a test address"), 443);
    let destination = Destination { host: "a.example".to_owned(), port: 443, peer: Ok(Peer::at(address)) };
    locators.place(&destination, &TlsFacts::default(), None, &Observed::default(), AT)
}

fn countries(name: &str) -> LocatorConfig {
    LocatorConfig { country_dbs: vec![whole(name)], ..LocatorConfig::default() }
}

fn says(placement: &Placement, text: &str) -> bool {
    placement.evidence.iter().any(|evidence| matches!(&evidence.claim, Claim::Says(says) if says.contains(text)))
}

#[test]
fn every_kind_with_countries_places() {
    let check = |name: &str, address: &str, expect: &str| {
        let placement = place(countries(name), address);
        let country = placement.location.as_ref().map(|location| location.country.to_string());
        assert_eq!(country, Ok(expect.to_owned()), "{name} {address}");
    };
    for name in ["GeoIP2-City-Test", "GeoIP2-Country-Test", "GeoIP2-Enterprise-Test", "GeoLite2-City-Test"] {
        check(name, "81.2.69.160", "GB");
        // Registered in FR, which is no location.
        check(name, "2.125.160.216", "GB");
    }
    check("GeoIP2-City-Test", "89.160.20.112", "SE");
    check("GeoIP2-City-Test", "::ffff:89.160.20.112", "SE");
}

#[test]
fn every_kind_with_networks_names_them() {
    let check = |name: &str, address: &str, asn: u32, organization: &str| {
        let config = LocatorConfig { asn_db: Some(whole(name)), ..LocatorConfig::default() };
        let placement = place(config, address);
        let network = placement.network.as_ref().map(|network| (network.asn, network.name.as_deref()));
        assert_eq!(network, Ok((asn, Some(organization))), "{name} {address}");
    };
    check("GeoLite2-ASN-Test", "1.128.0.1", 1221, "Telstra Pty Ltd");
    check("GeoIP2-ISP-Test", "1.128.0.1", 1221, "Telstra Pty Ltd");
    // It has no name of the AS, only that of the organisation.
    check("GeoIP2-ISP-Test", "12.87.118.5", 7018, "AT&T Worldnet Services");
    // The network stands among the traits.
    let config = LocatorConfig { asn_db: Some(whole("GeoIP2-Enterprise-Test")), ..LocatorConfig::default() };
    assert!(place(config, "74.209.24.0").network.is_ok());
}

#[test]
fn flags_stand_beside_the_embedded_databases() {
    let placement = place(countries("GeoIP2-Anonymous-IP-Test"), "81.2.69.160");
    let location = placement.location.as_ref().map(|location| (location.country.to_string(), location.standing));
    assert_eq!(location, Ok(("GB".to_owned(), Standing::WellSupported)));
    assert!(says(&placement, "a proxy's"));
}

#[test]
fn broken_ones_are_refused_with_their_name_and_never_a_panic() {
    let mut seen = 0;
    for entry in fs::read_dir(directory("broken")).expect("the test databases") {
        let file = entry.expect("an entry").path();
        let dataset = Dataset { name: file.display().to_string(), bytes: fs::read(&file).expect("a test database") };
        for config in [
            LocatorConfig { country_dbs: vec![dataset.clone()], ..LocatorConfig::default() },
            LocatorConfig { asn_db: Some(dataset.clone()), ..LocatorConfig::default() },
        ] {
            let message = Locators::new(config).err().map(|error| error.to_string()).unwrap_or_default();
            let expect = format!("database `{}`: not a usable MMDB: ", file.display());
            assert!(message.starts_with(&expect), "{}: {message}", file.display());
            assert!(message.ends_with("; name a whole, undamaged .mmdb file") && !message.contains('\n'), "{message}");
        }
        seen += 1;
    }
    assert!(seen >= 20, "{seen} broken databases");
}
