//! SOCKS5: every form of address, whatever the segments; refusals in its own words; what is inside is opened as after
//! `CONNECT`.

use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::json;

use super::super::support::authority::Authority;
use super::super::support::client::{run, try_run};
use super::super::support::landfall::Landfall;
use super::near::{
    HOST, OK, TlsServer, client, connect, connections, get, head, hello, landfall, plain_server, server, status,
};

/// A request for a name.
fn request(command: u8, host: &str, port: u16) -> Vec<u8> {
    [&[5, command, 0, 3, host.len() as u8][..], host.as_bytes(), &port.to_be_bytes()].concat()
}

/// Greet, ask, and read the code of the reply.
fn socks(landfall: &Landfall, request: &[u8]) -> (TcpStream, u8) {
    let mut stream = connect(landfall);
    stream.write_all(b"\x05\x01\x00").expect("sent");
    let mut method = [0; 2];
    stream.read_exact(&mut method).expect("a method");
    assert_eq!(method, [5, 0]);
    stream.write_all(request).expect("sent");
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).expect("a reply");
    assert_eq!((reply[0], reply[2], reply[3]), (5, 0, 1));
    (stream, reply[1])
}

fn closed() -> SocketAddr {
    TcpListener::bind("127.1.1.3:0").expect("bound").local_addr().expect("an address")
}

#[test]
fn b59_socks5_opens_what_is_inside_for_names_and_addresses() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let (plain, heads) = plain_server();
    let resolve = [format!("{HOST}:443:{}", origin.address), format!("{HOST}:80:{plain}")];
    let landfall = landfall("", &authority, &resolve);
    let (stream, code) = socks(&landfall, &request(1, HOST, 443));
    assert_eq!(code, 0);
    let (names, answer) = get(client(&landfall, HOST, true, &[]), stream, HOST);
    assert_eq!((names, status(&answer)), (vec![HOST.to_owned()], "200"));
    // The address, and the name in the hello.
    let octets = match origin.address.ip() {
        std::net::IpAddr::V4(v4) => v4.octets(),
        std::net::IpAddr::V6(_) => unreachable!("the server is on IPv4"),
    };
    let by_address = [&[5, 1, 0, 1][..], &octets, &origin.address.port().to_be_bytes()].concat();
    let (stream, code) = socks(&landfall, &by_address);
    assert_eq!(code, 0);
    assert_eq!(status(&get(client(&landfall, HOST, true, &[]), stream, HOST).1), "200");
    // HTTP without TLS.
    let (mut stream, code) = socks(&landfall, &request(1, HOST, 80));
    assert_eq!(code, 0);
    write!(stream, "GET /plain HTTP/1.1\r\nHost: {HOST}\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    assert!(heads.lock().expect("no panic")[0].starts_with("GET /plain HTTP/1.1\r\n"));
    drop(stream);
    let left = landfall.stop();
    let seen: Vec<_> = left
        .exchanges()
        .into_iter()
        .map(|e| (e["capture"]["mode"].clone(), e["destination"]["host"].clone()))
        .collect();
    assert_eq!(seen, vec![(json!("socks5"), json!(HOST)); 3]);
}

#[test]
fn b59_socks5_over_ipv6_to_a_server_that_speaks_first() {
    let authority = Authority::new();
    let listener = TcpListener::bind("[::1]:0").expect("IPv6 loopback");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.write_all(b"hello").expect("sent");
    });
    let landfall = landfall("", &authority, &[]);
    let by_address = [&[5, 1, 0, 4][..], &Ipv6Addr::LOCALHOST.octets(), &port.to_be_bytes()].concat();
    let (mut stream, code) = socks(&landfall, &by_address);
    assert_eq!(code, 0);
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("the end");
    assert_eq!(said, "hello");
    drop(stream);
    let left = landfall.stop();
    assert_eq!(
        connections(&left)[0]["capture"],
        json!({"mode": "socks5", "coverage": "tunnelled", "reason": "server_first"})
    );
}

