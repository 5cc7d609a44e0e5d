//! The doors of the proxy port: HTTP/2, and TLS to the proxy itself.

use std::process::Command;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;
use tokio::net::TcpStream;

use super::super::support::authority::Authority;
use super::super::support::client::run;
use super::super::support::landfall::Landfall;
use super::super::support::origin::RUNTIME;
use super::near::{HOST, OK, TlsServer, ask, landfall, plain_server, server, status};

type Sender = h2::client::SendRequest<Bytes>;

/// HTTP/2 with prior knowledge.
async fn prior_knowledge(landfall: &Landfall) -> Sender {
    let stream = TcpStream::connect(landfall.proxy).await.expect("a connection");
    let (sender, connection) = h2::client::handshake(stream).await.expect("a handshake");
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    sender.ready().await.expect("ready")
}

fn connect_to(target: &str) -> Request<()> {
    Request::builder().method(Method::CONNECT).uri(target).body(()).expect("a request")
}

#[test]
fn b17_connect_over_http2_makes_each_stream_a_tunnel() {
    let authority = Authority::new();
    let echo = server(|mut stream| {
        let mut copy = stream.try_clone().expect("a copy");
        std::io::copy(&mut stream, &mut copy).unwrap_or_default();
    });
    let landfall = landfall("", &authority, &[format!("{HOST}:7:{echo}")]);
    RUNTIME.block_on(async {
        let mut sender = prior_knowledge(&landfall).await;
        for round in 0..3_u8 {
            let (response, mut body) = sender.send_request(connect_to(&format!("{HOST}:7")), false).expect("sent");
            let response = response.await.expect("an answer");
            assert_eq!(response.status(), 200);
            assert!(!response.headers().contains_key("content-length"));
            body.send_data(Bytes::from(vec![round, 0, 1, 2]), false).expect("sent");
            let mut incoming = response.into_body();
            let data = incoming.data().await.expect("data").expect("data");
            assert_eq!(data[..], [round, 0, 1, 2]);
            body.send_data(Bytes::new(), true).expect("ended");
        }
        let (response, _) =
            sender.send_request(connect_to(&format!("127.0.0.1:{}", landfall.proxy.port())), false).expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 508);
        let (response, _) = sender.send_request(connect_to(HOST), false).expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 400);
    });
    let left = landfall.stop();
    let tunnels: Vec<_> =
        super::near::connections(&left).into_iter().filter(|it| it["capture"]["coverage"] == "tunnelled").collect();
    assert_eq!(tunnels.len(), 3);
    assert!(tunnels.iter().all(|event| event["bytes"] == json!({"up": 4, "down": 4})), "{tunnels:?}");
}

#[test]
fn b17_plain_requests_pass_over_http2_and_extended_connect_is_answered() {
    let authority = Authority::new();
    let (plain, heads) = plain_server();
    let landfall = landfall("", &authority, &[format!("{HOST}:80:{plain}")]);
    RUNTIME.block_on(async {
        let mut sender = prior_knowledge(&landfall).await;
        let request = Request::get(format!("http://{HOST}/over-h2"))
            .header("proxy-authorization", "Basic eDp5")
            .body(())
            .expect("a request");
        let (response, _) = sender.send_request(request, true).expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 200);
        let mut extended =
            Request::builder().method(Method::CONNECT).uri(format!("http://{HOST}/chat")).body(()).expect("a request");
        extended.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
        // Not offered in the settings; a client that tries all the same gets its stream reset, or an error.
        let refused = match sender.send_request(extended, false) {
            Ok((response, _)) => response.await.map_or(true, |response| response.status().as_u16() >= 400),
            Err(_) => true,
        };
        assert!(refused);
        let mut sender = prior_knowledge(&landfall).await;
        let (response, _) = sender
            .send_request(Request::get(format!("http://{HOST}/again")).body(()).expect("a request"), true)
            .expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 200);
    });
    let heads = heads.lock().expect("no panic").clone();
    assert!(
        heads[0].starts_with("GET /over-h2 HTTP/1.1\r\n")
            && heads[0].to_ascii_lowercase().contains(&format!("host: {HOST}\r\n")),
        "{heads:?}"
    );
    assert!(!heads[0].to_ascii_lowercase().contains("proxy-authorization"));
    landfall.stop();
}

