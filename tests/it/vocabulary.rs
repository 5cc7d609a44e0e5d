//! The words of known SDKs and APIs: every element under names they use, and look-alikes that are nothing.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::support::landfall::BINARY;
use super::support::{client, root};

/// Neither an element of the taxonomy nor wrong.
const UNLISTED: &[&str] = &["user_id", "push_token"];
const ELEMENTS: usize = 62;

#[test]
fn names_in_use_are_known_and_look_alikes_are_not() {
    let table = fs::read_to_string(root().join("tests/data/vocabulary.txt")).expect("the table");
    let rows = || table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (corpus, out) = (dir.path().join("rows.jsonl"), dir.path().join("findings.jsonl"));
    let exchanges: String = rows().enumerate().map(|(i, row)| format!("{}\n", exchange(i, row))).collect();
    fs::write(&corpus, exchanges).expect("written");
    let mut command = Command::new(BINARY);
    command.arg("analyze").arg(&corpus).arg("--findings").arg(&out).arg("--reveal");
    let output = client::try_run(&mut command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = findings(&fs::read_to_string(&out).expect("findings"));
    let (mut wrong, mut elements, mut in_use) = (Vec::new(), BTreeSet::new(), true);
    for (i, row) in rows().enumerate() {
        if row == "---" {
            in_use = false;
            continue;
        }
        let here = found.get(&i.to_string()).map_or(&[][..], Vec::as_slice);
        let (name, _) = row.split_once(": ").expect("a name and what carries it");
        let right = if in_use { here.iter().any(|element| same(element, name)) } else { here.is_empty() };
        if in_use {
            elements.insert(name);
        }
        if !right {
            wrong.push(format!("{row}\n    found: {here:?}"));
        }
    }
    assert_eq!(elements.len(), ELEMENTS, "every element has a row");
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// An advertising id is one, whoever calls it what.
fn same(found: &str, wanted: &str) -> bool {
    let advertising = ["gaid", "idfa", "oaid"];
    found == wanted || advertising.contains(&found) && advertising.contains(&wanted)
}

fn exchange(index: usize, row: &str) -> Value {
    let carried = row.split_once(": ").map_or("{}", |(_, carried)| carried);
    let json = ["content-type", "application/json"];
    let (mut url, mut sent, mut answered) = ("https://api.t.example/v1".to_owned(), "", "");
    let mut headers = vec![];
    match carried.as_bytes()[0] {
        b'?' => url.push_str(carried),
        b'@' => headers.extend(carried[1..].split_once(": ").map(|(name, value)| [name, value])),
        b'<' => answered = &carried[2..],
        _ => sent = carried,
    }
    headers.push(json);
    json!({
        "id": index.to_string(),
        "request": {"method": "POST", "url": url, "http_version": "HTTP/1.1", "headers": headers, "body_b64": STANDARD.encode(sent)},
        "response": {"status": 200, "headers": [json], "body_b64": STANDARD.encode(answered)},
    })
}

/// Listed elements by exchange.
fn findings(text: &str) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a JSON line");
        let elements = line["findings"].as_array().into_iter().flatten().filter_map(|f| f["element"].as_str());
        let listed = elements.filter(|element| !UNLISTED.contains(element)).map(str::to_owned);
        found.entry(line["id"].as_str().unwrap_or_default().to_owned()).or_default().extend(listed);
    }
    found
}
