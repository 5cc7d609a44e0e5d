//! Certificates that Landfall shows to servers that want one, by host.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::crypto::provider;
use super::host_suffix::HostSuffix;

/// A certificate for some hosts.
pub struct ClientCertificate {
    pub host: HostSuffix,
    pub(super) key: Arc<CertifiedKey>,
}

impl std::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientCertificate").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Why a client certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ClientCertificateError {
    #[error("cannot read `{}` for the client certificate: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` holds no {what} in PEM: {reason}", path.display())]
    Pem { path: PathBuf, what: &'static str, reason: String },
    #[error("the client certificate `{}` and its key do not fit: {reason}", path.display())]
    Unfit { path: PathBuf, reason: String },
}

impl ClientCertificate {
    /// Reads the chain, the end entity first, and its key: PEM, in two files or in one.
    pub fn read(host: HostSuffix, certificate: &Path, key: &Path) -> Result<Self, ClientCertificateError> {
        type E = ClientCertificateError;
        let read = |path: &Path| fs::read(path).map_err(|source| E::Read { path: path.to_owned(), source });
        let pem = |path: &Path, what, reason: String| E::Pem { path: path.to_owned(), what, reason };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(certificate)?).collect();
        let chain = chain.map_err(|error| pem(certificate, "certificate", error.to_string()))?;
        if chain.is_empty() {
            return Err(pem(certificate, "certificate", "there is no `-----BEGIN CERTIFICATE-----`".to_owned()));
        }
        let der = PrivateKeyDer::from_pem_slice(&read(key)?);
        let der = der.map_err(|error| pem(key, "private key", error.to_string()))?;
        let unfit = |error: rustls::Error| E::Unfit { path: certificate.to_owned(), reason: error.to_string() };
        let key = CertifiedKey::from_der(chain, der, &provider()).map_err(unfit)?;
        Ok(Self { host, key: Arc::new(key) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_and_its_key_are_read_and_must_fit() {
        let dir = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["client".to_owned()]).unwrap();
        let write = |name: &str, text: String| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let both = write("both.pem", made.cert.pem() + &made.signing_key.serialize_pem());
        let certificate = write("cert.pem", made.cert.pem());
        let stranger = write("other.key", other.signing_key.serialize_pem());
        let host = || "a.example".parse::<HostSuffix>().unwrap();
        ClientCertificate::read(host(), &both, &both).unwrap();
        let read = |certificate: &Path, key: &Path| ClientCertificate::read(host(), certificate, key).unwrap_err();
        assert!(matches!(read(&certificate, &stranger), ClientCertificateError::Unfit { .. }));
        assert!(matches!(read(&stranger, &stranger), ClientCertificateError::Pem { what: "certificate", .. }));
        assert!(matches!(read(&certificate, &certificate), ClientCertificateError::Pem { what: "private key", .. }));
        assert!(matches!(read(&dir.path().join("none"), &both), ClientCertificateError::Read { .. }));
    }
}
