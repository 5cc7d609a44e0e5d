//! Failed upstream handshakes in plain English, and as the closed set that events and metrics carry.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use rustls_pki_types::{ServerName, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::upstream_certificate::printable;
use crate::exchange::{TlsFault, Trouble};

/// Names of a certificate that are told when the one wanted is not among them.
const MAX_NAMES: usize = 3;

/// Why a handshake failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Explained {
    pub trouble: Trouble,
    pub fault: TlsFault,
    pub reason: String,
}

fn told(trouble: Trouble, fault: TlsFault, reason: &str) -> Explained {
    Explained { trouble, fault, reason: reason.to_owned() }
}

/// Explains why a handshake failed, as tokio-rustls reports it. `certificate`: the one that was refused.
pub(super) fn explain(error: &io::Error, certificate: Option<&[u8]>) -> Explained {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if let Some(error) = inner {
        return explain_tls(error, certificate);
    }
    let (fault, reason) = match error.kind() {
        io::ErrorKind::UnexpectedEof => (TlsFault::Closed, "the server closed the connection during the TLS handshake"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            (TlsFault::Reset, "the server reset the connection during the TLS handshake")
        }
        _ => (TlsFault::Closed, "the connection broke during the TLS handshake"),
    };
    told(Trouble::ConnectionTerminated, fault, reason)
}

pub(super) fn too_slow(limit: Duration) -> Explained {
    let reason = format!("the TLS handshake took longer than {} s", limit.as_secs());
    told(Trouble::ConnectionTimeout, TlsFault::Timeout, &reason)
}

pub(super) fn unfinished() -> Explained {
    told(Trouble::InternalError, TlsFault::Other, "the TLS handshake ended unfinished")
}

/// The same as a word of the closed set.
pub(super) fn fault(error: &Error, certificate: Option<&[u8]>) -> TlsFault {
    explain_tls(error, certificate).fault
}

fn explain_tls(error: &Error, certificate: Option<&[u8]>) -> Explained {
    use TlsFault as Fault;
    match error {
        Error::InvalidCertificate(error) => {
            let (fault, reason) = explain_certificate(error, certificate);
            told(Trouble::TlsCertificateError, fault, &reason)
        }
        Error::NoCertificatesPresented => {
            told(Trouble::TlsCertificateError, Fault::NoCertificate, "the server sent no certificate")
        }
        Error::AlertReceived(alert) => {
            let (fault, reason) = explain_alert(*alert);
            told(Trouble::TlsAlertReceived, fault, &reason)
        }
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => told(Trouble::TlsProtocolError, Fault::ProtocolVersion, "the server speaks no TLS 1.2 or 1.3"),
        Error::PeerIncompatible(_) => told(
            Trouble::TlsProtocolError,
            Fault::CipherSuite,
            "the server offers no cipher suite or key exchange that is still safe",
        ),
        Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => {
            told(Trouble::TlsProtocolError, Fault::NotTls, "the server's answer is not TLS")
        }
        Error::PeerMisbehaved(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            told(Trouble::TlsProtocolError, Fault::Other, "the server broke the rules of the TLS handshake")
        }
        _ => told(Trouble::TlsProtocolError, Fault::Other, "the TLS handshake failed"),
    }
}

fn explain_alert(alert: AlertDescription) -> (TlsFault, String) {
    let (fault, reason) = match alert {
        AlertDescription::ProtocolVersion => (TlsFault::ProtocolVersion, "the server speaks no TLS 1.2 or 1.3"),
        AlertDescription::NoApplicationProtocol => {
            (TlsFault::NoApplicationProtocol, "the server speaks none of the protocols the client offered")
        }
        AlertDescription::UnrecognisedName => {
            (TlsFault::UnrecognisedName, "the server does not know the name the client asked for")
        }
        AlertDescription::CertificateRequired => {
            (TlsFault::ClientCertificateRequired, "the server requires a client certificate")
        }
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            return (TlsFault::HandshakeFailure, format!("the server ended the TLS handshake with alert `{alert:?}`"));
        }
        // Numbers beyond the known ones are the server's own; only known words are repeated.
        AlertDescription::Unknown(number) => {
            return (TlsFault::OtherAlert, format!("the server ended the TLS handshake with alert {number}"));
        }
        known => return (TlsFault::OtherAlert, format!("the server ended the TLS handshake with alert `{known:?}`")),
    };
    (fault, reason.to_owned())
}

fn explain_certificate(error: &CertificateError, certificate: Option<&[u8]>) -> (TlsFault, String) {
    use CertificateError as E;
    use TlsFault as Fault;
    let (fault, reason) = match error {
        E::ExpiredContext { not_after, .. } => {
            return (Fault::Expired, format!("the server's certificate expired on {}", date(*not_after)));
        }
        E::NotValidYetContext { not_before, .. } => {
            let reason = format!("the server's certificate is valid only from {}", date(*not_before));
            return (Fault::NotYetValid, reason);
        }
        E::NotValidForNameContext { expected, presented } => {
            return (Fault::WrongName, wrong_name(expected, presented));
        }
        E::Other(other) => return explain_other(&other.to_string(), certificate),
        E::UnknownIssuer if certificate.is_some_and(is_self_signed) => (Fault::SelfSigned, "is self-signed"),
        E::UnknownIssuer => {
            return (Fault::UnknownIssuer, "the issuer of the server's certificate is not trusted".to_owned());
        }
        E::BadSignature if certificate.is_some_and(has_short_key) => {
            (Fault::WeakCertificate, "has a key that is too short to be safe")
        }
        E::BadSignature => {
            return (Fault::BadSignature, "the signature of the server's certificate is wrong".to_owned());
        }
        E::Expired => (Fault::Expired, "has expired"),
        E::NotValidYet => (Fault::NotYetValid, "is not valid yet"),
        E::NotValidForName => (Fault::WrongName, "is for another name"),
        E::Revoked => (Fault::Revoked, "was revoked"),
        E::BadEncoding => (Fault::MalformedCertificate, "is malformed"),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => (Fault::WrongPurpose, "is not for servers"),
        E::UnhandledCriticalExtension => (Fault::UnacceptableCertificate, "has a critical extension nobody knows"),
        E::UnsupportedSignatureAlgorithmContext { .. } | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            (Fault::WeakCertificate, "is signed with an algorithm that is no longer safe")
        }
        _ => (Fault::UnacceptableCertificate, "is not acceptable"),
    };
    (fault, format!("the server's certificate {reason}"))
}

