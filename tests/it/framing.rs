//! Framing that servers and clients use seldom, byte by byte: what the other side must get, and what the record must say.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::landfall::Landfall;

/// A server that answers one connection with these bytes; it hands back what it was sent.
fn origin(answer: &'static [u8], until: &'static [u8]) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.1.1.9:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
        let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
        while !got.ends_with(until) {
            let read = stream.read(&mut buffer).expect("the request comes");
            assert!(read > 0, "the request ended early: {}", String::from_utf8_lossy(&got));
            got.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer).expect("it is read");
        String::from_utf8_lossy(&got).into_owned()
    });
    (address, serving)
}

/// Send one request; what the client got, what the server got, and the event.
fn exchange(request: &str, until: &'static [u8], answer: &'static [u8]) -> (String, String, Value) {
    let (address, serving) = origin(answer, until);
    let landfall = Landfall::start(&["--resolve".to_owned(), format!("raw.example:80:{address}")]);
    let mut client = TcpStream::connect(landfall.proxy).expect("a connection");
    client.write_all(request.as_bytes()).expect("it is read");
    client.shutdown(Shutdown::Write).expect("half closed");
    let mut got = String::new();
    client.read_to_string(&mut got).expect("an answer");
    let sent = serving.join().expect("no panic");
    landfall.metrics_after(1);
    let left = landfall.stop();
    (got, sent, left.exchanges()[0].clone())
}

const GET: &str = "GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n";

#[test]
fn b34_a_response_with_a_length_beside_chunks_is_refused() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n";
    let (got, _, event) = exchange(&format!("{GET}\r\n"), b"\r\n\r\n", answer);
    assert!(got.starts_with("HTTP/1.1 502 ") && !got.contains("abcdef"), "{got}");
    assert_eq!(event["outcome"]["error"], "http_protocol_error");
}

#[test]
fn b36_announced_trailers_end_a_body_in_good_order() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\nabcd\r\n0\r\nX-T: 1\r\n\r\n";
    let request = format!("{GET}TE: trailers\r\nConnection: TE\r\n\r\n");
    let (got, _, event) = exchange(&request, b"\r\n\r\n", answer);
    assert!(got.to_lowercase().ends_with("0\r\nx-t: 1\r\n\r\n"), "{got}");
    assert_eq!((&event["outcome"]["result"], &event["inspection"]["unread"]), (&json!("completed"), &json!([])));
}

#[test]
fn a_chunked_body_of_a_get_gets_through() {
    let request = format!("{GET}Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n");
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (_, sent, event) = exchange(&request, b"0\r\n\r\n", answer);
    assert!(sent.ends_with("4\r\nabcd\r\n0\r\n\r\n"), "{sent}");
    assert_eq!((&event["bytes"]["up"], &event["inspection"]["unread"]), (&json!(4), &json!([])));
}

#[test]
fn b34_coded_bytes_are_not_passed_off_as_plain() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    let (got, _, event) = exchange(&format!("{GET}\r\n"), b"\r\n\r\n", answer);
    assert!(got.starts_with("HTTP/1.1 502 "), "{got}");
    let outcome = &event["outcome"];
    assert_eq!((&outcome["result"], &outcome["error"]), (&json!("failed"), &json!("http_protocol_error")));
}

#[test]
fn b57_a_switched_protocol_that_breaks_off_is_no_completed_one() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhalf";
    let (address, serving) = origin(answer, b"\r\n\r\n");
    let landfall = Landfall::start(&["--resolve".to_owned(), format!("raw.example:80:{address}")]);
    let mut client = TcpStream::connect(landfall.proxy).expect("a connection");
    client.write_all(format!("{GET}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n").as_bytes()).expect("sent");
    let mut got = Vec::new();
    while !got.ends_with(b"\r\n\r\nhalf") {
        let mut buffer = [0; 4096];
        let read = client.read(&mut buffer).expect("an answer");
        assert!(read > 0, "{}", String::from_utf8_lossy(&got));
        got.extend_from_slice(&buffer[..read]);
    }
    serving.join().expect("no panic");
    // What the server never reads makes its kernel answer with a reset.
    while client.write_all(b"more").is_ok() {
        std::thread::yield_now();
    }
    landfall.metrics_after(1);
    let left = landfall.stop();
    // What lasts over a second is recorded in parts: all but the last are open, and only the last tells how it ended.
    let parts = left.exchanges();
    let (end, before) = parts.split_last().expect("a record");
    assert_eq!(end["outcome"]["result"], "aborted", "{}", end["outcome"]);
    assert!(before.iter().all(|part| part["outcome"]["result"] == "open" && part["stream"]["last"] == false));
}

