//! What goes wrong on the way: the client sees the truth, the record names the side, and nothing leaks.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::super::support::eventually;
use super::super::support::raw::{self, BOTH, RawOrigin, ServerTls, head, reset, shake, trusting, tunnel, tunnel_from};
use super::net::{HOST, Net, fetch, lines, outcome};

/// A loopback port that nobody listens on.
fn closed() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address")
}

#[test]
fn b11_each_failure_of_a_dial_has_its_status_and_word() {
    let net = Net::new().config("[capture.limits]\nconnect = \"2s\"\n");
    // A listener whose queue is full answers nothing more: a black hole on loopback.
    let hole = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    hole.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
    hole.listen(0).expect("it listens");
    let address = hole.local_addr().expect("an address").as_socket().expect("IPv4");
    let fillers: Vec<_> = (0..8)
        .map(|_| {
            let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
            socket.set_nonblocking(true).expect("an option");
            drop(socket.connect(&address.into()));
            socket
        })
        .collect();
    let net = net
        .arg("--resolve")
        .arg(&format!("closed.example:443:{}", closed()))
        .arg("--resolve")
        .arg(&format!("hole.example:443:{address}"));
    let landfall = net.start();
    for (target, status, error) in [
        ("closed.example:443", 502, "connection_refused"),
        ("hole.example:443", 504, "connection_timeout"),
        ("no-such-name.invalid:443", 502, "dns_error"),
    ] {
        let (head, _) = tunnel_from("127.0.0.1", &landfall, target);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {head}");
        let told = head.to_lowercase();
        // Where no name server is there at all, a time may be up instead.
        assert!(told.contains(&format!("error={error}")) || told.contains("error=dns_"), "{target}: {head}");
        let plain = fetch(&landfall, &format!("http://{target}/"), &[]);
        assert_eq!(plain.status, status, "{target}: {}", plain.text);
    }
    drop(fillers);
    let left = landfall.stop();
    let told: Vec<_> = lines(&left, "connection").iter().map(|line| line["outcome"]["side"].clone()).collect();
    assert_eq!(told, ["upstream", "upstream", "upstream"]);
}

type Fault = fn(ServerTls);

/// Faults after the handshake, by their stage: curl's exit code, the status, and the record.
const FAULTS: &[(&str, Fault, i32, u16, &str)] = &[
    ("closed at once", |stream| drop(stream), 0, 502, "failed upstream connection_terminated -"),
    (
        "closed after the request",
        |mut stream| drop(head(&mut stream)),
        0,
        502,
        "failed upstream connection_terminated -",
    ),
    (
        "reset after the request",
        |mut stream| {
            head(&mut stream);
            reset(stream.sock);
        },
        0,
        502,
        "failed upstream connection_terminated -",
    ),
    (
        "silent after the request",
        |mut stream| {
            head(&mut stream);
            drop(stream.read(&mut [0; 1]));
        },
        0,
        504,
        "failed upstream http_response_timeout -",
    ),
    (
        "cut in the head",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le"));
            drop(stream.flush());
        },
        0,
        502,
        "failed upstream connection_terminated -",
    ),
    (
        "no HTTP",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"));
            drop(stream.flush());
        },
        0,
        502,
        "failed upstream http_protocol_error -",
    ),
    (
        "cut in a counted body",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
            drop(stream.flush());
        },
        -1,
        200,
        "aborted upstream http_response_incomplete -",
    ),
    (
        "cut in a chunked body",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
            drop(stream.flush());
        },
        -1,
        200,
        "aborted upstream http_response_incomplete -",
    ),
    (
        "reset in the body",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
            drop(stream.flush());
            std::thread::park_timeout(std::time::Duration::from_millis(200));
            reset(stream.sock);
        },
        -1,
        200,
        "aborted upstream http_response_incomplete -",
    ),
    (
        "a close-delimited body without close_notify",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"));
            drop(stream.flush());
        },
        -1,
        200,
        "aborted upstream http_response_incomplete -",
    ),
    (
        "a counted body without close_notify",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"));
            drop(stream.flush());
        },
        0,
        200,
        "completed - - -",
    ),
    (
        "a close-delimited body with close_notify",
        |mut stream| {
            head(&mut stream);
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwhole"));
            stream.conn.send_close_notify();
            drop(stream.flush());
        },
        0,
        200,
        "completed - - -",
    ),
];

#[test]
fn b27_an_end_is_passed_on_as_what_it_was_at_every_stage() {
    let mut net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origins: Vec<_> = FAULTS
        .iter()
        .map(|(_, fault, ..)| {
            let fault = *fault;
            RawOrigin::tls("127.0.0.1", std::sync::Arc::clone(&config), move |stream, _| fault(stream))
        })
        .collect();
    for (port, origin) in (1000..).zip(&origins) {
        net = net.named(HOST, port, origin);
    }
    let net = net.config("[capture.limits]\nresponse = \"2s\"\n");
    let landfall = net.start();
    for (port, (what, _, exit, status, _)) in (1000..).zip(FAULTS) {
        let got = fetch(&landfall, &format!("https://{HOST}:{port}/"), &[]);
        assert_eq!(got.status, *status, "{what}: {}", got.text);
        // A transfer that was cut is an error to the client, whatever kind its library makes of it.
        assert_eq!(got.exit == 0, *exit == 0, "{what}: curl ended with {}: {}", got.exit, got.text);
        assert_eq!(got.has("proxy-status: landfall; error="), *status >= 500, "{what}: {}", got.text);
    }
    let left = landfall.stop();
    let told: Vec<_> = left.exchanges().into_iter().map(outcome).collect();
    assert_eq!(told, FAULTS.iter().map(|(.., told)| (*told).to_owned()).collect::<Vec<_>>());
}

