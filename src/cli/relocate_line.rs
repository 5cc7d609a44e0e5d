//! A recorded line, read back as the facts that a placement is made from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::exchange::{Destination, Headers, NoPeer, Peer, TlsFacts, UpstreamCertificate};
use crate::locate::{Locators, Observed, Placement, recorded_field};

/// The facts of one line. What a line does not keep (a certificate's organisation, a masked label) is not there.
pub(super) struct Recorded {
    destination: Destination,
    tls: TlsFacts,
    answer: Headers,
    observed: Observed,
    at: Timestamp,
    /// `destination` as it was written.
    pub destination_line: Json,
}

#[derive(Deserialize)]
struct Line {
    time: String,
    session: Option<Session>,
    destination: DestinationLine,
    tls: Option<Tls>,
}

#[derive(Deserialize)]
struct Session {
    id: Option<String>,
    label: Option<String>,
}

#[derive(Deserialize)]
struct DestinationLine {
    host: String,
    port: u16,
    address: Json,
    #[serde(default)]
    cname: Vec<String>,
    location: Json,
    #[serde(default)]
    evidence: Vec<EvidenceLine>,
}

#[derive(Deserialize)]
struct EvidenceLine {
    kind: String,
    source: String,
    raw: Option<String>,
    ms: Option<f64>,
    claim: Option<Json>,
    excludes: Option<Json>,
}

#[derive(Deserialize)]
struct Tls {
    upstream: Option<Upstream>,
}

#[derive(Deserialize)]
struct Upstream {
    subject_country: Option<String>,
}

/// `None`: the line is of something else, or of another session.
pub(super) fn read(line: &Json, session: Option<&str>) -> serde_json::Result<Option<Recorded>> {
    let schema = line.get("schema").and_then(Json::as_str).unwrap_or_default();
    if !matches!(schema, "landfall.exchange/1" | "landfall.connection/1") {
        return Ok(None);
    }
    let parsed = Line::deserialize(line)?;
    let of_session = |wanted: &str| {
        parsed
            .session
            .as_ref()
            .is_some_and(|session| session.id.as_deref() == Some(wanted) || session.label.as_deref() == Some(wanted))
    };
    if !session.is_none_or(of_session) {
        return Ok(None);
    }
    let destination_line = line.get("destination").cloned().unwrap_or(Json::Null);
    let at = parsed.time.parse().map_err(serde::de::Error::custom)?;
    Ok(Some(parsed.recorded(destination_line, at)))
}

impl Line {
    fn recorded(self, destination_line: Json, at: Timestamp) -> Recorded {
        let answer = Headers(self.destination.evidence.iter().filter_map(EvidenceLine::field).collect());
        let observed = self.destination.observed();
        let subject_country = self.tls.and_then(|tls| tls.upstream).and_then(|upstream| upstream.subject_country);
        let certificate = subject_country.map(|country| UpstreamCertificate {
            subject_country: Some(country),
            subject_organization: None,
            issuer: String::new(),
            sha256: String::new(),
            not_after: Timestamp::UNIX_EPOCH,
        });
        let tls = TlsFacts { certificate, ..TlsFacts::default() };
        Recorded { destination: self.destination.destination(), tls, answer, observed, at, destination_line }
    }
}

impl DestinationLine {
    fn destination(self) -> Destination {
        let exit = self.location.get("unknown").and_then(Json::as_str) == Some("upstream_proxy");
        let address = self.address.as_str().and_then(|address| address.parse::<IpAddr>().ok());
        let peer =
            address.map(|address| Peer { cname: self.cname, exit, ..Peer::at(SocketAddr::new(address, self.port)) });
        Destination { host: self.host, port: self.port, peer: peer.ok_or(NoPeer::NotRecorded) }
    }

    /// A time counts as the least of enough where the line says so, or where it refuted something.
    fn observed(&self) -> Observed {
        let times = || self.evidence.iter().filter(|evidence| evidence.kind == "connect_time");
        let Some(ms) = times().find_map(|evidence| evidence.ms) else { return Observed::default() };
        let says = |text: &str| {
            times().any(|evidence| {
                evidence.claim.as_ref().and_then(Json::as_str).is_some_and(|claim| claim.contains(text))
            })
        };
        let enough = says("at least three") || times().any(|evidence| evidence.excludes.is_some());
        let interception = says("bounds no distance").then_some("the connection was seen to end at something nearer");
        let connect_time = Duration::try_from_secs_f64(ms / 1000.0).ok();
        Observed { connect_time, samples: if enough { 3 } else { 1 }, interception, ..Observed::default() }
    }
}

impl EvidenceLine {
    fn field(&self) -> Option<(String, Bytes)> {
        let token = self.raw.as_deref().filter(|_| self.kind == "pop_header")?;
        let (name, value) = recorded_field(&self.source, token)?;
        Some((name, Bytes::from(value)))
    }
}

impl Recorded {
    pub fn place(&self, locators: &Locators) -> Arc<Placement> {
        locators.place(&self.destination, &self.tls, Some(&self.answer), &self.observed, self.at)
    }

    pub fn host(&self) -> &str {
        &self.destination.host
    }

    pub fn address(&self) -> String {
        match &self.destination.peer {
            Ok(peer) => peer.address.ip().to_string(),
            Err(_) => "(no address)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::LocatorConfig;

    #[test]
    fn a_line_gives_back_what_its_placement_was_made_from() {
        let line = serde_json::json!({
            "schema": "landfall.exchange/1", "time": "2026-11-24T09:01:22.481Z", "session": {"id": "01A", "label": "first"},
            "destination": {"host": "a.example", "port": 443, "address": "104.16.0.1", "cname": [],
                "location": {"country": "DE", "standing": "well_supported"},
                "evidence": [{"kind": "pop_header", "source": "cf-ray", "raw": "HKG", "claim": "HK", "effect": "supports"},
                    {"kind": "connect_time", "source": "proxy", "ms": 1.5, "claim": "shortest of at least three connections", "effect": "neutral"}]},
            "tls": {"client": null, "upstream": {"subject_country": "US"}}});
        let recorded = read(&line, Some("first")).expect("it is read").expect("it is of the session");
        assert_eq!((recorded.observed.samples, recorded.observed.connect_time), (3, Some(Duration::from_micros(1500))));
        let locators = Locators::new(LocatorConfig::default()).expect("the embedded data is whole");
        let placement = recorded.place(&locators);
        assert_eq!(placement.location.as_ref().map(|location| location.country.to_string()), Ok("HK".to_owned()));
        assert!(read(&line, Some("second")).expect("it is read").is_none());
        assert!(read(&serde_json::json!({"schema": "landfall.gap/1"}), None).expect("it is read").is_none());
    }
}
