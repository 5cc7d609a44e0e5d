//! Who may go where: targets that are none, names in every spelling, and Landfall itself.

use std::io::{Read, Write};

use super::super::support::authority::Authority;
use super::near::{HOST, ask, connect, connections, head, landfall, plain_server, status, tunnel};

fn connect_status(landfall: &super::super::support::landfall::Landfall, target: &str) -> String {
    status(&ask(landfall, &format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n"))).to_owned()
}

#[test]
fn b13_landfall_itself_and_forbidden_addresses_are_refused_in_every_spelling() {
    let authority = Authority::new();
    let landfall = landfall("", &authority, &["sneaky.example:80:169.254.169.254".to_owned()]);
    let (proxy, admin) = (landfall.proxy.port(), landfall.admin.port());
    for port in [proxy, admin] {
        for host in [
            "localhost",
            "LOCALHOST.",
            "x.localhost",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
        ] {
            assert_eq!(connect_status(&landfall, &format!("{host}:{port}")), "508", "{host}:{port}");
            let answer = ask(&landfall, &format!("GET http://{host}:{port}/metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
            assert_eq!(status(&answer), "508", "{host}:{port}");
        }
        for host in ["0.0.0.0", "0", "[::]"] {
            assert_eq!(connect_status(&landfall, &format!("{host}:{port}")), "403", "{host}:{port}");
        }
    }
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "224.0.0.1",
        "255.255.255.255",
        "sneaky.example",
    ] {
        let answer = ask(&landfall, &format!("CONNECT {host}:80 HTTP/1.1\r\nHost: x\r\n\r\n"));
        assert_eq!(status(&answer), "403", "{host}");
        assert!(answer.contains("proxy-status: landfall; error=destination_ip_prohibited"), "{answer}");
    }
    let left = landfall.stop();
    assert!(connections(&left).iter().all(|event| event["outcome"]["result"] == "refused"));
}

#[test]
fn b13_more_can_be_closed_and_some_opened() {
    let authority = Authority::new();
    let (address, _) = plain_server();
    let config = "[capture]\ndeny = [\"127.1.1.0/24\"]\n";
    let landfall = landfall(config, &authority, &[format!("{HOST}:80:{address}")]);
    assert_eq!(connect_status(&landfall, &format!("{HOST}:80")), "403");
    assert_eq!(connect_status(&landfall, &address.to_string()), "403");
    landfall.stop();
}

#[test]
fn b14_targets_that_are_none_are_bad_requests() {
    let authority = Authority::new();
    let landfall = landfall("", &authority, &[]);
    for target in [
        "a.example:0",
        "a.example:65536",
        "a.example:99999",
        "a.example",
        "a.example:",
        "user@a.example:443",
        "user:pw@a.example:443",
        "a.example:443/path",
        "a.example:443?q",
        "http://a.example:443",
        ":443",
        "a.example:+1",
        "a.example:0x50",
        "a.example:80:80",
    ] {
        assert_eq!(connect_status(&landfall, target), "400", "{target}");
    }
    for target in ["http://a.example:99999/", "http://a.example:0/", "http://u@a.example/", "http://a.example:8o/"] {
        let answer = ask(&landfall, &format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n"));
        assert_eq!(status(&answer), "400", "{target}");
    }
    landfall.stop();
}

#[test]
fn b15_ipv6_literals_are_dialled_and_zones_refused() {
    let authority = Authority::new();
    let listener = std::net::TcpListener::bind("[::1]:0").expect("IPv6 loopback");
    let port = listener.local_addr().expect("an address").port();
    let serving = std::thread::spawn(move || {
        let mut heads = Vec::new();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().expect("a connection");
            heads.push(head(&mut stream).expect("a request"));
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").expect("sent");
        }
        heads
    });
    let landfall = landfall("", &authority, &[]);
    let mut stream = tunnel(&landfall, &format!("[::1]:{port}"));
    write!(stream, "GET / HTTP/1.1\r\nHost: [::1]:{port}\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    let answer = ask(&landfall, &format!("GET http://[0:0::1]:{port}/ HTTP/1.1\r\nHost: x\r\n\r\n"));
    assert_eq!(status(&answer), "200");
    let heads = serving.join().expect("no panic");
    assert!(heads[0].contains(&format!("Host: [::1]:{port}\r\n")), "{}", heads[0]);
    for target in ["[fe80::1%25eth0]:443", "[fe80::1%eth0]:443", "::1:443", "[::1:443", "[127.0.0.1]:443", "[::g]:443"]
    {
        assert_eq!(connect_status(&landfall, target), "400", "{target}");
    }
    let left = landfall.stop();
    assert!(left.exchanges().iter().all(|exchange| exchange["destination"]["host"] == "::1"));
}

#[test]
fn b16_names_are_compared_in_one_spelling() {
    let authority = Authority::new();
    let origin = super::near::TlsServer::start(
        &authority,
        &["xn--bcher-kva.near.example", "_svc.near.example"],
        super::near::OK,
    );
    let resolve = [
        format!("xn--bcher-kva.near.example:443:{}", origin.address),
        format!("_svc.near.example:443:{}", origin.address),
    ];
    let landfall = landfall("", &authority, &resolve);
    for (target, name) in [
        ("XN--BCHER-KVA.Near.Example.", "xn--bcher-kva.near.example"),
        ("xn--bcher-kva.near.example", "xn--bcher-kva.near.example"),
        ("_svc.near.example.", "_svc.near.example"),
    ] {
        let stream = tunnel(&landfall, &format!("{target}:443"));
        let (names, answer) = super::near::get(super::near::client(&landfall, name, true, &[]), stream, name);
        assert_eq!((names, status(&answer)), (vec![name.to_owned()], "200"));
    }
    let long = format!("{}.example", "a".repeat(64));
    let longer = format!("{}.example", vec!["a".repeat(60); 5].join("."));
    for host in
        [long.as_str(), &longer, "a..b", ".a.example", "b\u{fc}cher.example", "a b.example", "a%2eb", "*.example"]
    {
        assert_eq!(connect_status(&landfall, &format!("{host}:443")), "400", "{host}");
    }
    let left = landfall.stop();
    let hosts: std::collections::BTreeSet<_> = left
        .exchanges()
        .iter()
        .filter_map(|exchange| exchange["destination"]["host"].as_str())
        .map(str::to_owned)
        .collect();
    assert_eq!(hosts.into_iter().collect::<Vec<_>>(), ["_svc.near.example", "xn--bcher-kva.near.example"]);
}

#[test]
fn one_client_too_many_is_told_so() {
    let authority = Authority::new();
    let landfall = landfall("[capture.limits]\nconnections = 2\n", &authority, &[]);
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(&landfall);
            // Its answer says that it has its place.
            write!(stream, "GET http://landfall.test/ca.pem HTTP/1.1\r\nHost: landfall.test\r\n\r\n").expect("sent");
            assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
            stream
        })
        .collect();
    let answer = ask(&landfall, "GET http://landfall.test/ HTTP/1.1\r\nHost: landfall.test\r\n\r\n");
    assert_eq!(status(&answer), "503");
    assert!(answer.contains("proxy-status: landfall; error=connection_limit_reached"), "{answer}");
    let mut socks = connect(&landfall);
    socks.write_all(b"\x05\x01\x00").expect("sent");
    let mut said = [0; 2];
    socks.read_exact(&mut said).expect("an answer");
    assert_eq!(said, [5, 0xff]);
    let metrics = landfall.metrics();
    let limited = [("listener", "proxy"), ("result", "limited")];
    assert_eq!(super::super::support::landfall::sum(&metrics, "landfall_connections_total", &limited), 2.0);
    drop(held);
    landfall.stop();
}
