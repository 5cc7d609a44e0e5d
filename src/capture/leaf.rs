//! Certificates that clients see: one short-lived leaf for each host, all on a key that is not the authority's.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use prometheus::IntCounter;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::ServerConfig;
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use rustls_pki_types::PrivateKeyDer;

use super::Ca;
use super::ca_create::{BACKDATE, random_serial, set_validity};
use super::crypto::{VERSIONS, provider};
use super::host::{HostError, LeafName};

/// From the moment of issue; with the backdating it makes 29 days.
const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 28);
/// How long a leaf is used: well below its validity.
const TIME_TO_LIVE: Duration = Duration::from_secs(24 * 60 * 60);
/// Hosts kept; a leaf is about 600 bytes.
const CAPACITY: u64 = 10_000;
/// Upper bound for a common name (RFC 5280 appendix A, `ub-common-name`).
const MAX_COMMON_NAME: usize = 64;

/// Why a leaf cannot be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LeafError {
    #[error(transparent)]
    Name(#[from] HostError),
    #[error("the certificate authority expired at {0}; remove `ca.pem` and `ca.key` and start again to make a new one")]
    CaExpired(Timestamp),
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

/// Makes leaves and keeps the server configurations that present them.
pub struct LeafIssuer {
    ca: Arc<Ca>,
    key: KeyPair,
    signing_key: Arc<dyn SigningKey>,
    ticketer: Arc<dyn ProducesTickets>,
    leaves: Cache<LeafName, Arc<CertifiedKey>>,
    configs: Cache<(LeafName, Option<Vec<u8>>), Arc<ServerConfig>>,
    issued: IntCounter,
}

impl LeafIssuer {
    /// Generates the key of all leaves, and the keys of session tickets: both live as long as the process. `issued`
    /// counts the leaves made.
    pub fn new(ca: Arc<Ca>, issued: IntCounter) -> Result<Self, LeafError> {
        let make = |e: &dyn std::fmt::Display| LeafError::Make(e.to_string());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| make(&e))?;
        let der = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let signing_key = provider().key_provider.load_private_key(der).map_err(|e| make(&e))?;
        let ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|e| make(&e))?;
        let leaves = Cache::builder().max_capacity(CAPACITY).time_to_live(TIME_TO_LIVE).build();
        let configs = Cache::builder().max_capacity(CAPACITY).time_to_live(TIME_TO_LIVE).build();
        Ok(Self { ca, key, signing_key, ticketer, leaves, configs, issued })
    }

    /// How to answer the handshake of a client that wants `host`, agreeing on `alpn` or on no protocol at all. Pass what
    /// the upstream chose; the client offered it, so that the handshake never fails for want of a protocol.
    pub fn server_config(&self, host: &LeafName, alpn: Option<&[u8]>) -> Result<Arc<ServerConfig>, LeafError> {
        let key = (host.clone(), alpn.map(<[u8]>::to_vec));
        let config = self.configs.try_get_with(key, || self.configure(host, alpn));
        config.map_err(|e| LeafError::clone(&e))
    }

    fn configure(&self, host: &LeafName, alpn: Option<&[u8]>) -> Result<Arc<ServerConfig>, LeafError> {
        let leaf = self.leaves.try_get_with(host.clone(), || self.issue(host, Timestamp::now()).map(Arc::new));
        let leaf = leaf.map_err(|e: Arc<LeafError>| LeafError::clone(&e))?;
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS);
        let mut config = builder
            .map_err(|e| LeafError::Make(e.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(leaf)));
        config.alpn_protocols = alpn.map(<[u8]>::to_vec).into_iter().collect();
        // Tickets only: no session is kept here, and none outlives the process's ticket keys.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::clone(&self.ticketer);
        config.max_early_data_size = 0;
        Ok(Arc::new(config))
    }

    /// Makes one leaf (about 50 microseconds).
    fn issue(&self, host: &LeafName, now: Timestamp) -> Result<CertifiedKey, LeafError> {
        if now >= self.ca.not_after() {
            return Err(LeafError::CaExpired(self.ca.not_after()));
        }
        let make = |e: rcgen::Error| LeafError::Make(e.to_string());
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let text = host.to_string();
        if text.len() <= MAX_COMMON_NAME {
            params.distinguished_name.push(DnType::CommonName, text.clone());
        }
        params.subject_alt_names = vec![match host.ip() {
            Some(address) => SanType::IpAddress(address),
            None => SanType::DnsName(text.try_into().map_err(make)?),
        }];
        // Explicit, because only then a subject key identifier is written.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.serial_number = Some(random_serial().map_err(make)?);
        let not_before = (now - BACKDATE).max(self.ca.not_before());
        set_validity(&mut params, not_before, (now + VALIDITY).min(self.ca.not_after()));
        let leaf = params.signed_by(&self.key, self.ca.issuer()).map_err(make)?;
        self.issued.inc();
        Ok(CertifiedKey::new(vec![leaf.der().clone()], Arc::clone(&self.signing_key)))
    }
}

