//! Failed upstream handshakes in plain English, and as the closed set that events and metrics carry.

use std::io;

use jiff::Timestamp;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use rustls_pki_types::{ServerName, UnixTime};

use super::upstream_certificate::printable;
use crate::exchange::Trouble;

/// Names of a certificate that are told when the one wanted is not among them.
const MAX_NAMES: usize = 3;

/// Explains why a handshake failed, as tokio-rustls reports it.
pub(super) fn explain(error: &io::Error) -> (Trouble, String) {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    if let Some(error) = inner {
        return explain_tls(error);
    }
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection during the TLS handshake",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            "the server reset the connection during the TLS handshake"
        }
        _ => "the connection broke during the TLS handshake",
    };
    (Trouble::ConnectionTerminated, reason.to_owned())
}

fn explain_tls(error: &Error) -> (Trouble, String) {
    match error {
        Error::InvalidCertificate(error) => (Trouble::TlsCertificateError, explain_certificate(error)),
        Error::NoCertificatesPresented => (Trouble::TlsCertificateError, "the server sent no certificate".to_owned()),
        Error::AlertReceived(alert) => (Trouble::TlsAlertReceived, explain_alert(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (Trouble::TlsProtocolError, "the server speaks no TLS 1.2 or 1.3".to_owned()),
        Error::PeerIncompatible(_) => (
            Trouble::TlsProtocolError,
            "the server offers no cipher suite or key exchange that is still safe".to_owned(),
        ),
        Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => {
            (Trouble::TlsProtocolError, "the server's answer is not TLS".to_owned())
        }
        Error::PeerMisbehaved(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            (Trouble::TlsProtocolError, "the server broke the rules of the TLS handshake".to_owned())
        }
        _ => (Trouble::TlsProtocolError, "the TLS handshake failed".to_owned()),
    }
}

fn explain_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::ProtocolVersion => "the server speaks no TLS 1.2 or 1.3".to_owned(),
        AlertDescription::NoApplicationProtocol => {
            "the server speaks none of the protocols the client offered".to_owned()
        }
        AlertDescription::UnrecognisedName => "the server does not know the name the client asked for".to_owned(),
        AlertDescription::CertificateRequired => "the server requires a client certificate".to_owned(),
        // Numbers beyond the known ones are the server's own; only known words are repeated.
        AlertDescription::Unknown(number) => format!("the server ended the TLS handshake with alert {number}"),
        known => format!("the server ended the TLS handshake with alert `{known:?}`"),
    }
}

fn explain_certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::ExpiredContext { not_after, .. } => format!("the server's certificate expired on {}", date(*not_after)),
        E::Expired => "the server's certificate has expired".to_owned(),
        E::NotValidYetContext { not_before, .. } => {
            format!("the server's certificate is valid only from {}", date(*not_before))
        }
        E::NotValidYet => "the server's certificate is not valid yet".to_owned(),
        E::NotValidForNameContext { expected, presented } => wrong_name(expected, presented),
        E::NotValidForName => "the server's certificate is for another name".to_owned(),
        E::UnknownIssuer => "the issuer of the server's certificate is not trusted".to_owned(),
        E::Revoked => "the server's certificate was revoked".to_owned(),
        E::BadSignature => "the signature of the server's certificate is wrong".to_owned(),
        E::BadEncoding => "the server's certificate is malformed".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => "the server's certificate is not for servers".to_owned(),
        E::UnhandledCriticalExtension => "the server's certificate has a critical extension nobody knows".to_owned(),
        E::UnsupportedSignatureAlgorithmContext { .. } | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the server's certificate is signed with an algorithm that is no longer safe".to_owned()
        }
        E::Other(other) => explain_other(&other.to_string()),
        _ => "the server's certificate is not acceptable".to_owned(),
    }
}

/// What reaches us only as text: webpki's rarer errors, and the platform verifier's.
fn explain_other(text: &str) -> String {
    let reason = match text {
        _ if text.contains("CaUsedAsEndEntity") => "is an authority's own, or self-signed as one",
        _ if text.contains("invalid extensions") => "is not for servers",
        _ if text.contains("NameConstraint") => "is for a name its issuer may not vouch for",
        _ => "is not acceptable",
    };
    format!("the server's certificate {reason}")
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
            let got = explain(&io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!(got, (trouble, reason.to_owned()));
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
        let (trouble, reason) = explain(&io::ErrorKind::UnexpectedEof.into());
        assert_eq!(trouble, Trouble::ConnectionTerminated);
        assert!(reason.contains("closed"), "{reason}");
        assert_eq!(explain(&io::ErrorKind::ConnectionReset.into()).0, Trouble::ConnectionTerminated);
    }
}
