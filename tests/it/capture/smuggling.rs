//! What two readers may read in two ways reaches no server: judged by the bytes that a server got.

use super::raw::{Server, ask, connect, outcomes, read_head, read_to_end, statuses, tunnel};
use std::io::Write;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Fields and body of a POST, each ambiguous; in every one, `GET /smuggled` is a second request to some reader.
const AMBIGUOUS: &[&str] = &[
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 44\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "Content-Length: 0\r\nContent-Length: 44\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "Content-Length: 0, 44\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "Content-Length: 5, 5\r\n\r\nabcde",
    "Content-Length: +5\r\n\r\nabcde",
    "Content-Length: 0x5\r\n\r\nabcde",
    "Content-Length: 5;\r\n\r\nabcde",
    "Content-Length: \"5\"\r\n\r\nabcde",
    "Content-Length: 18446744073709551621\r\n\r\nabcde",
    "Content-Length : 5\r\n\r\nabcde",
    "Content-Length\t: 5\r\n\r\nabcde",
    "Content-Length:\x0b5\r\n\r\nabcde",
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: \r\n\r\n0\r\n\r\n",
    "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding\n: chunked\r\n\r\n0\r\n\r\n",
    " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "X: a\0b\r\n\r\n",
    "X\0: a\r\n\r\n",
    "X Y: a\r\n\r\n",
    ": a\r\n\r\n",
    "nothing\r\n\r\n",
    "Host: other.example\r\n\r\n",
];

/// Requests whose first line or `Host` is ambiguous.
const LINES: &[&str] = &[
    "GET  /x HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "GET /x  HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "GET /x HTTP/1.1 \r\nHost: raw.example\r\n\r\n",
    "GET /x\tHTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "GET /x HTTP/1.1\nHost: raw.example\n\n",
    "GET /x\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "GET /x#y HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    "GET /x HTTP/1.1\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: raw.example\r\nHost: raw.example\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: raw.example, other.example\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: raw.example/other\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost:\r\n\r\n",
    "\r\n\r\n\r\nGET /x HTTP/1.1\r\nHost: raw.example\r\n\r\n",
];

#[test]
fn b34_framing_in_two_ways_is_refused_inside_a_tunnel_and_outside() {
    let server = Server::answering(OK);
    let landfall = server.landfall();
    for fields in AMBIGUOUS {
        let inside = format!("POST /x HTTP/1.1\r\nHost: raw.example\r\n{fields}");
        let got = ask(tunnel(&landfall), inside.as_bytes());
        assert_eq!(statuses(&got), ["400"], "inside: {fields:?}: {got}");
        let outside = format!("POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n{fields}");
        let got = ask(connect(&landfall), outside.as_bytes());
        assert_eq!(statuses(&got), ["400"], "outside: {fields:?}: {got}");
    }
    assert_eq!(server.received(), "");
    let left = landfall.stop();
    assert_eq!(outcomes(&left), vec!["refused http_request_error"; AMBIGUOUS.len() * 2], "every one left a trace");
}

#[test]
fn b35_lines_that_read_in_two_ways_are_refused() {
    let server = Server::answering(OK);
    let landfall = server.landfall();
    for request in LINES {
        let got = ask(tunnel(&landfall), request.as_bytes());
        assert_eq!(statuses(&got), ["400"], "{request:?}: {got}");
    }
    let odd = "GE(T http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n";
    assert_eq!(statuses(&ask(connect(&landfall), odd.as_bytes())), ["400"]);
    assert_eq!(server.received(), "");
    landfall.stop();
}

#[test]
fn b35_chunks_that_read_in_two_ways_never_become_a_whole_request() {
    let server = Server::answering(OK);
    let landfall = server.landfall();
    let chunks = [
        "3\nabc\n0\n\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nab\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "3;a=\x01\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n",
        "3\r\nabc\r\n0\r\n\n",
    ];
    for body in chunks {
        let request = format!("POST /x HTTP/1.1\r\nHost: raw.example\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let got = ask(tunnel(&landfall), request.as_bytes());
        assert!(matches!(statuses(&got).as_slice(), ["400"] | []), "{body:?}: {got}");
    }
    let received = server.received();
    assert!(!received.contains("0\r\n\r\n"), "no body came to its end: {received}");
    let left = landfall.stop();
    assert_eq!(outcomes(&left).len(), chunks.len());
    assert!(outcomes(&left).iter().all(|outcome| outcome.ends_with("http_request_error")), "{:?}", outcomes(&left));
}

#[test]
fn b35_responses_that_read_in_two_ways_are_not_relayed() {
    let heads: &[&[u8]] = &[
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\0\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\rY: b\r\nContent-Length: 2\r\n\r\nok",
    ];
    for head in heads {
        let server = Server::answering(head);
        let landfall = server.landfall();
        let got = ask(connect(&landfall), b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n");
        assert_eq!(statuses(&got), ["502"], "{:?}: {got}", String::from_utf8_lossy(head));
        assert_eq!(outcomes(&landfall.stop()), ["failed http_protocol_error"]);
    }
}

/// A server that says more than it was asked cannot put words into the answer to the next request.
#[test]
fn b45_a_second_answer_is_never_taken_for_that_of_the_next_request() {
    let server = Server::start(|talk| {
        let mut first = true;
        while talk.request().is_some() {
            let second: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
            let answer = if std::mem::take(&mut first) { [OK, second].concat() } else { OK.to_vec() };
            talk.write(&answer);
        }
    });
    let landfall = server.landfall();
    let mut client = tunnel(&landfall);
    for _ in 0..2 {
        client.write_all(b"GET /x HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
        let head = read_head(&mut client);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(super::raw::read_exact(&mut client, 2), b"ok");
    }
    drop(client);
    landfall.stop();
}

#[test]
fn b43_pipelined_requests_are_answered_in_order_and_a_bad_one_ends_them() {
    let server = Server::start(|talk| {
        while let Some(request) = talk.request() {
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            talk.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()).as_bytes());
        }
    });
    let landfall = server.landfall();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: raw.example\r\n\r\n");
    let bad = "GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n";
    let all = [get("/1"), get("/2"), get("/3"), bad.to_owned(), get("/never")].concat();
    let mut client = tunnel(&landfall);
    client.write_all(all.as_bytes()).expect("sent");
    let (got, _) = read_to_end(&mut client);
    assert_eq!(statuses(&got), ["200", "200", "200", "400"], "{got}");
    let at = |path: &str| got.find(path).expect(path);
    assert!(at("/1") < at("/2") && at("/2") < at("/3"), "{got}");
    assert!(!server.received().contains("/never") && !server.received().contains("/bad"), "{}", server.received());
    let left = landfall.stop();
    let expect = ["completed", "completed", "completed", "refused http_request_error"];
    assert_eq!(outcomes(&left), expect);
}
