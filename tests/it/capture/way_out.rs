//! Ways to the server: candidates that race, and upstream proxies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use super::super::support::raw::{BOTH, RawOrigin, Told, answer, answering, head};
use super::net::{HOST, Net, fetch, lines, noted};

#[test]
fn b60_the_address_that_carried_the_bytes_is_the_one_recorded() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let live = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let closed = std::net::TcpListener::bind("[::1]:0").expect("a port").local_addr().expect("an address");
    let net = net.arg("--resolve").arg(&format!("{HOST}:443:{closed},{}", live.address));
    let landfall = net.start();
    // Two requests on one connection: the second inherits the address.
    let got = fetch(&landfall, &format!("https://{HOST}/a"), &[&format!("https://{HOST}/b")]);
    assert_eq!(got.status, 200, "{}", got.text);
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 2);
    for exchange in left.exchanges() {
        assert_eq!(exchange["destination"]["address"], "127.0.0.1");
        assert_eq!(exchange["destination"]["candidates"], serde_json::json!(["::1", "127.0.0.1"]));
    }
    assert_eq!(live.accepted(), 1);
}

#[test]
fn b61_the_proxys_own_resolver_decides() {
    // The client names a host that only Landfall's own mapping knows; nothing the client could resolve takes part.
    let net = Net::new();
    let origin = RawOrigin::start("127.49.1.1", |mut stream, _| {
        head(&mut stream);
        drop(stream.write_all(answer("here").as_bytes()));
    });
    let net = net.named("nowhere.invalid", 80, &origin);
    let landfall = net.start();
    assert!(fetch(&landfall, "http://nowhere.invalid/", &[]).has("here"));
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["destination"]["address"], "127.49.1.1");
    assert_eq!(left.exchanges()[0]["destination"]["dns_ttl"], serde_json::Value::Null);
}

/// Copies both ways until both are done.
fn join(one: TcpStream, other: TcpStream) {
    let (mut from, mut to) = (one.try_clone().expect("a handle"), other.try_clone().expect("a handle"));
    let back = std::thread::spawn(move || {
        drop(std::io::copy(&mut from, &mut to));
        drop(to.shutdown(std::net::Shutdown::Write));
    });
    let (mut from, mut to) = (other, one);
    drop(std::io::copy(&mut from, &mut to));
    drop(to.shutdown(std::net::Shutdown::Write));
    drop(back.join());
}

/// An HTTP proxy for one origin, that notes the heads it is sent.
fn http_proxy(origin: std::net::SocketAddr, heads: &Told<String>) -> RawOrigin {
    let heads = Arc::clone(heads);
    RawOrigin::start("127.86.1.9", move |mut stream, _| {
        let head = head(&mut stream);
        heads.lock().expect("no panic").push(head.clone());
        if !head.contains("Proxy-Authorization: Basic bGFiOnMzY3JldA==")
            && !head.contains("proxy-authorization: Basic bGFiOnMzY3JldA==")
        {
            drop(stream.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"));
        } else if head.starts_with("CONNECT ") {
            // A length here means nothing, and must be ignored.
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"));
            join(stream, TcpStream::connect(origin).expect("the origin"));
        } else {
            drop(stream.write_all(answer("forwarded").as_bytes()));
        }
    })
}

fn secret(net: &Net) -> String {
    net.file("proxy.credentials", "lab:s3cret\n")
}

#[test]
fn b12_an_upstream_http_proxy_carries_all_and_places_nobody() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let heads = Told::default();
    let proxy = http_proxy(origin.address, &heads);
    let direct = RawOrigin::start("127.49.1.1", |mut stream, _| {
        head(&mut stream);
        drop(stream.write_all(answer("direct").as_bytes()));
    });
    let credentials = secret(&net);
    let net = net.named("near.example", 80, &direct).config(&format!(
        "[capture.upstream_proxy]\nurl = \"http://{}\"\ncredentials = \"{credentials}\"\nbypass = [\"near.example\"]\n",
        proxy.address
    ));
    let landfall = net.start();
    let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
    assert!(got.has("hello"), "{}", got.text);
    assert!(fetch(&landfall, "http://plain.example/x?y=1", &[]).has("forwarded"));
    assert!(fetch(&landfall, "http://near.example/", &[]).has("direct"));
    let left = landfall.stop();
    let heads = heads.lock().expect("no panic").clone();
    assert!(heads[0].starts_with(&format!("CONNECT {HOST}:443 HTTP/1.1\r\n")), "{heads:?}");
    assert!(heads[1].starts_with("GET http://plain.example/x?y=1 HTTP/1.1\r\n"), "{heads:?}");
    let exchanges = left.exchanges();
    for exchange in &exchanges[..2] {
        assert!(noted(exchange, "upstream_proxy"), "{exchange}");
        let destination = &exchange["destination"];
        // The lab places the exit in China; the server is not placed by it.
        assert_eq!(destination["address"], "127.86.1.9");
        assert_eq!(destination["location"], serde_json::json!({"unknown": "upstream_proxy"}));
        assert_eq!(destination["network"], serde_json::json!({"unknown": "upstream_proxy"}));
        assert_eq!(exchange["timing_ms"]["connect"], serde_json::Value::Null);
        let evidence = destination["evidence"].as_array().expect("a list");
        assert!(evidence.iter().any(|it| it["kind"] == "upstream_proxy"), "{destination}");
        assert!(evidence.iter().all(|it| it["effect"] != "supports" || it["kind"] == "entity_domain"), "{destination}");
    }
    assert!(!noted(exchanges[2], "upstream_proxy"));
    assert_eq!(exchanges[2]["destination"]["location"]["country"], "DE");
    let written = left.files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect::<String>();
    let said = format!("{}{}{written}", left.stdout, left.stderr);
    assert!(!said.contains("s3cret") && !said.contains("bGFiOnMzY3JldA"), "the password is told");
}

