//! Placing a destination: one that was placed before, one that was not, and making the sources.
//!
//! `cargo bench --bench locate`

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use divan::{Bencher, black_box};
use jiff::Timestamp;
use landfall::exchange::{Destination, Headers, Peer, TlsFacts};
use landfall::locate::{LocatorConfig, Locators, Observed, Vantage};
use landfall::rules::Ruleset;

fn main() {
    divan::main();
}

fn config() -> LocatorConfig {
    LocatorConfig {
        entities: Ruleset::builtin().entities,
        vantage: Vantage::parse("50.11,8.68"),
        ..LocatorConfig::default()
    }
}

fn locators() -> Locators {
    Locators::new(config()).expect("the embedded data is whole")
}

fn destination(host: &str, address: Ipv4Addr) -> Destination {
    let peer = Peer { cname: vec!["edge.cdn.example".to_owned()], ..Peer::at(SocketAddr::from((address, 443))) };
    Destination { host: host.to_owned(), port: 443, peer: Ok(peer) }
}

/// A response's fields as a delivery network sends them.
fn answer() -> Headers {
    let fields = ["date", "content-type", "content-length", "cache-control", "x-cache", "etag", "server", "vary"];
    let fields = fields.map(|name| (name.to_owned(), Bytes::from_static(b"x")));
    let ray = ("cf-ray".to_owned(), Bytes::from_static(b"8f1b2c3d4e5f6789-FRA"));
    Headers(fields.into_iter().chain([ray]).collect())
}

#[divan::bench]
fn warm(bencher: Bencher) {
    let (locators, destination, answer) = (locators(), destination("api.tiktok.com", [104, 16, 1, 1].into()), answer());
    let observed = Observed { connect_time: Some(Duration::from_millis(2)), samples: 9, ..Observed::default() };
    let at = Timestamp::now();
    bencher.bench_local(|| locators.place(black_box(&destination), &TlsFacts::default(), Some(&answer), &observed, at));
}

/// Another address each time: nothing is known from before.
#[divan::bench]
fn cold(bencher: Bencher) {
    let (locators, answer) = (locators(), answer());
    let observed = Observed { connect_time: Some(Duration::from_millis(40)), samples: 3, ..Observed::default() };
    let at = Timestamp::now();
    let mut next = 0x0500_0000_u32;
    bencher
        .with_inputs(|| {
            next = next.wrapping_add(0x0001_0307);
            destination("b.oss-eu-central-1.aliyuncs.com", next.into())
        })
        .bench_local_refs(|destination| {
            locators.place(destination, &TlsFacts::default(), Some(&answer), &observed, at)
        });
}

/// All embedded data unpacked, entities compiled, distances measured.
#[divan::bench(sample_count = 10)]
fn load() -> Locators {
    locators()
}
