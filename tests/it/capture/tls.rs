//! TLS on both sides: what is offered, agreed, kept and shown.

use std::io::Write;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::HandshakeKind;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::super::support::client;
use super::super::support::landfall::{Landfall, sum};
use super::super::support::raw::{BOTH, RawOrigin, Told, answer, answering, head, shake, trusting, tunnel};
use super::net::{HOST, Net, fetch, lines, noted, outcome};

/// An origin that notes what its hellos offered.
fn listening(net: &Net, alpn: &[&str], offers: &Told<Vec<String>>) -> RawOrigin {
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, alpn, None);
    let offers = Arc::clone(offers);
    RawOrigin::start("127.0.0.1", move |mut stream, _| {
        let mut acceptor = rustls::server::Acceptor::default();
        let accepted = loop {
            acceptor.read_tls(&mut stream).expect("a hello");
            if let Some(accepted) = acceptor.accept().unwrap_or_else(|(error, _)| panic!("{error}")) {
                break accepted;
            }
        };
        let hello = accepted.client_hello();
        let offered = hello.alpn().into_iter().flatten().map(|name| String::from_utf8_lossy(name).into_owned());
        let name = hello.server_name().unwrap_or("-").to_owned();
        offers.lock().expect("no panic").push(std::iter::once(name).chain(offered).collect());
        let Ok(connection) = accepted.into_connection(Arc::clone(&config)) else { return };
        let mut tls = rustls::StreamOwned::new(connection, stream);
        // Whatever it is, it comes back in capitals.
        let mut asked = [0; 4];
        if std::io::Read::read_exact(&mut tls, &mut asked).is_ok() {
            if asked.starts_with(b"GET ") {
                head(&mut tls);
                drop(tls.write_all(answer("hello").as_bytes()));
            } else {
                drop(tls.write_all(&asked.to_ascii_uppercase()));
            }
            drop(tls.flush());
        }
    })
}

/// One request or message over a TLS connection with these protocols; what was agreed, and the answer's beginning.
fn say(landfall: &Landfall, alpn: &[&str], text: &str) -> (Option<String>, String) {
    let mut tls = shake(trusting(landfall, BOTH, alpn), HOST, tunnel(landfall, &format!("{HOST}:443"))).expect("TLS");
    let agreed = tls.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    tls.write_all(text.as_bytes()).expect("it is read");
    let mut answer = [0; 4];
    drop(std::io::Read::read_exact(&mut tls, &mut answer));
    (agreed, String::from_utf8_lossy(&answer).into_owned())
}

#[test]
fn b19_the_clients_own_list_goes_upstream_or_none() {
    let net = Net::new();
    let offers = Told::default();
    let origin = listening(&net, &["h2", "http/1.1"], &offers);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let request = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    assert_eq!(say(&landfall, &["http/1.1"], &request), (Some("http/1.1".to_owned()), "HTTP".to_owned()));
    assert_eq!(say(&landfall, &[], &request), (None, "HTTP".to_owned()));
    assert_eq!(*offers.lock().expect("no panic"), [vec![HOST, "http/1.1"], vec![HOST]]);
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 2);
}

#[test]
fn b20_a_protocol_that_is_no_http_is_agreed_and_relayed() {
    let net = Net::new();
    let offers = Told::default();
    let origin = listening(&net, &["mqtt", "h2"], &offers);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    assert_eq!(say(&landfall, &["mqtt"], "ping"), (Some("mqtt".to_owned()), "PING".to_owned()));
    assert_eq!(*offers.lock().expect("no panic"), [[HOST, "mqtt"]]);
    let left = landfall.stop();
    let line = lines(&left, "connection")[0];
    assert_eq!(line["capture"]["reason"], "not_http");
    assert_eq!((line["bytes"]["up"].as_u64(), line["bytes"]["down"].as_u64()), (Some(4), Some(4)));
}

#[test]
fn b20_a_server_that_agrees_on_nothing_is_told_by_its_own_alert() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let tried = shake(trusting(&landfall, BOTH, &["mqtt"]), HOST, tunnel(&landfall, &format!("{HOST}:443")));
    let error = tried.expect_err("no protocol").to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    let left = landfall.stop();
    assert_eq!(outcome(lines(&left, "connection")[0]), "failed upstream tls_alert_received no_application_protocol");
}

