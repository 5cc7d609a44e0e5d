//! How a client ended a TLS connection: an alert, a reset, a close, and which of them say "I do not accept this certificate".

use std::error::Error;
use std::io;

use rustls::AlertDescription;

use super::learnt::Rejection;
use crate::exchange::{TlsFault, Trouble};

/// An ending, in the words of the record, and as an observation of pinning where it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientEnding {
    pub trouble: Trouble,
    pub fault: Option<TlsFault>,
    pub rejection: Option<Rejection>,
}

impl ClientEnding {
    pub fn of(trouble: Trouble) -> Self {
        Self { trouble, fault: None, rejection: None }
    }
}

impl From<Rejection> for ClientEnding {
    fn from(rejection: Rejection) -> Self {
        Self { trouble: rejection.trouble(), fault: rejection.fault(), rejection: Some(rejection) }
    }
}

/// How a client ended the handshake.
pub fn within_handshake(error: &io::Error) -> ClientEnding {
    if let Some(alert) = alert_in(error) {
        return match (alert, certificate_alert(alert)) {
            (AlertDescription::EncryptedClientHelloRequired, _) => Rejection::Ech.into(),
            (_, Some(fault)) => Rejection::Alert(fault).into(),
            (_, None) => {
                ClientEnding { fault: Some(TlsFault::OtherAlert), ..ClientEnding::of(Trouble::TlsAlertReceived) }
            }
        };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Rejection::FinBeforeFinished.into(),
        kind if is_reset(kind) => Rejection::Reset.into(),
        _ => ClientEnding::of(Trouble::TlsProtocolError),
    }
}

/// How a client ended after the handshake and before its first byte. `quick`: so soon that it can only be the certificate.
/// `unread`: it was sent tickets, so that closing without reading them is a reset on the wire (RFC 1122 section 4.2.2.13).
/// `None`: it tells nothing.
pub fn after_handshake(error: Option<&(dyn Error + 'static)>, quick: bool, unread: bool) -> Option<ClientEnding> {
    let alert = error.and_then(alert_in);
    match (alert, certificate_alert(alert.unwrap_or(AlertDescription::CloseNotify))) {
        (Some(AlertDescription::EncryptedClientHelloRequired), _) => Some(Rejection::Ech.into()),
        (Some(_), Some(fault)) => Some(Rejection::LateAlert(fault).into()),
        (Some(_), None) => Some(Rejection::LateAlert(TlsFault::OtherAlert).into()),
        (None, _) if !quick => None,
        (None, _) if !unread && error.and_then(io_kind_in).is_some_and(is_reset) => Some(Rejection::Reset.into()),
        (None, _) => Some(Rejection::SilentClose.into()),
    }
}

fn is_reset(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted)
}

/// Alerts that say "I do not accept this certificate" (RFC 8446 section 6.2).
fn certificate_alert(alert: AlertDescription) -> Option<TlsFault> {
    use AlertDescription as Alert;
    Some(match alert {
        Alert::UnknownCA => TlsFault::UnknownCa,
        Alert::CertificateUnknown => TlsFault::CertificateUnknown,
        Alert::BadCertificate => TlsFault::BadCertificate,
        Alert::CertificateExpired => TlsFault::CertificateExpired,
        Alert::CertificateRevoked => TlsFault::CertificateRevoked,
        Alert::UnsupportedCertificate => TlsFault::UnsupportedCertificate,
        _ => return None,
    })
}

/// The TLS alert at the bottom of an error, if there is one.
fn alert_in(error: &(dyn Error + 'static)) -> Option<AlertDescription> {
    causes(error).find_map(|cause| match cause.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::AlertReceived(alert)) => Some(*alert),
        _ => None,
    })
}

fn io_kind_in(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// An error and what it was made from. `io::Error::source` leaves out the error inside of it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(alert: AlertDescription) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, rustls::Error::AlertReceived(alert))
    }

    #[test]
    fn endings_of_a_handshake_are_told_apart() {
        let check = |error: io::Error, trouble, fault, rejects| {
            let got = within_handshake(&error);
            assert_eq!((got.trouble, got.fault, got.rejection.is_some()), (trouble, fault, rejects), "{error}");
        };
        use AlertDescription as Alert;
        let rejected = Trouble::CertificateRejected;
        check(alert(Alert::UnknownCA), rejected, Some(TlsFault::UnknownCa), true);
        check(alert(Alert::CertificateUnknown), rejected, Some(TlsFault::CertificateUnknown), true);
        check(alert(Alert::BadCertificate), rejected, Some(TlsFault::BadCertificate), true);
        check(alert(Alert::CertificateExpired), rejected, Some(TlsFault::CertificateExpired), true);
        check(alert(Alert::HandshakeFailure), Trouble::TlsAlertReceived, Some(TlsFault::OtherAlert), false);
        check(alert(Alert::EncryptedClientHelloRequired), Trouble::Ech, Some(TlsFault::EchRequired), true);
        check(io::ErrorKind::UnexpectedEof.into(), Trouble::FinBeforeFinished, None, true);
        check(io::ErrorKind::ConnectionReset.into(), Trouble::Reset, None, true);
        check(io::ErrorKind::InvalidData.into(), Trouble::TlsProtocolError, None, false);
    }

    #[test]
    fn only_what_comes_quickly_after_it_tells_anything() {
        let late = alert(AlertDescription::UnknownCA);
        assert_eq!(after_handshake(Some(&late), false, true), Some(Rejection::LateAlert(TlsFault::UnknownCa).into()));
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        assert_eq!(after_handshake(Some(&reset), true, false), Some(Rejection::Reset.into()));
        assert_eq!(after_handshake(Some(&reset), true, true), Some(Rejection::SilentClose.into()));
        assert_eq!(after_handshake(Some(&reset), false, false), None);
        assert_eq!(after_handshake(None, true, true), Some(Rejection::SilentClose.into()));
        assert_eq!(after_handshake(None, false, true), None);
    }
}
