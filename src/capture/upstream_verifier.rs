//! The verifier of servers' certificates, watched: what it refused is kept for the record, and configured exceptions hold.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::crypto::provider;
use super::host::LeafName;
use super::host_suffix::HostSuffix;
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
}

impl Watched {
    pub fn new(inner: Arc<dyn ServerCertVerifier>, exceptions: Arc<[HostSuffix]>) -> Self {
        Self { inner, exceptions }
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