/// What reaches us only as text: webpki's rarer errors, and the platform verifier's.
fn explain_other(text: &str, certificate: Option<&[u8]>) -> (TlsFault, String) {
    let (fault, reason) = match text {
        _ if text.contains("CaUsedAsEndEntity") && certificate.is_some_and(is_self_signed) => {
            (TlsFault::SelfSigned, "is self-signed")
        }
        _ if text.contains("CaUsedAsEndEntity") => (TlsFault::UnacceptableCertificate, "is an authority's own"),
        _ if text.contains("invalid extensions") => (TlsFault::WrongPurpose, "is not for servers"),
        _ if text.contains("NameConstraint") => (TlsFault::WrongName, "is for a name its issuer may not vouch for"),
        _ => (TlsFault::UnacceptableCertificate, "is not acceptable"),
    };
    (fault, format!("the server's certificate {reason}"))
}

/// An RSA key under 2048 bits, whose signatures are not even tried.
fn has_short_key(der: &[u8]) -> bool {
    const LEAST: usize = 2048;
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(key)) if key.key_size() < LEAST)
}

fn is_self_signed(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, it)| it.subject().as_raw() == it.issuer().as_raw())
}

fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = expected.to_str();
    // webpki presents names as `DnsName("a.example")` and `IpAddress(192.0.2.1)`.
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        printable(inner.trim_matches('"'))
    };
    let names: Vec<String> = presented.iter().take(MAX_NAMES).map(|name| format!("`{}`", bare(name))).collect();
    let more =
        if presented.len() > MAX_NAMES { format!(" and {} more", presented.len() - MAX_NAMES) } else { String::new() };
    match names.as_slice() {
        [] => format!("the server's certificate names no host, so not `{expected}`"),
        _ => format!("the server's certificate is for {}{more}, not `{expected}`", names.join(", ")),
    }
}

fn date(at: UnixTime) -> String {
    let timestamp = i64::try_from(at.as_secs()).ok().and_then(|second| Timestamp::from_second(second).ok());
    timestamp.map_or_else(|| "an unknown date".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_plain_and_safe() {
        #[track_caller]
        fn check(error: Error, trouble: Trouble, reason: &str) {
            let got = explain(&io::Error::new(io::ErrorKind::InvalidData, error), None);
            assert_eq!((got.trouble, got.reason.as_str()), (trouble, reason));
        }
        let at = |second| UnixTime::since_unix_epoch(std::time::Duration::from_secs(second));
        let expired = CertificateError::ExpiredContext { time: at(1_800_000_000), not_after: at(1_704_067_200) };
        check(expired.into(), Trouble::TlsCertificateError, "the server's certificate expired on 2024-01-01");
        let far = CertificateError::ExpiredContext { time: at(0), not_after: at(u64::MAX) };
        check(far.into(), Trouble::TlsCertificateError, "the server's certificate expired on an unknown date");
        let name = |presented: &[&str]| CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("y.example").unwrap(),
            presented: presented.iter().map(|name| (*name).to_owned()).collect(),
        };
        check(
            name(&["DnsName(\"x.example\")", "DnsName(\"b\u{1b}\")", "IpAddress(1.2.3.4)", "a", "b"]).into(),
            Trouble::TlsCertificateError,
            "the server's certificate is for `x.example`, `b`, `1.2.3.4` and 2 more, not `y.example`",
        );
        check(
            name(&[]).into(),
            Trouble::TlsCertificateError,
            "the server's certificate names no host, so not `y.example`",
        );
        check(
            Error::AlertReceived(AlertDescription::HandshakeFailure),
            Trouble::TlsAlertReceived,
            "the server ended the TLS handshake with alert `HandshakeFailure`",
        );
        check(
            Error::AlertReceived(AlertDescription::ProtocolVersion),
            Trouble::TlsAlertReceived,
            "the server speaks no TLS 1.2 or 1.3",
        );
        check(
            PeerIncompatible::ServerDoesNotSupportTls12Or13.into(),
            Trouble::TlsProtocolError,
            "the server speaks no TLS 1.2 or 1.3",
        );
    }

    #[test]
    fn broken_connections_are_not_blamed_on_certificates() {
        let told = explain(&io::ErrorKind::UnexpectedEof.into(), None);
        assert_eq!((told.trouble, told.fault), (Trouble::ConnectionTerminated, TlsFault::Closed));
        assert!(told.reason.contains("closed"), "{}", told.reason);
        let told = explain(&io::ErrorKind::ConnectionReset.into(), None);
        assert_eq!((told.trouble, told.fault), (Trouble::ConnectionTerminated, TlsFault::Reset));
    }
}
