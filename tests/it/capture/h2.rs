//! HTTP/2: what does not belong in a request, what servers say beside answers, floods, and streams that wait on each other.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use super::super::support::client::run;
use super::super::support::landfall::Landfall;
use super::h2_raw::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GET, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, answer, client, fields, frame, read, server_preface,
};
use super::raw::{Server, Talk, outcomes};

const HEADERS_END: u8 = END_HEADERS | END_STREAM;
const PROTOCOL_ERROR: u8 = 1;
const REFUSED_STREAM: u8 = 7;
const CANCEL: u8 = 8;
const HTTP_1_1_REQUIRED: u8 = 13;

/// The bytes of `:status` 200 (RFC 7541 appendix A).
const STATUS_200: &[u8] = &[0x88];

/// A server that does this with each request's stream, whose number and body it is told.
fn server(act: impl Fn(&mut Talk, u32) + Send + Sync + 'static) -> Server {
    Server::start(move |talk| {
        if talk.until(b"SM\r\n\r\n").is_none() {
            return;
        }
        talk.write(&server_preface());
        let mut bytes = Vec::new();
        while let Some(more) = talk.read() {
            bytes.extend(more);
            while let Some(frame) = next(&mut bytes) {
                if frame.flags & END_STREAM != 0 && matches!(frame.kind, HEADERS | DATA) {
                    act(talk, frame.stream);
                }
            }
        }
    })
}

fn next(bytes: &mut Vec<u8>) -> Option<Frame> {
    let [a, b, c, kind, flags, s, t, u, v] = *bytes.first_chunk()?;
    let length = u32::from_be_bytes([0, a, b, c]) as usize;
    if bytes.len() < 9 + length {
        return None;
    }
    let payload = bytes[9..9 + length].to_vec();
    bytes.drain(..9 + length);
    Some(Frame { kind, flags, stream: u32::from_be_bytes([s & 0x7f, t, u, v]), payload })
}

/// Answers `ok` to everything.
fn answering() -> Server {
    server(|talk, stream| {
        talk.write(&frame(HEADERS, END_HEADERS, stream, STATUS_200));
        talk.write(&frame(DATA, END_STREAM, stream, b"ok"));
    })
}

/// Send one request with these fields and, maybe, a body; what became of it: `status`, `reset CODE` or `closed`.
fn ask(client: &mut TcpStream, id: u32, all: &[(&str, &str)], body: Option<&[u8]>) -> String {
    let flags = if body.is_some() { END_HEADERS } else { HEADERS_END };
    client.write_all(&frame(HEADERS, flags, id, &fields(all))).unwrap_or_default();
    if let Some(body) = body {
        client.write_all(&frame(DATA, END_STREAM, id, body)).unwrap_or_default();
    }
    match answer(client, id) {
        Some(frame) if frame.kind == HEADERS => format!("headers {:02x?}", &frame.payload[..1]),
        Some(frame) if frame.kind == RST_STREAM => format!("reset {}", frame.code()),
        _ => "closed".to_owned(),
    }
}

fn still_serves(landfall: &Landfall) {
    assert_eq!(ask(&mut client(landfall), 1, GET, None), "headers [88]");
}

