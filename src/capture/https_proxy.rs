//! TLS to the proxy itself: a client's way to it that nobody else on its network can read.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::abortable::Broken;
use super::crypto::{VERSIONS, provider};
use super::hello;
use super::host::LeafName;
use super::proxy::Proxy;
use super::replay::Replayed;
use super::upstream::Protocol;

/// Whether TLS to the proxy is taken, and what certificate it shows.
pub enum OwnTls {
    Off,
    /// One of Landfall's own CA, for the name or address by which the client came.
    Minted,
    /// The operator's: with HTTP/2, with HTTP/1.1, and without a protocol.
    Given([Arc<ServerConfig>; 3]),
}

/// Why a certificate that was given cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OwnTlsError {
    #[error("cannot read `{}`: {reason}; it must be PEM", path.display())]
    File { path: PathBuf, reason: String },
    #[error("`{}` and `{}` do not make a certificate for TLS: {reason}", certificate.display(), key.display())]
    Pair { certificate: PathBuf, key: PathBuf, reason: String },
}

impl OwnTls {
    /// Use a certificate chain and its key.
    pub fn given(certificate: &Path, key: &Path) -> Result<Self, OwnTlsError> {
        let file = |path: &Path, reason: &dyn std::fmt::Display| OwnTlsError::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| file(certificate, &error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| file(key, &error))?;
        let make = |alpn: Option<&[u8]>| {
            let mut config = ServerConfig::builder_with_provider(provider())
                .with_protocol_versions(VERSIONS)?
                .with_no_client_auth()
                .with_single_cert(chain.clone(), private.clone_key())?;
            config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
            Ok::<_, rustls::Error>(Arc::new(config))
        };
        let pair = |error: rustls::Error| OwnTlsError::Pair {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            reason: error.to_string(),
        };
        let all = || Ok([make(Some(b"h2"))?, make(Some(b"http/1.1"))?, make(None)?]);
        all().map(Self::Given).map_err(pair)
    }

    fn config(&self, proxy: &Proxy, name: &LeafName, alpn: Option<&[u8]>) -> Result<Arc<ServerConfig>, String> {
        match self {
            Self::Off => Err("TLS to the proxy is off".to_owned()),
            Self::Minted => proxy.leaves.server_config(name, alpn).map_err(|error| error.to_string()),
            Self::Given([h2, h1, none]) => Ok(Arc::clone(match alpn {
                Some(b"h2") => h2,
                Some(_) => h1,
                None => none,
            })),
        }
    }
}

/// Shake hands with a client whose first `bytes` began a ClientHello. HTTP/2 is agreed on where the client offers it;
/// `None`: no protocol was, and the first bytes inside will tell. `local`: where the client came to.
pub async fn shake_hands<S>(
    proxy: &Proxy,
    mut stream: S,
    mut bytes: Vec<u8>,
    local: IpAddr,
) -> io::Result<(TlsStream<Replayed<S>>, Option<Protocol>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let shaking = async {
        let hello = hello::read(&mut stream, &mut bytes).await?.map_err(io::Error::other)?;
        let named = hello.sni.as_deref().and_then(|sni| LeafName::parse(sni).ok());
        let name = named.unwrap_or_else(|| LeafName::from(local.to_canonical()));
        let offered = |wanted: &[u8]| hello.alpn.iter().any(|alpn| alpn == wanted);
        let (alpn, protocol) = match () {
            () if offered(b"h2") => (Some(&b"h2"[..]), Some(Protocol::Http2)),
            () if offered(b"http/1.1") => (Some(&b"http/1.1"[..]), None),
            () => (None, None),
        };
        let config = proxy.entry.tls.config(proxy, &name, alpn).map_err(io::Error::other)?;
        let stream = TlsAcceptor::from(config).accept(Replayed::new(bytes, stream)).await?;
        Ok((stream, protocol))
    };
    let shaken = tokio::time::timeout(proxy.config.limits.handshake, shaking).await;
    let shaken = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    let result = if shaken.is_ok() { "ok" } else { "failed" };
    proxy.counters.tls_handshakes.with_label_values(&["client", result]).inc();
    shaken
}

/// Leaves TLS without its close once something broke off on it: that close would say that all is there (RFC 8446 section
/// 6.1).
pub struct Unended<S> {
    stream: S,
    broken: Broken,
}

impl<S> Unended<S> {
    pub fn new(stream: S, broken: Broken) -> Self {
        Self { stream, broken }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unended<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unended<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
