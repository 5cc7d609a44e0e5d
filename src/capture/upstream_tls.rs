//! The TLS handshake with the upstream: the client's own offer, mirrored, and a certificate that must hold.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client_certificate::ClientCertificate;
use super::crypto::{VERSIONS, provider, tls_side};
use super::host::LeafName;
use super::host_suffix::HostSuffix;
use super::roots::{ExtraRoots, RootsError, verifier};
use super::upstream_verifier::{Seen, Watched, watched};
use super::{tls_trouble, upstream_certificate};
use crate::exchange::{Client, TlsFault, TlsSide, Trouble, UpstreamCertificate};

/// Upstreams whose sessions are kept for resumption, for each client.
const SESSIONS: usize = 128;
/// Clients for which sessions are kept, and for how long after their last connection.
const IDENTITIES: u64 = 512;
const IDENTITY_LIFE: Duration = Duration::from_secs(60 * 60);

/// Whose sessions they are: what one client was given by a server is never shown for another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    address: Option<IpAddr>,
    user: Option<Arc<str>>,
}

impl Identity {
    pub fn of(client: &Client) -> Self {
        Self { address: client.address, user: client.user.clone() }
    }

    /// Landfall's own connections, to an upstream proxy.
    pub fn own() -> Self {
        Self { address: None, user: None }
    }
}

/// Whom to trust, where not to insist, and whom to be.
#[derive(Debug, Default)]
pub struct UpstreamTrust {
    pub roots: ExtraRoots,
    /// Hosts whose certificates are accepted whatever is wrong with them.
    pub exceptions: Vec<HostSuffix>,
    pub client_certificates: Vec<ClientCertificate>,
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
    /// What was wrong with the certificate that an exception let pass.
    pub excused: Option<TlsFault>,
    /// The host is one that an exception is for, whether this certificate needed it or not.
    pub unverified: bool,
    /// The server asked for a client certificate, and got none unless one is configured. With TLS 1.3 it may still refuse at the first read.
    pub client_certificate_asked: bool,
}

/// Why the handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SecureError {
    pub trouble: Trouble,
    /// In plain English, safe to show.
    pub reason: String,
    pub fault: TlsFault,
    /// The certificate that was not acceptable.
    pub certificate: Option<UpstreamCertificate>,
    /// The server had asked for a client certificate, which Landfall does not have.
    pub client_certificate_asked: bool,
}

/// Shakes hands with upstreams.
pub struct UpstreamTls {
    /// What handshakes are made of: the first without a client certificate, then one for each that is configured.
    bases: Vec<ClientConfig>,
    /// In the order of `bases`, without the first.
    certificate_hosts: Vec<HostSuffix>,
    exceptions: Arc<[HostSuffix]>,
    by_client: Cache<(Identity, usize), Configs>,
    handshake_timeout: Duration,
    warnings: Vec<String>,
}

/// With and without sending the server name. Both share everything else, the sessions too.
#[derive(Clone)]
struct Configs {
    with_sni: Arc<ClientConfig>,
    without_sni: Arc<ClientConfig>,
}

