//! The data directory, held by one process at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::LedgerError;

/// Name of the lock file; it holds the process id of whoever has the lock.
const LOCK: &str = "lock";

/// The lock on a data directory; given back when dropped, and by the system when the process dies.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

/// Make the directory if need be (mode 0700), and lock it.
pub(super) fn lock(dir: &Path) -> Result<Lock, LedgerError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(LedgerError::io(dir))?;
    let path = dir.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(LedgerError::io(&path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LedgerError::InUse { dir: dir.to_owned(), process: holder(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(LedgerError::io(&path)(error)),
    }
    let sign = |file: &mut File| {
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())
    };
    sign(&mut file).map_err(LedgerError::io(&path))?;
    Ok(Lock(file))
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_who_has_it() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        let held = lock(&dir).unwrap();
        let refused = lock(&dir).unwrap_err().to_string();
        assert!(refused.contains(&format!("(process {})", std::process::id())), "{refused}");
        assert!(refused.ends_with("name another with `--data`"), "{refused}");
        drop(held);
        lock(&dir).unwrap();
    }
}
