#![no_main]
//! A whole exchange through decode and detect: whatever is sent, it ends, inside its budget.
//!
//! The input's first five lines are path, query, content type, content coding and a header's or cookie's value; the rest is the
//! request's body, the response's body and a WebSocket message.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use jiff::Timestamp;
use landfall::decode::{Arena, Budget, decode};
use landfall::detect::{Detectors, EvidenceKey, Keys, SubjectKey};
use landfall::exchange::{
    Body, CaptureMode, Client, Coverage, Cut, Destination, Exchange, ExchangeId, Headers, Message, NoPeer, Outcome,
    Request, Response, Scheme, Session, SessionId, SocketDirection, SocketMessage, Timings, TlsFacts, Version,
    WireBytes,
};
use libfuzzer_sys::fuzz_target;
use ulid::Ulid;

const BUDGET: Budget = Budget { depth: 32, bytes: 1 << 20, ratio: 100, fields: 5_000 };

fn detectors() -> &'static (Detectors, Keys) {
    static DETECTORS: OnceLock<(Detectors, Keys)> = OnceLock::new();
    DETECTORS.get_or_init(|| {
        let keys = Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) };
        (Detectors::builtin(), keys)
    })
}

fn message(lines: &[String], body: &[u8], cut: bool) -> Message {
    let header = |name: &str, value: &str| (name.to_owned(), Bytes::copy_from_slice(value.as_bytes()));
    let headers = vec![
        header("content-type", &lines[2]),
        header("content-encoding", &lines[3]),
        header("x-about", &lines[4]),
        header("cookie", &lines[4]),
        header("authorization", &lines[4]),
    ];
    let mut body = Body::whole(body.to_vec());
    body.cut = cut.then_some(Cut::Limit);
    Message { version: Version::Http11, headers: Headers(headers), body, trailers: Headers::default() }
}

fn exchange(lines: &[String], body: &[u8]) -> Exchange {
    let id = SessionId::new(Ulid::nil());
    let session = Session { id, label: None, app: None, started_at: Timestamp::UNIX_EPOCH };
    let cut = lines[1].len() % 2 == 1;
    Exchange {
        id: ExchangeId::new(Ulid::nil()),
        import: None,
        session: Arc::new(session),
        started_at: Timestamp::UNIX_EPOCH,
        client: Client::default(),
        mode: CaptureMode::Import,
        coverage: Coverage::Imported,
        destination: Destination { host: "a.example".to_owned(), port: 443, peer: Err(NoPeer::NotRecorded) },
        tls: TlsFacts::default(),
        request: Request {
            method: "POST".to_owned(),
            scheme: Scheme::Https,
            authority: "a.example".to_owned(),
            path: format!("/{}", lines[0]),
            query: Some(lines[1].clone()),
            message: message(lines, body, cut),
        },
        response: Ok(Response { status: 200, message: message(lines, body, false) }),
        messages: vec![SocketMessage {
            direction: SocketDirection::Received,
            opcode: 2,
            payload: Bytes::copy_from_slice(body),
            at: None,
        }],
        outcome: Outcome::Completed,
        bytes: WireBytes::default(),
        timings: Timings::default(),
        stream: None,
        notes: Vec::new(),
    }
}

fuzz_target!(|data: &[u8]| {
    let mut pieces = data.splitn(6, |&byte| byte == b'\n');
    let mut lines: Vec<String> =
        pieces.by_ref().take(5).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    lines.resize(5, String::new());
    let exchange = exchange(&lines, pieces.next().unwrap_or_default());
    let arena = Arena::default();
    let decoded = decode(&exchange, &arena, &BUDGET);
    assert!(decoded.fields.len() <= BUDGET.fields);
    let (detectors, keys) = detectors();
    let findings = detectors.detect(&exchange, &decoded, keys, true).findings;
    assert!(findings.iter().all(|finding| finding.preview.chars().count() <= 24));
});