#[cfg(test)]
mod tests {
    use rustls::client::danger::ServerCertVerifier;
    use rustls::client::{ClientConfig, WebPkiServerVerifier};
    use rustls::{RootCertStore, SupportedProtocolVersion};
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
    use tokio_rustls::{TlsAcceptor, TlsConnector};
    use x509_parser::extensions::ParsedExtension;
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::super::crypto::tls_side;
    use super::*;
    use crate::exchange::TlsSide;

    struct Lab {
        _dir: tempfile::TempDir,
        ca: Arc<Ca>,
        issuer: LeafIssuer,
        issued: IntCounter,
    }

    fn lab() -> Lab {
        let dir = tempfile::tempdir().unwrap();
        let ca = Arc::new(Ca::open_or_create(dir.path(), Timestamp::now()).unwrap());
        let issued = IntCounter::new("issued", "leaves").unwrap();
        let issuer = LeafIssuer::new(Arc::clone(&ca), issued.clone()).unwrap();
        Lab { _dir: dir, ca, issuer, issued }
    }

    impl Lab {
        fn leaf(&self, host: &str) -> CertificateDer<'static> {
            let name = LeafName::parse(host).unwrap();
            self.issuer.issue(&name, Timestamp::now()).unwrap().cert[0].clone()
        }

