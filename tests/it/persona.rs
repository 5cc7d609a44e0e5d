//! `--persona`: what a tester knows is found in whatever form it travels, said with its disguise, and written nowhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::support::client;
use super::support::landfall::BINARY;

const EMAIL: &str = "Quilla.Ostrander@posthaus.net";
const PHONE: &str = "+18138866645";
const MAC: &str = "3c:28:6d:a5:58:33";
const BORN: &str = "1992-11-01";
const GAID: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
const IMEI: &str = "014478005649381";
const NAME: &str = "Quilla Ostrander";

fn persona() -> String {
    let values = [
        ("email", EMAIL),
        ("phone_number", PHONE),
        ("mac_address", MAC),
        ("birth_date", BORN),
        ("gaid", GAID),
        ("imei", IMEI),
        ("person_name", NAME),
        ("person_name", "Quilla"),
        ("zip_code", "43215"),
    ];
    let mut text = "[[persona]]\nid = \"p\"\nplatform = \"android\"\n".to_owned();
    for (element, value) in values {
        text += &format!("[[persona.identifier]]\nelement = \"{element}\"\nvalue = \"{value}\"\n");
    }
    text
}

fn exchange(id: &str, content_type: &str, body: &[u8]) -> Value {
    json!({"id": id, "request": {"method": "POST", "url": "https://t.sink.example/x", "http_version": "1.1",
        "headers": [["Content-Type", content_type]], "body_b64": STANDARD.encode(body)},
        "response": {"status": 204, "headers": [], "body_b64": ""}})
}

/// Run over these bodies; what was said, and the lines of `--findings` and `--events`.
fn analyze(dir: &Path, bodies: &[(&str, Vec<u8>)], reveal: bool) -> (Output, Vec<Value>, String) {
    let at = |name: &str| dir.join(name).display().to_string();
    let lines: Vec<String> = (0..)
        .zip(bodies)
        .map(|(index, (media, body))| exchange(&format!("x{index}"), media, body).to_string())
        .collect();
    fs::write(at("in.jsonl"), lines.join("\n")).expect("written");
    fs::write(at("p.toml"), persona()).expect("written");
    let (findings, events) = (at("findings"), at("events"));
    let mut command = Command::new(BINARY);
    command.args([
        "analyze",
        &at("in.jsonl"),
        "--persona",
        &at("p.toml"),
        "--findings",
        &findings,
        "--events",
        &events,
    ]);
    if reveal {
        command.arg("--reveal");
    }
    let output = client::try_run(&mut command);
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let found = read(&findings).lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
    (output, found, read(&events))
}

