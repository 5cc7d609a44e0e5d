//! The TLS handshake with the upstream: the client's own offer, mirrored, and a certificate that must hold.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::crypto::{VERSIONS, provider, tls_side};
use super::host::LeafName;
use super::roots::{ExtraRoots, RootsError, verifier};
use super::{tls_trouble, upstream_certificate};
use crate::exchange::{TlsSide, Trouble, UpstreamCertificate};

/// Upstreams whose sessions are kept for resumption.
const SESSIONS: usize = 1024;

tokio::task_local! {
    /// Set when the handshake running in this task was asked for a client certificate. It lives beside the
    /// configuration, not in it: sessions are resumed only under one and the same certificate resolver.
    static ASKED: Cell<bool>;
}

/// A finished handshake.
#[derive(Debug)]
pub struct Secured<S> {
    pub stream: TlsStream<S>,
    pub side: TlsSide,
    /// The protocol chosen, byte for byte; the client's leg gets the same.
    pub alpn: Option<Vec<u8>>,
    /// `None` when it verified but cannot be read further.
    pub certificate: Option<UpstreamCertificate>,
    /// The server asked for a client certificate and got none. With TLS 1.3 it may still refuse at the first read.
    pub client_certificate_asked: bool,
}

/// Why the handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SecureError {
    pub trouble: Trouble,
    /// In plain English, safe to show.
    pub reason: String,
    /// The server had asked for a client certificate, which Landfall does not have.
    pub client_certificate_asked: bool,
}

/// Shakes hands with upstreams.
pub struct UpstreamTls {
    /// Sends the server name. Both configurations share everything else, the sessions too.
    with_sni: Arc<ClientConfig>,
    without_sni: Arc<ClientConfig>,
    handshake_timeout: Duration,
    warning: Option<String>,
}

impl UpstreamTls {
    /// Trusts the platform's roots and the extra ones. They are read once, here.
    pub fn new(extra: &ExtraRoots, handshake_timeout: Duration) -> Result<Self, RootsError> {
        let (verifier, warning) = verifier(extra)?;
        let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS);
        let mut config = builder
            .map_err(|e| RootsError::Unusable(e.to_string()))?
            // The verifier is the platform's or webpki's; `dangerous` is only where rustls lets one be named.
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(Arc::new(NoCertificate));
        config.resumption = Resumption::in_memory_sessions(SESSIONS);
        config.enable_early_data = false;
        let mut without_sni = config.clone();
        without_sni.enable_sni = false;
        let (with_sni, without_sni) = (Arc::new(config), Arc::new(without_sni));
        Ok(Self { with_sni, without_sni, handshake_timeout, warning })
    }

    /// What the operator should know about the roots.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    /// Shakes hands over `stream`. `sni` and `alpn` are the client's own: what it did not send is not sent. The
    /// certificate must hold for the SNI, or for `host` (of the `CONNECT`) where there is none.
    pub async fn connect<S>(
        &self,
        stream: S,
        sni: Option<&str>,
        host: &str,
        alpn: &[Vec<u8>],
    ) -> Result<Secured<S>, SecureError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let fail =
            |(trouble, reason), client_certificate_asked| SecureError { trouble, reason, client_certificate_asked };
        let config = if sni.is_some() { &self.with_sni } else { &self.without_sni };
        let name =
            server_name(sni.unwrap_or(host)).map_err(|reason| fail((Trouble::HttpRequestError, reason), false))?;
        let connector = TlsConnector::from(Arc::clone(config));
        // An empty name is not allowed (RFC 7301 section 3.1), and rustls could not send it.
        let alpn: Vec<_> = alpn.iter().filter(|name| !name.is_empty()).cloned().collect();
        let handshake = ASKED.scope(Cell::new(false), async {
            let connect = connector.with_alpn(alpn).connect(name, stream);
            let result = timeout(self.handshake_timeout, connect).await;
            (result, ASKED.with(Cell::get))
        });
        let (result, asked) = Box::pin(handshake).await;
        let stream = match result {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(fail(tls_trouble::explain(&error), asked)),
            Err(_) => {
                let reason = format!("the TLS handshake took longer than {} s", self.handshake_timeout.as_secs());
                return Err(fail((Trouble::ConnectionTimeout, reason), asked));
            }
        };
        let connection = stream.get_ref().1;
        let unfinished = || fail((Trouble::InternalError, "the TLS handshake ended unfinished".to_owned()), asked);
        let side = tls_side(connection).ok_or_else(unfinished)?;
        let alpn = connection.alpn_protocol().map(<[u8]>::to_vec);
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let certificate = leaf.and_then(|der| upstream_certificate::read(der));
        Ok(Secured { side, alpn, certificate, client_certificate_asked: asked, stream })
    }
}

fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    let name = LeafName::parse(host).map_err(|e| e.to_string())?;
    match name.ip() {
        Some(address) => Ok(ServerName::from(address)),
        None => ServerName::try_from(name.to_string()).map_err(|_| "the name cannot be verified by TLS".to_owned()),
    }
}

/// Has no certificate to give, and notes that one was wanted.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Outside a handshake of ours there is nobody to tell.
        ASKED.try_with(|asked| asked.set(true)).ok();
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion};
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn authority(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    /// A server's certificate and key, after `change`.
    fn identity(
        authority: &Authority,
        change: impl FnOnce(&mut CertificateParams),
    ) -> (CertificateDer<'static>, KeyPair) {
        let mut params = CertificateParams::new(["a.example".to_owned(), "192.0.2.1".to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, authority).unwrap().der().clone(), key)
    }

    struct Origin {
        versions: &'static [&'static SupportedProtocolVersion],
        alpn: &'static [&'static [u8]],
        wants_client_certificate: bool,
    }

    const EACH_VERSION: [&[&SupportedProtocolVersion]; 2] = [&[&rustls::version::TLS13], &[&rustls::version::TLS12]];
    const PLAIN: Origin = Origin { versions: VERSIONS, alpn: &[], wants_client_certificate: false };

    impl Origin {
        fn config(&self, authority: &Authority, (der, key): (CertificateDer<'static>, KeyPair)) -> Arc<ServerConfig> {
            let builder =
                ServerConfig::builder_with_provider(provider()).with_protocol_versions(self.versions).unwrap();
            let builder = if self.wants_client_certificate {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                builder.with_client_cert_verifier(verifier.build().unwrap())
            } else {
                builder.with_no_client_auth()
            };
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            let mut config = builder.with_single_cert(vec![der], key).unwrap();
            config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        }
    }

    fn client(authority: &Authority) -> UpstreamTls {
        UpstreamTls::new(&[authority.der().clone()].into_iter().collect(), Duration::from_secs(10)).unwrap()
    }

    /// One handshake; what the client has, and the name the server was asked for.
    async fn connect(
        client: &UpstreamTls,
        server: Arc<ServerConfig>,
        (sni, host): (Option<&str>, &str),
        alpn: &[&[u8]],
    ) -> (Result<Secured<DuplexStream>, SecureError>, Option<String>) {
        let (near, far) = tokio::io::duplex(16 * 1024);
        let alpn: Vec<Vec<u8>> = alpn.iter().map(|name| name.to_vec()).collect();
        let serve = async {
            let mut stream = TlsAcceptor::from(server).accept(far).await.ok()?;
            // A byte after the handshake brings the session tickets with it.
            stream.write_all(b"x").await.ok()?;
            stream.get_ref().1.server_name().map(str::to_owned)
        };
        let connect = async {
            let mut secured = client.connect(near, sni, host, &alpn).await?;
            secured.stream.read_u8().await.ok();
            Ok(secured)
        };
        tokio::join!(connect, serve)
    }

    #[tokio::test]
    async fn the_clients_offer_is_mirrored() {
        let authority = authority("Lab CA");
        let client = client(&authority);
        let origin = Origin { alpn: &[b"h2", b"http/1.1"], ..PLAIN };
        let server = origin.config(&authority, identity(&authority, |_| {}));
        let name = (Some("A.example."), "203.0.113.9");

        let (secured, sni) = connect(&client, Arc::clone(&server), name, &[b"http/1.1", b"h2"]).await;
        let secured = secured.unwrap();
        assert_eq!((secured.alpn.as_deref(), secured.side.version), (Some(&b"h2"[..]), "1.3"));
        assert_eq!(sni.as_deref(), Some("a.example"));
        assert!(secured.certificate.is_some() && !secured.client_certificate_asked);

        let (secured, _) = connect(&client, Arc::clone(&server), name, &[b"", b"http/1.1"]).await;
        assert_eq!(secured.unwrap().side.alpn.as_deref(), Some("http/1.1"));
        let (secured, sni) = connect(&client, Arc::clone(&server), (None, "a.example"), &[]).await;
        assert_eq!((secured.unwrap().alpn, sni), (None, None), "no ALPN, no SNI: none is sent");
        let (secured, sni) = connect(&client, Arc::clone(&server), (None, "192.0.2.1"), &[]).await;
        assert!(secured.is_ok() && sni.is_none());
        let (refused, _) = connect(&client, server, name, &[b"mqtt"]).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.reason, "the server speaks none of the protocols the client offered");
    }

    #[tokio::test]
    async fn certificates_must_hold_for_the_name_asked() {
        let authority = authority("Lab CA");
        let client = client(&authority);
        let check = async |names: (Option<&str>, &str), certificate, reason: &str| {
            let (result, _) = connect(&client, PLAIN.config(&authority, certificate), names, &[]).await;
            let error = result.unwrap_err();
            assert_eq!((error.trouble, error.reason.as_str()), (Trouble::TlsCertificateError, reason));
        };
        let good = || identity(&authority, |_| {});
        check(
            (Some("b.example"), "a.example"),
            good(),
            "the server's certificate is for `a.example`, `192.0.2.1`, not `b.example`",
        )
        .await;
        check((None, "192.0.2.2"), good(), "the server's certificate is for `a.example`, `192.0.2.1`, not `192.0.2.2`")
            .await;
        let old = identity(&authority, |params| params.not_after = rcgen::date_time_ymd(2024, 1, 1));
        check((None, "a.example"), old, "the server's certificate expired on 2024-01-01").await;
        let future = identity(&authority, |params| params.not_before = rcgen::date_time_ymd(3024, 1, 1));
        check((None, "a.example"), future, "the server's certificate is valid only from 3024-01-01").await;
        let client_only = identity(&authority, |params| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth]
        });
        check((None, "a.example"), client_only, "the server's certificate is not for servers").await;
        let other = self::authority("Other CA");
        check((None, "a.example"), identity(&other, |_| {}), "the issuer of the server's certificate is not trusted")
            .await;
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap().der().clone();
        check((None, "a.example"), (own, key), "the issuer of the server's certificate is not trusted").await;
    }

    #[tokio::test]
    async fn a_wish_for_a_client_certificate_is_noticed() {
        let authority = authority("Lab CA");
        let client = client(&authority);
        for versions in EACH_VERSION {
            let origin = Origin { versions, wants_client_certificate: true, ..PLAIN };
            let server = origin.config(&authority, identity(&authority, |_| {}));
            let (result, _) = connect(&client, server, (Some("a.example"), "a.example"), &[]).await;
            let asked = result.map_or_else(|error| error.client_certificate_asked, |it| it.client_certificate_asked);
            assert!(asked, "{versions:?}");
        }
    }

    #[tokio::test]
    async fn sessions_are_resumed_under_every_offer() {
        let authority = authority("Lab CA");
        for versions in EACH_VERSION {
            // A client of its own: tickets of one version would be tried with the other first.
            let client = client(&authority);
            let server = Origin { versions, alpn: &[b"h2", b"http/1.1"], ..PLAIN };
            let server = server.config(&authority, identity(&authority, |_| {}));
            for (offer, kind) in [(&b"h2"[..], HandshakeKind::Full), (b"http/1.1", HandshakeKind::Resumed)] {
                let (result, _) =
                    connect(&client, Arc::clone(&server), (Some("a.example"), "a.example"), &[offer]).await;
                let secured = result.unwrap();
                assert_eq!(secured.stream.get_ref().1.handshake_kind(), Some(kind), "{versions:?}");
                assert_eq!(secured.alpn.as_deref(), Some(offer));
                assert!(secured.certificate.is_some(), "resumption keeps the certificate");
            }
        }
    }

    #[tokio::test]
    async fn peers_that_speak_something_else_are_said_so() {
        let client = client(&authority("Lab CA"));
        let check = async |answer: &[u8], trouble, reason: &str| {
            let (near, mut far) = tokio::io::duplex(16 * 1024);
            far.write_all(answer).await.unwrap();
            far.shutdown().await.unwrap();
            let error = client.connect(near, None, "a.example", &[]).await.unwrap_err();
            assert_eq!((error.trouble, error.reason.as_str()), (trouble, reason));
        };
        check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Trouble::TlsProtocolError, "the server's answer is not TLS").await;
        check(b"\x15\x03\x01\x00\x02\x02\x46", Trouble::TlsAlertReceived, "the server speaks no TLS 1.2 or 1.3").await;
        check(b"", Trouble::ConnectionTerminated, "the server closed the connection during the TLS handshake").await;
        let (near, _far) = tokio::io::duplex(16 * 1024);
        let hasty = UpstreamTls { handshake_timeout: Duration::from_millis(1), ..client };
        let error = hasty.connect(near, None, "a.example", &[]).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::ConnectionTimeout);
        let (near, _far) = tokio::io::duplex(16);
        let error = hasty.connect(near, Some("a..b"), "a.example", &[]).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::HttpRequestError);
    }
}
