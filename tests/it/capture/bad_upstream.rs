//! Servers whose certificate or handshake is bad: an error the client can see, and a record that says what exactly was wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{ExtendedKeyUsagePurpose, SanType};

use super::super::support::authority::{Authority, Identity};
use super::super::support::raw::{self, BOTH, RawOrigin, V12, V13, answering, shake, trusting, tunnel};
use super::super::support::{client, eventually};
use super::net::{HOST, Net, fetch, lines, noted, outcome};

fn serve(ip: &str, identity: &Identity) -> RawOrigin {
    RawOrigin::tls(ip, identity.server(BOTH, &["http/1.1"], None), answering("never to be seen"))
}

#[test]
fn b22_bad_certificates_are_refused_inside_tls_and_told_apart() {
    let mut net = Net::new();
    let root = Authority::root();
    let file = net.file("second.pem", &root.pem());
    net = net.arg("--upstream-ca").arg(&file);
    let year = rcgen::date_time_ymd;
    let of = |change: &dyn Fn(&mut rcgen::CertificateParams)| net.authority.identity(&[HOST], |params| change(params));
    let cases: Vec<(&str, &str, &str, Identity)> = vec![
        ("expired", "tls_certificate_error", "expired on 2024-01-01", of(&|p| p.not_after = year(2024, 1, 1))),
        ("not_yet_valid", "tls_certificate_error", "only from 3024-01-01", of(&|p| p.not_before = year(3024, 1, 1))),
        ("self_signed", "tls_certificate_error", "is self-signed", Identity::self_signed(&[HOST])),
        (
            "wrong_name",
            "tls_certificate_error",
            "is for `other.example`",
            net.authority.identity(&["other.example"], |_| ()),
        ),
        (
            "wrong_purpose",
            "tls_certificate_error",
            "is not for servers",
            of(&|p| {
                p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }),
        ),
        (
            "wrong_name",
            "tls_certificate_error",
            "names no host",
            of(&|p| {
                p.subject_alt_names.clear();
                p.distinguished_name.push(rcgen::DnType::CommonName, HOST);
            }),
        ),
        (
            "wrong_name",
            "tls_certificate_error",
            "is for `192.0.2.1`",
            of(&|p| {
                p.subject_alt_names = vec![SanType::IpAddress([192, 0, 2, 1].into())];
            }),
        ),
        ("unknown_issuer", "tls_certificate_error", "not trusted", root.intermediate().identity(&[HOST], |_| ())),
    ];
    let origins: Vec<_> = cases.iter().map(|(.., identity)| serve("127.0.0.1", identity)).collect();
    for (port, origin) in (1000..).zip(&origins) {
        net = net.named(HOST, port, origin);
    }
    let landfall = net.start();
    for (port, (detail, error, reason, _)) in (1000..).zip(&cases) {
        let got = fetch(&landfall, &format!("https://{HOST}:{port}/"), &[]);
        assert_eq!((got.exit, got.status), (0, 502), "{detail}: {}", got.text);
        assert!(got.has(reason) && !got.has("never to be seen"), "{detail}: {}", got.text);
        assert!(got.has(&format!("proxy-status: landfall; error={error}")), "{detail}: {}", got.text);
    }
    let left = landfall.stop();
    let told: Vec<_> = left.exchanges().into_iter().map(outcome).collect();
    let expect: Vec<_> = cases.iter().map(|(detail, error, ..)| format!("failed upstream {error} {detail}")).collect();
    assert_eq!(told, expect);
    for exchange in left.exchanges() {
        assert!(exchange["tls"]["upstream"]["sha256"].is_string(), "the refused certificate is kept: {exchange}");
        assert_eq!(exchange["http"]["status"], serde_json::Value::Null);
    }
}

#[test]
fn b22_a_server_that_was_mended_is_reached_on_the_same_connection() {
    let net = Net::new();
    let good = net.authority.identity(&[HOST], |_| ()).server(BOTH, &["http/1.1"], None);
    let bad = net.authority.identity(&[HOST], |params| params.not_after = rcgen::date_time_ymd(2024, 1, 1));
    let bad = bad.server(BOTH, &["http/1.1"], None);
    let origin = RawOrigin::start("127.0.0.1", move |stream, number| {
        let config = if number == 0 { &bad } else { &good };
        let connection = rustls::ServerConnection::new(std::sync::Arc::clone(config)).expect("a configuration");
        answering("mended")(rustls::StreamOwned::new(connection, stream), number);
    });
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    for version in ["--http1.1", "--http2"] {
        let url = format!("https://{HOST}/");
        let got = fetch(&landfall, &url, &[version, &url]);
        let (first, second) = (got.text.matches(" 502").count(), got.text.matches("mended").count());
        let expect = if version == "--http1.1" { (1, 1) } else { (0, 2) };
        assert_eq!((first.min(1), second), expect, "{}", got.text);
    }
    landfall.stop();
}

