//! `landfall locate --facts`: recorded facts, placed without any query.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::exit::warn;
use super::locate::PORT;
use super::{Exit, locate_subject, locate_text, print};
use crate::exchange::{Destination, Headers, NoPeer, Peer, TlsFacts};
use crate::ledger::record;
use crate::locate::{Locators, Observed, Placement, Reach, Vantage};

/// One line. What is not known here is passed over, so that facts may carry what others need.
#[derive(Debug, Deserialize)]
struct Fact {
    id: Json,
    ip: Option<IpAddr>,
    host: Option<String>,
    #[serde(default)]
    cname_chain: Vec<String>,
    /// A distinguished name, or only a common name.
    cert_subject: Option<String>,
    /// Field to value, or to values.
    #[serde(default)]
    response_headers: Map<String, Json>,
    /// Shortest of enough connect times.
    rtt_ms: Option<f64>,
    rtt_samples_ms: Option<Vec<f64>>,
    vantage: Option<Place>,
}

/// Where the times were measured.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Place {
    lat: Option<f64>,
    lon: Option<f64>,
    radius_km: Option<f64>,
}

/// A number of samples that is enough.
const ENOUGH: u32 = 3;

/// What stays the same from line to line.
struct Placing<'a> {
    locators: &'a Locators,
    /// Distances are measured once for each place.
    reaches: HashMap<[u64; 3], Arc<Reach>>,
}

/// Place every line in order. A line that can't be read is named, and the others are placed all the same.
pub(super) fn run(path: &Path, locators: &Locators, as_json: bool) -> anyhow::Result<ExitCode> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read the facts `{name}`"))?;
    let mut placing = Placing { locators, reaches: HashMap::new() };
    let (mut placed, mut unread) = (0_u64, 0_u64);
    for (line, number) in BufReader::new(file).split(b'\n').zip(1_u64..) {
        let line = line.with_context(|| format!("cannot read the facts `{name}`"))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        match read(&line).and_then(|fact| placing.place(&fact).map(|found| (fact, found))) {
            Ok((fact, found)) => {
                show(&fact, &found, as_json)?;
                placed += 1;
            }
            Err(error) => {
                warn(format_args!("`{name}` line {number}: {error:#}"));
                unread += 1;
            }
        }
    }
    if !as_json {
        let mut out = String::new();
        locate_text::attribution(&mut out)?;
        print(out)?;
    }
    if unread > 0 {
        warn(format_args!("{unread} lines of `{name}` could not be read; {placed} were placed"));
        return Ok(Exit::Partial.into());
    }
    Ok(Exit::Ok.into())
}

struct Found {
    destination: Destination,
    placement: Arc<Placement>,
}

fn show(fact: &Fact, found: &Found, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print(format_args!("{}\n", document(&fact.id, &found.placement)?));
    }
    let mut out = format!("{} {}\n", fact.id, found.destination.host);
    locate_text::placement(&mut out, &found.placement)?;
    print(format_args!("{out}\n"))
}

fn read(line: &[u8]) -> anyhow::Result<Fact> {
    let fact: Fact = serde_json::from_slice(line)?;
    if fact.ip.is_none() && fact.host.is_none() {
        bail!("neither `ip` nor `host` is given; name one of them");
    }
    fact.times()?;
    fact.vantage()?;
    fact.headers()?;
    Ok(fact)
}

impl Placing<'_> {
    fn place(&mut self, fact: &Fact) -> anyhow::Result<Found> {
        let destination = fact.destination();
        let tls = TlsFacts {
            certificate: fact.cert_subject.as_deref().and_then(locate_subject::certificate),
            ..TlsFacts::default()
        };
        let headers = fact.headers()?;
        let observed = self.observed(fact)?;
        let placement = self.locators.place(&destination, &tls, Some(&headers), &observed, Timestamp::now());
        Ok(Found { destination, placement })
    }

    fn observed(&mut self, fact: &Fact) -> anyhow::Result<Observed> {
        let (connect_time, samples) = fact.times()?;
        let reach = fact.vantage()?.map(|vantage| self.reach(vantage)).transpose()?;
        Ok(Observed { connect_time, samples, reach, ..Observed::default() })
    }

    fn reach(&mut self, vantage: Vantage) -> anyhow::Result<Arc<Reach>> {
        let key = [vantage.latitude, vantage.longitude, vantage.radius_km].map(f64::to_bits);
        if let Some(known) = self.reaches.get(&key) {
            return Ok(Arc::clone(known));
        }
        let reach = self.locators.reach(vantage)?;
        self.reaches.insert(key, Arc::clone(&reach));
        Ok(reach)
    }
}

impl Fact {
    /// The shortest time given, and how many connections it stands for; an error where one of them is no time.
    fn times(&self) -> anyhow::Result<(Option<Duration>, u32)> {
        let samples = self.rtt_samples_ms.as_deref().unwrap_or_default();
        let times = self.rtt_ms.iter().chain(samples).map(|ms| {
            Duration::try_from_secs_f64(ms / 1000.0).with_context(|| format!("`{ms}` is no time in milliseconds"))
        });
        let least = times.collect::<Result<Vec<_>, _>>()?.into_iter().min();
        let count = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        Ok((least, if self.rtt_ms.is_some() { count.max(ENOUGH) } else { count }))
    }

