//! Clients that do not accept Landfall's certificate, told from clients that only went away.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use serde_json::Value;

use super::super::support::landfall::{BINARY, Landfall};
use super::super::support::raw::{
    self, BOTH, RawOrigin, V12, answering, connect_from, distrusting, reset, shake, trusting, tunnel, tunnel_from,
};
use super::super::support::{client, eventually};
use super::net::{HOST, Net, fetch, lines, outcome};

fn origin(net: &Net) -> RawOrigin {
    RawOrigin::tls(
        "127.0.0.1",
        net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None),
        answering("hello"),
    )
}

/// Accepts nothing, for this reason.
#[derive(Debug)]
struct Refusing(CertificateError);

impl ServerCertVerifier for Refusing {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(self.0.clone().into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

fn refusing(error: CertificateError) -> ClientConfig {
    let mut config = distrusting();
    config.dangerous().set_certificate_verifier(Arc::new(Refusing(error)));
    config
}

/// Sends a ClientHello and reads the first of the answer.
fn half_way(landfall: &Landfall) -> TcpStream {
    let mut stream = tunnel(landfall, &format!("{HOST}:443"));
    let name = ServerName::try_from(HOST).expect("a name");
    let mut connection = rustls::ClientConnection::new(Arc::new(distrusting()), name).expect("a configuration");
    connection.write_tls(&mut stream).expect("it is read");
    assert_eq!(stream.read(&mut [0; 1]).expect("a ServerHello"), 1);
    stream
}

#[test]
fn b23_ways_to_reject_the_leaf_are_told_apart() {
    // Nothing is learnt here, so that each is met by an open door.
    let net = Net::new().config("[capture]\non_pinned = \"intercept\"\n");
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let target = format!("{HOST}:443");
    let other = CertificateError::Other(OtherError(Arc::new(std::fmt::Error)));
    for error in [
        CertificateError::UnknownIssuer,
        other,
        CertificateError::NotValidForName,
        CertificateError::Expired,
        CertificateError::Revoked,
    ] {
        assert!(shake(refusing(error), HOST, tunnel(&landfall, &target)).is_err());
    }
    reset(half_way(&landfall));
    drop(half_way(&landfall).shutdown(std::net::Shutdown::Write));
    // After the handshake, without a byte of its own: an alert, a close, a reset.
    // With TLS 1.2: a close would leave the tickets of TLS 1.3 unread, and be a reset on the wire.
    let trusting = || trusting(&landfall, V12, &["http/1.1"]);
    let mut late = shake(trusting(), HOST, tunnel(&landfall, &target)).expect("a handshake");
    late.conn.send_close_notify();
    drop(late.flush());
    drop(late);
    reset(shake(trusting(), HOST, tunnel(&landfall, &target)).expect("a handshake").sock);
    eventually("nine rejections", raw::PATIENCE, || {
        let metrics = landfall.metrics();
        let all = super::super::support::landfall::sum(&metrics, "landfall_client_rejections_total", &[]);
        (all >= 9.0).then_some(())
    });
    let left = landfall.stop();
    let told: Vec<_> = lines(&left, "connection").into_iter().map(outcome).collect();
    assert_eq!(
        told,
        [
            "aborted client certificate_rejected unknown_ca",
            "aborted client certificate_rejected certificate_unknown",
            "aborted client certificate_rejected bad_certificate",
            "aborted client certificate_rejected certificate_expired",
            "aborted client certificate_rejected certificate_revoked",
            "aborted client reset -",
            "aborted client fin_before_finished -",
            "aborted client silent_close -",
            "aborted client reset -",
        ]
    );
    assert_eq!(left.exchanges().len(), 0);
}

#[test]
fn b23_pythons_close_after_the_handshake_is_a_silent_one_in_either_version() {
    let net = Net::new();
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    for version in ["TLSv1_2", "TLSv1_3"] {
        let script = format!(
            "import socket, ssl, sys\n\
            s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n\
            s.sendall(b'CONNECT {HOST}:443 HTTP/1.1\\r\\nHost: {HOST}:443\\r\\n\\r\\n')\n\
            assert b' 200 ' in s.recv(4096)\n\
            c = ssl.create_default_context(cafile=sys.argv[3])\n\
            c.minimum_version = c.maximum_version = ssl.TLSVersion.{version}\n\
            t = c.wrap_socket(s, server_hostname='{HOST}')\n\
            t.close()\n"
        );
        let mut python = Command::new("/usr/bin/python3");
        python.args(["-c", &script, &landfall.proxy.ip().to_string(), &landfall.proxy.port().to_string()]);
        client::run(python.arg(landfall.ca()));
    }
    let left = landfall.stop();
    let told: Vec<_> = lines(&left, "connection").into_iter().map(outcome).collect();
    // On a busy machine the close may come too late to tell anything.
    assert!(told.iter().all(|told| told == "aborted client silent_close -"), "{told:?}");
}

#[test]
fn b24_connections_opened_in_advance_are_no_rejections() {
    let net = Net::new().config("[capture.pinning]\nrejections = 1\n");
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let target = format!("{HOST}:443");
    for alpn in [&["http/1.1"][..], &[]] {
        // No tunnel, a tunnel, a handshake: each opened and closed, the last after many handshake times.
        drop(connect_from("127.0.0.1", &landfall));
        drop(tunnel(&landfall, &target));
        let began = std::time::Instant::now();
        let idle = shake(trusting(&landfall, BOTH, alpn), HOST, tunnel(&landfall, &target)).expect("a handshake");
        let long = began.elapsed() * 40;
        std::thread::park_timeout(long.max(std::time::Duration::from_millis(300)));
        drop(idle);
        let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
        assert!(got.has("hello"), "{}", got.text);
    }
    let metrics = landfall.metrics();
    assert_eq!(super::super::support::landfall::sum(&metrics, "landfall_client_rejections_total", &[]), 0.0);
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 2, "every request was opened");
    assert_eq!(lines(&left, "connection").len(), 0, "and nothing was taken for a rejection");
}

/// The leaf's issuer, as a client sees it: Landfall's or the origin's.
fn is_opened(landfall: &Landfall, from: &str) -> bool {
    let (head, stream) = tunnel_from(from, landfall, &format!("{HOST}:443"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    shake(trusting(landfall, BOTH, &["http/1.1"]), HOST, stream).is_ok()
}

fn reject(landfall: &Landfall, from: &str) {
    let (_, stream) = tunnel_from(from, landfall, &format!("{HOST}:443"));
    assert!(shake(distrusting(), HOST, stream).is_err());
}

fn pinned_json(landfall: &Landfall, action: &[&str]) -> Value {
    let mut command = Command::new(BINARY);
    command.arg("pinned").args(action).arg("--data").arg(landfall.dir().join("data"));
    command.arg("--admin").arg(landfall.admin.to_string());
    let output = client::run(&mut command);
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn a_pinned_pair_is_tunnelled_alone_survives_a_restart_and_is_forgotten_on_command() {
    let net = Net::new();
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let (app, browser) = ("127.0.0.2", "127.0.0.3");
    reject(&landfall, app);
    reject(&landfall, app);
    // Another host on the same machine, and another client of the same host, are opened all the while.
    assert!(is_opened(&landfall, browser));
    reject(&landfall, app);
    eventually("the pair to be pinned", raw::PATIENCE, || (!is_opened(&landfall, app)).then_some(()));
    assert!(is_opened(&landfall, browser), "another client of the same host is opened");
    let listed = pinned_json(&landfall, &["list", "--json"]);
    let pair = &listed["pinned"][0];
    assert_eq!((pair["client"].as_str(), pair["host"].as_str()), (Some(app), Some(HOST)), "{listed}");
    assert_eq!((pair["reason"].as_str(), pair["last_rejection"].as_str()), (Some("learnt_pinned"), Some("unknown_ca")));
    let id = pair["id"].as_str().expect("an id").to_owned();

    let left = landfall.stop();
    let tunnels: Vec<_> = lines(&left, "connection")
        .into_iter()
        .filter(|line| line["capture"]["reason"] == "learnt_pinned")
        .map(|line| {
            (line["bytes"]["down"].as_u64() > Some(500), line["destination"]["address"].as_str().map(str::to_owned))
        })
        .collect();
    assert!(!tunnels.is_empty() && tunnels.iter().all(|it| *it == (true, Some("127.0.0.1".to_owned()))), "{tunnels:?}");

    let landfall = net.start_in(left.into_dir());
    assert!(!is_opened(&landfall, app), "it is known after a restart");
    assert_eq!(super::super::support::http::get(landfall.admin, "/api/v1/pinned").expect("an answer").0, 401);
    pinned_json(&landfall, &["forget", &id]);
    assert!(is_opened(&landfall, app), "one command undoes it");
    let left = landfall.stop();
    let audits = lines(&left, "audit");
    assert_eq!(audits[0]["action"], "pinned_forgotten");
}

#[test]
fn a_pinned_pair_is_tried_again_when_its_time_is_up() {
    let net = Net::new().config("[capture.pinning]\nrejections = 1\nttl = \"1s\"\n");
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    reject(&landfall, "127.0.0.1");
    eventually("another try", raw::PATIENCE, || is_opened(&landfall, "127.0.0.1").then_some(()));
    let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
    assert!(got.status == 200 || got.exit == 60, "{}", got.text);
    landfall.stop();
}

#[test]
fn a_pinned_pair_is_blocked_or_opened_where_so_configured() {
    for (way, opened) in [("block", false), ("intercept", true)] {
        let net = Net::new().config(&format!("[capture]\non_pinned = \"{way}\"\n[capture.pinning]\nrejections = 1\n"));
        let origin = origin(&net);
        let net = net.named(HOST, 443, &origin);
        let landfall = net.start();
        reject(&landfall, "127.0.0.1");
        eventually(way, raw::PATIENCE, || (is_opened(&landfall, "127.0.0.1") == opened).then_some(()));
        let left = landfall.stop();
        let refused = lines(&left, "connection")
            .into_iter()
            .filter(|line| outcome(line) == "refused landfall http_request_denied -")
            .count();
        assert_eq!(refused > 0, !opened, "{way}");
    }
}

#[test]
fn curl_without_the_authority_blinds_nobody_at_once() {
    let net = Net::new();
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let without = |landfall: &Landfall| {
        let mut command = Command::new("curl");
        command.args(["-sS", "--proxy", &format!("http://{}", landfall.proxy), &format!("https://{HOST}/")]);
        client::try_run(&mut command).status.code()
    };
    assert_eq!(without(&landfall), Some(60));
    assert!(fetch(&landfall, &format!("https://{HOST}/"), &[]).has("hello"));
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 1);
}

#[test]
fn b30_a_client_that_insists_on_ech_has_an_outcome_of_its_own() {
    let net = Net::new();
    let origin = origin(&net);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let suite = rustls::crypto::aws_lc_rs::hpke::ALL_SUPPORTED_SUITES[0];
    let (key, _) = suite.generate_key_pair().expect("a key");
    let grease = rustls::client::EchGreaseConfig::new(suite, key);
    let builder = ClientConfig::builder_with_provider(Arc::new(provider)).with_ech(grease.into()).expect("TLS 1.3");
    let config = trusting(&landfall, BOTH, &["http/1.1"]);
    let mut greased = builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    greased.dangerous().set_certificate_verifier(Arc::new(Anybody));
    drop(config);
    // GREASE is opened as if it were not there.
    let mut tls = shake(greased, HOST, tunnel(&landfall, &format!("{HOST}:443"))).expect("a handshake");
    tls.write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes())
        .expect("it is read");
    assert!(String::from_utf8_lossy(&raw::rest(&mut tls).0).contains("hello"));
    let left = landfall.stop();
    assert_eq!(left.exchanges().len(), 1);
    assert_eq!(left.exchanges()[0]["capture"]["coverage"], "intercepted");
}

/// Accepts whoever answers.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
