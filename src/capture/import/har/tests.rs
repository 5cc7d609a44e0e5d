use std::io::BufReader;
use std::sync::Arc;

use jiff::Timestamp;
use ulid::Ulid;

use super::*;
use crate::exchange::{Cut, Exchange, NoPeer, NoResponse, Outcome, Session, SessionId, Version};

fn entries(text: &str) -> Vec<Result<Imported, ImportError>> {
    let session = Arc::new(Session {
        id: SessionId::new(Ulid::from_parts(1, 1)),
        label: None,
        app: None,
        started_at: Timestamp::UNIX_EPOCH,
    });
    let origin = Origin { session, file_sha256: "00".into() };
    // Small, so that every boundary is met.
    let scanner = Scanner::new(BufReader::with_capacity(7, text.as_bytes())).expect("memory can be read");
    Entries::new(scanner, "f.har".into(), origin).collect()
}

fn har(entries: &str) -> String {
    format!(r#"{{"log": {{"version": "1.2", "pages": [{{"entries": []}}], "entries": [{entries}]}}}}"#)
}

#[track_caller]
fn one(entry: &str) -> Exchange {
    match entries(&har(entry)).pop() {
        Some(Ok(Imported::Exchange(exchange))) => *exchange,
        other => panic!("{other:?}"),
    }
}

const GET: &str = r#"{"startedDateTime":"2026-11-20T12:00:00.000Z","request":{"method":"GET","url":"https://a.example/"},
    "response":{"status":200}}"#;

#[test]
fn an_entry_is_read_with_all_it_says() {
    let exchange = one(r#"{"startedDateTime":"2026-11-20T13:00:00.5+01:00","time":50.5,"comment":"dev-7",
        "serverIPAddress":"[2001:db8::1]","timings":{"blocked":-1,"dns":1,"connect":30,"ssl":20,"send":1,"wait":4,"receive":9},
        "request":{"method":"POST","url":"https://u:p@A.Example:8443/x?q=%20#f","httpVersion":"h2","cookies":[{"name":"c","value":"1"}],
          "headers":[{"name":":authority","value":"A.Example"},{"name":"X-A","value":"b"}],"bodySize":9,
          "postData":{"mimeType":"application/octet-stream","text":"AAH/","encoding":"base64"}},
        "response":{"status":404,"httpVersion":"HTTP/1.1","headers":[{"name":"Content-Type","value":"text/plain"}],"bodySize":3,
          "content":{"size":3,"mimeType":"text/plain","text":"a\ud800"}}}"#);
    assert_eq!(exchange.started_at.to_string(), "2026-11-20T12:00:00.5Z");
    assert_eq!(exchange.destination.host, "a.example");
    assert_eq!(exchange.destination.peer.map(|p| p.address.to_string()), Ok("[2001:db8::1]:8443".to_owned()));
    assert_eq!(exchange.import.and_then(|import| import.id).as_deref(), Some("dev-7"));
    assert_eq!((exchange.request.path.as_str(), exchange.request.query.as_deref()), ("/x", Some("q=%20")));
    let request = &exchange.request.message;
    let names: Vec<_> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["X-A", "Content-Type", "Cookie"]);
    assert_eq!((request.version, request.headers.get("cookie")), (Version::Http2, Some("c=1")));
    assert_eq!((&request.body.captured[..], request.body.cut), (&[0, 1, 255][..], Some(Cut::NotRecorded)));
    let response = exchange.response.expect("there is one");
    assert_eq!((response.status, &response.message.body.captured[..]), (404, &b"a\xed\xa0\x80"[..]));
    let ms = |duration: Option<std::time::Duration>| duration.map(|d| d.as_micros());
    assert_eq!(ms(exchange.timings.connect), Some(10_000));
    assert_eq!(ms(exchange.timings.first_byte), Some(5_000));
    assert_eq!(ms(exchange.timings.total), Some(50_500));
    assert_eq!((exchange.bytes.up, exchange.bytes.down), (9, 4));
}

#[test]
fn bodies_of_parameters_are_put_together() {
    let form = one(
        r#"{"request":{"method":"POST","url":"https://a/","postData":{"mimeType":"application/x-www-form-urlencoded",
        "params":[{"name":"e mail","value":"a@b.c"},{"name":"x"}]}}}"#,
    );
    assert_eq!(&form.request.message.body.captured[..], b"e%20mail=a%40b.c&x=");
    assert_eq!(form.response.err(), Some(NoResponse::NotRecorded));
    assert_eq!(form.started_at, Timestamp::UNIX_EPOCH);
    let parts = one(r#"{"request":{"method":"POST","url":"https://a/","queryString":[{"name":"q","value":"1"}],
        "headers":[{"name":"content-type","value":"multipart/form-data; boundary=\"B\""}],
        "postData":{"params":[{"name":"f","value":"v","fileName":"n\".txt","contentType":"text/plain"}]}}}"#);
    let expect: &[u8] = b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n%22.txt\"\r\nContent-Type: text/plain\r\n\r\nv\r\n--B--\r\n";
    assert_eq!(&parts.request.message.body.captured[..], expect);
    assert_eq!(parts.request.query.as_deref(), Some("q=1"));
}

