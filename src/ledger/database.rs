//! The ledger as a place: its directory, database and keys.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::home::{self, Lock};
use super::store::{self, Tail};
use super::{LedgerError, Progress, Reader, keys, schema};
use crate::detect::Keys;

/// File name of the database.
const DATABASE: &str = "ledger.db";
/// Key in `meta` of a tag that only the subject key can make.
const SUBJECT_KEY_TAG: &str = "subject_key_tag";
/// How long one connection waits for another's write.
const BUSY: Duration = Duration::from_secs(5);

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sync {
    /// It survives the death of the process; a power cut may take the last commits, never the ledger's soundness.
    #[default]
    Normal,
    /// It survives a power cut.
    Full,
}

/// An open ledger. One process at a time has it; threads share it in an `Arc`.
pub struct Ledger {
    /// `None` in memory.
    dir: Option<PathBuf>,
    sync: Sync,
    connection: Arc<Mutex<Connection>>,
    keys: Keys,
    progress: Arc<Progress>,
    _lock: Option<Lock>,
}

impl Ledger {
    /// Open the ledger of a data directory, and make what is missing of it: directory, lock, database, keys.
    pub fn open(dir: &Path, sync: Sync) -> Result<Self, LedgerError> {
        let lock = home::lock(dir)?;
        let path = dir.join(DATABASE);
        // SQLite would leave the mode to the umask; its other files take after this one.
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(LedgerError::io(&path))?;
        let open = || {
            let mut connection = connect(&path, sync)?;
            schema::migrate(&mut connection, &path)?;
            let known = store::meta(&connection, SUBJECT_KEY_TAG)?;
            let keys = keys::load(dir, known.is_none())?;
            let tag = keys.subject.subject("landfall", "subject key").bytes();
            match known {
                Some(known) if known == tag => {}
                Some(_) => return Err(LedgerError::ForeignKey { path: dir.join(keys::SUBJECT) }),
                None => store::set_meta(&connection, SUBJECT_KEY_TAG, &tag)?,
            }
            Self::assemble((connection, keys), Some(dir.to_owned()), sync, Some(lock))
        };
        open().map_err(|error| damage(error, &path))
    }

    /// A ledger that ends with the process, under keys that do too.
    pub fn in_memory() -> Result<Self, LedgerError> {
        let mut connection = Connection::open_in_memory()?;
        schema::migrate(&mut connection, Path::new("ledger in memory"))?;
        Self::assemble((connection, keys::ephemeral()?), None, Sync::Normal, None)
    }

    fn assemble(
        (connection, keys): (Connection, Keys),
        dir: Option<PathBuf>,
        sync: Sync,
        lock: Option<Lock>,
    ) -> Result<Self, LedgerError> {
        let progress = Arc::new(Progress::default());
        progress.advance(Tail::load(&connection)?.next_seq());
        Ok(Self { dir, sync, connection: Arc::new(Mutex::new(connection)), keys, progress, _lock: lock })
    }

    /// The evidence key and the subject key that belong to this ledger.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How far the ledger has come, for those who follow it.
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// A view for reading, with a connection of its own (in memory all share one).
    pub fn reader(&self) -> Result<Reader, LedgerError> {
        let connection = match &self.dir {
            Some(dir) => Arc::new(Mutex::new(connect(&dir.join(DATABASE), self.sync)?)),
            None => self.connection.clone(),
        };
        Ok(Reader::new(connection))
    }

    /// Bytes that the database takes.
    pub fn size(&self) -> u64 {
        match &self.dir {
            Some(dir) => [DATABASE, "ledger.db-wal"]
                .iter()
                .filter_map(|name| std::fs::metadata(dir.join(name)).ok())
                .map(|metadata| metadata.len())
                .sum(),
            None => {
                let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
                self.connection().query_row(pages, [], |row| row.get::<_, i64>(0)).map_or(0, i64::unsigned_abs)
            }
        }
    }

    /// The writer's connection.
    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connect(path: &Path, sync: Sync) -> Result<Connection, LedgerError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", if sync == Sync::Full { "FULL" } else { "NORMAL" })?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Name the file where SQLite says that it is broken.
fn damage(error: LedgerError, path: &Path) -> LedgerError {
    let path = path.to_owned();
    match error {
        LedgerError::Database(error) => match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => LedgerError::NotALedger { path },
            Some(ErrorCode::DatabaseCorrupt) => LedgerError::Damaged { path, what: error.to_string() },
            _ => LedgerError::Database(error),
        },
        LedgerError::Damaged { what, .. } => LedgerError::Damaged { path, what },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_and_files_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        let ledger = Ledger::open(&dir, Sync::Normal).unwrap();
        assert!(matches!(Ledger::open(&dir, Sync::Normal), Err(LedgerError::InUse { .. })));
        for entry in std::fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", entry.path().display());
        }
        drop(ledger);
        Ledger::open(&dir, Sync::Full).unwrap();
    }

    #[test]
    fn says_what_is_wrong_with_a_database() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(DATABASE), "certainly no database, however long it may be".repeat(99)).unwrap();
        let error = Ledger::open(dir.path(), Sync::Normal).err().unwrap();
        assert!(matches!(error, LedgerError::NotALedger { .. }), "{error}");
    }

    #[test]
    fn a_ledger_stays_with_its_subject_key() {
        let dir = tempfile::tempdir().unwrap();
        drop(Ledger::open(dir.path(), Sync::Normal).unwrap());
        let key = dir.path().join(keys::SUBJECT);
        std::fs::remove_file(&key).unwrap();
        assert!(matches!(Ledger::open(dir.path(), Sync::Normal), Err(LedgerError::MissingKey { .. })));
        std::fs::copy(dir.path().join(keys::EVIDENCE), &key).unwrap();
        assert!(matches!(Ledger::open(dir.path(), Sync::Normal), Err(LedgerError::ForeignKey { .. })));
    }
}
