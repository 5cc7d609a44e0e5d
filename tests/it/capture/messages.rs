//! HTTP/1.1 messages, byte by byte: what the server got, what the client got, what the record says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::json;

use super::super::support::landfall::sum;
use super::raw::{Server, ask, connect, only_exchange, outcomes, read_exact, read_head, read_to_end, statuses, tunnel};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// One request outside a tunnel to a server that answers so: what the client got, what the server got.
fn exchange(request: &str, answer: &'static [u8]) -> (String, String) {
    let server = Server::answering(answer);
    let landfall = server.landfall();
    let got = ask(connect(&landfall), request.as_bytes());
    landfall.stop();
    (got, server.received())
}

#[test]
fn b32_the_target_decides_and_goes_on_in_origin_form() {
    for (request, sent) in [
        (
            "GET http://raw.example/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n",
            "GET /a?b HTTP/1.1\r\nHost: raw.example\r\n",
        ),
        ("GET http://raw.example?b HTTP/1.1\r\nHost: raw.example\r\n\r\n", "GET /?b HTTP/1.1\r\nHost: raw.example\r\n"),
        ("GET HTTP://RAW.example/a HTTP/1.1\r\nHost: raw.example\r\n\r\n", "GET /a HTTP/1.1\r\nHost: RAW.example\r\n"),
        (
            "OPTIONS http://raw.example HTTP/1.1\r\nHost: raw.example\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: raw.example\r\n",
        ),
        (
            "OPTIONS http://raw.example/ HTTP/1.1\r\nHost: raw.example\r\n\r\n",
            "OPTIONS / HTTP/1.1\r\nHost: raw.example\r\n",
        ),
    ] {
        let (got, received) = exchange(request, OK);
        assert!(received.starts_with(sent), "{request:?}: {received}");
        assert_eq!(statuses(&got), ["200"], "{got}");
    }
}

#[test]
fn b32_the_forms_inside_a_tunnel() {
    let server = Server::answering(OK);
    let landfall = server.landfall();
    for request in [
        "OPTIONS * HTTP/1.1\r\nHost: raw.example\r\n\r\n",
        "GET http://raw.example/absolute HTTP/1.1\r\nHost: raw.example\r\n\r\n",
    ] {
        assert_eq!(statuses(&ask(tunnel(&landfall), request.as_bytes())), ["200"], "{request}");
    }
    let received = server.received();
    assert!(
        received.contains("OPTIONS * HTTP/1.1\r\n") && received.contains("GET /absolute HTTP/1.1\r\n"),
        "{received}"
    );
    assert_eq!(statuses(&ask(tunnel(&landfall), b"GET * HTTP/1.1\r\nHost: a\r\n\r\n")), ["400"]);
    landfall.stop();
}

#[test]
fn b33_an_old_client_needs_no_host_and_gets_one() {
    let (got, received) = exchange("GET http://raw.example/x HTTP/1.0\r\n\r\n", OK);
    assert!(got.starts_with("HTTP/1.0 200 "), "{got}");
    assert!(received.to_lowercase().starts_with("get /x http/1.1\r\nhost: raw.example\r\n"), "{received}");
    let (got, received) = exchange("GET http://raw.example/x HTTP/1.1\r\n\r\n", OK);
    assert_eq!((statuses(&got), received.as_str()), (vec!["400"], ""), "{got}");
}

#[test]
fn b36_trailers_that_nobody_announced_still_arrive() {
    let answer =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nabcd\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n";
    let server = Server::start(move |talk| {
        talk.until(b"x-up: 9\r\n\r\n");
        talk.write(answer);
        talk.head();
        talk.write(answer);
    });
    let landfall = server.landfall();
    let request = "POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\nX-Up: 9\r\n\r\n";
    let mut client = connect(&landfall);
    client.write_all(request.as_bytes()).expect("sent");
    let mut got = Vec::new();
    while !got.ends_with(b"x-u: 2\r\n\r\n") {
        got.extend(read_exact(&mut client, 1));
    }
    assert!(String::from_utf8_lossy(&got).ends_with("4\r\nabcd\r\n0\r\nx-t: 1\r\nx-u: 2\r\n\r\n"));
    // The connection goes on: nothing was left over.
    client.write_all(b"GET http://raw.example/y HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 200 "));
    drop(client);
    assert!(server.received().contains("3\r\nabc\r\n0\r\nx-up: 9\r\n\r\n"), "{}", server.received());
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["notes"], json!(["trailers"]));
}