#[test]
fn an_upstream_https_proxy_is_verified_and_used() {
    let net = Net::new();
    let inner = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let outer = net.authority.identity(&["proxy.example"], |_| ()).server(BOTH, &["http/1.1"], None);
    let proxy = RawOrigin::tls("127.86.1.9", outer, move |mut stream, _| {
        if !head(&mut stream).starts_with("CONNECT ") {
            return;
        }
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
        // The server stands right behind the proxy: its TLS runs inside of the proxy's.
        let connection = rustls::ServerConnection::new(Arc::clone(&inner)).expect("a configuration");
        let mut server = rustls::StreamOwned::new(connection, stream);
        while !head(&mut server).is_empty() {
            drop(server.write_all(answer("hello").as_bytes()));
            drop(server.flush());
        }
    });
    let net = net.named("proxy.example", 8443, &proxy).named("other.example", 8443, &proxy);
    for (name, expect) in [("proxy.example", "hello"), ("other.example", "error=tls_certificate_error")] {
        let path = net.file("landfall.toml", &format!("[capture.upstream_proxy]\nurl = \"https://{name}:8443\"\n"));
        let args = [net.args().to_vec(), vec!["--config".to_owned(), path]].concat();
        let landfall = super::super::support::landfall::Landfall::start(&args);
        let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
        assert!(got.has(expect), "{name}: {}", got.text);
        landfall.stop();
    }
}

/// A SOCKS5 proxy for one origin, that wants a password and notes the destination.
fn socks_proxy(origin: std::net::SocketAddr, wanted: &Told<Vec<u8>>, reply: u8) -> RawOrigin {
    let wanted = Arc::clone(wanted);
    RawOrigin::start("127.86.1.9", move |mut stream, _| {
        let mut read = |count: usize| {
            let mut bytes = vec![0; count];
            drop(stream.read_exact(&mut bytes));
            bytes
        };
        let methods = read(2)[1];
        read(methods.into());
        drop(stream.write_all(&[5, 2]));
        let mut read = |count: usize| {
            let mut bytes = vec![0; count];
            drop(stream.read_exact(&mut bytes));
            bytes
        };
        let user = read(2)[1];
        let mut login = read(user.into());
        let length = read(1)[0];
        login.extend(read(length.into()));
        assert_eq!(login, b"labs3cret");
        drop(stream.write_all(&[1, 0]));
        let mut request = vec![0; 5];
        drop(stream.read_exact(&mut request));
        let mut name = vec![0; usize::from(request[4]) + 2];
        drop(stream.read_exact(&mut name));
        wanted.lock().expect("no panic").push(name);
        drop(stream.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]));
        if reply == 0 {
            join(stream, TcpStream::connect(origin).expect("the origin"));
        }
    })
}

#[test]
fn an_upstream_socks_proxy_resolves_and_its_refusal_is_told() {
    for (reply, status, error) in [
        (0, 200, ""),
        (5, 502, "connection_refused"),
        (6, 504, "connection_timeout"),
        (4, 502, "destination_unavailable"),
    ] {
        let net = Net::new();
        let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
        let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
        let wanted: Told<Vec<u8>> = Arc::new(Mutex::default());
        let proxy = socks_proxy(origin.address, &wanted, reply);
        let credentials = secret(&net);
        let net = net.config(&format!(
            "[capture.upstream_proxy]\nurl = \"socks5://{}\"\ncredentials = \"{credentials}\"\n",
            proxy.address
        ));
        let landfall = net.start();
        let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
        // What fails before the tunnel stands is the answer to `CONNECT`, which curl shows with its head.
        assert!(got.has(&format!("HTTP/1.1 {status}")), "{}", got.text);
        assert!(got.has(error), "{}", got.text);
        assert_eq!(wanted.lock().expect("no panic")[0], [HOST.as_bytes(), &[1, 187]].concat());
        let left = landfall.stop();
        if reply != 0 {
            assert_eq!(lines(&left, "connection")[0]["outcome"]["error"], error);
        }
    }
}

#[test]
fn a_wrong_password_for_the_upstream_proxy_is_said() {
    let net = Net::new();
    let proxy = http_proxy(raw_nowhere(), &Told::default());
    let credentials = net.file("proxy.credentials", "lab:wrong\n");
    let net = net.config(&format!(
        "[capture.upstream_proxy]\nurl = \"http://{}\"\ncredentials = \"{credentials}\"\n",
        proxy.address
    ));
    let landfall = net.start();
    let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
    assert!(got.has("error=proxy_configuration_error") && got.has("HTTP/1.1 500"), "{}", got.text);
    landfall.stop();
}

fn raw_nowhere() -> std::net::SocketAddr {
    "127.0.0.1:9".parse().expect("an address")
}

#[test]
fn no_two_clients_share_a_tls_session_or_a_connection() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(&[&rustls::version::TLS12], &["http/1.1"], None);
    let kinds: Told<Option<rustls::HandshakeKind>> = Arc::new(Mutex::default());
    let told = Arc::clone(&kinds);
    let origin = RawOrigin::tls("127.0.0.1", config, move |stream, number| {
        told.lock().expect("no panic").push(stream.conn.handshake_kind());
        answering("hello")(stream, number);
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    for from in ["127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.3"] {
        assert!(fetch(&landfall, &format!("https://{HOST}/"), &["--interface", from]).has("hello"));
    }
    landfall.stop();
    use rustls::HandshakeKind::{Full, Resumed};
    assert_eq!(*kinds.lock().expect("no panic"), [Some(Full), Some(Resumed), Some(Full), Some(Resumed)]);
}
