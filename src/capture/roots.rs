//! Whom Landfall trusts upstream: the platform's roots, and those the operator adds.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use rustls_platform_verifier::Verifier;

use super::crypto::provider;

/// Why `--upstream-ca` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    #[error("cannot read the upstream authorities `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not a PEM file of certificates: {reason}", path.display())]
    Pem { path: PathBuf, reason: String },
    #[error("`{}` holds no certificate; it should hold one or more in PEM (`-----BEGIN CERTIFICATE-----`)", .0.display())]
    Empty(PathBuf),
    #[error("a certificate of `--upstream-ca` cannot be trusted as an authority: {0}")]
    Unusable(String),
}

/// The operator's own authorities, read from `--upstream-ca` files.
#[derive(Debug, Clone, Default)]
pub struct ExtraRoots(Vec<CertificateDer<'static>>);

impl ExtraRoots {
    /// Every certificate of every file. A file that cannot be read, or holds none, is an error.
    pub fn read<P: AsRef<Path>>(files: &[P]) -> Result<Self, RootsError> {
        let mut roots = Vec::new();
        for path in files.iter().map(AsRef::as_ref) {
            let pem = fs::read(path).map_err(|source| RootsError::Read { path: path.to_owned(), source })?;
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                let reason = |e: rustls_pki_types::pem::Error| e.to_string();
                roots.push(certificate.map_err(|e| RootsError::Pem { path: path.to_owned(), reason: reason(e) })?);
            }
            if roots.len() == before {
                return Err(RootsError::Empty(path.to_owned()));
            }
        }
        Ok(Self(roots))
    }
}

impl ExtraRoots {
    pub(super) fn contains(&self, certificate: &CertificateDer<'_>) -> bool {
        self.0.iter().any(|root| root.as_ref() == certificate.as_ref())
    }
}

impl FromIterator<CertificateDer<'static>> for ExtraRoots {
    fn from_iter<I: IntoIterator<Item = CertificateDer<'static>>>(certificates: I) -> Self {
        Self(certificates.into_iter().collect())
    }
}

/// The verifier, and a warning for the operator when the platform trusts nobody.
pub(super) fn verifier(extra: &ExtraRoots) -> Result<(Arc<dyn ServerCertVerifier>, Option<String>), RootsError> {
    let unusable = |e: &dyn std::fmt::Display| RootsError::Unusable(e.to_string());
    let mut store = RootCertStore::empty();
    for certificate in &extra.0 {
        store.add(certificate.clone()).map_err(|e| unusable(&e))?;
    }
    let missing = match Verifier::new(provider()) {
        Ok(_) => match Verifier::new_with_extra_roots(extra.0.iter().cloned(), provider()) {
            Ok(verifier) => return Ok((Arc::new(verifier), None)),
            Err(error) => error,
        },
        Err(error) => error,
    };
    if store.is_empty() {
        let warning = format!(
            "the platform has no trusted roots ({missing}): every upstream certificate will be refused; install `ca-certificates` or name roots with `--upstream-ca`"
        );
        return Ok((Arc::new(TrustNobody), Some(warning)));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build();
    let warning = format!("the platform has no trusted roots ({missing}): only those of `--upstream-ca` are trusted");
    Ok((verifier.map_err(|e| unusable(&e))?, Some(warning)))
}

/// Stands in where there is no root at all, so that plain HTTP still works and TLS fails with its true reason.
#[derive(Debug)]
struct TrustNobody;

impl ServerCertVerifier for TrustNobody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        rcgen::generate_simple_self_signed(["root.example".to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn files_hold_one_certificate_or_more() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one.pem"), dir.path().join("two.pem"));
        fs::write(&one, pem()).unwrap();
        fs::write(&two, format!("a comment\n{}{}", pem(), pem())).unwrap();
        assert_eq!(ExtraRoots::read(&[&one, &two]).unwrap().0.len(), 3);
        verifier(&ExtraRoots::read(&[&one, &two]).unwrap()).unwrap();
    }

    #[test]
    fn files_that_hold_none_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.pem");
        let read = |content: &str| {
            fs::write(&path, content).unwrap();
            ExtraRoots::read(&[&path]).unwrap_err()
        };
        assert!(matches!(read(""), RootsError::Empty(_)));
        assert!(matches!(read("hello"), RootsError::Empty(_)));
        assert!(matches!(read("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"), RootsError::Pem { .. }));
        assert!(matches!(ExtraRoots::read(&[dir.path().join("none")]), Err(RootsError::Read { .. })));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(verifier(&ExtraRoots::read(&[&path]).unwrap()), Err(RootsError::Unusable(_))));
    }
}
