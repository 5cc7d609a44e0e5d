//! curl through Landfall: both protocols, both directions, every framing.

use std::io::Read;
use std::process::{Command, Stdio};

use bytes::Bytes;
use serde_json::Value;

use super::support::lab::{ADVERTISER, BACKEND, Lab, PLAIN, TOLD, elements, placed, telling};
use super::support::landfall::Landfall;
use super::support::{agree, canary, client, pattern};

/// curl that trusts Landfall and goes through it; the answer's version stands behind the body on stderr.
fn curl(landfall: &Landfall, args: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "100", "--noproxy", "", "--proxy"]).arg(format!("http://{}", landfall.proxy));
    command.arg("--cacert").arg(landfall.ca()).args(["-w", "%{stderr}%{http_code} %{http_version}"]).args(args);
    command
}

/// Body, and `status version`.
#[track_caller]
fn fetch(landfall: &Landfall, args: &[&str]) -> (Vec<u8>, String) {
    let output = client::run(&mut curl(landfall, args));
    let told = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    (output.stdout, told)
}

#[test]
fn every_framing_arrives_byte_exact_and_is_recorded_once() {
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    let url = |host: &str, path: &str| format!("https://{host}{path}");
    let file = landfall.dir().join("upload.bin");
    let upload: Vec<u8> = pattern::blocks(300_000).flatten().collect();
    std::fs::write(&file, &upload).expect("written");
    let (file, text) = (file.display().to_string(), telling());
    let at_file = format!("@{file}");
    let (token, cookie) =
        (format!("Authorization: Bearer {}", canary::TOKEN), format!("Cookie: sid={}", canary::COOKIE));
    let json = "Content-Type: application/json";

    let telling = ["--http1.1", "-H", json, "-H", &token, "-H", &cookie, "--data", &text, &url(ADVERTISER, "/echo")];
    assert_eq!(fetch(&landfall, &telling), (text.clone().into_bytes(), "200 1.1".to_owned()));
    let (body, told) = fetch(&landfall, &["--http2", &url(BACKEND, "/bytes/200000")]);
    assert_eq!((pattern::sha256_of(&body), told.as_str()), (pattern::sha256(200_000), "200 2"));
    let (body, told) = fetch(&landfall, &["--http1.1", &url(BACKEND, "/chunked/100000")]);
    assert_eq!((pattern::sha256_of(&body), told.as_str()), (pattern::sha256(100_000), "200 1.1"));
    let answer = format!(r#"{{"bytes":300000,"sha256":"{}"}}"#, pattern::sha256_of(&upload));
    for (version, args) in [
        ("2", &["--http2", "-T", &file][..]),
        ("1.1", &["--http1.1", "-H", "Transfer-Encoding: chunked", "-T", &file]),
        ("1.1", &["--http1.1", "-H", "Expect: 100-continue", "--data-binary", &at_file]),
    ] {
        let (body, told) = fetch(&landfall, &[args, &[&url(BACKEND, "/upload")]].concat());
        assert_eq!((String::from_utf8_lossy(&body), told), (answer.as_str().into(), format!("200 {version}")));
    }
    let (body, _) = fetch(&landfall, &["--compressed", &url(BACKEND, "/gzip")]);
    assert_eq!(body, br#"{"greeting":"hello from a gzip body"}"#);
    assert_eq!(fetch(&landfall, &[&url(BACKEND, "/trailers")]).0, b"body");
    assert_eq!(fetch(&landfall, &[&url(BACKEND, "/status/418")]).1, "418 2");
    assert_eq!(fetch(&landfall, &[&format!("http://{PLAIN}/x")]), (b"ok".to_vec(), "200 1.1".to_owned()));

    assert_eq!(lab.backend.request("/bytes/200000").version, http::Version::HTTP_2);
    assert_eq!(lab.advertiser.request("/echo").method, "POST");
    let metrics = landfall.metrics_after(10);
    let left = landfall.stop();
    let exchanges = left.exchanges();
    let seen: Vec<_> = exchanges.iter().map(|event| line(event)).collect();
    let us = "backend US US acme_weather";
    assert_eq!(
        seen,
        [
            "POST /echo 200 intercepted advertiser CN CN ads_of_asia".to_owned(),
            format!("GET /bytes/{{id}} 200 intercepted {us}"),
            format!("GET /chunked/{{id}} 200 intercepted {us}"),
            format!("PUT /upload 200 intercepted {us}"),
            format!("PUT /upload 200 intercepted {us}"),
            format!("POST /upload 200 intercepted {us}"),
            format!("GET /gzip 200 intercepted {us}"),
            format!("GET /trailers 200 intercepted {us}"),
            format!("GET /status/418 418 intercepted {us}"),
            "GET /x 200 plaintext plain DE US acme_weather".to_owned(),
        ]
    );
    let found = elements(exchanges[0]);
    assert!(TOLD.iter().all(|element| found.contains(element)), "{found:?}");
    assert_eq!(
        (exchanges[3]["bytes"]["up"].as_u64(), exchanges[1]["bytes"]["down"].as_u64()),
        (Some(300_000), Some(200_000))
    );
    agree::check(&metrics, &exchanges);
    canary::assert_absent(&left, &metrics);
}

/// An event in one line; hosts by their part in the lab.
fn line(event: &Value) -> String {
    let (at, owned, owner) = placed(event);
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let host = match event["destination"]["host"].as_str() {
        Some(BACKEND) => "backend",
        Some(ADVERTISER) => "advertiser",
        Some(PLAIN) => "plain",
        _ => "other",
    };
    let http = &event["http"];
    let (method, path, coverage) =
        (word(&http["method"]), word(&http["path_template"]), word(&event["capture"]["coverage"]));
    format!("{method} {path} {} {coverage} {host} {at} {owned} {owner}", http["status"])
}

#[test]
fn the_origins_themselves_speak_both_protocols() {
    let lab = Lab::new(&["h2", "http/1.1"]);
    for (version, told) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let mut command = Command::new("curl");
        command.args(["-sSk", "--noproxy", "*", version, "-w", " %{http_version}", "--resolve"]);
        command.arg(format!("{BACKEND}:{}:127.1.1.1", lab.backend.address.port()));
        let output = client::run(command.arg(format!("https://{BACKEND}:{}/x", lab.backend.address.port())));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("ok {told}"));
    }
}

