//! Whole exchanges in, fields and unread places out.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use ulid::Ulid;

use super::*;
use crate::exchange::{
    Body, CaptureMode, Client, Coverage, Cut, Destination, ExchangeId, Headers, Message, NoPeer, NoResponse, Outcome,
    Request, Response, Scheme, Session, SessionId, SocketDirection, SocketMessage, Timings, TlsFacts, Version,
    WireBytes,
};

mod binary;
mod bodies;
mod codings;
mod corpus;
mod families;
mod hostile;
mod inside;
mod nested;
mod parts;

fn headers(lines: &[(&str, &str)]) -> Headers {
    Headers(lines.iter().map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value.as_bytes()))).collect())
}

fn message(lines: &[(&str, &str)], body: Body) -> Message {
    Message { version: Version::Http11, headers: headers(lines), body, trailers: Headers::default() }
}

fn exchange(request: Message) -> Exchange {
    let session =
        Session { id: SessionId::new(Ulid::nil()), label: None, app: None, started_at: Timestamp::UNIX_EPOCH };
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
            path: "/".to_owned(),
            query: None,
            message: request,
        },
        response: Err(NoResponse::NotRecorded),
        messages: Vec::new(),
        outcome: Outcome::Completed,
        bytes: WireBytes::default(),
        timings: Timings::default(),
        stream: None,
        notes: Vec::new(),
    }
}

/// An exchange that posts these bytes.
fn post(content_type: &str, body: impl Into<Bytes>) -> Exchange {
    exchange(message(&[("Content-Type", content_type)], Body::whole(body)))
}

/// One line per field of body and messages, path, cookies and query (headers only if asked), then one per unread place.
fn lines(exchange: &Exchange, budget: &Budget, with_headers: bool) -> Vec<String> {
    let arena = Arena::default();
    let decoded = decode(exchange, &arena, budget);
    let fields = decoded.fields.iter().filter(|field| with_headers || field.part.kind != PartKind::Header);
    let fields = fields.map(|field| {
        let layers = field.layers.names().join(">");
        format!("{} {} {layers} {}", field.part.as_str(), field.path, field.value)
    });
    let unread = decoded
        .unread
        .iter()
        .map(|unread| format!("{} {} unread {}", unread.part.as_str(), unread.path, unread.reason.as_str()));
    fields.chain(unread).collect()
}

/// What comes out of a posted body, without `request.body`.
fn body_lines(exchange: &Exchange) -> Vec<String> {
    let all = lines(exchange, &Budget::default(), false);
    all.into_iter().map(|line| line.strip_prefix("request.body ").map(str::to_owned).unwrap_or(line)).collect()
}

#[track_caller]
fn check(exchange: &Exchange, expect: &[&str]) {
    assert_eq!(body_lines(exchange), expect);
}