impl UpstreamTls {
    /// Trusts the platform's roots and the extra ones. They are read once, here.
    pub fn new(trust: UpstreamTrust, handshake_timeout: Duration) -> Result<Self, RootsError> {
        let UpstreamTrust { roots, exceptions, client_certificates } = trust;
        let (verifier, warning) = verifier(&roots)?;
        let exceptions: Arc<[HostSuffix]> = exceptions.into();
        let verifier = Arc::new(Watched::new(verifier, Arc::clone(&exceptions), roots));
        let base = |resolver: Arc<dyn ResolvesClientCert>| {
            let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS);
            let mut config = builder
                .map_err(|e| RootsError::Unusable(e.to_string()))?
                // The verifier is the platform's or webpki's, watched; `dangerous` is where rustls lets one be named.
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
                .with_client_cert_resolver(resolver);
            config.enable_early_data = false;
            Ok(config)
        };
        let mut bases = vec![base(Arc::new(NoCertificate))?];
        for certificate in &client_certificates {
            bases.push(base(Arc::new(Configured(Arc::clone(&certificate.key))))?);
        }
        let warnings = warning.into_iter().chain(exceptions.iter().map(|host| {
            format!(
                "certificates of `{host}` are NOT verified, as `capture.unverified` says: whoever is on the way can read and \
                 change what is sent there; every record of it is marked `unverified_upstream`"
            )
        }));
        Ok(Self {
            bases,
            certificate_hosts: client_certificates.into_iter().map(|certificate| certificate.host).collect(),
            by_client: Cache::builder().max_capacity(IDENTITIES).time_to_idle(IDENTITY_LIFE).build(),
            handshake_timeout,
            warnings: warnings.collect(),
            exceptions,
        })
    }

    /// What the operator should know about whom is trusted.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Sessions are resumed for the same client only, and with the same certificate.
    fn configs(&self, identity: &Identity, name: &LeafName) -> Configs {
        // Of several that cover the host, the longest is meant.
        let covering = self.certificate_hosts.iter().enumerate().filter(|(_, host)| host.covers(name));
        let base = covering.max_by_key(|(_, host)| host.to_string().len()).map_or(0, |(index, _)| index + 1);
        self.by_client.get_with((identity.clone(), base), || {
            let mut config = self.bases[base].clone();
            config.resumption = Resumption::in_memory_sessions(SESSIONS);
            let mut without_sni = config.clone();
            without_sni.enable_sni = false;
            Configs { with_sni: Arc::new(config), without_sni: Arc::new(without_sni) }
        })
    }

    /// Shakes hands over `stream` for a client. `sni` and `alpn` are the client's own: what it did not send is not sent. The
    /// certificate must hold for the SNI, or for `host` (of the `CONNECT`) where there is none.
    pub async fn connect<S>(
        &self,
        stream: S,
        identity: &Identity,
        sni: Option<&str>,
        host: &str,
        alpn: &[Vec<u8>],
    ) -> Result<Secured<S>, SecureError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = LeafName::parse(sni.unwrap_or(host)).map_err(|error| unnamed(error.to_string()))?;
        let server_name = server_name(&name).map_err(unnamed)?;
        let configs = self.configs(identity, &name);
        let config = if sni.is_some() { configs.with_sni } else { configs.without_sni };
        let connector = TlsConnector::from(config);
        // An empty name is not allowed (RFC 7301 section 3.1), and rustls could not send it.
        let alpn: Vec<_> = alpn.iter().filter(|name| !name.is_empty()).cloned().collect();
        let connect = timeout(self.handshake_timeout, connector.with_alpn(alpn).connect(server_name, stream));
        let (result, seen) = Box::pin(watched(connect)).await;
        let stream = match result {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failed(tls_trouble::explain(&error, seen.refused.as_deref()), &seen)),
            Err(_) => return Err(failed(tls_trouble::too_slow(self.handshake_timeout), &seen)),
        };
        let connection = stream.get_ref().1;
        let side = tls_side(connection).ok_or_else(|| failed(tls_trouble::unfinished(), &seen))?;
        let alpn = connection.alpn_protocol().map(<[u8]>::to_vec);
        let leaf = connection.peer_certificates().and_then(<[_]>::first);
        let certificate = leaf.and_then(|der| upstream_certificate::read(der));
        Ok(Secured {
            side,
            alpn,
            certificate,
            excused: seen.excused,
            unverified: self.exceptions.iter().any(|suffix| suffix.covers(&name)),
            client_certificate_asked: seen.asked,
            stream,
        })
    }
}

fn failed(explained: tls_trouble::Explained, seen: &Seen) -> SecureError {
    let tls_trouble::Explained { trouble, fault, reason } = explained;
    let certificate = seen.refused.as_deref().and_then(upstream_certificate::read);
    SecureError { trouble, reason, fault, certificate, client_certificate_asked: seen.asked }
}

fn unnamed(reason: String) -> SecureError {
    SecureError {
        trouble: Trouble::HttpRequestError,
        reason,
        fault: TlsFault::Other,
        certificate: None,
        client_certificate_asked: false,
    }
}

fn server_name(name: &LeafName) -> Result<ServerName<'static>, String> {
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
        Seen::ask();
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Gives the one it has, and notes that it was wanted.
#[derive(Debug)]
struct Configured(Arc<CertifiedKey>);

impl ResolvesClientCert for Configured {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Seen::ask();
        self.0.key.choose_scheme(schemes).is_some().then(|| Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
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
        let roots = [authority.der().clone()].into_iter().collect();
        UpstreamTls::new(UpstreamTrust { roots, ..UpstreamTrust::default() }, Duration::from_secs(10)).unwrap()
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
            let mut secured = client.connect(near, &Identity::own(), sni, host, &alpn).await?;
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
        check((None, "a.example"), (own, key), "the server's certificate is self-signed").await;
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
            let error = client.connect(near, &Identity::own(), None, "a.example", &[]).await.unwrap_err();
            assert_eq!((error.trouble, error.reason.as_str()), (trouble, reason));
        };
        check(b"HTTP/1.1 400 Bad Request\r\n\r\n", Trouble::TlsProtocolError, "the server's answer is not TLS").await;
        check(b"\x15\x03\x01\x00\x02\x02\x46", Trouble::TlsAlertReceived, "the server speaks no TLS 1.2 or 1.3").await;
        check(b"", Trouble::ConnectionTerminated, "the server closed the connection during the TLS handshake").await;
        let (near, _far) = tokio::io::duplex(16 * 1024);
        let hasty = UpstreamTls { handshake_timeout: Duration::from_millis(1), ..client };
        let error = hasty.connect(near, &Identity::own(), None, "a.example", &[]).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::ConnectionTimeout);
        let (near, _far) = tokio::io::duplex(16);
        let error = hasty.connect(near, &Identity::own(), Some("a..b"), "a.example", &[]).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::HttpRequestError);
    }
}
