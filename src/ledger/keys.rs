//! The two keys of the data directory: `evidence.key` for fingerprints, `subject.key` for the people counted.
//!
//! Each is a file of 64 hex digits, made once, readable by its owner alone. Whoever loses `subject.key` can no longer tell
//! a person already counted from a new one: keep a backup of both.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::LedgerError;
use super::tree::hex;
use crate::detect::{EvidenceKey, Keys, SubjectKey};

/// Generation of both keys until they are rotated.
const FIRST: u32 = 1;

/// File names, in the order made.
pub(super) const EVIDENCE: &str = "evidence.key";
pub(super) const SUBJECT: &str = "subject.key";

/// The keys of a data directory. Makes them where they are missing and `may_create` allows it.
pub(super) fn load(dir: &Path, may_create: bool) -> Result<Keys, LedgerError> {
    Ok(Keys {
        evidence: EvidenceKey::new(FIRST, &secret(&dir.join(EVIDENCE), may_create)?),
        subject: SubjectKey::new(FIRST, &secret(&dir.join(SUBJECT), may_create)?),
    })
}

/// Keys that end with the process.
pub(super) fn ephemeral() -> Result<Keys, LedgerError> {
    let path = Path::new("keys in memory");
    Ok(Keys { evidence: EvidenceKey::new(FIRST, &random(path)?), subject: SubjectKey::new(FIRST, &random(path)?) })
}

fn secret(path: &Path, may_create: bool) -> Result<[u8; 32], LedgerError> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == ErrorKind::NotFound && may_create => create(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(LedgerError::MissingKey { path: path.to_owned() }),
        Err(error) => Err(LedgerError::io(path)(error)),
    }
}

fn read(path: &Path, file: File) -> Result<[u8; 32], LedgerError> {
    let mode = file.metadata().map_err(LedgerError::io(path))?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(LedgerError::LooseKey { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text).map_err(LedgerError::io(path))?;
    parse(text.trim()).ok_or_else(|| LedgerError::BadKey { path: path.to_owned() })
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let mut secret = [0; 32];
    if pairs.len() != secret.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in secret.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(secret)
}

/// Written whole before it gets its name, so that a crash leaves no half key.
fn create(path: &Path) -> Result<[u8; 32], LedgerError> {
    let secret = random(path)?;
    let draft = path.with_extension("key.new");
    let write = || {
        if let Err(error) = std::fs::remove_file(&draft)
            && error.kind() != ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        writeln!(file, "{}", hex(&secret))?;
        file.sync_all()?;
        // Fails where the name is taken, as `rename` would not.
        std::fs::hard_link(&draft, path)?;
        std::fs::remove_file(&draft)
    };
    write().map_err(LedgerError::io(path))?;
    Ok(secret)
}

fn random(path: &Path) -> Result<[u8; 32], LedgerError> {
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret)
        .map_err(|_| LedgerError::io(path)(std::io::Error::other("no randomness from the system")))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_once_and_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let tag = |keys: &Keys| keys.subject.subject("email", "zoe@mail.example");
        let first = load(dir.path(), true).unwrap();
        assert_eq!(tag(&first), tag(&load(dir.path(), false).unwrap()));
        let text = std::fs::read_to_string(dir.path().join(SUBJECT)).unwrap();
        assert_ne!(text, std::fs::read_to_string(dir.path().join(EVIDENCE)).unwrap());
        assert_eq!(text.trim().len(), 64);
        let mode = std::fs::metadata(dir.path().join(SUBJECT)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn refuses_what_others_can_read_what_is_broken_and_what_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(SUBJECT);
        assert!(matches!(load(dir.path(), false), Err(LedgerError::MissingKey { .. })));
        load(dir.path(), true).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(dir.path(), true), Err(LedgerError::LooseKey { mode: 0o640, .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "00ff").unwrap();
        assert!(matches!(load(dir.path(), true), Err(LedgerError::BadKey { .. })));
    }
}
