//! `landfall locate --facts`: recorded facts, placed without any query.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::locate::PORT;
use super::{Exit, OrExit, locate_text, print};
use crate::exchange::{Destination, NoPeer, Peer, TlsFacts};
use crate::ledger::record;
use crate::locate::{Locators, Observed, Placement, Unplaced};

/// One line. Facts that nothing weighs yet are accepted.
#[derive(Debug, Deserialize)]
struct Fact {
    id: Json,
    ip: Option<IpAddr>,
    host: Option<String>,
    #[serde(default)]
    cname_chain: Vec<String>,
    /// Shortest of enough connect times.
    rtt_ms: Option<f64>,
    #[serde(default)]
    rtt_samples_ms: Vec<f64>,
}

/// Place every line in order; a line that can't be read ends it.
pub(super) fn run(path: &Path, locators: &Locators, as_json: bool) -> anyhow::Result<ExitCode> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot read the facts `{name}`"))?;
    for (line, number) in BufReader::new(file).lines().zip(1_u64..) {
        let line = line.with_context(|| format!("cannot read the facts `{name}`"))?;
        if line.trim().is_empty() {
            continue;
        }
        let fact = read(&line).with_context(|| format!("`{name}` line {number}")).or_exit(Exit::Usage)?;
        let (destination, observed) = fact.destination()?;
        let placement = locators.place(&destination, &TlsFacts::default(), &observed, Timestamp::now());
        if as_json {
            print(format_args!("{}\n", document(&fact.id, &placement)?))?;
        } else {
            let mut out = format!("{} {}\n", fact.id, destination.host);
            locate_text::placement(&mut out, &placement)?;
            print(format_args!("{out}\n"))?;
        }
    }
    if !as_json {
        let mut out = String::new();
        locate_text::attribution(&mut out)?;
        print(out)?;
    }
    Ok(Exit::Ok.into())
}

fn read(line: &str) -> anyhow::Result<Fact> {
    let fact: Fact = serde_json::from_str(line)?;
    if fact.ip.is_none() && fact.host.is_none() {
        bail!("neither `ip` nor `host` is given; name one of them");
    }
    fact.connect_time()?;
    Ok(fact)
}

impl Fact {
    /// The shortest time given; an error where one of them is no time.
    fn connect_time(&self) -> anyhow::Result<Option<Duration>> {
        let times = self.rtt_ms.iter().chain(&self.rtt_samples_ms).map(|ms| {
            Duration::try_from_secs_f64(ms / 1000.0).with_context(|| format!("`{ms}` is no time in milliseconds"))
        });
        Ok(times.collect::<Result<Vec<_>, _>>()?.into_iter().min())
    }

    fn destination(&self) -> anyhow::Result<(Destination, Observed)> {
        let host = match (&self.host, self.ip) {
            (Some(host), _) => host.to_ascii_lowercase(),
            (None, ip) => ip.map(|ip| ip.to_string()).unwrap_or_default(),
        };
        let peer = self
            .ip
            .ok_or(NoPeer::NotRecorded)
            .map(|ip| Peer { cname: self.cname_chain.clone(), ..Peer::at(SocketAddr::new(ip, PORT)) });
        let samples = u32::try_from(self.rtt_samples_ms.len()).unwrap_or(u32::MAX);
        let observed = Observed { connect_time: self.connect_time()?, samples };
        Ok((Destination { host, port: PORT, peer }, observed))
    }
}

/// `{id, location, network, owner, anycast, evidence, refuted}`, the objects of the event.
fn document(id: &Json, placement: &Placement) -> Result<String, serde_json::Error> {
    let mut document = json!({"id": id, "anycast": placement.location == Err(Unplaced::Anycast)});
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

    #[test]
    fn a_fact_becomes_the_objects_of_the_event() {
        let locators = Locators::new(LocatorConfig::default()).expect("the embedded data is whole");
        let line = r#"{"id":7,"ip":"77.88.8.8","host":"A.example","rtt_samples_ms":[9.5,3,4],"cert_subject":"CN=x"}"#;
        let (destination, observed) = read(line).and_then(|fact| fact.destination()).expect("a valid fact");
        assert_eq!(observed, Observed { connect_time: Some(Duration::from_millis(3)), samples: 3 });
        let placement = locators.place(&destination, &TlsFacts::default(), &observed, Timestamp::now());
        let document = document(&json!(7), &placement).expect("serialises");
        let document: Json = serde_json::from_str(&document).expect("is JSON");
        assert_eq!(document["id"], 7);
        assert_eq!(document["location"], json!({"country": "RU", "standing": "well_supported"}));
        assert_eq!(document["anycast"], false);
        assert_eq!(document["owner"], json!({"unknown": "no_evidence"}));
        for key in ["network", "evidence", "refuted"] {
            assert!(!document[key].is_null(), "{key}");
        }
    }

    #[test]
    fn a_line_without_a_place_or_with_an_impossible_time_is_refused() {
        for line in ["{}", r#"{"id":1}"#, r#"{"id":1,"ip":"x"}"#, r#"{"id":1,"ip":"192.0.2.1","rtt_ms":-3}"#, "[]"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