    /// Only a place in degrees bounds anything; a country alone doesn't.
    fn vantage(&self) -> anyhow::Result<Option<Vantage>> {
        let Some(Place { lat: Some(latitude), lon: Some(longitude), radius_km }) = self.vantage else {
            return Ok(None);
        };
        let vantage = Vantage { latitude, longitude, radius_km: radius_km.unwrap_or(0.0) };
        if !vantage.is_a_place() {
            bail!("`vantage` {latitude},{longitude} is no place on Earth; give `lat` and `lon` in degrees");
        }
        Ok(Some(vantage))
    }

    fn headers(&self) -> anyhow::Result<Headers> {
        let mut headers = Headers::default();
        for (name, value) in &self.response_headers {
            let values = if let Json::Array(values) = value { values.as_slice() } else { std::slice::from_ref(value) };
            for value in values {
                let text = match value {
                    Json::String(text) => text.clone(),
                    Json::Number(number) => number.to_string(),
                    Json::Null => continue,
                    _ => bail!("the value of `{name}` in `response_headers` is no text"),
                };
                headers.0.push((name.clone(), Bytes::from(text)));
            }
        }
        Ok(headers)
    }

    fn destination(&self) -> Destination {
        let host = match (&self.host, self.ip) {
            (Some(host), _) => host.trim_matches(['[', ']']).to_ascii_lowercase(),
            (None, ip) => ip.map(|ip| ip.to_string()).unwrap_or_default(),
        };
        let name = |name: &String| name.trim_end_matches('.').to_ascii_lowercase();
        let peer = self.ip.ok_or(NoPeer::NotRecorded).map(|ip| Peer {
            cname: self.cname_chain.iter().map(name).collect(),
            ..Peer::at(SocketAddr::new(ip, PORT))
        });
        Destination { host, port: PORT, peer }
    }
}

/// `{id, location, network, owner, anycast, evidence, refuted, …}`, the objects of the event.
fn document(id: &Json, placement: &Placement) -> Result<String, serde_json::Error> {
    let mut document = json!({"id": id, "anycast": placement.anycast});
    let objects = serde_json::to_value(record::placement(placement))?;
    if let (Json::Object(document), Json::Object(objects)) = (&mut document, objects) {
        document.extend(objects);
    }
    serde_json::to_string(&document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::LocatorConfig;

    fn place(line: &str) -> Json {
        let locators = Locators::new(LocatorConfig::default()).expect("the embedded data is whole");
        let mut placing = Placing { locators: &locators, reaches: HashMap::new() };
        let fact = read(line.as_bytes()).expect("a valid fact");
        let found = placing.place(&fact).expect("it is placed");
        let document = document(&fact.id, &found.placement).expect("serialises");
        serde_json::from_str(&document).expect("is JSON")
    }

    #[test]
    fn a_fact_becomes_the_objects_of_the_event() {
        let document =
            place(r#"{"id":7,"ip":"77.88.8.8","host":"A.example","rtt_samples_ms":[9.5,3,4],"cert_subject":"CN=x"}"#);
        assert_eq!(document["id"], 7);
        assert_eq!(document["location"], json!({"country": "RU", "standing": "well_supported"}));
        assert_eq!(document["anycast"], false);
        assert_eq!(document["owner"], json!({"unknown": "no_evidence"}));
        assert_eq!(document["unseen"], json!(["replicas", "remote_access"]));
        for key in ["network", "evidence", "refuted"] {
            assert!(!document[key].is_null(), "{key}");
        }
    }

    #[test]
    fn times_and_headers_count() {
        let document = place(
            r#"{"id":"a","ip":"104.16.0.1","response_headers":{"CF-Ray":"8f1b2c3d4e5f6789-FRA"},"vantage":{"country":"DE","lat":50.11,"lon":8.68},"rtt_ms":1.4}"#,
        );
        assert_eq!(document["location"], json!({"country": "DE", "standing": "established"}));
        assert_eq!(document["anycast"], true);
        let document = place(r#"{"id":"b","ip":"114.114.114.114","vantage":{"lat":39.04,"lon":-77.49},"rtt_ms":2.0}"#);
        assert_eq!(document["location"], json!({"country": "US", "standing": "established"}));
        assert_eq!(document["refuted"], json!([{"country": "CN", "by": "connect_time"}]));
        // Too few samples refute nothing.
        let document =
            place(r#"{"id":"c","ip":"114.114.114.114","vantage":{"lat":39.04,"lon":-77.49},"rtt_samples_ms":[2,3]}"#);
        assert_eq!(document["refuted"], json!([]));
    }

    #[test]
    fn a_line_without_a_place_or_with_an_impossible_value_is_refused() {
        for line in [
            "{}",
            r#"{"id":1}"#,
            r#"{"id":1,"ip":"x"}"#,
            r#"{"id":1,"ip":"192.0.2.1","rtt_ms":-3}"#,
            r#"{"id":1,"ip":"192.0.2.1","vantage":{"lat":91,"lon":0}}"#,
            r#"{"id":1,"ip":"192.0.2.1","response_headers":{"via":{}}}"#,
            "[]",
        ] {
            assert!(read(line.as_bytes()).is_err(), "{line}");
        }
    }
}
