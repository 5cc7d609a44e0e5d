use std::io::BufReader;
use std::sync::Arc;

use jiff::Timestamp;
use ulid::Ulid;

use super::*;
use crate::exchange::{Exchange, Session, SessionId, Version};

fn lines(text: &str) -> Vec<Result<Imported, ImportError>> {
    let session = Arc::new(Session {
        id: SessionId::new(Ulid::from_parts(1, 1)),
        label: None,
        app: None,
        started_at: Timestamp::UNIX_EPOCH,
    });
    let origin = Origin { session, file_sha256: "00".into() };
    Lines::new(BufReader::with_capacity(7, text.as_bytes()), "f.jsonl".into(), origin).collect()
}

#[track_caller]
fn one(line: &str) -> Exchange {
    match lines(line).pop() {
        Some(Ok(Imported::Exchange(exchange))) => *exchange,
        other => panic!("{other:?}"),
    }
}

const GET: &str = r#"{"id":"1","request":{"method":"GET","url":"https://a/"},"response":{"status":200}}"#;

#[test]
fn a_line_is_read_with_all_it_says() {
    let exchange = one(
        r#"{"id":"dev-1","labels":[{"value":3}],"time":"2026-11-20T12:00:00Z","server_ip":"127.86.1.1",
        "request":{"method":"PUT","url":"http://A:81/p?q","http_version":"HTTP/1.0","headers":[["X-a","b"]],"body_b64":"AP8="},
        "response":{"status":201,"headers":[["Set-Cookie","c"]],"body_b64":"e30"},
        "ws":[{"dir":"send","opcode":1,"data_b64":"aGk="},{"dir":"recv","opcode":2,"data_b64":""}]}"#
            .replace('\n', " ")
            .as_str(),
    );
    assert_eq!((exchange.destination.host.as_str(), exchange.destination.port), ("a", 81));
    assert_eq!(exchange.destination.peer.map(|peer| peer.address.to_string()), Ok("127.86.1.1:81".to_owned()));
    assert_eq!(exchange.request.message.version, Version::Http10);
    assert_eq!(&exchange.request.message.body.captured[..], [0, 255]);
    assert_eq!(exchange.response.map(|r| r.message.body.captured.to_vec()).ok(), Some(b"{}".to_vec()));
    assert_eq!(exchange.messages.len(), 2);
    assert_eq!((exchange.bytes.up, exchange.bytes.down), (4, 2));
    assert_eq!(exchange.import.map(|i| (i.index, i.id)), Some((0, Some("dev-1".to_owned()))));
    assert_eq!(one(GET).destination.peer.err(), Some(NoPeer::NotRecorded));
    let switched = one(&GET.replace("200", "101"));
    assert_eq!(switched.request.message.body.cut, Some(crate::exchange::Cut::NotRecorded));
}

#[test]
fn bad_lines_cost_themselves_and_the_end_may_be_missing() {
    let text = format!(
        "\u{feff}{GET}\n\n{{\"request\":3}}\r\n{GET} {GET}\n{GET}\n{}\n{{\"request\":{{\"met",
        r#"{"request":{"method":"GET","url":"https://a/","body_b64":"%"}}"#
    );
    let seen: Vec<_> = lines(&text)
        .into_iter()
        .map(|line| match line {
            Ok(Imported::Exchange(exchange)) => format!("{} ok", exchange.import.map_or(99, |import| import.index)),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "0 ok",
            "`f.jsonl`: line 3: request: invalid type, expected struct Sent; this exchange is left out",
            "`f.jsonl`: line 4: more than one JSON value stands on it; this exchange is left out",
            "3 ok",
            "`f.jsonl`: line 6: request.body_b64 is not base64; this exchange is left out",
            "`f.jsonl` breaks off after 3 whole exchanges; export it again",
        ]
    );
}
