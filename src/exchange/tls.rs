//! What the two handshakes showed.

use super::TlsFault;

/// Both sides' handshakes; `None` where there was none.
#[derive(Debug, Clone, Default)]
pub struct TlsFacts {
    pub client: Option<TlsSide>,
    pub upstream: Option<TlsSide>,
    /// Server name the client asked for.
    pub sni: Option<String>,
    /// JA4 fingerprint of the client's hello (FoxIO, `t13d1516h2_…`).
    pub ja4: Option<String>,
    pub certificate: Option<UpstreamCertificate>,
    /// What exactly a handshake failed of, where one did.
    pub fault: Option<TlsFault>,
}

/// One finished handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSide {
    /// `1.2` or `1.3`.
    pub version: &'static str,
    /// Negotiated protocol; `None` when none was.
    pub alpn: Option<String>,
    /// IANA name of the cipher suite.
    pub cipher: Option<String>,
}

/// The upstream's end-entity certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamCertificate {
    /// Subject's `C`, where the certificate has one (organisation- or extended-validated).
    pub subject_country: Option<String>,
    /// Subject's `O`, where the certificate has one.
    pub subject_organization: Option<String>,
    /// Issuer's common name, or its whole name where it has none.
    pub issuer: String,
    /// Lower-case hex SHA-256 of the DER.
    pub sha256: String,
    pub not_after: jiff::Timestamp,
}
