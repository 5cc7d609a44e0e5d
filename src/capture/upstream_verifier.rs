//! The verifier of servers' certificates, watched: what it refused is kept for the record, and configured exceptions hold.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use x509_parser::prelude::{FromDer, X509Certificate};

use super::crypto::provider;
use super::host::LeafName;
use super::host_suffix::HostSuffix;
use super::roots::ExtraRoots;
use super::tls_trouble;
use crate::exchange::TlsFault;

/// What one handshake met on its way.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The server asked for a client certificate.
    pub asked: bool,
    /// The certificate that does not hold (DER).
    pub refused: Option<Vec<u8>>,
    /// What an exception let pass.
    pub excused: Option<TlsFault>,
}

tokio::task_local! {
    /// Of the handshake running in this task. It lives beside the configuration, not in it: sessions are resumed only under
    /// one and the same verifier and certificate resolver.
    static SEEN: RefCell<Seen>;
}

/// Runs a handshake, and tells what it met.
pub(super) async fn watched<F: Future>(handshake: F) -> (F::Output, Seen) {
    let watch = async {
        let result = handshake.await;
        (result, SEEN.with(RefCell::take))
    };
    SEEN.scope(RefCell::default(), watch).await
}

impl Seen {
    /// A client certificate was asked for.
    pub fn ask() {
        Self::note(|seen| seen.asked = true);
    }

    fn note(change: impl FnOnce(&mut Self)) {
        // Outside a handshake of ours there is nobody to tell.
        SEEN.try_with(|seen| change(&mut seen.borrow_mut())).ok();
    }
}

/// The verifier in force.
#[derive(Debug)]
pub(super) struct Watched {
    inner: Arc<dyn ServerCertVerifier>,
    exceptions: Arc<[HostSuffix]>,
    /// What the operator named as trusted.
    named: ExtraRoots,
}

impl Watched {
    pub fn new(inner: Arc<dyn ServerCertVerifier>, exceptions: Arc<[HostSuffix]>, named: ExtraRoots) -> Self {
        Self { inner, exceptions, named }
    }

    /// Whether it is the very certificate that the operator named, for this name, and in its time. Self-signed ones are often
    /// authorities by mistake, which webpki refuses as a server's own; named as such, there is nothing left to vouch for.
    fn is_named(&self, end_entity: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> bool {
        let in_time = || {
            let (_, certificate) = X509Certificate::from_der(end_entity).ok()?;
            let (validity, now) = (certificate.validity(), i64::try_from(now.as_secs()).ok()?);
            Some((validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now))
        };
        let for_name = || {
            let parsed = ParsedCertificate::try_from(end_entity).ok()?;
            verify_server_name(&parsed, name).ok()
        };
        self.named.contains(end_entity) && for_name().is_some() && in_time() == Some(true)
    }

    fn is_excepted(&self, name: &ServerName<'_>) -> bool {
        LeafName::parse(&name.to_str()).is_ok_and(|name| self.exceptions.iter().any(|suffix| suffix.covers(&name)))
    }
}

impl ServerCertVerifier for Watched {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let error = match self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Ok(verified) => return Ok(verified),
            Err(error) => error,
        };
        let as_authority = tls_trouble::fault(&error, Some(end_entity)) == TlsFault::SelfSigned;
        if as_authority && self.is_named(end_entity, server_name, now) {
            return Ok(ServerCertVerified::assertion());
        }
        if self.is_excepted(server_name) {
            let fault = tls_trouble::fault(&error, Some(end_entity));
            Seen::note(|seen| seen.excused = Some(fault));
            return Ok(ServerCertVerified::assertion());
        }
        Seen::note(|seen| seen.refused = Some(end_entity.to_vec()));
        Err(error)
    }

    // That the server has the key is checked always, by the provider's own algorithms: an exception is for the certificate.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified =
            verify_tls12_signature(message, certificate, signed, &provider().signature_verification_algorithms);
        verified.inspect_err(|_| Seen::note(|seen| seen.refused = Some(certificate.to_vec())))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verified =
            verify_tls13_signature(message, certificate, signed, &provider().signature_verification_algorithms);
        verified.inspect_err(|_| Seen::note(|seen| seen.refused = Some(certificate.to_vec())))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