/// Two such requests, each on a tunnel of its own: one whose fields cannot be read, one that names two hosts.
#[test]
fn a_request_that_cannot_be_served_is_told_apart_from_a_silent_client() {
    let listener = TcpListener::bind("127.1.1.9:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let landfall = Landfall::start(&["--resolve".to_owned(), format!("raw.example:80:{address}")]);
    for request in ["GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /x HTTP/1.1\r\nHost : a\r\n\r\n"] {
        let mut client = TcpStream::connect(landfall.proxy).expect("a connection");
        client.write_all(b"CONNECT raw.example:80 HTTP/1.1\r\nHost: raw.example:80\r\n\r\n").expect("sent");
        client.write_all(request.as_bytes()).expect("sent");
        client.shutdown(Shutdown::Write).expect("half closed");
        let mut got = String::new();
        client.read_to_string(&mut got).expect("an answer");
        assert!(got.contains("HTTP/1.1 400 Bad Request"), "{request}: {got}");
    }
    let left = landfall.stop();
    let mut errors: Vec<_> =
        left.events.iter().filter_map(|e| Some((e["schema"].as_str()?, e["outcome"]["error"].as_str()?))).collect();
    errors.sort_unstable();
    let expect = [("landfall.exchange/1", "http_request_error"); 2];
    assert_eq!(errors, expect);
}

/// CAPTURE 45: a server may close a kept connection just when the next request is on its way.
#[test]
fn b45_a_kept_connection_that_dies_under_a_repeatable_request_is_replaced_once() {
    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let listener = TcpListener::bind("127.1.1.9:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let serving = std::thread::spawn(move || {
        let (mut first, _) = listener.accept().expect("a connection");
        read_head(&mut first);
        first.write_all(OK).expect("it is read");
        read_head(&mut first);
        drop(first);
        let (mut second, _) = listener.accept().expect("a fresh connection");
        read_head(&mut second);
        second.write_all(OK).expect("it is read");
    });
    let landfall = Landfall::start(&["--resolve".to_owned(), format!("raw.example:80:{address}")]);
    let mut client = TcpStream::connect(landfall.proxy).expect("a connection");
    for _ in 0..2 {
        client.write_all(format!("{GET}\r\n").as_bytes()).expect("it is read");
        let head = read_head(&mut client);
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        client.read_exact(&mut [0; 2]).expect("the body");
    }
    serving.join().expect("no panic");
    landfall.metrics_after(2);
    let left = landfall.stop();
    assert_eq!(left.exchanges().last().map(|event| event["notes"].clone()), Some(json!(["retried"])));
}

fn read_head(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a whole head");
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// Towards HTTP/1.0 only the end of the connection ends a body, so a body that broke off must not end in good order.
#[test]
fn b27_a_body_that_breaks_off_does_not_look_whole_to_an_old_client() {
    let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    let (address, serving) = origin(answer, b"\r\n\r\n");
    let landfall = Landfall::start(&["--resolve".to_owned(), format!("raw.example:80:{address}")]);
    let mut client = TcpStream::connect(landfall.proxy).expect("a connection");
    client.write_all(b"GET http://raw.example/x HTTP/1.0\r\n\r\n").expect("it is read");
    let ending = client.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
    assert_eq!(ending, Err(std::io::ErrorKind::ConnectionReset));
    serving.join().expect("no panic");
    landfall.metrics_after(1);
    let left = landfall.stop();
    let outcome = &left.exchanges()[0]["outcome"];
    assert_eq!(outcome["side"], "upstream");
    assert_eq!(outcome["error"], "http_response_incomplete");
}
