//! `landfall locate --facts` and `landfall relocate`, as scripts use them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::support::landfall::BINARY;
use super::support::{client, root};

fn landfall(args: &[&str]) -> Output {
    client::try_run(Command::new(BINARY).args(args))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn geo(name: &str) -> String {
    root().join("tests/data/geo").join(name).display().to_string()
}

#[test]
fn facts_are_placed_in_order_and_a_bad_line_is_named() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let facts = dir.path().join("facts.jsonl");
    let lines = [
        r#"{"id":"pop","ip":"104.16.0.1","host":"www.example","response_headers":{"CF-RAY":"8f1b2c3d4e5f6789-FRA"}}"#,
        r#"{"id":"bad","ip":"nowhere"}"#,
        "",
        r#"{"id":"refuted","ip":"114.114.114.114","rtt_samples_ms":[2.4,1.9,3.0],"vantage":{"country":"US","lat":39.04,"lon":-77.49}}"#,
        r#"{"id":"private","ip":"10.1.2.3","cert_subject":"CN=x"}"#,
    ];
    fs::write(&facts, lines.join("\n")).expect("the facts are written");
    let output = landfall(&["locate", "--facts", &facts.display().to_string(), "--json"]);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("line 2"), "{}", text(&output.stderr));
    let found: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    let ids: Vec<_> = found.iter().map(|line| line["id"].as_str().expect("its id")).collect();
    assert_eq!(ids, ["pop", "refuted", "private"]);
    assert_eq!(found[0]["location"]["country"], "DE");
    assert_eq!((&found[0]["anycast"], &found[0]["unseen"][0]), (&json!(true), &json!("origin")));
    assert_eq!(found[1]["location"], json!({"country": "US", "standing": "established"}));
    assert_eq!(found[1]["refuted"], json!([{"country": "CN", "by": "connect_time"}]));
    assert_eq!(found[2]["location"], json!({"unknown": "not_applicable"}));
}

#[test]
fn recorded_destinations_are_placed_again() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let entry = |address: &str| {
        json!({"startedDateTime": "2026-11-20T12:00:00Z", "time": 5, "serverIPAddress": address,
            "request": {"method": "GET", "httpVersion": "HTTP/1.1", "url": "https://t.ads.example/", "headers": []},
            "response": {"status": 200, "httpVersion": "HTTP/1.1", "headers": [], "content": {"size": 0, "mimeType": "text/plain"}}})
    };
    let entries = [entry("127.201.2.9"), entry("127.86.1.9")];
    let har = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": entries}});
    fs::write(at("in.har"), har.to_string()).expect("written");
    let (country, other, asn) = (geo("lab.mmdb"), geo("lab-b.mmdb"), geo("lab-asn.mmdb"));
    let data = at("data");
    let args =
        ["analyze", &at("in.har"), "--data", &data, "--session", "first", "--country-db", &country, "--asn-db", &asn];
    let analyzed = landfall(&args);
    assert_eq!(analyzed.status.code(), Some(0), "{}", text(&analyzed.stderr));
    assert!(text(&analyzed.stdout).contains("IP Geolocation by DB-IP"), "{}", text(&analyzed.stdout));

    let again = |session: &str, country: &str| {
        landfall(&["relocate", session, "--data", &data, "--country-db", country, "--asn-db", &asn, "--json"])
    };
    let same: Value = serde_json::from_slice(&again("first", &country).stdout).expect("JSON");
    assert_eq!((&same["records"], &same["changed"]), (&json!(2), &json!(0)), "{same}");
    let drift: Value = serde_json::from_slice(&again("first", &other).stdout).expect("JSON");
    assert_eq!((&drift["records"], &drift["changed"]), (&json!(2), &json!(1)), "{drift}");
    let changed = &drift["destinations"][0];
    assert_eq!(changed["address"], "127.201.2.9");
    assert_eq!(changed["changes"][0]["answer"], "location");
    assert_eq!(changed["changes"][0]["before"]["country"], "DE");
    assert_eq!(changed["changes"][0]["after"]["country"], "SG");
    let said = landfall(&["relocate", "--data", &data, "--country-db", &other, "--asn-db", &asn]);
    assert!(text(&said.stdout).contains("DE, claimed -> SG, claimed"), "{}", text(&said.stdout));
    assert_eq!(again("second", &other).status.code(), Some(2));
    let nowhere = landfall(&["relocate", "--data", &at("none"), "--country-db", &other]);
    assert_eq!(nowhere.status.code(), Some(2), "{}", text(&nowhere.stderr));
    assert!(!Path::new(&at("none")).exists(), "nothing is made where nothing is");
}