        fn roots(&self) -> Arc<RootCertStore> {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.certificate_der().clone()).unwrap();
            Arc::new(roots)
        }
    }

    #[test]
    fn leaves_verify_for_their_host_and_no_other() {
        let lab = lab();
        let verifier = WebPkiServerVerifier::builder_with_provider(lab.roots(), provider()).build().unwrap();
        let verify = |leaf: &CertificateDer<'_>, name: &str| {
            let name = ServerName::try_from(name.to_owned()).unwrap();
            verifier.verify_server_cert(leaf, &[], &name, &[], UnixTime::now()).is_ok()
        };
        let long = format!("{}.{}.example", "a".repeat(63), "b".repeat(60));
        for host in ["api.example.com", "192.0.2.7", "2001:db8::1", "localhost", &long] {
            assert!(verify(&lab.leaf(host), host), "{host}");
        }
        let leaf = lab.leaf("api.example.com");
        for other in ["example.com", "x.api.example.com", "other.example.com", "192.0.2.7"] {
            assert!(!verify(&leaf, other), "{other}");
        }
    }

    #[test]
    fn leaves_are_as_clients_demand() {
        let lab = lab();
        let (der, other) = (lab.leaf("api.example.com"), lab.leaf("api.example.com"));
        let (_, leaf) = X509Certificate::from_der(&der).unwrap();
        let (_, other) = X509Certificate::from_der(&other).unwrap();
        let (_, ca) = X509Certificate::from_der(lab.ca.certificate_der()).unwrap();

        assert_eq!(leaf.issuer().as_raw(), ca.subject().as_raw());
        assert_ne!(leaf.public_key().raw, ca.public_key().raw);
        assert_eq!(leaf.public_key().raw, other.public_key().raw, "one key for all leaves");
        assert!(!leaf.is_ca());
        assert_eq!(leaf.extended_key_usage().unwrap().unwrap().value.other.len(), 0);
        assert!(leaf.extended_key_usage().unwrap().unwrap().value.server_auth);

        let (mut subject_id, mut authority_id) = (None, None);
        for extension in leaf.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => subject_id = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority_id = id.key_identifier.as_ref().map(|id| id.0.to_vec())
                }
                _ => {}
            }
        }
        assert_eq!(authority_id.as_deref(), Some(lab.ca.key_identifier()));
        assert!(subject_id.is_some() && subject_id != authority_id);

        let days = (leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp()) / 86_400;
        assert!((2..=30).contains(&days), "{days}");
        assert!(leaf.validity().is_valid());
        assert!(TIME_TO_LIVE.as_secs() < VALIDITY.as_secs().unsigned_abs());
    }

    #[test]
    fn serials_are_random_positive_and_128_bits_wide() {
        let lab = lab();
        let mut seen = std::collections::HashSet::new();
        let mut union = 0u128;
        for _ in 0..64 {
            let der = lab.leaf("a.example");
            let (_, leaf) = X509Certificate::from_der(&der).unwrap();
            let raw = leaf.raw_serial();
            assert!(raw[0] < 0x80 && raw.len() <= 17, "positive");
            let value = u128::try_from(leaf.serial.clone()).unwrap();
            union |= value;
            assert!(seen.insert(value));
        }
        assert_eq!(union, u128::MAX, "every bit is used");
    }

    #[test]
    fn leaves_never_outlive_the_authority() {
        let lab = lab();
        let name = LeafName::parse("a.example").unwrap();
        let end = lab.ca.not_after();
        let leaf = lab.issuer.issue(&name, end - SignedDuration::from_hours(1)).unwrap();
        let (_, leaf) = X509Certificate::from_der(&leaf.cert[0]).unwrap();
        assert_eq!(leaf.validity().not_after.timestamp(), end.as_second());
        assert!(matches!(lab.issuer.issue(&name, end), Err(LeafError::CaExpired(_))));
        let early = lab.issuer.issue(&name, lab.ca.not_before()).unwrap();
        let (_, early) = X509Certificate::from_der(&early.cert[0]).unwrap();
        assert_eq!(early.validity().not_before.timestamp(), lab.ca.not_before().as_second());
    }

    #[test]
    fn a_host_gets_one_leaf_whatever_the_protocol() {
        let lab = lab();
        let name = LeafName::parse("a.example").unwrap();
        let first = lab.issuer.server_config(&name, Some(b"h2")).unwrap();
        let again = lab.issuer.server_config(&name, Some(b"h2")).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let plain = lab.issuer.server_config(&name, None).unwrap();
        assert_eq!(lab.issued.get(), 1);
        assert_eq!((first.alpn_protocols.clone(), plain.alpn_protocols.len()), (vec![b"h2".to_vec()], 0));
        assert_eq!(first.max_early_data_size, 0);
    }

    /// Shakes hands over an in-memory pipe; what the client saw.
    async fn handshake(
        lab: &Lab,
        alpn: Option<&[u8]>,
        offer: &[&[u8]],
        version: &'static SupportedProtocolVersion,
    ) -> TlsSide {
        let config = lab.issuer.server_config(&LeafName::parse("a.example").unwrap(), alpn).unwrap();
        let client = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[version]).unwrap();
        let mut client = client.with_root_certificates(lab.roots()).with_no_client_auth();
        client.alpn_protocols = offer.iter().map(|name| name.to_vec()).collect();
        let (near, far) = tokio::io::duplex(4096);
        let name = ServerName::try_from("a.example").unwrap();
        let connector = TlsConnector::from(Arc::new(client));
        let (client, server) = tokio::join!(connector.connect(name, near), TlsAcceptor::from(config).accept(far));
        let server = tls_side(server.unwrap().get_ref().1).unwrap();
        let client = tls_side(client.unwrap().get_ref().1).unwrap();
        assert_eq!(client, server);
        client
    }

    #[tokio::test]
    async fn clients_get_exactly_the_protocol_asked_for() {
        let lab = lab();
        let (v12, v13) = (&rustls::version::TLS12, &rustls::version::TLS13);
        let side = handshake(&lab, Some(b"http/1.1"), &[b"h2", b"http/1.1"], v13).await;
        assert_eq!((side.version, side.alpn.as_deref()), ("1.3", Some("http/1.1")));
        assert!(side.cipher.unwrap().starts_with("TLS_"));
        let side = handshake(&lab, Some(b"h2"), &[b"h2", b"http/1.1"], v12).await;
        assert_eq!((side.version, side.alpn.as_deref()), ("1.2", Some("h2")));
        let side = handshake(&lab, None, &[b"h2", b"http/1.1"], v13).await;
        assert_eq!(side.alpn, None);
        let side = handshake(&lab, Some(b"mqtt"), &[b"mqtt"], v13).await;
        assert_eq!(side.alpn.as_deref(), Some("mqtt"));
    }
}