#[test]
fn the_expectation_is_relayed() {
    let lab = Lab::new(&["http/1.1"]);
    let landfall = lab.landfall();
    let body = "x".repeat(2000);
    let args = ["-v", "--http1.1", "-H", "Expect: 100-continue", "--data", &body, &format!("https://{BACKEND}/upload")];
    let output = client::run(&mut curl(&landfall, &args));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("HTTP/1.1 100 Continue"), "{said}");
    assert!(lab.backend.request("/upload").headers.contains_key("expect"));
    landfall.stop();
}

#[test]
fn the_first_byte_does_not_wait_for_the_last() {
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    for version in ["--http1.1", "--http2"] {
        let feed = lab.backend.slow();
        let mut command = curl(&landfall, &["-N", version, &format!("https://{BACKEND}/slow")]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("curl");
        let mut body = child.stdout.take().expect("piped");
        for part in [&b"one"[..], b"two", b"three"] {
            feed.blocking_send(Bytes::from_static(part)).expect("the origin takes it");
            let mut seen = vec![0; part.len()];
            body.read_exact(&mut seen).expect("it comes before the next is sent");
            assert_eq!(seen, part);
        }
        drop(feed);
        assert!(child.wait().expect("it ends").success());
    }
    let left = landfall.stop();
    let down: Vec<_> = left.exchanges().iter().map(|event| event["bytes"]["down"].as_u64()).collect();
    assert_eq!(down, [Some(11), Some(11)]);
}

#[test]
fn an_untrusted_upstream_is_an_error_and_no_page() {
    let lab = Lab::new(&["http/1.1"]);
    let landfall = Landfall::start(&["--resolve".to_owned(), lab.backend.resolve(443)]);
    let output = client::try_run(&mut curl(&landfall, &["--http1.1", &format!("https://{BACKEND}/page")]));
    let body = String::from_utf8_lossy(&output.stdout);
    assert!(!body.contains("nothing yet"), "{body}");
    assert_eq!(lab.backend.received().len(), 0);
    let left = landfall.stop();
    assert!(!left.events.iter().any(|event| event["outcome"]["result"] == "completed"), "{:?}", left.events);
}
