//! The demo's five servers: real TLS, each on a loopback address that the laboratory's database places in a country.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::capture::provider;

/// Host and loopback address of each server. 127.N is a country of the laboratory's: 1 US, 65 SG, 49 DE, 46 SE, 35 IE.
const SERVERS: [(&str, [u8; 4]); 5] = [
    (API, [127, 1, 1, 10]),
    (ADS, [127, 65, 3, 10]),
    (METRICS, [127, 49, 1, 10]),
    (CRASH, [127, 46, 1, 10]),
    (VAULT, [127, 35, 1, 10]),
];

pub const API: &str = "api.sunny-weather.example";
pub const ADS: &str = "bid.lotus-ads.example";
pub const METRICS: &str = "in.taiga-metrics.example";
pub const CRASH: &str = "report.fjord-crash.example";
pub const VAULT: &str = "vault.greyport-cloud.example";

/// The servers, once they listen.
pub struct Origins {
    pub addresses: Vec<(&'static str, SocketAddr)>,
    /// Their own certificate authority.
    pub ca_pem: String,
}

/// Start all of them in the current runtime.
pub async fn start() -> io::Result<Origins> {
    let ca = authority().map_err(io::Error::other)?;
    let mut addresses = Vec::new();
    for (host, ip) in SERVERS {
        let listener = TcpListener::bind(SocketAddr::from((ip, 0))).await?;
        addresses.push((host, listener.local_addr()?));
        let acceptor = acceptor(&ca, host).map_err(io::Error::other)?;
        tokio::spawn(serve(listener, acceptor));
    }
    Ok(Origins { addresses, ca_pem: ca.pem() })
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

type AcceptorError = Box<dyn std::error::Error + Send + Sync>;

fn acceptor(ca: &CertifiedIssuer<'static, KeyPair>, host: &str) -> Result<TlsAcceptor, AcceptorError> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec![host.to_owned()])?.signed_by(&key, ca)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = serve_connection(stream, acceptor).await {
                tracing::debug!(%error, "a demo connection ended");
            }
        });
    }
}

async fn serve_connection(stream: TcpStream, acceptor: TlsAcceptor) -> Result<(), AcceptorError> {
    let stream = acceptor.accept(stream).await?;
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await?;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let read = request.into_body().collect().await;
    let text = if read.is_ok() { r#"{"ok":true}"# } else { r#"{"ok":false}"# };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(response)
}
