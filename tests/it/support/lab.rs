//! One app's world on loopback: its own backend in the US, an advertiser's server in China, and Landfall between.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::authority::Authority;
use super::landfall::Landfall;
use super::origin::Origin;

/// The app's backend: 127.1.1.x, which the lab places in the US.
pub const BACKEND: &str = "api.acme-weather.example";
/// An advertiser: 127.86.1.x, which the lab places in China.
pub const ADVERTISER: &str = "t.ads-of-asia.example";

/// Without TLS: 127.49.1.x, which the lab places in Germany.
pub const PLAIN: &str = "plain.acme-weather.example";

pub struct Lab {
    pub backend: Origin,
    pub advertiser: Origin,
    pub plain: Origin,
    /// Where the files that Landfall is given lie.
    given: TempDir,
}

impl Lab {
    /// Origins that choose among these protocols.
    pub fn new(alpn: &[&str]) -> Self {
        let authority = Authority::new();
        let given = tempfile::tempdir().expect("a temporary directory");
        fs::write(given.path().join("origins.pem"), authority.pem()).expect("written");
        fs::create_dir(given.path().join("rules")).expect("made");
        fs::write(given.path().join("rules/entities.yaml"), ENTITIES).expect("written");
        Self {
            backend: Origin::start(&authority, BACKEND, "127.1.1.1", alpn),
            advertiser: Origin::start(&authority, ADVERTISER, "127.86.1.1", alpn),
            plain: Origin::start(&authority, PLAIN, "127.49.1.1", &[]),
            given,
        }
    }

    pub fn args(&self) -> Vec<String> {
        let given = |name: &str| self.given.path().join(name).display().to_string();
        let mut args = vec!["--upstream-ca".to_owned(), given("origins.pem"), "--rules".to_owned(), given("rules")];
        for (origin, port) in [(&self.backend, 443), (&self.advertiser, 443), (&self.plain, 80)] {
            args.extend(["--resolve".to_owned(), origin.resolve(port)]);
        }
        args
    }

    pub fn landfall(&self) -> Landfall {
        Landfall::start(&self.args())
    }
}

const ENTITIES: &str = r#"
version: 1
generated: 2026-11-24
entities:
  - id: acme_weather
    name: "Acme Weather"
    country: "US"
    basis: "invented for a test"
    certainty: high
    pppaus_candidate: no_indication
    padfa_candidate: no_indication
    services: []
    domains: [acme-weather.example]
  - id: ads_of_asia
    name: "Ads of Asia"
    country: "CN"
    basis: "invented for a test"
    certainty: high
    pppaus_candidate: likely
    padfa_candidate: likely
    services: [ads]
    domains: [ads-of-asia.example]
"#;

/// What an app tells an advertiser, with a canary in every place.
pub fn telling() -> String {
    use super::canary::{CARD, EMAIL, LATITUDE, PASSWORD};
    format!(
        r#"{{"user":{{"email":"{EMAIL}","password":"{PASSWORD}"}},"payment":{{"card_number":"{CARD}"}},"position":{{"latitude":{LATITUDE},"longitude":-122.419416}}}}"#
    )
}

/// Elements that must be found in it.
pub const TOLD: &[&str] = &["card_pan", "email", "password", "precise_geolocation"];

/// Country of the server and of the owner, and the owner's id, as an event tells them.
pub fn placed(event: &Value) -> (&str, &str, &str) {
    let at = |what: &str, key: &str| event["destination"][what][key].as_str().unwrap_or("unknown");
    (at("location", "country"), at("owner", "country"), at("owner", "entity"))
}

/// Element ids of an event's findings, once each, in order.
pub fn elements(event: &Value) -> Vec<&str> {
    let mut elements: Vec<_> =
        event["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["element"].as_str()).collect();
    elements.sort_unstable();
    elements.dedup();
    elements
}