fn curl(landfall: &Landfall, proxy: &str, more: &[&str]) -> Vec<u8> {
    let ca = landfall.ca().display().to_string();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "30", "--noproxy", "", "--proxy", proxy, "--cacert", &ca]).args(more);
    run(&mut curl).stdout
}

#[test]
fn b18_tls_to_the_proxy_and_tls_inside_of_it() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let (plain, _) = plain_server();
    let resolve = [format!("{HOST}:443:{}", origin.address), format!("{HOST}:80:{plain}")];
    let landfall = landfall("", &authority, &resolve);
    let ca = landfall.ca().display().to_string();
    let port = landfall.proxy.port();
    for proxy in [format!("https://127.0.0.1:{port}"), format!("https://localhost:{port}")] {
        for url in [format!("https://{HOST}/"), format!("http://{HOST}/")] {
            assert_eq!(curl(&landfall, &proxy, &["--proxy-cacert", &ca, &url]), b"ok", "{url} by {proxy}");
        }
    }
    let left = landfall.stop();
    let modes: Vec<_> = left.exchanges().into_iter().map(|exchange| exchange["capture"]["mode"].clone()).collect();
    assert_eq!(modes, vec![json!("https_proxy"); 4]);
}

#[test]
fn b18_http2_inside_of_tls_to_the_proxy() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let landfall = landfall("", &authority, &[format!("{HOST}:80:{plain}")]);
    let config = {
        use rustls::pki_types::pem::PemObject;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_file(landfall.ca()).expect("the CA")).expect("a root");
        let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions");
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        std::sync::Arc::new(config)
    };
    RUNTIME.block_on(async {
        let stream = TcpStream::connect(landfall.proxy).await.expect("a connection");
        let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await.expect("TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = h2::client::handshake(stream).await.expect("a handshake");
        tokio::spawn(async move { connection.await.unwrap_or_default() });
        let mut sender = sender.ready().await.expect("ready");
        let request = Request::get(format!("http://{HOST}/")).body(()).expect("a request");
        let (response, _) = sender.send_request(request, true).expect("sent");
        assert_eq!(response.await.expect("an answer").status(), 200);
    });
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["capture"]["mode"], "https_proxy");
}

#[test]
fn tls_to_the_proxy_shows_the_certificate_that_was_given_or_is_off() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let resolve = [format!("{HOST}:80:{plain}")];
    let dir = tempfile::tempdir().expect("a directory");
    let key = rcgen::KeyPair::generate().expect("a key");
    let given = rcgen::CertificateParams::new(vec!["proxy.example".to_owned()])
        .expect("names")
        .self_signed(&key)
        .expect("a certificate");
    let (certificate, private) = (dir.path().join("proxy.pem"), dir.path().join("proxy.key"));
    std::fs::write(&certificate, given.pem()).expect("written");
    std::fs::write(&private, key.serialize_pem()).expect("written");
    let config =
        format!("[capture.https]\ncertificate = \"{}\"\nkey = \"{}\"\n", certificate.display(), private.display());
    let landfall = landfall(&config, &authority, &resolve);
    let port = landfall.proxy.port();
    let name = format!("proxy.example:{port}:127.0.0.1");
    let proxy = format!("https://proxy.example:{port}");
    let trusted = certificate.display().to_string();
    let got = curl(&landfall, &proxy, &["--resolve", &name, "--proxy-cacert", &trusted, &format!("http://{HOST}/")]);
    assert_eq!(got, b"ok");
    landfall.stop();

    let off = super::near::landfall("[capture.https]\nenabled = false\n", &authority, &resolve);
    let mut refused = Command::new("curl");
    refused.args([
        "-sS",
        "--max-time",
        "30",
        "--proxy-insecure",
        "--proxy",
        &format!("https://{}", off.proxy),
        &format!("http://{HOST}/"),
    ]);
    assert!(!super::super::support::client::try_run(&mut refused).status.success());
    let answer = ask(&off, &format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n"));
    assert_eq!(status(&answer), "200");
    off.stop();
}
