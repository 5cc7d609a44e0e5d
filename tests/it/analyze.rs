//! `landfall analyze`: both formats alike, partial files, the same file again, and nothing that leaks.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::support::lab::telling;
use super::support::landfall::BINARY;
use super::support::{canary, client, root, shared};

fn analyze(args: &[&str]) -> Output {
    let geo = root().join("tests/data/geo");
    let mut command = Command::new(BINARY);
    command.arg("analyze").args(args).arg("--country-db").arg(geo.join("lab.mmdb"));
    client::try_run(command.arg("--asn-db").arg(geo.join("lab-asn.mmdb")))
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

fn exchanges(path: &Path) -> Vec<Value> {
    lines(path).into_iter().filter(|line| line["schema"] == "landfall.exchange/1").collect()
}

/// A HAR entry with a canary in every place of request and response.
fn entry(id: &str) -> Value {
    let (email, token, cookie) = (canary::EMAIL, canary::TOKEN, canary::COOKIE);
    json!({
        "startedDateTime": "2026-11-20T12:00:00Z", "time": 5, "serverIPAddress": "127.86.1.1", "comment": id,
        "request": {"method": "POST", "httpVersion": "HTTP/1.1",
            "url": format!("https://t.ads-of-asia.example/u/{email}/x?mail={email}&k={token}"),
            "headers": [{"name": "Authorization", "value": format!("Bearer {token}")}, {"name": "Cookie", "value": format!("sid={cookie}")},
                {"name": "X-User", "value": email}],
            "postData": {"mimeType": "application/json", "text": telling()}, "bodySize": telling().len()},
        "response": {"status": 200, "httpVersion": "HTTP/1.1",
            "headers": [{"name": "Set-Cookie", "value": format!("sid={cookie}")}],
            "content": {"size": telling().len(), "mimeType": "application/json", "text": telling()}, "bodySize": telling().len()},
    })
}

fn har(entries: &[Value]) -> String {
    json!({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}).to_string()
}

#[test]
fn a_file_is_recorded_once_and_shows_no_value() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("in.har"), har(&[entry("one"), entry("two")])).expect("written");
    let (data, events, findings) = (at("data"), at("events.jsonl"), at("findings.jsonl"));
    let args = [&at("in.har"), "--data", &data, "--events", &events, "--findings", &findings, "--session", "first"];
    let output = analyze(&args);
    let said = [&output.stdout[..], &output.stderr].concat();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&said));
    let told = exchanges(Path::new(&events));
    let ids: Vec<_> = told.iter().map(|event| event["import"]["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(told[0]["destination"]["location"]["country"], "CN");
    assert_eq!(told[0]["capture"], json!({"mode": "import", "coverage": "imported", "reason": null}));
    assert_eq!(told[0]["session"]["label"], "first");
    assert!(told[0]["findings"].as_array().is_some_and(|found| found.len() > 5), "{}", told[0]);

    let again = analyze(&args);
    assert_eq!(again.status.code(), Some(0));
    let hint = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(hint.contains("2 exchanges were recorded from the same file before and are skipped"), "{hint}");
    assert_eq!(exchanges(Path::new(&events)).len(), 2);

    canary::assert_clean(Path::new("what is said"), &said);
    canary::assert_clean(Path::new(&events), &fs::read(&events).expect("events"));
    canary::assert_clean(Path::new(&findings), &fs::read(&findings).expect("findings"));
    for file in fs::read_dir(&data).expect("data").map(|file| file.expect("an entry").path()) {
        canary::assert_clean(&file, &fs::read(&file).expect("readable"));
    }
}

#[test]
fn values_are_revealed_only_where_the_auditor_asked_by_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("in.har"), har(&[entry("one")])).expect("written");
    let args =
        [&at("in.har"), "--data", &at("data"), "--events", &at("events"), "--findings", &at("found"), "--reveal"];
    let output = analyze(&args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let line = &lines(Path::new(&at("found")))[0];
    assert_eq!(line["id"], "one");
    let has = |found: &Value| found["element"] == "email" && found["value"] == canary::EMAIL;
    assert!(line["findings"].as_array().is_some_and(|found| found.iter().any(has)), "{line}");
    for name in ["events", "data/ledger.db"] {
        canary::assert_clean(Path::new(name), &fs::read(at(name)).expect("readable"));
    }
    canary::assert_clean(Path::new("what is said"), &[&output.stdout[..], &output.stderr].concat());
    let without = analyze(&[&at("in.har"), "--reveal"]);
    assert_eq!(without.status.code(), Some(2));
}