#[test]
fn b28_early_data_is_not_offered_and_425_passes() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let mut early = Arc::unwrap_or_clone(config);
    early.max_early_data_size = 16 << 10;
    let asked: Told<String> = Arc::new(Mutex::default());
    let told = Arc::clone(&asked);
    let origin = RawOrigin::tls("127.0.0.1", Arc::new(early), move |mut stream, _| {
        let head = head(&mut stream);
        assert!(stream.conn.early_data().is_none(), "early data came");
        told.lock().expect("no panic").push(head);
        drop(stream.write_all(b"HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n"));
        drop(stream.flush());
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    for _ in 0..2 {
        let got = fetch(&landfall, &format!("https://{HOST}/"), &["-H", "Early-Data: 1"]);
        assert_eq!(got.status, 425, "{}", got.text);
    }
    assert!(asked.lock().expect("no panic").iter().all(|head| head.contains("Early-Data: 1")));
    // Towards the client: tickets, but none that allow early data.
    let config = Arc::new(trusting(&landfall, &[&rustls::version::TLS13], &["http/1.1"]));
    let mut tls = shake(Arc::unwrap_or_clone(config), HOST, tunnel(&landfall, &format!("{HOST}:443"))).expect("TLS");
    drop(tls.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()));
    head(&mut tls);
    assert!(tls.conn.tls13_tickets_received() > 0);
    assert!(tls.conn.early_data().is_none());
    landfall.stop();
}

#[test]
fn b29_tickets_resume_within_a_process_and_decide_nothing() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let config = Arc::new(trusting(&landfall, BOTH, &["http/1.1"]));
    let kind = |landfall: &Landfall| {
        let mut tls =
            shake(config.as_ref().clone(), HOST, tunnel(landfall, &format!("{HOST}:443"))).expect("a handshake");
        tls.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).expect("it is read");
        head(&mut tls);
        tls.conn.handshake_kind()
    };
    assert_eq!(kind(&landfall), Some(HandshakeKind::Full));
    assert_eq!(kind(&landfall), Some(HandshakeKind::Resumed));
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 2, "a resumed connection is opened and recorded like any other");
    let landfall = net.start_in(left.into_dir());
    assert_eq!(kind(&landfall), Some(HandshakeKind::Full), "ticket keys end with the process");
    landfall.stop();
}

#[test]
fn b31_leaves_are_as_browsers_want_them() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST, "a.b.out.example"], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let net = net.named(HOST, 443, &origin).named("a.b.out.example", 443, &origin);
    let landfall = net.start();
    let leaf = |host: &str| {
        let stream = tunnel(&landfall, &format!("{host}:443"));
        let tls = shake(trusting(&landfall, BOTH, &["http/1.1"]), host, stream).expect("a handshake");
        tls.conn.peer_certificates().expect("a chain")[0].to_vec()
    };
    let ca_pem = std::fs::read(landfall.ca()).expect("the CA");
    let (_, ca_pem) = x509_parser::pem::parse_x509_pem(&ca_pem).expect("PEM");
    let ca = ca_pem.parse_x509().expect("a certificate");
    let identifiers = |certificate: &X509Certificate<'_>| {
        let (mut subject, mut authority) = (None, None);
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => subject = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                _ => {}
            }
        }
        (subject, authority)
    };
    let ders = [leaf(HOST), leaf("a.b.out.example")];
    let mut serials = Vec::new();
    for (der, host) in ders.iter().zip([HOST, "a.b.out.example"]) {
        let (_, leaf) = X509Certificate::from_der(der).expect("a certificate");
        let names = leaf.subject_alternative_name().expect("one").expect("always");
        let names: Vec<_> = names.value.general_names.iter().map(ToString::to_string).collect();
        assert_eq!(names, [format!("DNSName({host})")], "one name, and no wildcard");
        let usage = leaf.extended_key_usage().expect("one").expect("always").value;
        assert!(usage.server_auth && !usage.client_auth);
        let days = (leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp()) / 86_400;
        assert!((1..=197).contains(&days), "{days}");
        let ((subject, authority), (of_ca, _)) = (identifiers(&leaf), identifiers(&ca));
        assert_eq!(authority, of_ca);
        assert!(subject.is_some() && subject != of_ca);
        serials.push(leaf.raw_serial().to_vec());
    }
    assert!(serials[0] != serials[1] && serials.iter().all(|serial| (8..=20).contains(&serial.len())));
    landfall.stop();
}