#[test]
fn ranges_of_clouds_and_a_vantage_are_options() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let ranges = dir.path().join("ip-ranges.json");
    let aws = r#"{"syncToken":"1","createDate":"2026-07-24-20-23-14","ipv6_prefixes":[],"prefixes":[
        {"ip_prefix":"3.120.0.0/14","region":"eu-central-1","service":"EC2","network_border_group":"eu-central-1"}]}"#;
    fs::write(&ranges, aws).expect("written");
    let ranges = ranges.display().to_string();
    let output = landfall(&["locate", "3.120.0.1", "--json", "--cloud-ranges", &ranges, "--vantage", "-33.9,151.2,25"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["location"], json!({"country": "DE", "standing": "well_supported"}));
    let kinds: Vec<_> = found["evidence"].as_array().expect("a list").iter().map(|piece| &piece["kind"]).collect();
    assert!(kinds.contains(&&json!("cloud_range")), "{kinds:?}");
    let wrong = landfall(&["locate", "3.120.0.1", "--vantage", "north"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("50.11,8.68"), "{}", text(&wrong.stderr));
}

/// Facts with what is known of them from elsewhere: regions that clouds publish (ip-ranges.json and the like of July 2025),
/// points of presence, national networks, and contradictions made up from them. `expect.location` null: nobody can know.
#[test]
fn a_known_set_is_placed_rightly_or_rightly_not() {
    let facts = root().join("tests/data/geo/placed.jsonl");
    let output = landfall(&["locate", "--facts", &facts.display().to_string(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let known = fs::read_to_string(&facts).expect("the facts");
    let known = known.lines().map(|line| serde_json::from_str::<Value>(line).expect("a fact"));
    let mut score = Score::default();
    for (fact, found) in known.zip(text(&output.stdout).lines()) {
        let found: Value = serde_json::from_str(found).expect("a JSON line");
        assert_eq!(fact["id"], found["id"]);
        score.add(&fact["expect"], &found);
    }
    let share = |(right, of): (u32, u32)| f64::from(right) / f64::from(of.max(1));
    assert!(score.location.1 >= 300, "{score:?}");
    assert!(share(score.location) >= 0.95, "{score:?}");
    assert!(f64::from(score.confident_and_wrong) <= 0.01 * f64::from(score.location.1), "{score:?}");
    assert!(share(score.pop) >= 0.9 && share(score.refuted) >= 0.95 && share(score.anycast) >= 0.95, "{score:?}");
    assert!(share(score.operator) >= 0.95, "{score:?}");
}

/// Of each question: right ones, and all.
#[derive(Debug, Default)]
struct Score {
    location: (u32, u32),
    confident_and_wrong: u32,
    pop: (u32, u32),
    refuted: (u32, u32),
    anycast: (u32, u32),
    operator: (u32, u32),
    wrong: Vec<String>,
}

impl Score {
    fn add(&mut self, expect: &Value, found: &Value) {
        let count = |(right, of): &mut (u32, u32), is: bool| (*right, *of) = (*right + u32::from(is), *of + 1);
        let (country, standing) = (&found["location"]["country"], &found["location"]["standing"]);
        if let Some(location) = expect.get("location") {
            let right = country.is_null() || country == location;
            count(&mut self.location, right);
            self.confident_and_wrong += u32::from(!right && standing != "claimed");
            if expect["kind"] == "pop" {
                count(&mut self.pop, country == location);
            }
            if !right {
                self.wrong.push(format!("{} {country} {standing}", found["id"]));
            }
        }
        if let Some(refuted) = expect.get("refuted") {
            let all = found["refuted"].as_array().expect("a list");
            count(&mut self.refuted, all.iter().any(|one| one["country"] == *refuted));
        }
        if let Some(anycast) = expect.get("anycast") {
            count(&mut self.anycast, found["anycast"] == *anycast);
        }
        if let Some(operator) = expect.get("operator") {
            count(&mut self.operator, found["network"]["country"] == *operator);
        }
    }
}
