//! What comes after `CONNECT`: names, hellos however they are cut, and what is no TLS.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};

use rustls::StreamOwned;
use serde_json::json;

use super::super::support::authority::Authority;
use super::near::{
    HOST, OK, TlsServer, ask, client, connect, connections, get, head, hello, landfall, plain_server, server, status,
    tunnel,
};

#[test]
fn b01_connect_to_a_name_without_sni_in_the_hello() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let landfall = landfall("", &authority, &[format!("{HOST}:443:{}", origin.address)]);
    let stream = tunnel(&landfall, &format!("{HOST}:443"));
    let (names, answer) = get(client(&landfall, HOST, false, &[]), stream, HOST);
    assert_eq!((names, status(&answer)), (vec![HOST.to_owned()], "200"));
    assert_eq!(origin.names(), [None]);
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["destination"]["host"], HOST);
}

#[test]
fn b02_connect_to_an_address_with_sni() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let landfall = landfall("", &authority, &[]);
    let stream = tunnel(&landfall, &origin.address.to_string());
    let (names, answer) = get(client(&landfall, HOST, true, &[]), stream, HOST);
    assert_eq!((names, status(&answer)), (vec![HOST.to_owned()], "200"));
    assert_eq!(origin.names(), [Some(HOST.to_owned())]);
    let left = landfall.stop();
    let destination = &left.exchanges()[0]["destination"];
    assert_eq!((&destination["host"], &destination["address"]), (&json!(HOST), &json!("127.1.1.1")));
    assert_eq!(left.exchanges()[0]["notes"], json!([]));
}

#[test]
fn b03_connect_to_an_address_without_sni() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &["127.1.1.1"], OK);
    let landfall = landfall("", &authority, &[]);
    let stream = tunnel(&landfall, &origin.address.to_string());
    let (names, answer) = get(client(&landfall, "127.1.1.1", false, &[]), stream, "127.1.1.1");
    assert_eq!((names, status(&answer)), (vec!["127.1.1.1".to_owned()], "200"));
    assert_eq!(origin.names(), [None]);
    landfall.stop();
}

#[test]
fn b04_another_name_in_the_hello_is_noted_and_421_passes() {
    let authority = Authority::new();
    let origin = TlsServer::start(
        &authority,
        &["inner.example"],
        "HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n",
    );
    let landfall = landfall("", &authority, &[format!("{HOST}:443:{}", origin.address)]);
    let stream = tunnel(&landfall, &format!("{HOST}:443"));
    let (names, answer) = get(client(&landfall, "inner.example", true, &[]), stream, "third.example");
    assert_eq!((names, status(&answer)), (vec!["inner.example".to_owned()], "421"));
    let left = landfall.stop();
    let exchange = left.exchanges()[0];
    assert_eq!(exchange["notes"], json!(["name_mismatch"]));
    assert_eq!(exchange["destination"]["address"], "127.1.1.1");
}

#[test]
fn b05_a_hello_in_the_segment_of_its_connect_is_not_lost() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let landfall = landfall("", &authority, &[format!("{HOST}:443:{}", origin.address)]);
    let mut tls = client(&landfall, HOST, true, &[]);
    let mut bytes = format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n").into_bytes();
    bytes.extend(hello(&mut tls));
    let mut stream = connect(&landfall);
    stream.write_all(&bytes).expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    assert_eq!(status(&get(tls, stream, HOST).1), "200");
    landfall.stop();
}

#[test]
fn b06_a_hello_is_read_however_it_is_cut() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let landfall = landfall("", &authority, &[format!("{HOST}:443:{}", origin.address)]);
    // Byte by byte, each in a segment of its own.
    let mut stream = tunnel(&landfall, &format!("{HOST}:443"));
    stream.set_nodelay(true).expect("set");
    let mut tls = client(&landfall, HOST, true, &[]);
    for byte in hello(&mut tls) {
        stream.write_all(&[byte]).expect("sent");
    }
    assert_eq!(status(&get(tls, stream, HOST).1), "200");
    // Begun, and never finished: the client has ten seconds in the configuration of everybody, one in this.
    landfall.stop();
}

