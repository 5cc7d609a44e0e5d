//! Landfall's own certificate authority: one pair of files in the data directory, made once and never overwritten.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::{Issuer, KeyPair, PublicKeyData};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::ca_create;
use super::crypto::sha256_hex;

/// Names of the pair inside the data directory.
/// The certificate's file in the data directory.
pub const CERTIFICATE: &str = "ca.pem";
pub(super) const KEY: &str = "ca.key";
/// A PEM file of ours is well under this; a bigger file is not one.
const MAX_FILE: u64 = 64 * 1024;

/// Why there is no authority to sign with.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("there is no certificate authority in `{}`; `landfall run` makes one", .0.display())]
    Missing(PathBuf),
    #[error("`{}` is there but `{}` is not; restore it, or remove the other to make a new authority", present.display(), missing.display())]
    HalfPair { present: PathBuf, missing: PathBuf },
    #[error("the private key `{}` has mode {mode:04o}, so that others may use it; run `chmod 600 {}`", path.display(), path.display())]
    LooseMode { path: PathBuf, mode: u32 },
    #[error("`{}` is not {expected}; restore it, or remove `ca.pem` and `ca.key` to make a new authority", path.display())]
    Malformed { path: PathBuf, expected: &'static str },
    #[error("the key `{}` does not belong to the certificate beside it; restore the pair, or remove both to make a new one", .0.display())]
    Mismatch(PathBuf),
    #[error("the certificate authority `{}` expired at {not_after}; remove `ca.pem` and `ca.key` to make a new one", path.display())]
    Expired { path: PathBuf, not_after: Timestamp },
    #[error("cannot make a certificate authority: {0}")]
    Generate(String),
}

/// A loaded authority. Its key signs leaves and nothing else.
pub struct Ca {
    pem: String,
    der: CertificateDer<'static>,
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    key_identifier: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// The authority in `dir`; makes one (and `dir`) when there is none. `now` dates a new one and must lie within the
    /// validity of an old one.
    pub fn open_or_create(dir: &Path, now: Timestamp) -> Result<Self, CaError> {
        fs::create_dir_all(dir).map_err(|e| io_error("create directory", dir, e))?;
        if !(exists(&dir.join(CERTIFICATE))? && exists(&dir.join(KEY))?) {
            ca_create::complete(dir, now)?;
        }
        let ca = Self::open(dir)?;
        if ca.not_after <= now {
            return Err(CaError::Expired { path: dir.join(CERTIFICATE), not_after: ca.not_after });
        }
        Ok(ca)
    }

    /// The authority in `dir`, which must be there. Expiry is not checked: an old one can still be shown.
    pub fn open(dir: &Path) -> Result<Self, CaError> {
        let (certificate, key) = (dir.join(CERTIFICATE), dir.join(KEY));
        match (exists(&certificate)?, exists(&key)?) {
            (true, true) => parse(&certificate, &key),
            (false, false) => Err(CaError::Missing(dir.to_owned())),
            (true, false) => Err(CaError::HalfPair { present: certificate, missing: key }),
            (false, true) => Err(CaError::HalfPair { present: key, missing: certificate }),
        }
    }

    /// The certificate as it stands in its file.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    pub fn certificate_der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// SHA-256 of the certificate as people compare it: `AB:CD:…`.
    pub fn fingerprint_sha256(&self) -> String {
        let hex = sha256_hex(&self.der).to_uppercase();
        let pairs: Vec<&str> = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]).collect();
        pairs.join(":")
    }

    /// Subject as text, `CN=Landfall CA 3f9a1c`.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The subject key identifier in the certificate.
    pub fn key_identifier(&self) -> &[u8] {
        &self.key_identifier
    }

    pub(super) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ca").field("subject", &self.subject).field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

/// Reads and checks a pair: the key is private and signs for the certificate, and the certificate is an authority.
pub(super) fn parse(certificate: &Path, key: &Path) -> Result<Ca, CaError> {
    let malformed = |path: &Path, expected| CaError::Malformed { path: path.to_owned(), expected };
    let key_pair = KeyPair::from_pem(&read(key, true)?).map_err(|_| malformed(key, "a PKCS#8 private key in PEM"))?;
    let pem = read(certificate, false)?;

    let not_certificate = || malformed(certificate, "an X.509 certificate in PEM");
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| not_certificate())?;
    let (_, x509) = X509Certificate::from_der(&der).map_err(|_| not_certificate())?;
    if x509.public_key().raw != key_pair.subject_public_key_info() {
        return Err(CaError::Mismatch(key.to_owned()));
    }
    let key_identifier = x509.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    let Some(key_identifier) = key_identifier.filter(|_| x509.is_ca()) else {
        return Err(malformed(certificate, "the certificate of an authority with a subject key identifier"));
    };
    let time = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).map_err(|_| not_certificate());
    let (not_before, not_after) = (time(x509.validity().not_before)?, time(x509.validity().not_after)?);
    let subject = x509.subject().to_string();
    let issuer = Issuer::from_ca_cert_der(&der, key_pair).map_err(|_| not_certificate())?;
    Ok(Ca { pem, subject, not_before, not_after, key_identifier, issuer, der })
}

