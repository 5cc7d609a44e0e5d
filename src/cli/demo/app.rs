//! The demo's app: a made-up weather app on a made-up phone. Every person, number and id in it is invented.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::origins::{ADS, API, CRASH, METRICS, VAULT};
use crate::capture::provider;

/// What the app sends: host, path, content type, body.
const REQUESTS: [(&str, &str, &str, &str); 6] = [
    (API, "/v1/login", JSON, r#"{"username":"rosa.lind","password":"Harbour!27","email":"rosa.lind@mailbox.test"}"#),
    (API, "/v1/forecast", JSON, r#"{"latitude":40.712776,"longitude":-74.005974,"accuracy":12}"#),
    (
        ADS,
        "/openrtb/bid",
        JSON,
        r#"{"device":{"ifa":"6f1d2c3a-58b4-4f0e-9a77-1c2d3e4f5a6b","geo":{"lat":40.712776,"lon":-74.005974,"accuracy":12}}}"#,
    ),
    (
        METRICS,
        "/collect",
        FORM,
        "imei=358240051111110&email=rosa.lind%40mailbox.test&full_name=Rosa+Lind&event=app_open",
    ),
    (CRASH, "/crash", JSON, r#"{"android_id":"9c1f0e5b7a3d2846","stack":"at sunny.Main(Main.kt:12)"}"#),
    (VAULT, "/sync", SEALED, "\u{1}\u{fffd}not to be read by anybody but the vault\u{2}"),
];

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const SEALED: &str = "application/x-sealed";

/// Send everything through the proxy. Returns the number of requests answered.
pub async fn run(proxy: SocketAddr, ca_pem: &str) -> io::Result<usize> {
    let connector = connector(ca_pem).map_err(io::Error::other)?;
    for (host, path, content_type, body) in REQUESTS {
        send(proxy, &connector, host, path, content_type, body).await.map_err(io::Error::other)?;
    }
    Ok(REQUESTS.len())
}

type AppError = Box<dyn std::error::Error + Send + Sync>;

fn connector(ca_pem: &str) -> Result<TlsConnector, AppError> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn send(
    proxy: SocketAddr,
    connector: &TlsConnector,
    host: &'static str,
    path: &str,
    content_type: &str,
    body: &'static str,
) -> Result<(), AppError> {
    let tunnel = tunnel(proxy, host).await?;
    let stream = connector.connect(ServerName::try_from(host)?, tunnel).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, content_type)
        .header(header::USER_AGENT, "Sunny/4.2 (Android 16)")
        .body(Full::new(Bytes::from_static(body.as_bytes())))?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(format!("`{host}` answered {}", response.status()).into());
    }
    response.into_body().collect().await?;
    drop(sender);
    connection.await??;
    Ok(())
}

/// A `CONNECT` tunnel through the proxy.
async fn tunnel(proxy: SocketAddr, host: &str) -> Result<TokioIo<hyper::upgrade::Upgraded>, AppError> {
    let stream = TcpStream::connect(proxy).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let target = format!("{host}:443");
    let request = Request::connect(&target).header(header::HOST, &target).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(format!("the proxy answered {} for `{host}`", response.status()).into());
    }
    Ok(TokioIo::new(hyper::upgrade::on(response).await?))
}
