//! What exactly a TLS handshake failed of: a closed set, finer than `Trouble`.

/// Why a handshake failed, or which alert a client ended it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsFault {
    /// The server's certificate: its time is over.
    Expired,
    NotYetValid,
    SelfSigned,
    UnknownIssuer,
    WrongName,
    /// It is not for servers (extended key usage).
    WrongPurpose,
    Revoked,
    BadSignature,
    /// Signed or keyed with something that is no longer safe (SHA-1, short keys).
    WeakCertificate,
    MalformedCertificate,
    NoCertificate,
    UnacceptableCertificate,
    /// No version of TLS that both speak.
    ProtocolVersion,
    /// No cipher suite or key exchange that both speak.
    CipherSuite,
    /// No application protocol (ALPN) that both speak.
    NoApplicationProtocol,
    UnrecognisedName,
    ClientCertificateRequired,
    HandshakeFailure,
    NotTls,
    Closed,
    Reset,
    Timeout,
    /// A client's alerts (RFC 8446 section 6.2).
    UnknownCa,
    CertificateUnknown,
    BadCertificate,
    CertificateExpired,
    CertificateRevoked,
    UnsupportedCertificate,
    /// The client insists on Encrypted Client Hello.
    EchRequired,
    OtherAlert,
    Other,
}

impl TlsFault {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::SelfSigned => "self_signed",
            Self::UnknownIssuer => "unknown_issuer",
            Self::WrongName => "wrong_name",
            Self::WrongPurpose => "wrong_purpose",
            Self::Revoked => "revoked",
            Self::BadSignature => "bad_signature",
            Self::WeakCertificate => "weak_certificate",
            Self::MalformedCertificate => "malformed_certificate",
            Self::NoCertificate => "no_certificate",
            Self::UnacceptableCertificate => "unacceptable_certificate",
            Self::ProtocolVersion => "protocol_version",
            Self::CipherSuite => "cipher_suite",
            Self::NoApplicationProtocol => "no_application_protocol",
            Self::UnrecognisedName => "unrecognised_name",
            Self::ClientCertificateRequired => "client_certificate_required",
            Self::HandshakeFailure => "handshake_failure",
            Self::NotTls => "not_tls",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::UnknownCa => "unknown_ca",
            Self::CertificateUnknown => "certificate_unknown",
            Self::BadCertificate => "bad_certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateRevoked => "certificate_revoked",
            Self::UnsupportedCertificate => "unsupported_certificate",
            Self::EchRequired => "ech_required",
            Self::OtherAlert => "other_alert",
            Self::Other => "other",
        }
    }
}
