//! Which TLS Landfall speaks, on both sides: 1.2 and 1.3 with authenticated (AEAD) cipher suites, by aws-lc-rs.

use std::fmt::Write;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;
use rustls::crypto::{CryptoProvider, aws_lc_rs as aws};
use rustls::{CommonState, ProtocolVersion, SupportedProtocolVersion};

use crate::exchange::TlsSide;

/// Versions offered and accepted on either side.
pub(super) const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// The provider every TLS configuration is built with. Its suites are named one by one, so that a new default of the
/// library never widens what is accepted.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || {
        use aws::cipher_suite::*;
        let cipher_suites = vec![
            TLS13_AES_256_GCM_SHA384,
            TLS13_AES_128_GCM_SHA256,
            TLS13_CHACHA20_POLY1305_SHA256,
            TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ];
        Arc::new(CryptoProvider { cipher_suites, ..aws::default_provider() })
    };
    Arc::clone(PROVIDER.get_or_init(make))
}

/// What a finished handshake settled on; `None` while it is not finished.
pub fn tls_side(connection: &CommonState) -> Option<TlsSide> {
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_3 => "1.3",
        ProtocolVersion::TLSv1_2 => "1.2",
        _ => return None,
    };
    let alpn = connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned());
    // rustls tells the suites of 1.3 apart by a prefix which IANA's names do not have.
    let suite = |suite: rustls::SupportedCipherSuite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
    let cipher = connection.negotiated_cipher_suite().map(suite);
    Some(TlsSide { version, alpn, cipher })
}

/// Lower-case hex SHA-256.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_authenticated_suites_are_spoken() {
        for suite in &provider().cipher_suites {
            let name = format!("{:?}", suite.suite());
            assert!(name.contains("_GCM_") || name.contains("_POLY1305_"), "{name}");
            assert!(name.starts_with("TLS13_") || name.contains("_ECDHE_"), "{name} has no forward secrecy");
        }
        assert_eq!(provider().cipher_suites.len(), 9);
    }

    #[test]
    fn digests_are_lower_case_hex() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