#[test]
fn b50_what_does_not_belong_in_a_request_reaches_no_server() {
    let server = answering();
    let landfall = server.landfall();
    let with = |more: &[(&'static str, &'static str)]| [GET, more].concat();
    let reset = format!("reset {PROTOCOL_ERROR}");
    for (all, body) in [
        (with(&[("transfer-encoding", "chunked")]), Some(&b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"[..])),
        (with(&[("connection", "close")]), None),
        (with(&[("keep-alive", "1")]), None),
        (with(&[("upgrade", "h2c")]), None),
        (with(&[("te", "gzip")]), None),
        (with(&[("X-Upper", "1")]), None),
        (with(&[("x-line", "a\r\nx-smuggled: 1")]), None),
        (with(&[("x-null", "a\0b")]), None),
        (with(&[("x name", "1")]), None),
        (with(&[("x-name:", "1")]), None),
        (with(&[("x-space", " a")]), None),
        (with(&[("host", "other.example")]), None),
        (with(&[("host", "raw.example"), ("host", "raw.example")]), None),
        (with(&[("content-length", "3")]), Some(b"ab")),
        (with(&[("content-length", "3")]), Some(b"abcd")),
        (with(&[("content-length", "3"), ("content-length", "4")]), Some(b"abc")),
        (with(&[("content-length", "+3")]), Some(b"abc")),
        (with(&[(":path", "/y")]), None),
        (with(&[(":unknown", "y")]), None),
        (vec![(":method", "GET"), (":scheme", "http"), (":authority", "raw.example"), (":path", "")], None),
        (vec![(":method", "GET"), (":scheme", "http"), (":authority", "raw.example"), (":path", "/a b")], None),
        (vec![(":method", "GET"), (":scheme", "http"), (":authority", "raw.example"), (":path", "/a\r\nb")], None),
        (vec![(":method", "GET"), (":scheme", "http"), (":authority", "raw.example"), (":path", "x")], None),
        (vec![(":method", "G T"), (":scheme", "http"), (":authority", "raw.example"), (":path", "/x")], None),
        (vec![(":method", "GET"), (":scheme", "http"), (":authority", "u@raw.example"), (":path", "/x")], None),
        (vec![(":scheme", "http"), (":authority", "raw.example"), (":path", "/x")], None),
        (vec![("x-first", "1"), (":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/x")], None),
    ] {
        let told = ask(&mut client(&landfall), 1, &all, body);
        let refused = told == reset || told == "closed" || told.starts_with("headers") && told != "headers [88]";
        assert!(refused, "{all:?}: {told}");
    }
    still_serves(&landfall);
    let received = server.received();
    assert!(!received.contains("smuggled") && !received.contains("other.example"), "{received:?}");
    landfall.stop();
}

#[test]
fn b51_a_refused_request_is_sent_again_and_other_codes_are_passed_on() {
    let refusing = server({
        let first = std::sync::atomic::AtomicBool::new(true);
        move |talk, stream| {
            if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
                talk.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, REFUSED_STREAM]));
            } else {
                talk.write(&frame(HEADERS, HEADERS_END, stream, STATUS_200));
            }
        }
    });
    let landfall = refusing.landfall();
    assert_eq!(ask(&mut client(&landfall), 1, GET, None), "headers [88]");
    assert_eq!(landfall.stop().exchanges()[0]["notes"], serde_json::json!(["retried"]));

    let old = server(|talk, stream| talk.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, HTTP_1_1_REQUIRED])));
    let landfall = old.landfall();
    assert_eq!(ask(&mut client(&landfall), 1, GET, None), format!("reset {HTTP_1_1_REQUIRED}"));
    landfall.stop();

    // A server that goes away after its answer: the answer is whole, and the next request goes to a fresh connection.
    let leaving = server(|talk, stream| {
        talk.write(&frame(HEADERS, HEADERS_END, stream, STATUS_200));
        talk.write(&frame(GOAWAY, 0, 0, &[stream.to_be_bytes(), [0; 4]].concat()));
    });
    let landfall = leaving.landfall();
    let mut one = client(&landfall);
    assert_eq!(ask(&mut one, 1, GET, None), "headers [88]");
    assert_eq!(ask(&mut one, 3, GET, None), "headers [88]");
    drop(one);
    assert_eq!(outcomes(&landfall.stop()), ["completed", "completed"]);
}

#[test]
fn b27_a_stream_that_is_cancelled_in_its_middle_does_not_look_whole() {
    for code in [0, CANCEL] {
        let server = server(move |talk, stream| {
            talk.write(&frame(HEADERS, END_HEADERS, stream, STATUS_200));
            talk.write(&frame(DATA, 0, stream, b"half"));
            talk.write(&frame(RST_STREAM, 0, stream, &[0, 0, 0, code]));
        });
        let landfall = server.landfall();
        let mut client = client(&landfall);
        client.write_all(&frame(HEADERS, HEADERS_END, 1, &fields(GET))).expect("sent");
        let ended = loop {
            match read(&mut client) {
                Some(frame) if frame.stream == 1 && frame.kind == RST_STREAM => break true,
                Some(frame) if frame.stream == 1 && frame.flags & END_STREAM != 0 => break false,
                Some(_) => {}
                None => break true,
            }
        };
        assert!(ended, "code {code}: the response looked whole");
        drop(client);
        assert_eq!(outcomes(&landfall.stop()), ["aborted http_response_incomplete"]);
    }
    // The same from the client: the server must not take half an upload for a whole one.
    let server = server(|talk, stream| talk.write(&frame(HEADERS, HEADERS_END, stream, STATUS_200)));
    let landfall = server.landfall();
    let mut client = client(&landfall);
    let post = [&[(":method", "POST")], &GET[1..]].concat();
    client.write_all(&frame(HEADERS, END_HEADERS, 1, &fields(&post))).expect("sent");
    client.write_all(&frame(DATA, 0, 1, b"half of an upload")).expect("sent");
    client.write_all(&frame(RST_STREAM, 0, 1, &[0, 0, 0, CANCEL])).expect("sent");
    assert_eq!(ask(&mut client, 3, GET, None), "headers [88]");
    drop(client);
    let left = landfall.stop();
    let outcomes = outcomes(&left);
    assert!(
        outcomes.contains(&"completed".to_owned()) && outcomes.iter().any(|it| it.starts_with("aborted")),
        "{outcomes:?}"
    );
}