#[test]
fn websocket_messages_keep_their_direction_and_bytes() {
    let exchange = one(
        r#"{"request":{"method":"GET","url":"wss://a/"},"response":{"status":101},"_webSocketMessages":[
        {"type":"send","opcode":1,"time":0,"data":"hi"},{"type":"receive","opcode":2,"time":1764000000.25,"data":"AAE="},
        {"type":"error","opcode":-1,"data":"gone"}]}"#,
    );
    let seen: Vec<_> = exchange.messages.iter().map(|m| (m.direction, m.opcode, m.payload.to_vec())).collect();
    use crate::exchange::SocketDirection::{Received, Sent};
    assert_eq!(seen, [(Sent, 1, b"hi".to_vec()), (Received, 2, vec![0, 1])]);
    assert_eq!(exchange.request.message.body.cut, None);
    assert_eq!(exchange.messages[0].at, None);
    assert_eq!(exchange.messages[1].at.map(|at| at.as_millisecond()), Some(1_764_000_000_250));
}

#[test]
fn a_switch_of_protocols_without_its_messages_is_unread_both_ways() {
    let switched = |more: &str| {
        let exchange =
            one(&format!(r#"{{"request":{{"method":"GET","url":"wss://a/"}},"response":{{"status":101}}{more}}}"#));
        (exchange.request.message.body.cut, exchange.response.ok().and_then(|answer| answer.message.body.cut))
    };
    assert_eq!(switched(""), (Some(Cut::NotRecorded), Some(Cut::NotRecorded)));
    assert_eq!(switched(r#","_webSocketMessages":null"#), (Some(Cut::NotRecorded), Some(Cut::NotRecorded)));
    assert_eq!(switched(r#","_webSocketMessages":[]"#), (None, None));
}

#[test]
fn a_missing_response_says_why() {
    let failed = |error: &str| {
        let exchange = one(&format!(
            r#"{{"request":{{"method":"GET","url":"https://a/"}},"response":{{"status":0,"_error":"{error}"}}}}"#
        ));
        let peer = exchange.destination.peer.err();
        (exchange.response.err(), peer, exchange.outcome.error().map(|error| error.as_str()), exchange.outcome.side())
    };
    let (none, unknown) = (Some(NoResponse::NotRecorded), Some(NoPeer::NotRecorded));
    let upstream = Some(crate::exchange::Side::Upstream);
    assert_eq!(failed(""), (none, unknown, Some("http_response_incomplete"), upstream));
    let (gone, failed_up) = (Some(NoResponse::ClientAborted), Some(NoResponse::UpstreamFailed));
    let client = Some(crate::exchange::Side::Client);
    assert_eq!(failed("net::ERR_ABORTED"), (gone, unknown, Some("connection_terminated"), client));
    let unresolved = Some(NoPeer::Unresolved);
    assert_eq!(failed("net::ERR_NAME_NOT_RESOLVED"), (failed_up, unresolved, Some("dns_error"), upstream));
    assert_eq!(one(GET).outcome, Outcome::Completed);
}

/// Each entry's outcome: its path, its local scheme, or its error.
fn outcomes(text: &str) -> Vec<String> {
    entries(text)
        .into_iter()
        .map(|entry| match entry {
            Ok(Imported::Exchange(exchange)) => format!("{} ok", exchange.import.map_or(0, |import| import.index)),
            Ok(Imported::Local { index, scheme }) => format!("{index} {scheme}:"),
            Err(error) => error.to_string(),
        })
        .collect()
}

#[test]
fn a_bad_entry_costs_itself_and_shows_no_value() {
    let text = har(&format!(
        r#"{GET}, {{"request":{{"method":"GET","url":"data:,x"}}}}, {{"request":{{"method":"GET","url":["secret, expected x"]}}}},
        {{"request":{{"method":"secret","url":"https://a/","bodySize":"secret"}}}}, {{"a": tru}}, 7, {{}},
        {{"startedDateTime":"secret","request":{{"method":"GET","url":"https://a/"}}}},
        {{"request":{{"method":"GET","url":"secret"}}}}, {GET}"#
    ));
    let left_out = |n: u64, problem: &str| format!("`f.har`: log.entries[{n}]: {problem}; this exchange is left out");
    assert_eq!(
        outcomes(&text),
        [
            "0 ok".to_owned(),
            "1 data:".to_owned(),
            left_out(2, "request.url: invalid type, expected a string"),
            left_out(3, "request.bodySize: invalid type, expected f64"),
            left_out(4, "a: not JSON at its line 1 column 10"),
            left_out(5, "invalid type, expected struct Entry"),
            left_out(6, "missing field `request`"),
            left_out(7, "startedDateTime is not an ISO 8601 time with an offset"),
            left_out(8, "request.url is not absolute"),
            "9 ok".to_owned(),
        ]
    );
}

#[test]
fn a_file_that_breaks_off_yields_what_is_whole() {
    let text = har(&format!("{GET}, {GET}"));
    let cut = |bytes: usize| outcomes(&text[..text.len() - bytes]);
    let broken = |whole: u32| format!("`f.har` breaks off after {whole} whole exchanges; export it again");
    assert_eq!(cut(0), ["0 ok", "1 ok"]);
    assert_eq!(cut(1), ["0 ok".to_owned(), "1 ok".to_owned(), broken(2)]);
    assert_eq!(cut(20), ["0 ok".to_owned(), broken(1)]);
    let junk = outcomes(&format!("{text} x"));
    let at = text.len() + 1;
    assert_eq!(junk[2], format!("`f.har` is not JSON from byte {at} on, after 2 exchanges; export it again"));
}

#[test]
fn ids_are_the_same_whenever_a_file_is_read() {
    assert_eq!(one(GET).id, one(GET).id);
    let both = entries(&har(&format!("{GET},{GET}")));
    let ids: Vec<_> = both
        .iter()
        .map(|e| match e {
            Ok(Imported::Exchange(exchange)) => exchange.id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}
