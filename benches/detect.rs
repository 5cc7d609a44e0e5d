//! The pure core on one thread: `cargo bench --bench detect`.
//!
//! `small_exchanges` unpacks the exchanges of the second corpus (a few KiB each) and looks for every element in them; the
//! counter is exchanges a second. `large_json` does the same to one JSON body of 1 MiB; the counter is bytes a second.

use std::path::Path;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use jiff::Timestamp;
use landfall::capture::import::{ImportFile, Imported};
use landfall::decode::{Arena, Budget, decode};
use landfall::detect::{Detectors, EvidenceKey, Keys, SubjectKey};
use landfall::exchange::{Exchange, Session, SessionId};

fn main() {
    divan::main();
}

#[divan::bench]
fn small_exchanges(bencher: Bencher<'_, '_>) {
    let exchanges = corpus();
    let (detectors, keys) = (Detectors::builtin(), keys());
    bencher
        .counter(ItemsCount::new(exchanges.len()))
        .bench_local(|| exchanges.iter().map(|exchange| assess(&detectors, &keys, exchange)).sum::<usize>());
}

#[divan::bench]
fn large_json(bencher: Bencher<'_, '_>) {
    let exchange = large();
    let (detectors, keys) = (Detectors::builtin(), keys());
    let bytes = exchange.request.message.body.captured.len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| assess(&detectors, &keys, &exchange));
}

#[divan::bench]
fn large_json_unpacked_only(bencher: Bencher<'_, '_>) {
    let exchange = large();
    let bytes = exchange.request.message.body.captured.len();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let arena = Arena::default();
        decode(&exchange, &arena, &Budget::default()).fields.len()
    });
}

fn assess(detectors: &Detectors, keys: &Keys, exchange: &Exchange) -> usize {
    let arena = Arena::default();
    let decoded = decode(exchange, &arena, &Budget::default());
    detectors.detect(exchange, &decoded, keys, false).findings.len()
}

fn keys() -> Keys {
    Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) }
}

fn corpus() -> Vec<Exchange> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/corpus2/open.jsonl");
    let file = ImportFile::open(&path, |_| {}).expect("the corpus");
    let session = Arc::new(Session {
        id: SessionId::new(ulid::Ulid::nil()),
        label: None,
        app: None,
        started_at: Timestamp::UNIX_EPOCH,
    });
    let exchanges = file.exchanges(session).expect("exchanges");
    let read = exchanges.filter_map(|next| match next.expect("an exchange") {
        Imported::Exchange(exchange) => Some(*exchange),
        Imported::Local { .. } => None,
    });
    read.collect()
}

/// Batches of analytics events, a tenth of which hold something.
fn large() -> Exchange {
    let mut events = String::from("{\"batch\":[");
    for i in 0.. {
        if events.len() > 1 << 20 {
            break;
        }
        if i > 0 {
            events.push(',');
        }
        events.push_str(&format!(
            "{{\"event\":\"screen_view\",\"messageId\":\"android-{i:08x}-3192-4639\",\"timestamp\":\"2026-11-14T10:18:{:02}.123Z\",\
             \"context\":{{\"device\":{{\"manufacturer\":\"Google\",\"model\":\"Pixel 8\"}},\"screen\":{{\"width\":1080,\"height\":2400}}}},\
             \"properties\":{{\"name\":\"Home feed\",\"duration_ms\":{},\"value\":42.5,\"order_id\":\"{:016}\"}}",
            i % 60,
            i * 7 % 900,
            i * 7919
        ));
        if i % 10 == 0 {
            events.push_str(",\"traits\":{\"email\":\"ann.lee@mailbox.test\",\"phone\":\"+16144921836\"}");
        }
        events.push('}');
    }
    events.push_str("]}");
    let mut exchange =
        corpus().into_iter().find(|e| !e.request.message.body.captured.is_empty()).expect("an exchange with a body");
    let headers = &mut exchange.request.message.headers.0;
    headers.retain(|(name, _)| {
        !name.eq_ignore_ascii_case("content-encoding") && !name.eq_ignore_ascii_case("content-type")
    });
    let body = &mut exchange.request.message.body;
    body.observed_bytes = events.len() as u64;
    body.captured = events.into_bytes().into();
    exchange
}