#[test]
fn many_hosts_get_many_leaves_and_memory_stays() {
    let net = Net::new();
    let identity = net.authority.identity(&["*.many.example"], |_| ());
    let origin = RawOrigin::tls("127.0.0.1", identity.server(BOTH, &["http/1.1"], None), answering("hello"));
    let mut net = net;
    for number in 0..60 {
        net = net.named(&format!("h{number}.many.example"), 443, &origin);
    }
    let landfall = net.start();
    for number in 0..60 {
        let host = format!("h{number}.many.example");
        let stream = tunnel(&landfall, &format!("{host}:443"));
        shake(trusting(&landfall, BOTH, &["http/1.1"]), &host, stream).expect("a handshake");
    }
    assert_eq!(sum(&landfall.metrics(), "landfall_leaf_certificates_issued_total", &[]), 60.0);
    landfall.stop();
}

#[test]
fn old_versions_and_suites_are_not_spoken_to_clients() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, answering("hello"));
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let connects = |more: &[&str]| {
        let mut command = Command::new("openssl");
        command.args(["s_client", "-connect", &format!("{HOST}:443"), "-proxy", &landfall.proxy.to_string()]);
        command.args(["-servername", HOST]).args(more);
        client::try_run(&mut command).status.success()
    };
    assert!(connects(&["-tls1_2"]) && connects(&["-tls1_3"]));
    for more in [
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
    ] {
        assert!(!connects(more), "{more:?}");
    }
    landfall.stop();
}

#[test]
fn b53_a_leaf_names_one_host_and_421_passes() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::tls("127.0.0.1", config, |mut stream, _| {
        while !head(&mut stream).is_empty() {
            drop(stream.write_all(b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let got = fetch(&landfall, &format!("https://{HOST}/"), &["-H", "Host: other.out.example"]);
    assert_eq!(got.status, 421, "{}", got.text);
    let left = landfall.stop();
    assert!(noted(left.exchanges()[0], "name_mismatch"));
}

#[test]
fn b58_offers_of_http_3_are_counted_and_taken_out_on_demand() {
    for strip in [false, true] {
        let net = Net::new().config(&format!("[capture]\nstrip_alt_svc = {strip}\n"));
        let origin = RawOrigin::start("127.0.0.1", |mut stream, _| {
            head(&mut stream);
            let text = "HTTP/1.1 200 OK\r\nAlt-Svc: h3=\":443\"; ma=86400\r\nContent-Length: 0\r\n\r\n";
            drop(stream.write_all(text.as_bytes()));
        });
        let net = net.named(HOST, 80, &origin);
        let landfall = net.start();
        let got = fetch(&landfall, &format!("http://{HOST}/"), &[]);
        assert_eq!(got.has("alt-svc:"), !strip, "{}", got.text);
        let metrics = landfall.metrics_after(1);
        assert!(metrics.contains("landfall_alt_svc_h3_offered_total 1\n"));
        let left = landfall.stop();
        let exchange = left.exchanges()[0];
        assert!(noted(exchange, "alt_svc_h3"));
        assert_eq!(noted(exchange, "alt_svc_stripped"), strip);
    }
}

#[test]
fn b45_a_kept_connection_that_died_is_replaced_once_for_what_may_be_repeated() {
    let net = Net::new();
    let config = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    // One answer for each connection, which then dies without a word.
    let origin = RawOrigin::tls("127.0.0.1", config, |mut stream, _| {
        head(&mut stream);
        drop(stream.write_all(answer("hello").as_bytes()));
        drop(stream.flush());
        head(&mut stream);
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let url = format!("https://{HOST}/");
    let got = fetch(&landfall, &url, &[&url]);
    assert_eq!(got.text.matches("hello").count(), 2, "{}", got.text);
    let posted = fetch(&landfall, &url, &[&url, "--data", "x=1"]);
    assert!(posted.has("HTTP/1.1 502"), "what changes things is never sent twice: {}", posted.text);
    let left = landfall.stop();
    let retried: Vec<_> = left.exchanges().iter().map(|line| noted(line, "retried")).collect();
    assert_eq!(retried, [false, true, false, false]);
}
