//! What lasts: WebSockets, event streams, requests that wait. Relayed exactly and at once, recorded while it runs.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};

use super::super::support::landfall::{Landfall, Left};
use super::super::support::{canary, eventually};
use super::raw::{PATIENCE, Server, connect, outcomes, read_exact, read_head};

/// Parts soon after each other, so that tests need not wait for them.
fn landfall(server: &Server) -> Landfall {
    let config = tempfile::NamedTempFile::new().expect("a file");
    let text = "[capture.limits]\nsegment_first = \"200ms\"\nsegment_every = \"500ms\"\nsegment_bytes = \"64KiB\"\n";
    std::fs::write(config.path(), text).expect("written");
    server.landfall_with(&["--config".to_owned(), config.path().display().to_string()])
}

/// Wait for an event of which this holds.
fn event(landfall: &Landfall, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    eventually(what, PATIENCE, || {
        let text = std::fs::read_to_string(landfall.dir().join("events.jsonl")).unwrap_or_default();
        let whole = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        whole.into_iter().find(|event| holds(event))
    })
}

/// Findings of all events: element and direction.
fn findings(left: &Left) -> Vec<(String, String)> {
    let events = left.exchanges().into_iter();
    let all = events.flat_map(|event| event["findings"].as_array().cloned().unwrap_or_default());
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    all.map(|finding| (word(&finding, "element"), word(&finding, "where"))).collect()
}

/// The parts of the one stream hang together, and add up to these bytes.
fn check_parts(left: &Left, up: u64, down: u64) {
    let exchanges = left.exchanges();
    let sum = |way: &str| exchanges.iter().filter_map(|event| event["bytes"][way].as_u64()).sum::<u64>();
    assert_eq!((sum("up"), sum("down")), (up, down), "no byte is lost or told twice");
    let stream = &exchanges[0]["stream"]["id"];
    assert_eq!(stream, &exchanges[0]["id"]);
    let mut parts: Vec<_> = exchanges.iter().map(|event| &event["stream"]).collect();
    parts.sort_by_key(|part| part["segment"].as_u64());
    for (number, part) in parts.iter().enumerate() {
        assert_eq!(*part, &json!({"id": stream, "segment": number, "last": number + 1 == parts.len()}));
    }
    let open = outcomes(left).iter().filter(|outcome| *outcome == "open").count();
    assert_eq!(open + 1, exchanges.len(), "{:?}", outcomes(left));
}

fn frame(first: u8, masked: bool, payload: &[u8]) -> Vec<u8> {
    let bit = if masked { 0x80 } else { 0 };
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(bit | length as u8),
        length @ 126..65536 => bytes.extend([&[bit | 126][..], &(length as u16).to_be_bytes()].concat()),
        length => bytes.extend([&[bit | 127][..], &(length as u64).to_be_bytes()].concat()),
    }
    let mask = if masked { [7, 11, 13, 17] } else { [0; 4] };
    if masked {
        bytes.extend(mask);
    }
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

const HANDSHAKE: &str = "GET http://raw.example/socket HTTP/1.1\r\nHost: raw.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: chat, other\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const PLAIN: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n";

/// Echoes every byte after its handshake.
fn echo(extensions: &'static str) -> Server {
    Server::start(move |talk| {
        talk.head();
        talk.write(format!("{PLAIN}{extensions}\r\n").as_bytes());
        while let Some(bytes) = talk.read() {
            talk.write(&bytes);
        }
    })
}

fn open(landfall: &Landfall) -> TcpStream {
    let mut client = connect(landfall);
    client.write_all(HANDSHAKE.as_bytes()).expect("sent");
    let head = read_head(&mut client);
    assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("Sec-WebSocket-Protocol: chat\r\n"), "{head}");
    client
}

#[test]
fn b56_a_message_is_recorded_while_the_socket_is_open() {
    let server = echo("");
    let landfall = landfall(&server);
    let mut client = open(&landfall);
    let told = frame(0x81, true, format!(r#"{{"email":"{}"}}"#, canary::EMAIL).as_bytes());
    client.write_all(&told).expect("sent");
    assert_eq!(read_exact(&mut client, told.len()), told, "a message passes as it is");
    let seen = event(&landfall, "the finding", |event| event["findings"].as_array().is_some_and(|all| !all.is_empty()));
    assert_eq!(seen["outcome"]["result"], "open");
    assert_eq!(seen["findings"][0]["where"], "request.message");
    let close = frame(0x88, true, &[3, 232]);
    client.write_all(&close).expect("sent");
    read_exact(&mut client, close.len());
    client.shutdown(Shutdown::Write).expect("closed");
    client.read_to_end(&mut Vec::new()).expect("an end");
    let left = landfall.stop();
    let bytes = (told.len() + close.len()) as u64;
    check_parts(&left, bytes, bytes);
    let sent: Vec<_> = findings(&left).into_iter().filter(|(_, place)| place == "request.message").collect();
    assert_eq!(sent, [("email".to_owned(), "request.message".to_owned())], "once, in one part");
}

#[test]
fn b56_frames_of_every_kind_pass_exactly() {
    let server = echo("");
    let landfall = landfall(&server);
    let mut client = open(&landfall);
    let big: Vec<u8> = (0..16 << 20).map(|at: u32| (at % 251) as u8).collect();
    let frames = [
        frame(0x01, true, b"in "),
        frame(0x89, true, b"ping"),
        frame(0x00, true, b"three "),
        frame(0x80, true, b"parts"),
        frame(0x81, true, &[0xff, 0xfe, 0xfd]),
        frame(0x82, true, &big),
        frame(0x8a, true, b""),
        b"\xf7 and what is no frame at all".to_vec(),
    ]
    .concat();
    let mut writer = client.try_clone().expect("a handle");
    let all = frames.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&all).expect("sent");
        writer.shutdown(Shutdown::Write).expect("half open");
    });
    let mut back = Vec::new();
    client.read_to_end(&mut back).expect("all of it, though this side is closed");
    writing.join().expect("no panic");
    assert!(back == frames, "{} bytes of {}", back.len(), frames.len());
    let left = landfall.stop();
    check_parts(&left, frames.len() as u64, frames.len() as u64);
}