#[test]
fn b52_floods_end_the_connection_and_no_other() {
    let server = answering();
    let landfall = server.landfall();
    let continued =
        [frame(HEADERS, END_STREAM, 1, &fields(GET)), frame(CONTINUATION, 0, 1, &fields(&[("x", "y")])).repeat(20_000)];
    let mut resets = Vec::new();
    for number in 0..5_000 {
        resets.extend(frame(HEADERS, HEADERS_END, 1 + 2 * number, &fields(GET)));
        resets.extend(frame(RST_STREAM, 0, 1 + 2 * number, &[0, 0, 0, CANCEL]));
    }
    let open = frame(HEADERS, END_HEADERS, 1, &fields(&[&[(":method", "POST")], &GET[1..]].concat()));
    for (name, flood) in [
        ("continuation", continued.concat()),
        ("reset", resets),
        ("ping", frame(PING, 0, 0, &[7; 8]).repeat(20_000)),
        ("settings", frame(SETTINGS, 0, 0, b"").repeat(20_000)),
        ("empty data", [open.clone(), frame(DATA, 0, 1, b"").repeat(20_000)].concat()),
        ("window", [open.clone(), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]).repeat(20_000)].concat()),
        ("window overflow", [open.clone(), frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2)].concat()),
        ("window of zero", [open.clone(), frame(WINDOW_UPDATE, 0, 0, &[0; 4])].concat()),
        ("priority", frame(2, 0, 1, &[0, 0, 0, 0, 9]).repeat(20_000)),
        ("unknown", frame(0xaa, 0, 0, b"x").repeat(20_000)),
    ] {
        let mut client = client(&landfall);
        let mut writer = client.try_clone().expect("a handle");
        let writing = std::thread::spawn(move || writer.write_all(&flood).unwrap_or_default());
        let ended = loop {
            match read(&mut client) {
                Some(frame) if frame.kind == GOAWAY => break true,
                Some(_) => {}
                None => break true,
            }
        };
        assert!(ended, "{name}");
        drop(client);
        writing.join().expect("no panic");
        still_serves(&landfall);
    }
    landfall.stop();
}

#[test]
fn b52_more_streams_than_are_taken_are_refused_and_the_others_go_on() {
    let server = server(|_, _| {});
    let landfall = server.landfall();
    let mut client = client(&landfall);
    for number in 0..101 {
        client.write_all(&frame(HEADERS, HEADERS_END, 1 + 2 * number, &fields(GET))).expect("sent");
    }
    let refused = answer(&mut client, 201).expect("an answer");
    assert_eq!((refused.kind, refused.code()), (RST_STREAM, REFUSED_STREAM));
    drop(client);
    landfall.stop();
}

#[test]
fn b52_a_stream_that_nobody_reads_does_not_hold_up_another() {
    // The first stream's answer is more than any window; the second's is short.
    let server = server(|talk, stream| {
        talk.write(&frame(HEADERS, END_HEADERS, stream, STATUS_200));
        if stream == 1 {
            talk.write(&frame(DATA, 0, stream, &[b'x'; 16_384]).repeat(3));
        } else {
            talk.write(&frame(DATA, END_STREAM, stream, b"ok"));
        }
    });
    let landfall = server.landfall();
    let mut client = client(&landfall);
    // No window for the first stream at all.
    client.write_all(&frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0])).expect("sent");
    client.write_all(&frame(HEADERS, HEADERS_END, 1, &fields(GET))).expect("sent");
    assert_eq!(answer(&mut client, 1).map(|frame| frame.kind), Some(HEADERS));
    client.write_all(&frame(HEADERS, HEADERS_END, 3, &fields(GET))).expect("sent");
    client.write_all(&frame(WINDOW_UPDATE, 0, 3, &[0, 0, 1, 0])).expect("sent");
    let got = loop {
        let frame = read(&mut client).expect("the second stream's body");
        assert!(frame.kind != DATA || frame.stream == 3, "{frame:?}");
        if frame.kind == DATA {
            break frame;
        }
    };
    assert_eq!(got.payload, b"ok");
    drop(client);
    landfall.stop();
}