fn json_body(value: &str) -> (&'static str, Vec<u8>) {
    ("application/json", json!({"q": [{"zz": value}]}).to_string().into_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

/// The findings of the persona in one exchange: element, value, plain.
fn known(line: &Value) -> Vec<(String, String, Option<String>)> {
    let found = line["findings"].as_array().expect("findings").iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    found
        .filter(|finding| finding["detector"] == "persona")
        .map(|finding| {
            (
                text(&finding["element"]).unwrap_or_default(),
                text(&finding["value"]).unwrap_or_default(),
                text(&finding["plain"]),
            )
        })
        .collect()
}

#[test]
fn every_disguise_is_seen_through() {
    let lower = EMAIL.to_lowercase();
    let double = STANDARD.encode(format!("q{}z", STANDARD.encode(format!("id={EMAIL};"))));
    let percent: String = EMAIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let cases: Vec<(&str, String)> = vec![
        ("email", EMAIL.to_uppercase()),
        ("email", format!("mail to {lower}, please")),
        ("email", STANDARD.encode(EMAIL)),
        ("email", URL_SAFE_NO_PAD.encode(format!("xy{lower}?"))),
        ("email", double),
        ("email", hex(EMAIL.as_bytes())),
        ("email", hex(lower.as_bytes()).to_uppercase()),
        ("email", percent.clone()),
        ("email", percent.replace('%', "%25")),
        ("email", format!("{{broken \"a\": \"{}", lower.replace('@', "\\u0040"))),
        ("email", format!("https://a.example/?next=https%3A%2F%2Fb.example%2F%3Fm%3D{}", lower.replace('@', "%2540"))),
        ("email", hex(&sha256(&lower))),
        ("email", hex(&sha256(EMAIL)).to_uppercase()),
        ("email", STANDARD.encode(sha256(&lower))),
        ("email", URL_SAFE_NO_PAD.encode(sha256(&lower))),
        ("phone_number", "(813) 886-6645".to_owned()),
        ("phone_number", "call 813.886.66 45".to_owned()),
        ("phone_number", "0018138866645".to_owned()),
        ("phone_number", hex(&sha256("8138866645"))),
        ("mac_address", "3C-28-6D-A5-58-33".to_owned()),
        ("mac_address", "3c286da55833".to_owned()),
        ("mac_address", hex(&sha256("3C286DA55833"))),
        ("birth_date", "11/01/1992".to_owned()),
        ("birth_date", "1.11.1992".to_owned()),
        ("birth_date", "1992-11-01T00:00:00Z".to_owned()),
        ("gaid", GAID.replace('-', "").to_uppercase()),
        ("imei", "01-447800-564938-1".to_owned()),
        ("person_name", "OSTRANDER, QUILLA".to_owned()),
        ("person_name", hex(&sha256("quilla"))),
        ("zip_code", "43215".to_owned()),
        ("zip_code", "Columbus, OH 43215".to_owned()),
        ("zip_code", "NDMyMTU=".to_owned()),
    ];
    let bodies: Vec<_> = cases.iter().map(|(_, text)| json_body(text)).collect();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (output, found, _) = analyze(dir.path(), &bodies, true);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    for ((element, text), line) in cases.iter().zip(&found) {
        let found = known(line);
        assert!(found.len() == 1 && found[0].0 == *element, "{element} in {text}: {line}");
    }
    let digest = &known(&found[11])[0];
    assert_eq!((digest.1.as_str(), digest.2.as_deref()), (hex(&sha256(&lower)).as_str(), Some(EMAIL)));
}

#[test]
fn raw_bytes_and_numbers_in_binary_bodies() {
    let id: Vec<u8> =
        (0..16).filter_map(|at| u8::from_str_radix(&GAID.replace('-', "")[2 * at..2 * at + 2], 16).ok()).collect();
    let varint = |mut number: u64| {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        [bytes, vec![number.to_le_bytes()[0]]].concat()
    };
    let protobuf = [
        [&[0x0a, 16][..], &id].concat(),
        [vec![0x10], varint(18_138_866_645)].concat(),
        [vec![0x18], varint(2 * 14_478_005_649_381)].concat(),
    ]
    .concat();
    let sealed = [&[0x9c, 0, 0xff, 0xfe, 1, 2][..], EMAIL.as_bytes(), &[0, 0xff]].concat();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let bodies = [("application/x-protobuf", protobuf), ("application/octet-stream", sealed)];
    let (_, found, _) = analyze(dir.path(), &bodies, true);
    let elements = |line: &Value| known(line).into_iter().map(|(element, ..)| element).collect::<Vec<_>>();
    assert_eq!(elements(&found[0]), ["gaid", "phone_number", "imei"]);
    assert_eq!(elements(&found[1]), ["email"]);
}

#[test]
fn look_alikes_are_not_taken_for_it() {
    let others = [
        format!("x{EMAIL}"),
        format!("{EMAIL}.example"),
        "28138866645".to_owned(),
        "81388666450".to_owned(),
        "1432150".to_owned(),
        "43215.77".to_owned(),
        "Quillan".to_owned(),
        "quilla@elsewhere.example".to_owned(),
        hex(&sha256("somebody else")),
    ];
    let mut bodies: Vec<_> = others.iter().map(|text| json_body(text)).collect();
    bodies.push(("application/json", br#"{"views":43215}"#.to_vec()));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_, found, _) = analyze(dir.path(), &bodies, true);
    for line in &found {
        assert_eq!(known(line), [], "{line}");
    }
}

#[test]
fn the_disguise_is_said_and_no_value_is_written() {
    let body = json!({EMAIL: {"zz": 1}, "em": hex(&sha256(&EMAIL.to_lowercase())), "email": EMAIL, "p": PHONE, NAME: {"lat": 1}});
    let bodies = [("application/json", body.to_string().into_bytes())];
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (output, found, events) = analyze(dir.path(), &bodies, false);
    assert!(events.contains("\"known_as\":\"SHA-256 of the e"), "{events}");
    let said = [output.stdout, output.stderr].concat();
    for text in [&events, &found[0].to_string(), &String::from_utf8_lossy(&said).into_owned()] {
        for value in [EMAIL, &PHONE[1..], "Ostrander"] {
            assert!(!text.to_lowercase().contains(&value.to_lowercase()), "{value} in {text}");
        }
    }
    let list = found[0]["findings"].as_array().expect("findings");
    let emails = list.iter().filter(|finding| finding["element"] == "email").collect::<Vec<_>>();
    assert!(emails.iter().all(|finding| finding["detector"] == "persona"), "{emails:?}");
    let prints: std::collections::HashSet<_> =
        emails.iter().map(|finding| finding["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), 1, "a value and its digest are of one person: {emails:?}");
}

#[test]
fn a_persona_file_that_does_not_hold_is_refused_without_its_values() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("in.jsonl"), exchange("a", "text/plain", b"x").to_string()).expect("written");
    let run = |persona: &str| {
        let mut command = Command::new(BINARY);
        client::try_run(command.args(["analyze", &at("in.jsonl"), "--persona", &at(persona)]))
    };
    assert_eq!(run("none.toml").status.code(), Some(3));
    fs::write(at("bad.toml"), persona().replace("\"email\"", "\"emial\"")).expect("written");
    let output = run("bad.toml");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("unknown element `emial`") && said.contains("did you mean `email`?"), "{said}");
    assert!(!said.contains(EMAIL), "{said}");
}