#[test]
fn b37_a_length_without_a_body_stays() {
    for (method, status) in [("HEAD", "200 OK"), ("GET", "304 Not Modified"), ("GET", "204 No Content")] {
        let server = Server::start(move |talk| {
            while talk.request().is_some() {
                talk.write(format!("HTTP/1.1 {status}\r\nContent-Length: 1234\r\nX: y\r\n\r\n").as_bytes());
            }
        });
        let landfall = server.landfall();
        let mut client = connect(&landfall);
        for _ in 0..2 {
            let request = format!("{method} http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n");
            client.write_all(request.as_bytes()).expect("sent");
            let head = read_head(&mut client).to_lowercase();
            assert!(head.contains("content-length: 1234\r\n"), "{method} {status}: {head}");
        }
        drop(client);
        assert_eq!(outcomes(&landfall.stop()), ["completed", "completed"]);
    }
}

#[test]
fn b38_the_expectation_is_the_servers_to_answer() {
    for (answer, expect) in [
        (&b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"[..], "417"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "401"),
    ] {
        let server = Server::start(move |talk| {
            talk.head();
            talk.write(answer);
            talk.read();
        });
        let landfall = server.landfall();
        let mut client = connect(&landfall);
        let head = "POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
        client.write_all(head.as_bytes()).expect("sent");
        let got = read_head(&mut client);
        assert!(got.starts_with(&format!("HTTP/1.1 {expect} ")), "{got}");
        drop(client);
        assert!(server.received().to_lowercase().contains("expect: 100-continue"), "{}", server.received());
        landfall.stop();
    }
}

#[test]
fn b39_early_hints_reach_new_clients_and_not_old_ones() {
    const ANSWER: &[u8] = b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n\
        HTTP/1.1 103 Early Hints\r\nLink: </b.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let server = Server::answering(ANSWER);
    let landfall = server.landfall();
    let got = ask(connect(&landfall), b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n");
    assert_eq!(statuses(&got), ["102", "103", "103", "200"], "{got}");
    assert!(got.contains("</a.css>") && got.contains("</b.css>") && got.ends_with("ok"), "{got}");
    let got = ask(connect(&landfall), b"GET http://raw.example/x HTTP/1.0\r\n\r\n");
    assert!(got.starts_with("HTTP/1.0 200 ") && !got.contains("103"), "{got}");
    let left = landfall.stop();
    let notes: Vec<_> = left.exchanges().iter().map(|event| event["notes"].clone()).collect();
    assert_eq!(notes, [json!(["informational"]), json!(["informational_dropped"])]);
}

#[test]
fn b40_fields_of_one_hop_end_there() {
    let request = "GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nConnection: X-Once, keep-alive\r\nX-Once: 1\r\n\
                   Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nProxy-Authorization: Basic c2VjcmV0\r\n\
                   X-Stays: 2\r\n\r\n";
    let answer = b"HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\nX-End: 3\r\nContent-Length: 2\r\n\r\nok";
    let (got, received) = exchange(request, answer);
    let (got, received) = (got.to_lowercase(), received.to_lowercase());
    for gone in ["x-once", "keep-alive", "proxy-", "\r\nte:", "via:", "c2vjcmv0"] {
        assert!(!received.contains(gone), "{gone}: {received}");
    }
    assert!(received.contains("x-stays: 2\r\n"), "{received}");
    assert!(!got.contains("x-hop") && !got.contains("timeout=9") && got.contains("x-end: 3\r\n"), "{got}");
}

#[test]
fn b42_a_body_up_to_the_close_is_framed_anew() {
    let server = Server::start(|talk| {
        talk.request();
        talk.write(b"HTTP/1.0 200 OK\r\n\r\nall of it");
    });
    let landfall = server.landfall();
    let mut client = connect(&landfall);
    for _ in 0..2 {
        client.write_all(b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
        let head = read_head(&mut client).to_lowercase();
        assert!(head.contains("transfer-encoding: chunked"), "{head}");
        assert_eq!(read_exact(&mut client, 19), b"9\r\nall of it\r\n0\r\n\r\n");
    }
    drop(client);
    assert_eq!(outcomes(&landfall.stop()), ["completed", "completed"]);
}

#[test]
fn b44_an_early_answer_comes_while_the_body_still_flows() {
    let server = Server::start(|talk| {
        talk.head();
        talk.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch");
        while talk.read().is_some() {}
    });
    let landfall = server.landfall();
    let mut client = connect(&landfall);
    let head =
        "POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nContent-Length: 100000000\r\n\r\nonly a little";
    client.write_all(head.as_bytes()).expect("sent");
    let got = read_head(&mut client);
    assert!(got.starts_with("HTTP/1.1 413 "), "{got}");
    assert_eq!(read_exact(&mut client, 4), b"much");
    drop(client);
    landfall.stop();
}

#[test]
fn b46_heads_over_their_bounds_are_refused_and_counted() {
    let server = Server::answering(OK);
    let landfall = server.landfall();
    let fields = |count: usize| "X-A: 1\r\n".repeat(count);
    let head = |fields: &str| format!("GET /x HTTP/1.1\r\nHost: raw.example\r\n{fields}\r\n");
    assert_eq!(statuses(&ask(tunnel(&landfall), head(&fields(127)).as_bytes())), ["200"]);
    assert_eq!(statuses(&ask(tunnel(&landfall), head(&fields(128)).as_bytes())), ["431"]);
    let long = format!("X-Long: {}\r\n", "a".repeat(70_000));
    assert_eq!(statuses(&ask(tunnel(&landfall), head(&long).as_bytes())), ["431"]);
    let line = format!("GET /{} HTTP/1.1\r\nHost: raw.example\r\n\r\n", "a".repeat(70_000));
    assert_eq!(statuses(&ask(tunnel(&landfall), line.as_bytes())), ["414"]);
    assert_eq!(statuses(&ask(connect(&landfall), line.as_bytes())), ["414"]);
    let metrics = landfall.metrics();
    assert_eq!(sum(&metrics, "landfall_unreadable_requests_total", &[]), 1.0);
    landfall.stop();
}

#[test]
fn b46_a_head_that_does_not_come_is_not_waited_for() {
    let server = Server::answering(OK);
    let landfall = {
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), "[capture.limits]\nheader_read = \"1s\"\nidle = \"2s\"\n").expect("written");
        server.landfall_with(&["--config".to_owned(), config.path().display().to_string()])
    };
    let mut slow = connect(&landfall);
    slow.write_all(b"GET http://raw.example/x HTTP/1.1\r\nHos").expect("sent");
    let (got, _) = read_to_end(&mut slow);
    assert_eq!(statuses(&got), ["408"], "{got}");
    let (got, _) = read_to_end(&mut connect(&landfall));
    assert_eq!(got, "", "a connection that asks nothing is closed");
    let mut idle = connect(&landfall);
    idle.write_all(b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
    read_head(&mut idle);
    read_exact(&mut idle, 2);
    assert_eq!(read_to_end(&mut idle).0, "", "an idle connection is closed without a word");
    let mut body = tunnel(&landfall);
    body.write_all(b"POST /x HTTP/1.1\r\nHost: raw.example\r\nContent-Length: 9\r\n\r\nabc").expect("sent");
    let (got, _) = read_to_end(&mut body);
    assert!(!got.contains(" 200 "), "a body that stops is given up: {got}");
    landfall.stop();
}

#[test]
fn b47_case_and_order_stay_as_they_were() {
    let request = "GET http://raw.example/x HTTP/1.1\r\nUser-Agent: t\r\nHost: raw.example\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nACCEPT: */*\r\n\r\n";
    let answer = b"HTTP/1.1 200 Fine\r\nX-Z: 1\r\nSERVER: s\r\nX-Z: 2\r\nContent-Length: 2\r\n\r\nok";
    let (got, received) = exchange(request, answer);
    let place = |text: &str, of: &str| text.find(of).unwrap_or_else(|| panic!("{of} in {text}"));
    for pair in
        [["User-Agent: t", "Host: raw"], ["Host: raw", "X-B: 1"], ["X-B: 1", "X-B: 3"], ["x-a: 2", "ACCEPT: */*"]]
    {
        assert!(place(&received, pair[0]) < place(&received, pair[1]), "{pair:?} in {received}");
    }
    assert!(got.starts_with("HTTP/1.1 200 Fine\r\n") && got.contains("SERVER: s\r\n"), "{got}");
    assert!(place(&got, "X-Z: 1") < place(&got, "X-Z: 2"), "{got}");
}

#[test]
fn b49_parts_redirects_and_what_is_no_head() {
    let answer = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok";
    let (got, received) =
        exchange("GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nRange: bytes=0-1\r\n\r\n", answer);
    assert!(got.contains("Content-Range: bytes 0-1/9\r\n") && got.ends_with("ok"), "{got}");
    assert!(received.contains("Range: bytes=0-1\r\n"), "{received}");
    let moved = b"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 5\r\n\r\nmoved";
    let (got, _) = exchange("GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n", moved);
    assert!(got.starts_with("HTTP/1.1 302 ") && got.ends_with("moved"), "{got}");
    let old = b"<html>no head at all</html>\n";
    let (got, _) = exchange("GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n", old);
    assert_eq!(statuses(&got), ["502"], "{got}");
}

#[test]
fn b49_the_last_hop_that_is_allowed_answers() {
    for method in ["OPTIONS", "TRACE"] {
        let with = |left: u32| {
            format!("{method} http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nMax-Forwards: {left}\r\n\r\n")
        };
        let (got, received) = exchange(&with(0), OK);
        assert_eq!((statuses(&got), received.as_str()), (vec!["200"], ""), "{got}");
        let (_, received) = exchange(&with(3), OK);
        assert!(received.contains("Max-Forwards: 2\r\n"), "{received}");
    }
}

#[test]
fn b49_a_half_closed_client_still_gets_its_answer() {
    let (closed, answers) = std::sync::mpsc::channel();
    let answers = std::sync::Mutex::new(answers);
    let server = Server::start(move |talk| {
        talk.request();
        // Only once the client has closed its side.
        answers.lock().expect("no panic").recv().expect("the test goes on");
        talk.write(OK);
    });
    let landfall = server.landfall();
    for mut client in [connect(&landfall), tunnel(&landfall)] {
        client.write_all(b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
        client.shutdown(Shutdown::Write).expect("half closed");
        closed.send(()).expect("the server waits");
        assert_eq!(statuses(&read_to_end(&mut client).0), ["200"]);
    }
    assert_eq!(outcomes(&landfall.stop()), ["completed", "completed"]);
}

#[test]
fn b57_h2c_is_taken_out_and_other_upgrades_pass() {
    let upgrade = |to: &str| {
        format!(
            "GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {to}\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        )
    };
    let (got, received) = exchange(&upgrade("h2c"), OK);
    assert_eq!(statuses(&got), ["200"], "{got}");
    assert!(!received.to_lowercase().contains("upgrade") && !received.contains("AAMAAABk"), "{received}");
    let server = Server::start(|talk| {
        talk.head();
        talk.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: own/1\r\n\r\nhello\n");
        let said = talk.until(b"\n").expect("a line");
        talk.write(&said);
    });
    let landfall = server.landfall();
    let mut client = connect(&landfall);
    client.write_all(format!("{}early\n", upgrade("own/1")).as_bytes()).expect("sent");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 101 "));
    assert_eq!(read_exact(&mut client, 12), b"hello\nearly\n", "what followed the request at once is not lost");
    drop(client);
    let event = only_exchange(landfall);
    assert_eq!(event["bytes"], json!({"up": 6, "down": 12}));
    assert_eq!(event["inspection"]["result"], "partial", "{event}");
}

/// The length of a body that was cut short must not be believed by anybody.
#[test]
fn b27_a_body_shorter_than_its_length_is_an_aborted_one() {
    let server = Server::start(|talk| {
        talk.request();
        talk.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    });
    let landfall = server.landfall();
    let mut client: TcpStream = connect(&landfall);
    client.write_all(b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
    read_head(&mut client);
    let mut body = Vec::new();
    drop(client.read_to_end(&mut body));
    assert!(body.len() < 9);
    assert_eq!(outcomes(&landfall.stop()), ["aborted http_response_incomplete"]);
}