/// An origin of an opaque protocol, which Landfall splices.
fn spliced(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> (Net, RawOrigin) {
    let origin = RawOrigin::start("127.0.0.1", move |stream, _| handle(stream));
    let net = Net::new().named(HOST, 7000, &origin);
    (net, origin)
}

#[test]
fn a_reset_in_a_tunnel_is_passed_on_as_a_reset() {
    let (net, _origin) = spliced(|mut stream| {
        let mut asked = [0; 5];
        drop(stream.read_exact(&mut asked));
        drop(stream.write_all(b"half"));
        std::thread::park_timeout(std::time::Duration::from_millis(200));
        reset(stream);
    });
    let landfall = net.start();
    let mut stream = tunnel(&landfall, &format!("{HOST}:7000"));
    stream.write_all(b"\x00\x01ask").expect("it is read");
    let (got, end) = raw::rest(&mut stream);
    assert_eq!(got, b"half");
    assert_eq!(end.expect_err("a reset").kind(), std::io::ErrorKind::ConnectionReset);
    let left = landfall.stop();
    assert_eq!(outcome(lines(&left, "connection")[0]), "aborted upstream reset -");
}

#[test]
fn a_clients_reset_in_a_tunnel_reaches_the_server_as_one() {
    let (told, tell) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let (net, _origin) = spliced(move |mut stream| {
        let end = raw::rest(&mut stream).1.err().map(|error| error.kind());
        told.lock().expect("no panic").send(end).expect("the test listens");
    });
    let landfall = net.start();
    let mut stream = tunnel(&landfall, &format!("{HOST}:7000"));
    stream.write_all(b"\x00\x01ask").expect("it is read");
    std::thread::park_timeout(std::time::Duration::from_millis(200));
    reset(stream);
    assert_eq!(tell.recv_timeout(raw::PATIENCE).expect("an end"), Some(std::io::ErrorKind::ConnectionReset));
    let left = landfall.stop();
    assert_eq!(outcome(lines(&left, "connection")[0]), "aborted client reset -");
}

#[test]
fn what_a_server_sent_before_it_hung_up_arrives_and_a_half_close_is_passed_on() {
    const SENT: usize = 3 << 20;
    let (net, _origin) = spliced(|mut stream| {
        let mut asked = [0; 5];
        drop(stream.read_exact(&mut asked));
        drop(stream.write_all(&vec![7; SENT]));
        // The rest of what the client sends is never read.
    });
    let landfall = net.start();
    let mut stream = tunnel(&landfall, &format!("{HOST}:7000"));
    stream.write_all(b"\x00\x01ask").expect("it is read");
    stream.shutdown(Shutdown::Write).expect("a half-close");
    let (got, end) = raw::rest(&mut stream);
    assert_eq!(got.len(), SENT);
    end.expect("an orderly end");
    let left = landfall.stop();
    let line = lines(&left, "connection")[0].clone();
    assert_eq!(outcome(&line), "completed - - -");
    assert_eq!((line["bytes"]["up"].as_u64(), line["bytes"]["down"].as_u64()), (Some(5), Some(SENT as u64)));
}

#[test]
fn faults_leak_no_descriptors() {
    let net = Net::new().config("[capture]\non_pinned = \"intercept\"\n");
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let cut = RawOrigin::tls("127.0.0.1", config, |mut stream, number| {
        head(&mut stream);
        match number % 3 {
            0 => drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")),
            1 => reset(stream.sock),
            _ => drop(stream.write_all(b"nonsense\r\n\r\n")),
        }
    });
    let raw_reset = RawOrigin::start("127.0.0.1", |mut stream, _| {
        drop(stream.read(&mut [0; 8]));
        reset(stream);
    });
    let net = net
        .named(HOST, 443, &cut)
        .named(HOST, 7000, &raw_reset)
        .arg("--resolve")
        .arg(&format!("closed.example:443:{}", closed()));
    let landfall = net.start();
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", landfall.pid())).expect("the process runs").count();
    let round = || {
        for _ in 0..10 {
            let config = trusting(&landfall, BOTH, &["http/1.1"]);
            if let Ok(mut tls) = shake(config, HOST, tunnel(&landfall, &format!("{HOST}:443"))) {
                drop(tls.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()));
                drop(raw::rest(&mut tls));
            }
            drop(shake(raw::distrusting(), HOST, tunnel(&landfall, &format!("{HOST}:443"))));
            let mut opaque = tunnel(&landfall, &format!("{HOST}:7000"));
            drop(opaque.write_all(b"\x00\x01\x02"));
            drop(raw::rest(&mut opaque));
            tunnel_from("127.0.0.1", &landfall, "closed.example:443");
        }
    };
    round();
    // What is only slow to close is not counted as kept.
    let settled = |at_most: usize| {
        eventually("descriptors to be given back", raw::PATIENCE, || {
            let now = descriptors();
            (now <= at_most).then_some(now)
        })
    };
    let before = {
        std::thread::park_timeout(std::time::Duration::from_secs(1));
        descriptors()
    };
    for _ in 0..8 {
        round();
    }
    settled(before + 4);
    landfall.stop();
}

#[test]
fn b21_a_server_without_http_2_gives_the_client_none_either() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, |mut stream, _| {
        head(&mut stream);
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
        drop(stream.flush());
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    // The server speaks HTTP/1.1 only, so that the client gets no more than that, whatever it offers.
    let got = fetch(&landfall, &format!("https://{HOST}/"), &["--http2"]);
    assert!(got.exit != 0 && got.has("HTTP/1.1 200"), "{}", got.text);
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["tls"]["client"]["alpn"], "http/1.1");
}