/// A file's text; a private one must be readable by its owner alone. The mode is that of the very file read.
fn read(path: &Path, private: bool) -> Result<String, CaError> {
    let file = File::open(path).map_err(|e| io_error("read", path, e))?;
    let mode = file.metadata().map_err(|e| io_error("read", path, e))?.permissions().mode() & 0o7777;
    if private && mode & 0o077 != 0 {
        return Err(CaError::LooseMode { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|e| match e.kind() {
        io::ErrorKind::InvalidData => CaError::Malformed { path: path.to_owned(), expected: "text in PEM" },
        _ => io_error("read", path, e),
    })?;
    Ok(text)
}

pub(super) fn exists(path: &Path) -> Result<bool, CaError> {
    path.try_exists().map_err(|e| io_error("look for", path, e))
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> CaError {
    CaError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::now()
    }

    fn fresh() -> (tempfile::TempDir, Ca) {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::open_or_create(dir.path(), now()).unwrap();
        (dir, ca)
    }

    #[test]
    fn a_new_authority_is_narrow_and_private() {
        let (dir, ca) = fresh();
        let (_, x509) = X509Certificate::from_der(ca.certificate_der()).unwrap();
        let constraints = x509.basic_constraints().unwrap().unwrap();
        assert!(constraints.critical && constraints.value.ca);
        assert_eq!(constraints.value.path_len_constraint, Some(0));
        let usage = x509.key_usage().unwrap().unwrap().value;
        assert!(usage.key_cert_sign() && usage.crl_sign());
        assert_eq!(usage.flags, 0b110_0000, "nothing else");
        assert!(ca.subject().contains("CN=Landfall CA "), "{}", ca.subject());
        assert!(ca.not_before() < now() && ca.not_after() > now());
        assert!(!ca.key_identifier().is_empty());
        x509.verify_signature(None).expect("signed by itself");

        let mode = |name| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(KEY), 0o600);
        let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["ca.key", "ca.lock", "ca.pem"]);
        assert!(fs::read_to_string(dir.path().join(KEY)).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    }

    #[test]
    fn it_stays_the_same_and_differs_from_others() {
        let (dir, ca) = fresh();
        let again = Ca::open_or_create(dir.path(), now()).unwrap();
        assert_eq!(again.fingerprint_sha256(), ca.fingerprint_sha256());
        assert_eq!(Ca::open(dir.path()).unwrap().certificate_pem(), ca.certificate_pem());
        let (_other_dir, other) = fresh();
        assert_ne!(other.subject(), ca.subject());
        assert_ne!(other.key_identifier(), ca.key_identifier());
    }

    #[test]
    fn fingerprints_read_as_people_compare_them() {
        let (_dir, ca) = fresh();
        let fingerprint = ca.fingerprint_sha256();
        assert_eq!(fingerprint.len(), 32 * 3 - 1);
        assert!(fingerprint.split(':').all(|pair| pair.len() == 2 && pair == pair.to_uppercase()));
    }

    #[test]
    fn a_key_others_can_read_is_refused() {
        let (dir, _) = fresh();
        let key = dir.path().join(KEY);
        for mode in [0o640, 0o604, 0o601, 0o660, 0o666] {
            fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            let error = Ca::open_or_create(dir.path(), now()).unwrap_err();
            assert!(matches!(error, CaError::LooseMode { .. }), "{mode:o}: {error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&key, Permissions::from_mode(0o400)).unwrap();
        Ca::open_or_create(dir.path(), now()).expect("tighter is fine");
    }

    #[test]
    fn pairs_that_are_damaged_mixed_or_old_are_refused() {
        let (dir, ca) = fresh();
        let (other, _) = fresh();
        let (certificate, key) = (dir.path().join(CERTIFICATE), dir.path().join(KEY));
        let good_key = fs::read(&key).unwrap();

        fs::write(&key, fs::read(other.path().join(KEY)).unwrap()).unwrap();
        assert!(matches!(Ca::open(dir.path()), Err(CaError::Mismatch(_))));
        fs::write(&key, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(matches!(Ca::open(dir.path()), Err(CaError::Malformed { .. })));
        fs::write(&key, b"\xff\xfe").unwrap();
        assert!(matches!(Ca::open(dir.path()), Err(CaError::Malformed { .. })));
        fs::write(&key, good_key).unwrap();
        fs::write(&certificate, b"").unwrap();
        assert!(matches!(Ca::open_or_create(dir.path(), now()), Err(CaError::Malformed { .. })));
        fs::write(&certificate, ca.certificate_pem()).unwrap();

        let late = ca.not_after();
        assert!(matches!(Ca::open_or_create(dir.path(), late), Err(CaError::Expired { .. })));
        Ca::open(dir.path()).expect("an old one can still be shown");
        assert!(matches!(Ca::open(&dir.path().join("none")), Err(CaError::Missing(_))));
    }
}
