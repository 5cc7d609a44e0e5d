//! The authority's birth: a pair of files that appears whole or not at all, whoever races or crashes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber,
};

use super::ca::{CERTIFICATE, CaError, KEY, exists, io_error, parse};

const LOCK: &str = "ca.lock";

/// How far certificates reach back, for clients whose clock is slow.
pub(super) const BACKDATE: SignedDuration = SignedDuration::from_hours(24);
/// About five years.
const VALIDITY: SignedDuration = SignedDuration::from_hours(24 * 5 * 365);

/// Makes the pair in `dir`, or finishes what a crash left behind.
///
/// Both files are written whole under other names, then linked: first the certificate, then the key. A link never
/// replaces a file, and a lock lets one process at a time do this. After a crash between the links the key still lies
/// under its other name and belongs to the certificate, so the next start links it.
pub(super) fn complete(dir: &Path, now: Timestamp) -> Result<(), CaError> {
    let lock_path = dir.join(LOCK);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock_path);
    // Held until this function returns.
    let _lock = lock.and_then(|file| file.lock().map(|()| file)).map_err(|e| io_error("lock", &lock_path, e))?;

    let (certificate, key) = (dir.join(CERTIFICATE), dir.join(KEY));
    let (new_certificate, new_key) = (dir.join("ca.pem.new"), dir.join("ca.key.new"));
    match (exists(&certificate)?, exists(&key)?) {
        (true, true) => {}
        (false, true) => return Err(CaError::HalfPair { present: key, missing: certificate }),
        (true, false) if parse(&certificate, &new_key).is_ok() => publish(&new_key, &key)?,
        (true, false) => return Err(CaError::HalfPair { present: certificate, missing: key }),
        (false, false) => {
            let (pem, key_pem) = generate(now).map_err(|e| CaError::Generate(e.to_string()))?;
            write_new(&new_key, key_pem.as_bytes(), 0o600)?;
            write_new(&new_certificate, pem.as_bytes(), 0o644)?;
            sync_dir(dir)?;
            publish(&new_certificate, &certificate)?;
            sync_dir(dir)?;
            publish(&new_key, &key)?;
        }
    }
    remove_if_there(&new_certificate)?;
    remove_if_there(&new_key)?;
    sync_dir(dir)
}

/// A new pair as PEM: certificate, key.
fn generate(now: Timestamp) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let [a, b, c] = random_bytes()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Landfall CA {a:02x}{b:02x}{c:02x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(random_serial()?);
    set_validity(&mut params, now - BACKDATE, now + VALIDITY);
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// A positive serial of 128 random bits (RFC 5280 section 4.1.2.2 allows 160).
pub(super) fn random_serial() -> Result<SerialNumber, rcgen::Error> {
    Ok(SerialNumber::from_slice(&random_bytes::<16>()?))
}

fn random_bytes<const N: usize>() -> Result<[u8; N], rcgen::Error> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| rcgen::Error::RingUnspecified)?;
    Ok(bytes)
}

/// Sets a certificate's validity to whole seconds; times before 1970 count as 1970.
pub(super) fn set_validity(params: &mut CertificateParams, not_before: Timestamp, not_after: Timestamp) {
    let since_epoch = |at: Timestamp| Duration::from_secs(at.as_second().try_into().unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(not_before);
    params.not_after = epoch + since_epoch(not_after);
}

/// Writes a file that was not there and waits until it is on disk. The caller holds the lock, so that a leftover of the
/// same name is nobody's.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), CaError> {
    remove_if_there(path)?;
    let write = || {
        let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|e| io_error("write", path, e))
}

/// Gives a finished file its name; fails when the name is taken.
fn publish(from: &Path, to: &Path) -> Result<(), CaError> {
    fs::hard_link(from, to).map_err(|e| io_error("create", to, e))
}

fn remove_if_there(path: &Path) -> Result<(), CaError> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path, e)),
        _ => Ok(()),
    }
}

fn sync_dir(dir: &Path) -> Result<(), CaError> {
    File::open(dir).and_then(|handle| handle.sync_all()).map_err(|e| io_error("sync", dir, e))
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::super::Ca;
    use super::*;

    #[test]
    fn racing_starts_agree_on_one_pair() {
        let dir = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(8);
        let open = || {
            barrier.wait();
            Ca::open_or_create(dir.path(), Timestamp::now()).unwrap().fingerprint_sha256()
        };
        let prints: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(prints.iter().all(|print| *print == prints[0]));
    }

    #[test]
    fn a_crash_between_the_links_is_finished_by_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let before = Ca::open_or_create(dir.path(), Timestamp::now()).unwrap();
        fs::rename(dir.path().join(KEY), dir.path().join("ca.key.new")).unwrap();
        let after = Ca::open_or_create(dir.path(), Timestamp::now()).unwrap();
        assert_eq!(after.fingerprint_sha256(), before.fingerprint_sha256());
        assert!(!dir.path().join("ca.key.new").exists());
    }

    #[test]
    fn a_crash_before_the_links_leaves_nothing_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ca.key.new"), b"half").unwrap();
        fs::write(dir.path().join("ca.pem.new"), b"ha").unwrap();
        Ca::open_or_create(dir.path(), Timestamp::now()).unwrap();
    }

    #[test]
    fn half_a_pair_is_never_completed_with_another_half() {
        for lost in [KEY, CERTIFICATE] {
            let dir = tempfile::tempdir().unwrap();
            Ca::open_or_create(dir.path(), Timestamp::now()).unwrap();
            fs::remove_file(dir.path().join(lost)).unwrap();
            let error = Ca::open_or_create(dir.path(), Timestamp::now()).unwrap_err();
            assert!(matches!(error, CaError::HalfPair { .. }), "{error}");
            assert!(!dir.path().join(lost).exists());
        }
    }
}
