//! What was seen is what is recorded: exchanges and bytes, whatever became of them.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;

use serde_json::Value;

use super::super::support::landfall::{Landfall, Left, sum};
use super::super::support::{canary, eventually};
use super::h2_raw::{END_HEADERS, END_STREAM, GET, GOAWAY, HEADERS, RST_STREAM, client, fields, frame, read};
use super::raw::{PATIENCE, Server, ask, connect, outcomes, read_exact, read_head, tunnel};

/// Requests and bytes seen, against those of records and gaps.
fn balance(metrics: &str) -> [(f64, f64); 2] {
    let ended = sum(metrics, "landfall_exchanges_total", &[])
        - sum(metrics, "landfall_exchanges_total", &[("outcome", "open")]);
    let gaps = sum(metrics, "landfall_gap_exchanges_total", &[]);
    [
        (sum(metrics, "landfall_requests_seen_total", &[]), ended + gaps),
        (sum(metrics, "landfall_bytes_seen_total", &[]), sum(metrics, "landfall_exchange_bytes_total", &[])),
    ]
}

fn balanced(landfall: &Landfall, requests: f64) {
    eventually("as much recorded as seen", PATIENCE, || {
        let [(seen, recorded), (bytes_seen, bytes)] = balance(&landfall.metrics());
        (seen >= requests && seen == recorded && bytes_seen == bytes).then_some(())
    });
}

/// Answers by path: whole, half, silent, chunked, or as a socket that echoes.
fn server() -> Server {
    Server::start(|talk| {
        while let Some(request) = talk.request() {
            match request.split(' ').nth(1).unwrap_or_default() {
                "/half" => return talk.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"),
                "/dead" => return,
                "/large" => {
                    talk.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
                    talk.write(&vec![b'x'; 3_000_000]);
                }
                "/socket" => {
                    talk.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                    );
                    while let Some(bytes) = talk.read() {
                        talk.write(&bytes);
                    }
                }
                _ => talk.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nokay\r\n0\r\n\r\n"),
            }
        }
    })
}

const SOCKET: &str =
    "GET http://raw.example/socket HTTP/1.1\r\nHost: raw.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn nothing_is_lost_or_counted_twice_under_load_and_aborts() {
    let server = server();
    let landfall = server.landfall();
    let get = |path: &str| format!("GET http://raw.example{path} HTTP/1.1\r\nHost: raw.example\r\n\r\n");
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let (landfall, get) = (&landfall, &get);
            scope.spawn(move || {
                for round in 0..8 {
                    match (worker + round) % 6 {
                        0 => drop(ask(connect(landfall), get("/ok").as_bytes())),
                        1 => drop(ask(connect(landfall), get("/half").as_bytes())),
                        2 => drop(ask(connect(landfall), get("/dead").as_bytes())),
                        3 => {
                            let mut client = connect(landfall);
                            client.write_all(get("/large").as_bytes()).expect("sent");
                            read_head(&mut client);
                            read_exact(&mut client, 10_000);
                        }
                        4 => {
                            let mut client = connect(landfall);
                            client.write_all(SOCKET.as_bytes()).expect("sent");
                            read_head(&mut client);
                            client.write_all(b"\x81\x82\0\0\0\0hi").expect("sent");
                            read_exact(&mut client, 8);
                        }
                        _ => drop(ask(tunnel(landfall), b"GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n")),
                    }
                }
            });
        }
    });
    balanced(&landfall, 48.0);
    let metrics = landfall.metrics();
    let left = landfall.stop();
    let closed = left.exchanges().iter().filter(|event| event["outcome"]["result"] != "open").count();
    assert_eq!(closed as f64, sum(&metrics, "landfall_requests_seen_total", &[]));
    let bytes =
        |way: &str| left.exchanges().iter().filter_map(|event| event["bytes"][way].as_u64()).sum::<u64>() as f64;
    for way in ["up", "down"] {
        assert_eq!(bytes(way), sum(&metrics, "landfall_bytes_seen_total", &[("direction", way)]), "{way}");
    }
}