#[test]
fn b59_socks5_refuses_in_its_own_words() {
    let authority = Authority::new();
    let landfall = landfall("", &authority, &["sneaky.example:80:169.254.169.254".to_owned()]);
    let refused = closed();
    let own = landfall.proxy.port();
    for (request, expect) in [
        (request(1, &refused.ip().to_string(), refused.port()), 5),
        (request(1, "nowhere.invalid", 443), 4),
        (request(1, "169.254.169.254", 80), 2),
        (request(1, "2852039166", 80), 2),
        (request(1, "sneaky.example", 80), 2),
        (request(1, "localhost", own), 2),
        (request(1, "127.1", own), 2),
        (vec![5, 1, 0, 1, 0, 0, 0, 0, 0, 80], 2),
        (request(2, HOST, 443), 7),
        (request(3, HOST, 443), 7),
        (vec![5, 3, 0, 1, 0, 0, 0, 0, 0, 0], 7),
        (request(9, HOST, 443), 7),
        (vec![5, 1, 0, 2, 1, 2, 3, 4], 8),
        (request(1, "", 443), 1),
        (request(1, "a b", 443), 1),
        (request(1, &format!("{}.example", "a".repeat(64)), 443), 1),
        (request(1, HOST, 0), 1),
    ] {
        let (mut stream, code) = socks(&landfall, &request);
        assert_eq!(code, expect, "{request:?}");
        assert_eq!(stream.read(&mut [0; 9]).unwrap_or(0), 0, "{request:?}: closed after that");
    }
    // No way to prove who one is that is wanted here.
    for greeting in [&b"\x05\x01\x02"[..], b"\x05\x00", b"\x05\x02\x01\x80"] {
        let mut stream = connect(&landfall);
        stream.write_all(greeting).expect("sent");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).expect("the end");
        assert_eq!(said, [5, 0xff], "{greeting:?}");
    }
    let mut old = connect(&landfall);
    old.write_all(b"\x04\x01\x00\x50\x7f\x00\x00\x01u\x00").expect("sent");
    let mut said = Vec::new();
    old.read_to_end(&mut said).expect("the end");
    assert_eq!(said, [0, 91, 0, 0, 0, 0, 0, 0]);
    let left = landfall.stop();
    assert_eq!(connections(&left).iter().filter(|event| event["outcome"]["result"] == "refused").count(), 6);
}

#[test]
fn b59_socks5_is_read_however_it_is_cut() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let landfall = landfall("", &authority, &[format!("{HOST}:443:{}", origin.address)]);
    let mut tls = client(&landfall, HOST, true, &[]);
    let whole = [b"\x05\x01\x00".to_vec(), request(1, HOST, 443), hello(&mut tls)].concat();
    // All in one segment, the hello too.
    let mut stream = connect(&landfall);
    stream.write_all(&whole).expect("sent");
    let mut said = [0; 12];
    stream.read_exact(&mut said).expect("both answers");
    assert_eq!(said[..4], [5, 0, 5, 0]);
    assert_eq!(status(&get(tls, stream, HOST).1), "200");
    // Byte by byte.
    let mut tls = client(&landfall, HOST, true, &[]);
    let whole = [b"\x05\x01\x00".to_vec(), request(1, HOST, 443), hello(&mut tls)].concat();
    let mut stream = connect(&landfall);
    stream.set_nodelay(true).expect("set");
    for byte in whole {
        stream.write_all(&[byte]).expect("sent");
    }
    stream.read_exact(&mut said).expect("both answers");
    assert_eq!(status(&get(tls, stream, HOST).1), "200");
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 2);
}

#[test]
fn a_socks_client_that_stalls_is_let_go() {
    let authority = Authority::new();
    let landfall = landfall("[capture.limits]\nhandshake = \"300ms\"\n", &authority, &[]);
    for begun in [&b"\x05"[..], b"\x05\x01\x00\x05\x01\x00\x03\xff"] {
        let mut stream = connect(&landfall);
        stream.write_all(begun).expect("sent");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).unwrap_or_default();
        assert!(said.len() <= 2, "{said:?}");
    }
    landfall.stop();
}

#[test]
fn b59_curl_speaks_socks5_with_and_without_its_own_resolver() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &["localhost"], OK);
    let landfall = landfall("", &authority, &[format!("localhost:443:{}", origin.address)]);
    let ca = landfall.ca().display().to_string();
    for scheme in ["socks5", "socks5h"] {
        let proxy = format!("{scheme}://{}", landfall.proxy);
        // With its own resolver it asks for 127.0.0.1, where nobody listens.
        let mut curl = std::process::Command::new("curl");
        let curl = curl.args([
            "-sS",
            "--max-time",
            "30",
            "--noproxy",
            "",
            "--proxy",
            &proxy,
            "--cacert",
            &ca,
            "https://localhost/",
        ]);
        if scheme == "socks5h" {
            assert_eq!(run(curl).stdout, b"ok");
        } else {
            assert_eq!(try_run(curl).status.code(), Some(97));
        }
    }
    landfall.stop();
}

#[test]
fn the_proxys_own_name_is_answered_through_every_tunnel() {
    let authority = Authority::new();
    let landfall = landfall("", &authority, &[]);
    let (mut stream, code) = socks(&landfall, &request(1, "landfall.test", 80));
    assert_eq!(code, 0);
    stream.write_all(b"GET /ca.pem HTTP/1.1\r\nHost: landfall.test\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    let mut stream = super::near::tunnel(&landfall, "landfall.test:80");
    stream.write_all(b"GET /ca.pem HTTP/1.1\r\nHost: landfall.test\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    landfall.stop();
}

#[test]
fn half_a_close_passes_through_socks() {
    let authority = Authority::new();
    let counting = server(|mut stream| {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).expect("the end");
        write!(stream, "{}", all.len()).expect("sent");
    });
    let landfall = landfall("", &authority, &[format!("{HOST}:7:{counting}")]);
    let (mut stream, _) = socks(&landfall, &request(1, HOST, 7));
    stream.write_all(&[0; 1000]).expect("sent");
    stream.shutdown(std::net::Shutdown::Write).expect("half closed");
    let mut said = String::new();
    stream.read_to_string(&mut said).expect("the end");
    assert_eq!(said, "1000");
    landfall.stop();
}