#[test]
fn b22_an_alert_can_tell_the_client_instead() {
    let net = Net::new().config("[capture]\non_bad_upstream = \"alert\"\n");
    let expired = net.authority.identity(&[HOST], |params| params.not_after = rcgen::date_time_ymd(2024, 1, 1));
    let origin = serve("127.0.0.1", &expired);
    let net = net.named(HOST, 443, &origin);
    let landfall = net.start();
    let got = fetch(&landfall, &format!("https://{HOST}/"), &[]);
    // curl has a code of its own for alerts about certificates.
    assert!(matches!(got.exit, 35 | 60) && got.status == 0, "{}", got.text);
    let left = landfall.stop();
    let connections = lines(&left, "connection");
    assert_eq!(outcome(connections[0]), "failed upstream tls_certificate_error expired");
    assert_eq!(left.exchanges().len(), 0);
}

#[test]
fn b22_handshakes_that_fail_without_a_certificate_are_told_apart() {
    let mut net = Net::new();
    let raw = |bytes: &'static [u8], hello: bool| {
        RawOrigin::start("127.0.0.1", move |mut stream: TcpStream, _| {
            if hello {
                let mut first = [0; 8192];
                drop(stream.read(&mut first));
            }
            drop(stream.write_all(bytes));
            if bytes == b"reset" {
                raw::reset(stream);
            }
        })
    };
    let silent = RawOrigin::start("127.0.0.1", |mut stream: TcpStream, _| drop(stream.read_to_end(&mut Vec::new())));
    let origins = [
        ("tls_protocol_error", "not_tls", 502, raw(b"HTTP/1.1 400 Bad Request\r\n\r\n", true)),
        ("connection_terminated", "closed", 502, raw(b"\x16\x03\x03\x40\x00garbage", true)),
        ("tls_protocol_error", "not_tls", 502, raw(b"\x16\x03\x03\x00\x07garbage", true)),
        ("tls_alert_received", "protocol_version", 502, raw(b"\x15\x03\x01\x00\x02\x02\x46", true)),
        ("tls_alert_received", "handshake_failure", 502, raw(b"\x15\x03\x01\x00\x02\x02\x28", true)),
        ("tls_alert_received", "unrecognised_name", 502, raw(b"\x15\x03\x01\x00\x02\x02\x70", true)),
        ("connection_terminated", "closed", 502, raw(b"", true)),
        ("connection_terminated", "closed", 502, raw(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03", true)),
        ("connection_timeout", "timeout", 504, silent),
    ];
    for (port, (.., origin)) in (1000..).zip(&origins) {
        net = net.named(HOST, port, origin);
    }
    let net = net.config("[capture.limits]\nhandshake = \"2s\"\n");
    let landfall = net.start();
    for (port, (error, detail, status, _)) in (1000..).zip(&origins) {
        let got = fetch(&landfall, &format!("https://{HOST}:{port}/"), &[]);
        assert_eq!((got.exit, got.status), (0, *status), "{detail}: {}", got.text);
        assert!(got.has(&format!("proxy-status: landfall; error={error}")), "{detail}: {}", got.text);
    }
    let left = landfall.stop();
    let told: Vec<_> = left.exchanges().into_iter().map(outcome).collect();
    let expect: Vec<_> =
        origins.iter().map(|(error, detail, ..)| format!("failed upstream {error} {detail}")).collect();
    assert_eq!(told, expect);
}

/// `openssl s_server`, which speaks what rustls does not. Its standard input is kept open.
struct OpenSsl {
    child: Child,
    port: u16,
}

impl OpenSsl {
    fn start(args: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", &format!("127.0.0.1:{port}")]).args(args);
        let child =
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("openssl");
        eventually("openssl to listen", raw::PATIENCE, || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port }
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn openssl(args: &[&str]) {
    client::run(Command::new("openssl").args(args));
}

#[test]
fn b22_old_versions_suites_keys_and_signatures_are_refused() {
    let mut net = Net::new();
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (ca, ca_key) = (path("ca.pem"), path("ca.key"));
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &ca_key,
        "-out",
        &ca,
        "-subj",
        "/CN=Old CA",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-days",
        "30",
    ]);
    std::fs::write(dir.path().join("san"), format!("subjectAltName=DNS:{HOST}\n")).expect("written");
    let issue = |name: &str, bits: &str, digest: &str| {
        let (key, csr, pem) =
            (path(&format!("{name}.key")), path(&format!("{name}.csr")), path(&format!("{name}.pem")));
        openssl(&["req", "-newkey", bits, "-nodes", "-keyout", &key, "-out", &csr, "-subj", "/CN=x"]);
        openssl(&[
            "x509",
            "-req",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-out",
            &pem,
            "-days",
            "30",
            digest,
            "-extfile",
            &path("san"),
        ]);
        (pem, key)
    };
    let good = issue("good", "rsa:2048", "-sha256");
    let (sha1, short) = (issue("sha1", "rsa:2048", "-sha1"), issue("short", "rsa:1024", "-sha256"));
    let old = "ALL:@SECLEVEL=0";
    let server = |identity: &(String, String), more: &[&str]| {
        OpenSsl::start(&[&["-cert", &identity.0, "-key", &identity.1, "-www"], more].concat())
    };
    let cases = [
        ("protocol_version", server(&good, &["-tls1", "-cipher", old])),
        ("protocol_version", server(&good, &["-tls1_1", "-cipher", old])),
        ("handshake_failure", server(&good, &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"])),
        ("handshake_failure", server(&good, &["-tls1_2", "-cipher", "AES128-GCM-SHA256"])),
        ("weak_certificate", server(&sha1, &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"])),
        ("weak_certificate", server(&short, &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"])),
        ("-", server(&good, &["-tls1_2"])),
        ("-", server(&good, &["-tls1_3"])),
    ];
    for (port, (_, server)) in (1000..).zip(&cases) {
        net = net.arg("--resolve").arg(&format!("{HOST}:{port}:127.0.0.1:{}", server.port));
    }
    let landfall = net.arg("--upstream-ca").arg(&ca).start();
    for (port, (detail, _)) in (1000..).zip(&cases) {
        let got = fetch(&landfall, &format!("https://{HOST}:{port}/"), &["--http1.1"]);
        let expect = if *detail == "-" { 200 } else { 502 };
        assert_eq!(got.status, expect, "{port} {detail}: {}", got.text);
    }
    let left = landfall.stop();
    let told: Vec<_> =
        left.exchanges().iter().map(|line| line["tls"]["fault"].as_str().unwrap_or("-").to_owned()).collect();
    assert_eq!(told, cases.iter().map(|(detail, _)| (*detail).to_owned()).collect::<Vec<_>>());
}

#[test]
fn b26_a_server_that_wants_to_renegotiate_gets_no_new_handshake() {
    let mut net = Net::new();
    let identity = net.authority.identity(&[HOST], |_| ());
    let pem = net.file("server.pem", &identity.pem());
    let mut server = OpenSsl::start(&["-cert", &pem, "-key", &pem, "-tls1_2", "-crlf"]);
    net = net.arg("--resolve").arg(&format!("{HOST}:443:127.0.0.1:{}", server.port));
    let landfall = net.start();
    let mut tls = shake(trusting(&landfall, BOTH, &["http/1.1"]), HOST, tunnel(&landfall, &format!("{HOST}:443")))
        .expect("a handshake");
    tls.write_all(format!("GET /r HTTP/1.1\r\nHost: {HOST}\r\n\r\n").as_bytes()).expect("it is read");
    let (mut input, stderr) = (server.child.stdin.take(), server.child.stderr.take());
    let input = input.as_mut().expect("piped");
    // On a line of its own, `R` asks the client for another handshake.
    input.write_all(b"R\n").and_then(|()| input.flush()).expect("it reads");
    // It looks for commands at the beginning of what it reads at once: what follows must not come with it.
    std::thread::park_timeout(Duration::from_secs(1));
    input.write_all(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok\n").and_then(|()| input.flush()).expect("it reads");
    assert!(raw::head(&mut tls).starts_with("HTTP/1.1 200 "), "and what may be repeated is answered");
    drop(tls);
    let left = landfall.stop();
    // OpenSSL gives the connection up for it. What may be repeated is, on another one; the server never got a second
    // handshake on the first.
    assert_eq!(outcome(left.exchanges()[0]), "completed - - -");
    // What it met, it says when the connection is over.
    let mut told = BufReader::new(stderr.expect("piped")).lines().map_while(Result::ok);
    assert!(told.any(|line| line.contains("no renegotiation")), "the server is told no");
}

#[test]
fn a_self_signed_certificate_that_was_named_is_trusted_for_its_own_name() {
    let net = Net::new();
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    // As `openssl req -x509` makes them: an authority, too.
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        &path("own.key"),
        "-out",
        &path("own.pem"),
        "-subj",
        "/CN=own",
        "-addext",
        &format!("subjectAltName=DNS:{HOST}"),
        "-days",
        "3",
    ]);
    let server = OpenSsl::start(&["-cert", &path("own.pem"), "-key", &path("own.key"), "-www"]);
    let mut net = net.arg("--upstream-ca").arg(&path("own.pem"));
    for host in [HOST, "other.example"] {
        net = net.arg("--resolve").arg(&format!("{host}:443:127.0.0.1:{}", server.port));
    }
    let landfall = net.start();
    assert_eq!(fetch(&landfall, &format!("https://{HOST}/"), &["--http1.1"]).status, 200);
    assert_eq!(fetch(&landfall, "https://other.example/", &["--http1.1"]).status, 502);
    landfall.stop();
}

#[test]
fn exceptions_are_loud_and_on_every_record() {
    let net = Net::new().config("[capture]\nunverified = [\"lab.example\"]\n");
    let own = Identity::self_signed(&["old.lab.example"]);
    let (excepted, other) = (serve("127.0.0.1", &own), serve("127.0.0.1", &Identity::self_signed(&[HOST])));
    let net = net.named("old.lab.example", 443, &excepted).named(HOST, 443, &other);
    let landfall = net.start();
    assert_eq!(fetch(&landfall, "https://old.lab.example/", &[]).status, 200);
    assert_eq!(fetch(&landfall, &format!("https://{HOST}/"), &[]).status, 502, "the exception is for its host only");
    let metrics = landfall.metrics_after(2);
    assert!(metrics.contains("landfall_unverified_upstreams_total 1\n"));
    let left = landfall.stop();
    let exchanges = left.exchanges();
    assert!(noted(exchanges[0], "unverified_upstream") && !noted(exchanges[1], "unverified_upstream"));
    assert_eq!(outcome(exchanges[0]), "completed - - self_signed");
    assert!(format!("{}{}", left.stdout, left.stderr).contains("`lab.example` are NOT verified"), "{}", left.stdout);
}

#[test]
fn b25_a_configured_client_certificate_is_shown_to_its_host_only() {
    let net = Net::new();
    let clients = Authority::new();
    let identity = clients.identity(&["client.example"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let pem = net.file("client.pem", &identity.pem());
    let net = net.config(&format!(
        "[capture]\nclient_certificates = [{{ host = \"{HOST}\", certificate = \"{pem}\", key = \"{pem}\" }}]\n"
    ));
    let wants = |names: &[&str], versions| {
        let config = net.authority.identity(names, |_| ()).server(versions, &["http/1.1"], Some(&clients));
        RawOrigin::tls("127.0.0.1", config, answering("let in"))
    };
    const OTHER: &str = "other.example";
    let (new, old) = (wants(&[HOST], V13), wants(&[HOST], V12));
    let other = wants(&[OTHER], BOTH);
    let net = net.named(HOST, 443, &new).named(HOST, 444, &old).named(OTHER, 443, &other);
    let landfall = net.start();
    for port in [443, 444] {
        let got = fetch(&landfall, &format!("https://{HOST}:{port}/"), &[]);
        assert_eq!((got.status, got.has("let in")), (200, true), "{}", got.text);
    }
    let refused = fetch(&landfall, &format!("https://{OTHER}/"), &[]);
    assert_ne!(refused.status, 200, "no certificate is shown where none is configured");
    // What was learnt lets the client shake hands with the server itself from now on.
    let passed = fetch(&landfall, &format!("https://{OTHER}/"), &["-k"]);
    assert_ne!(passed.status, 200);
    let left = landfall.stop();
    assert!(left.exchanges().iter().all(|line| noted(line, "mtls")));
    let tunnelled = lines(&left, "connection");
    assert_eq!(tunnelled[0]["capture"]["reason"], "mtls_required", "{tunnelled:?}");
}