#[test]
fn what_passes_unrecorded_is_a_gap_that_says_so() {
    let server = server();
    let landfall = {
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), "[capture.limits]\nslots = 1\n[ledger]\non_trouble = \"shed\"\n")
            .expect("written");
        server.landfall_with(&["--config".to_owned(), config.path().display().to_string()])
    };
    let mut holding = connect(&landfall);
    holding
        .write_all(b"POST http://raw.example/ok HTTP/1.1\r\nHost: raw.example\r\nContent-Length: 9\r\n\r\n")
        .expect("sent");
    eventually("the slot is taken", PATIENCE, || {
        (sum(&landfall.metrics(), "landfall_requests_seen_total", &[]) > 0.0).then_some(())
    });
    let get = b"GET http://raw.example/ok HTTP/1.1\r\nHost: raw.example\r\n\r\n";
    assert!(ask(connect(&landfall), get).contains("okay"), "traffic goes on");
    holding.write_all(b"something").expect("sent");
    read_head(&mut holding);
    drop(holding);
    eventually("both are accounted for", PATIENCE, || {
        let [(seen, recorded), _] = balance(&landfall.metrics());
        (seen == 2.0 && recorded == 2.0).then_some(())
    });
    let left = landfall.stop();
    let gaps: Vec<&Value> = left.events.iter().filter(|event| event["schema"] == "landfall.gap/1").collect();
    assert_eq!(
        (gaps.len(), &gaps[0]["exchanges"], &gaps[0]["reason"]),
        (1, &Value::from(1), &Value::from("queue_full"))
    );
}

/// A socket is open, an upload under way, an HTTP/2 connection idle: each is told or cut, and recorded.
#[test]
fn b62_shutdown_in_flight_loses_nothing_that_was_found() {
    let (ready, started) = mpsc::channel();
    let server = Server::start(move |talk| {
        let Some(head) = talk.head() else { return };
        if head.starts_with("PRI ") {
            talk.until(b"SM\r\n\r\n");
            talk.write(&super::h2_raw::server_preface());
        }
        ready.send(()).unwrap_or_default();
        while talk.read().is_some() {}
    });
    let landfall = {
        let config = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(config.path(), "[capture.limits]\ndrain = \"2s\"\n").expect("written");
        server.landfall_with(&["--config".to_owned(), config.path().display().to_string()])
    };
    let mut upload = connect(&landfall);
    let body = format!(r#"{{"email":"{}"}}"#, canary::EMAIL);
    let head = "POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nContent-Type: application/json\r\n";
    upload.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).expect("sent");
    started.recv().expect("the upload has begun");
    let mut idle = client(&landfall);
    idle.write_all(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields(GET))).expect("sent");
    started.recv().expect("the connection is there");
    let told = std::thread::spawn(move || {
        let mut told = false;
        while let Some(frame) = read(&mut idle) {
            told |= frame.kind == GOAWAY;
            assert!(frame.kind != RST_STREAM || told, "an unfinished stream is not cut before it is told");
        }
        told
    });
    let left = landfall.stop();
    assert!(told.join().expect("no panic"), "the client is told to go away");
    upload.shutdown(Shutdown::Both).unwrap_or_default();
    upload.read_to_end(&mut Vec::new()).unwrap_or_default();
    let uploaded = left.exchanges().into_iter().find(|event| event["http"]["method"] == "POST").expect("recorded");
    assert_eq!(uploaded["findings"][0]["element"], "email", "{uploaded}");
    assert!(outcomes(&left).iter().all(|outcome| outcome == "aborted shutdown"), "{:?}", outcomes(&left));
    assert_closed(&left);
}

fn assert_closed(left: &Left) {
    let last = left.events.last().expect("events");
    assert_eq!((&last["schema"], &last["event"]), (&Value::from("landfall.session/1"), &Value::from("closed")));
}
