//! TLS alerts of Landfall's own, sent instead of a handshake: before it, an alert goes in the clear (RFC 8446 section 6).

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::exchange::TlsFault;

const BAD_CERTIFICATE: u8 = 42;
const CERTIFICATE_REVOKED: u8 = 44;
const CERTIFICATE_EXPIRED: u8 = 45;
const UNKNOWN_CA: u8 = 48;
pub const ACCESS_DENIED: u8 = 49;
const PROTOCOL_VERSION: u8 = 70;
const INTERNAL_ERROR: u8 = 80;
const HANDSHAKE_FAILURE: u8 = 40;
const UNRECOGNISED_NAME: u8 = 112;
const NO_APPLICATION_PROTOCOL: u8 = 120;
const CERTIFICATE_REQUIRED: u8 = 116;

/// The alert that tells a client what Landfall met at the server.
pub fn mirroring(fault: Option<TlsFault>) -> u8 {
    use TlsFault as Fault;
    match fault {
        Some(Fault::Expired | Fault::NotYetValid) => CERTIFICATE_EXPIRED,
        Some(Fault::SelfSigned | Fault::UnknownIssuer) => UNKNOWN_CA,
        Some(Fault::Revoked) => CERTIFICATE_REVOKED,
        Some(
            Fault::WrongName
            | Fault::WrongPurpose
            | Fault::BadSignature
            | Fault::WeakCertificate
            | Fault::MalformedCertificate
            | Fault::NoCertificate
            | Fault::UnacceptableCertificate,
        ) => BAD_CERTIFICATE,
        Some(Fault::ProtocolVersion) => PROTOCOL_VERSION,
        Some(Fault::NoApplicationProtocol) => NO_APPLICATION_PROTOCOL,
        Some(Fault::UnrecognisedName) => UNRECOGNISED_NAME,
        Some(Fault::ClientCertificateRequired) => CERTIFICATE_REQUIRED,
        Some(Fault::CipherSuite | Fault::HandshakeFailure | Fault::OtherAlert) => HANDSHAKE_FAILURE,
        _ => INTERNAL_ERROR,
    }
}

/// Send a fatal alert in place of a ServerHello, and close.
pub async fn send<S: AsyncWrite + Unpin>(stream: &mut S, alert: u8) {
    const FATAL: u8 = 2;
    let record = [0x15, 3, 3, 0, 2, FATAL, alert];
    let sent = async {
        stream.write_all(&record).await?;
        stream.shutdown().await
    };
    if let Err(error) = sent.await {
        tracing::debug!(%error, "a client left before it was told why");
    }
}