#[test]
fn b06_a_hello_that_stalls_ends_within_its_time() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let config = "[capture.limits]\nhandshake = \"300ms\"\n";
    let landfall = landfall(config, &authority, &[format!("{HOST}:443:{}", origin.address)]);
    let mut stream = tunnel(&landfall, &format!("{HOST}:443"));
    stream.write_all(b"\x16\x03\x01\x02\x00\x01").expect("sent");
    assert_eq!(stream.read(&mut [0; 9]).unwrap_or(0), 0);
    let left = landfall.stop();
    assert_eq!(connections(&left)[0]["outcome"]["error"], "timeout");
}

#[test]
fn b07_http_without_tls_inside_connect_is_opened_whatever_its_method() {
    let authority = Authority::new();
    let (address, heads) = plain_server();
    let landfall = landfall("", &authority, &[format!("{HOST}:80:{address}")]);
    for method in ["GET", "PROPFIND", "X-CUSTOM"] {
        let mut stream = tunnel(&landfall, &format!("{HOST}:80"));
        write!(stream, "{method} /x HTTP/1.1\r\nHost: {HOST}\r\n\r\n").expect("sent");
        assert_eq!(status(&head(&mut stream).expect("an answer")), "200", "{method}");
    }
    let first: Vec<_> =
        heads.lock().expect("no panic").iter().filter_map(|h| h.lines().next().map(str::to_owned)).collect();
    assert_eq!(first, ["GET /x HTTP/1.1", "PROPFIND /x HTTP/1.1", "X-CUSTOM /x HTTP/1.1"]);
    let left = landfall.stop();
    assert!(left.exchanges().iter().all(|exchange| exchange["capture"]["coverage"] == "plaintext"));
    assert_eq!(left.exchanges().len(), 3);
}

#[test]
fn b08_a_server_that_speaks_first_is_heard_and_a_slow_client_is_still_opened() {
    let authority = Authority::new();
    let banner = server(|mut stream| {
        stream.write_all(b"220 mail.example ESMTP\r\n").expect("sent");
        let mut said = [0; 6];
        stream.read_exact(&mut said).expect("heard");
        stream.write_all(b"221 bye\r\n").expect("sent");
    });
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let resolve = [format!("mail.example:25:{banner}"), format!("{HOST}:443:{}", origin.address)];
    let landfall = landfall("", &authority, &resolve);
    let mut stream = tunnel(&landfall, "mail.example:25");
    let mut said = [0; 24];
    stream.read_exact(&mut said).expect("a banner");
    stream.write_all(b"QUIT\r\n").expect("sent");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the end");
    assert_eq!(rest, "221 bye\r\n");
    // A client that only listens has closed its side before the banner came.
    let stream = tunnel(&landfall, "mail.example:25");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut said = [0; 24];
    (&stream).read_exact(&mut said).expect("a banner");
    drop(stream);
    // Longer than any wait for a first byte that a proxy may have.
    let slow = tunnel(&landfall, &format!("{HOST}:443"));
    let (late, alarm) = std::sync::mpsc::channel::<()>();
    alarm.recv_timeout(std::time::Duration::from_millis(3500)).expect_err("nobody rings");
    drop(late);
    assert_eq!(status(&get(client(&landfall, HOST, true, &[]), slow, HOST).1), "200");
    let left = landfall.stop();
    let spoken = connections(&left);
    assert!(spoken.iter().all(|it| it["capture"]["reason"] == "server_first"), "{spoken:?}");
    assert!(spoken.iter().any(|it| it["bytes"] == json!({"up": 6, "down": 33})), "{spoken:?}");
    assert_eq!(left.exchanges().len(), 1);
}