#[test]
fn b56_compressed_messages_pass_exactly_and_are_read_on_a_copy() {
    use flate2::{Compress, Compression, FlushCompress};
    for (extensions, resets) in [
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", false),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\r\n",
            true,
        ),
    ] {
        let server = echo(extensions);
        let landfall = landfall(&server);
        let mut client = open(&landfall);
        let mut compress = Compress::new(Compression::default(), false);
        for told in [canary::EMAIL, "second.canary@example.com"] {
            let told = format!(r#"{{"email":"{told}"}}"#);
            let mut out = Vec::with_capacity(1000);
            compress.compress_vec(told.as_bytes(), &mut out, FlushCompress::Sync).expect("compressed");
            let frame = frame(0xc1, true, out.strip_suffix(&[0, 0, 0xff, 0xff]).expect("flushed"));
            client.write_all(&frame).expect("sent");
            assert_eq!(read_exact(&mut client, frame.len()), frame);
            if resets {
                compress.reset();
            }
        }
        client.shutdown(Shutdown::Write).expect("closed");
        client.read_to_end(&mut Vec::new()).expect("an end");
        let left = landfall.stop();
        let sent = findings(&left).iter().filter(|(_, place)| place == "request.message").count();
        assert_eq!(sent, 2, "{extensions}: {:?}", findings(&left));
    }
}

#[test]
fn b56_a_server_that_does_not_switch_is_relayed_as_it_is() {
    let server = Server::answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: so\r\n\r\nno");
    let landfall = landfall(&server);
    let mut client = connect(&landfall);
    client.write_all(HANDSHAKE.as_bytes()).expect("sent");
    let head = read_head(&mut client);
    assert!(head.starts_with("HTTP/1.1 403 ") && head.contains("X-Why: so\r\n"), "{head}");
    assert_eq!(read_exact(&mut client, 2), b"no");
    // The connection is still one of HTTP.
    client.write_all(b"GET http://raw.example/y HTTP/1.1\r\nHost: raw.example\r\n\r\n").expect("sent");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 403 "));
    assert!(server.received().contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "{}", server.received());
    drop(client);
    landfall.stop();
}

#[test]
fn b55_events_come_at_once_and_are_recorded_while_they_run() {
    let (go, going) = std::sync::mpsc::channel::<&'static str>();
    let going = std::sync::Mutex::new(going);
    let server = Server::start(move |talk| {
        talk.request();
        talk.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        for said in going.lock().expect("no panic").iter() {
            talk.write(said.as_bytes());
        }
    });
    let landfall = landfall(&server);
    let mut client = connect(&landfall);
    client.write_all(b"GET http://raw.example/x HTTP/1.0\r\n\r\n").expect("sent");
    read_head(&mut client);
    let half = ["data: {\"email\":\"first.canary@exa", "mple.com\"}\n\n"];
    for part in half {
        go.send(part).expect("the server waits");
        assert_eq!(read_exact(&mut client, part.len()), part.as_bytes(), "each part comes before the next is sent");
    }
    let found = |event: &Value| event["findings"].as_array().is_some_and(|all| !all.is_empty());
    assert_eq!(event(&landfall, "the finding", found)["outcome"]["result"], "open");
    let second = "data: {\"email\":\"second.canary@example.com\"}\n\n";
    go.send(second).expect("the server waits");
    read_exact(&mut client, second.len());
    drop(go);
    client.read_to_end(&mut Vec::new()).expect("an end");
    let left = landfall.stop();
    check_parts(&left, 0, (half.concat().len() + second.len()) as u64);
    let all = findings(&left);
    assert_eq!(all, vec![("email".to_owned(), "response.body".to_owned()); 2], "each once");
}

#[test]
fn b55_a_request_that_waits_is_recorded_before_it_is_answered() {
    let (go, going) = std::sync::mpsc::channel::<()>();
    let going = std::sync::Mutex::new(going);
    let server = Server::start(move |talk| {
        talk.request();
        going.lock().expect("no panic").recv().expect("the test goes on");
        talk.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let landfall = landfall(&server);
    let mut client = connect(&landfall);
    let body = format!(r#"{{"email":"{}"}}"#, canary::EMAIL);
    let request = format!(
        "POST http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).expect("sent");
    let seen = event(&landfall, "the part", |event| event["outcome"]["result"] == "open");
    assert_eq!(seen["findings"][0]["element"], "email");
    assert_eq!(seen["http"]["status"], json!({"unknown": "still_open"}));
    go.send(()).expect("the server waits");
    assert!(read_head(&mut client).starts_with("HTTP/1.1 200 "));
    read_exact(&mut client, 2);
    drop(client);
    let left = landfall.stop();
    check_parts(&left, body.len() as u64, 2);
    assert_eq!(findings(&left).len(), 1);
}