#[test]
fn what_is_whole_of_a_damaged_file_is_analysed() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    let check = |text: &str, code: i32, said: &str, recorded: usize| {
        let (file, events) = (at("in"), at("events"));
        fs::write(&file, text).expect("written");
        fs::remove_file(&events).unwrap_or_default();
        let output = analyze(&[&file, "--events", &events]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
        canary::assert_clean(Path::new("stderr"), stderr.as_bytes());
        let told = if Path::new(&events).exists() { exchanges(Path::new(&events)).len() } else { 0 };
        assert_eq!(told, recorded);
    };
    let whole = har(&[entry("one"), entry("two")]);
    check(&whole, 0, "", 2);
    check(&whole[..whole.len() - 60], 5, "breaks off after 1 whole exchanges", 1);
    let bad = json!({"request": {"method": "GET", "url": [canary::EMAIL]}});
    check(&har(&[entry("one"), bad, entry("three")]), 5, "log.entries[1]: request.url: invalid type", 2);
    let local = json!({"request": {"method": "GET", "url": format!("data:,{}", canary::EMAIL)}});
    check(&har(&[local, entry("two")]), 0, "1 entries never went over the network", 1);
    check("no JSON", 2, "is not JSON", 0);
    check("{}", 2, "neither HAR", 0);
    assert_eq!(analyze(&[&at("absent.har")]).status.code(), Some(3));
}

#[test]
fn what_is_refused_is_refused_before_anything_is_lost() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("in.har"), har(&[entry("one")])).expect("written");
    let check = |args: &[&str], code: i32, said: &str| {
        let output = analyze(&[&[at("in.har").as_str()], args].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    };
    check(&["--country-db", &at("absent.mmdb")], 3, "cannot read the country database");
    check(&["--rules", &at("absent")], 3, "cannot read the rules directory");
    check(&["--country-db", &at("in.har")], 2, "not a usable MMDB");
    check(&["--pack", "nope"], 2, "unknown pack `nope`");
    check(&["--events", &at("out"), "--findings", &at("out")], 2, "name two files");
    fs::write(at("mine"), "kept").expect("written");
    fs::set_permissions(at("mine"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).expect("set");
    check(&["--findings", &at("mine"), "--reveal"], 2, "chmod 600");
    assert_eq!(fs::read_to_string(at("mine")).expect("readable"), "kept");
    check(&["--findings", &at("mine")], 0, "");
    for _ in 0..2 {
        check(&["--events", &at("events")], 0, "");
    }
    assert_eq!(exchanges(Path::new(&at("events"))).len(), 1);
    assert_eq!(lines(Path::new(&at("mine"))).len(), 1);
}

#[test]
fn har_and_jsonl_of_the_corpus_give_the_same_findings() {
    let Some(corpus) = shared("corpus") else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let found = |name: &str| {
        let out = dir.path().join(name);
        let (file, out_text) = (corpus.join(name).display().to_string(), out.display().to_string());
        let output = analyze(&[&file, "--findings", &out_text, "--reveal"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let key =
            |f: &Value| ["element", "where", "path", "detector", "value"].map(|key| f[key].as_str().map(str::to_owned));
        let sorted = |line: &Value| {
            let mut keys: Vec<_> = line["findings"].as_array().expect("a list").iter().map(key).collect();
            keys.sort();
            (line["id"].as_str().map(str::to_owned), keys)
        };
        lines(&out).iter().map(sorted).collect::<Vec<_>>()
    };
    let (har, jsonl) = (found("dev.har"), found("dev.jsonl"));
    assert_eq!(har.len(), 400);
    for (har, jsonl) in har.iter().zip(&jsonl) {
        assert_eq!(har, jsonl);
    }
}
