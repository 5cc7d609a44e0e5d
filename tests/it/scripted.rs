//! Python's requests and httpx, and Node's undici, through Landfall.

use std::process::Command;

use serde_json::{Value, json};

use super::support::lab::{ADVERTISER, BACKEND, Lab, TOLD, elements, placed, telling};
use super::support::{agree, canary, client, pattern};

#[test]
fn python_requests() {
    check(client::script("/usr/bin/python3", "requests_client.py"));
}

#[test]
fn python_httpx() {
    check(client::script("/usr/bin/python3", "httpx_client.py"));
}

#[test]
fn node_undici() {
    let mut node = client::script("node", "undici_client.cjs");
    node.env("NODE_PATH", "/usr/share/nodejs");
    check(node);
}

/// Four exchanges, as every one of the scripts makes them.
#[track_caller]
fn check(mut client: Command) {
    const LENGTH: u64 = 150_000;
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    let task = json!({
        "proxy": format!("http://{}", landfall.proxy),
        "ca": landfall.ca(),
        "backend": BACKEND,
        "advertiser": ADVERTISER,
        "json": telling(),
        "token": canary::TOKEN,
        "length": LENGTH,
    });
    let output = client::run(client.arg(task.to_string()));
    let seen: Vec<Value> = serde_json::from_slice(&output.stdout).expect("the script's JSON");
    let parts: Vec<u8> = (0..40u8).flat_map(|number| [number; 5000]).collect();
    let expect = |length: usize, sha256: String| json!({"status": 200, "bytes": length, "sha256": sha256});
    let gzipped = br#"{"greeting":"hello from a gzip body"}"#;
    assert_eq!(
        seen,
        [
            expect(telling().len(), pattern::sha256_of(telling().as_bytes())),
            expect(150_000, pattern::sha256(LENGTH)),
            expect(parts.len(), pattern::sha256_of(&parts)),
            expect(gzipped.len(), pattern::sha256_of(gzipped)),
        ]
    );
    assert_eq!(lab.advertiser.request("/echo").sha256, pattern::sha256_of(telling().as_bytes()));
    assert_eq!(lab.backend.request("/echo").length, 200_000);

    let metrics = landfall.metrics_after(4);
    let left = landfall.stop();
    let exchanges = left.exchanges();
    let us = ("US", "US", "acme_weather");
    let places: Vec<_> = exchanges.iter().map(|event| placed(event)).collect();
    assert_eq!(places, [("CN", "CN", "ads_of_asia"), us, us, us]);
    let found = elements(exchanges[0]);
    assert!(TOLD.iter().all(|element| found.contains(element)), "{found:?}");
    agree::check(&metrics, &exchanges);
    canary::assert_absent(&left, &metrics);
}