#[test]
fn b54_messages_pass_one_by_one_in_both_directions_and_trailers_end_them() {
    let message = |text: &str| [&[0, 0, 0, 0, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
    let said = message("said");
    let back = said.clone();
    let server = Server::start(move |talk| {
        talk.until(b"SM\r\n\r\n");
        talk.write(&server_preface());
        let mut bytes = Vec::new();
        while let Some(more) = talk.read() {
            bytes.extend(more);
            while let Some(got) = next(&mut bytes) {
                match got.kind {
                    HEADERS => talk.write(&frame(HEADERS, END_HEADERS, got.stream, STATUS_200)),
                    DATA if !got.payload.is_empty() => talk.write(&frame(DATA, 0, got.stream, &back)),
                    _ => {}
                }
                if got.flags & END_STREAM != 0 && got.kind == DATA {
                    let trailers = fields(&[("grpc-status", "0"), ("x-trailer", "t")]);
                    talk.write(&frame(HEADERS, HEADERS_END, got.stream, &trailers));
                }
            }
        }
    });
    let landfall = server.landfall();
    let mut client = client(&landfall);
    let call =
        [&[(":method", "POST")], &GET[1..], &[("content-type", "application/grpc"), ("te", "trailers")]].concat();
    client.write_all(&frame(HEADERS, END_HEADERS, 1, &fields(&call))).expect("sent");
    assert_eq!(answer(&mut client, 1).map(|frame| frame.kind), Some(HEADERS), "before the first message");
    let data = |client: &mut TcpStream| loop {
        let frame = read(client).expect("a frame");
        if frame.stream == 1
            && matches!(frame.kind, DATA | HEADERS)
            && !(frame.kind == DATA && frame.payload.is_empty())
        {
            break frame;
        }
    };
    for _ in 0..3 {
        client.write_all(&frame(DATA, 0, 1, &said)).expect("sent");
        assert_eq!(data(&mut client).payload, said, "each answer before the next message");
    }
    client.write_all(&frame(DATA, END_STREAM, 1, b"")).expect("sent");
    let end = data(&mut client);
    assert_eq!((end.kind, end.flags & END_STREAM), (HEADERS, END_STREAM), "trailers end it");
    drop(client);
    let left = landfall.stop();
    let sum = |way: &str| left.exchanges().iter().filter_map(|event| event["bytes"][way].as_u64()).sum::<u64>();
    assert_eq!((sum("up"), sum("down")), (27, 27));
}

#[test]
fn b54_a_call_that_is_only_trailers() {
    let server = server(|talk, stream| {
        let only = [STATUS_200, &fields(&[("content-type", "application/grpc"), ("grpc-status", "5")])].concat();
        talk.write(&frame(HEADERS, HEADERS_END, stream, &only));
    });
    let landfall = server.landfall();
    let mut client = client(&landfall);
    client.write_all(&frame(HEADERS, HEADERS_END, 1, &fields(GET))).expect("sent");
    let only = answer(&mut client, 1).expect("an answer");
    assert_eq!((only.kind, only.flags & END_STREAM), (HEADERS, END_STREAM), "one frame, as it came");
    drop(client);
    assert_eq!(outcomes(&landfall.stop()), ["completed"]);
}

/// curl takes a stream that is cut before its answer is whole for an error.
#[test]
fn b44_an_early_answer_over_http2_reaches_a_client_that_still_uploads() {
    let server = Server::start(|talk| {
        talk.until(b"SM\r\n\r\n");
        talk.write(&server_preface());
        let mut bytes = Vec::new();
        while let Some(more) = talk.read() {
            bytes.extend(more);
            while let Some(got) = next(&mut bytes) {
                if got.kind == HEADERS {
                    talk.write(&frame(HEADERS, END_HEADERS, got.stream, &fields(&[(":status", "413")])));
                    talk.write(&frame(DATA, END_STREAM, got.stream, b"too much"));
                    talk.write(&frame(RST_STREAM, 0, got.stream, &[0; 4]));
                }
            }
        }
    });
    let landfall = server.landfall();
    let file = landfall.dir().join("upload.bin");
    std::fs::write(&file, vec![b'x'; 5 << 20]).expect("written");
    for _ in 0..10 {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--max-time", "60", "--noproxy", "", "-p", "-x"]).arg(format!("http://{}", landfall.proxy));
        curl.args(["--http2-prior-knowledge", "-H", "Expect:", "-w", " %{http_code}", "-T"]).arg(&file);
        let output = run(curl.arg("http://raw.example/x"));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "too much 413");
    }
    landfall.stop();
}