#[test]
fn b09_an_unknown_protocol_is_relayed_counted_and_placed() {
    let authority = Authority::new();
    let echo = server(|mut stream| {
        let mut said = [0; 14];
        stream.read_exact(&mut said).expect("heard");
        stream.write_all(&said).expect("sent");
    });
    let landfall = landfall("", &authority, &[format!("mqtt.example:1883:{echo}")]);
    let mut stream = tunnel(&landfall, "mqtt.example:1883");
    stream.write_all(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00").expect("sent");
    let mut said = Vec::new();
    stream.read_to_end(&mut said).expect("the end");
    assert_eq!(said, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00");
    drop(stream);
    let left = landfall.stop();
    let event = connections(&left)[0];
    assert_eq!(event["capture"], json!({"mode": "forward", "coverage": "tunnelled", "reason": "not_tls"}));
    assert_eq!(event["bytes"], json!({"up": 14, "down": 14}));
    assert_eq!(event["destination"]["location"]["country"], "US");
}

#[test]
fn b10_starttls_is_relayed_and_the_late_hello_noted() {
    let authority = Authority::new();
    let config = authority.server(&[HOST], &[]);
    let smtp = server(move |mut stream| {
        stream.write_all(b"220 ready\r\n").expect("sent");
        let mut said = [0; 10];
        stream.read_exact(&mut said).expect("heard");
        stream.write_all(b"220 go ahead\r\n").expect("sent");
        let tls = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).expect("a server");
        let mut stream = StreamOwned::new(tls, stream);
        stream.write_all(b"250 secret\r\n").unwrap_or_default();
    });
    let landfall = landfall("", &authority, &[format!("{HOST}:25:{smtp}")]);
    let mut stream = tunnel(&landfall, &format!("{HOST}:25"));
    let mut said = [0; 11];
    stream.read_exact(&mut said).expect("a banner");
    stream.write_all(b"STARTTLS\r\n").expect("sent");
    let mut said = [0; 14];
    stream.read_exact(&mut said).expect("an answer");
    // The certificate is the server's own: nothing was opened.
    let mut tls = client(&landfall, HOST, true, &[]);
    let error = tls.complete_io(&mut stream).expect_err("not Landfall's certificate");
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    drop(stream);
    let left = landfall.stop();
    let event = connections(&left)[0];
    assert_eq!((&event["capture"]["reason"], &event["notes"]), (&json!("server_first"), &json!(["late_tls"])));
}

#[test]
fn b11_a_dial_that_fails_is_the_answer_to_connect() {
    let authority = Authority::new();
    let closed = TcpListener::bind("127.1.1.3:0").expect("bound").local_addr().expect("an address");
    let landfall = landfall("", &authority, &[]);
    for (target, expect, error) in
        [(closed.to_string(), "502", "connection_refused"), ("nowhere.invalid:443".to_owned(), "502", "dns_error")]
    {
        let answer = ask(&landfall, &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"));
        assert_eq!(status(&answer), expect, "{answer}");
        assert!(answer.contains(&format!("proxy-status: landfall; error={error}")), "{answer}");
    }
    let left = landfall.stop();
    let outcomes: Vec<_> = connections(&left).into_iter().map(|event| event["outcome"]["result"].clone()).collect();
    assert_eq!(outcomes, ["failed", "failed"]);
}

#[test]
fn b12_the_answer_to_connect_has_no_framing() {
    let authority = Authority::new();
    let (address, _) = plain_server();
    let landfall = landfall("", &authority, &[format!("{HOST}:80:{address}")]);
    let answer = ask(&landfall, &format!("CONNECT {HOST}:80 HTTP/1.1\r\nHost: {HOST}:80\r\n\r\n")).to_ascii_lowercase();
    assert_eq!(answer, "http/1.1 200 ok\r\n\r\n");
    landfall.stop();
}

/// Requests before it have their own records; what cannot be read must leave a trace, too.
#[test]
fn a_later_request_that_cannot_be_read_is_recorded() {
    let authority = Authority::new();
    let (address, _) = plain_server();
    let landfall = landfall("", &authority, &[format!("{HOST}:80:{address}")]);
    let mut stream = tunnel(&landfall, &format!("{HOST}:80"));
    write!(stream, "GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").expect("sent");
    let mut said = vec![0; OK.len()];
    stream.read_exact(&mut said).expect("an answer");
    stream.write_all(b"GET / HTTP/1.1\r\nHost : x\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "400");
    drop(stream);
    let left = landfall.stop();
    let errors: Vec<_> = left.exchanges().iter().map(|event| event["outcome"]["error"].clone()).collect();
    assert_eq!(errors, [serde_json::Value::Null, "http_request_error".into()]);
}
