//! Reading the ledger: lines by number, the tree's root, what was imported, how far each exporter is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, params};

use jiff::Timestamp;

use super::LedgerError;
use super::store;
use super::tree::Hash;

/// Lines of one read, together, in bytes; a single line may be longer.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// A view of the ledger.
pub struct Reader(Arc<Mutex<Connection>>);

/// One record as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub seq: u64,
    /// ULID
    pub id: String,
    /// One JSON object, without a line break.
    pub text: String,
}

impl Reader {
    pub(super) fn new(connection: Arc<Mutex<Connection>>) -> Self {
        Self(connection)
    }

    /// Lines from a number on, in order: at most `most`, and about 4 MiB.
    pub fn lines(&self, from: u64, most: usize) -> Result<Vec<Line>, LedgerError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT seq, id, line FROM records WHERE seq >= ?1 ORDER BY seq LIMIT ?2")?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![from.cast_signed(), most])?;
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let line = Line { seq: row.get::<_, i64>(0)?.unsigned_abs(), id: row.get(1)?, text: row.get(2)? };
            bytes += line.text.len();
            lines.push(line);
            if bytes >= MAX_BATCH_BYTES {
                break;
            }
        }
        Ok(lines)
    }

    /// Whether a session was never closed: its process ended without draining. The time is that of the last record.
    pub fn abandoned(&self) -> Result<Option<Timestamp>, LedgerError> {
        let open = "SELECT (SELECT time_ms FROM records ORDER BY seq DESC LIMIT 1) FROM sessions WHERE closed_ms IS NULL LIMIT 1";
        let last: Option<Option<i64>> = self.lock().query_row(open, [], |row| row.get(0)).optional()?;
        Ok(last.map(|last| last.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    /// Number of records, and the root of the Merkle tree over them.
    pub fn tree(&self) -> Result<(u64, Hash), LedgerError> {
        let edge = store::edge(&self.lock())?;
        Ok((edge.size(), edge.root()))
    }

    /// How many exchanges of a file (lower-case hex SHA-256) are recorded already.
    pub fn imported(&self, file_sha256: &str) -> Result<u64, LedgerError> {
        let count = "SELECT count(*) FROM imports WHERE file_sha256 = ?1";
        Ok(self.lock().query_row(count, [file_sha256], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// The next record for an exporter's target; `None` if it never had any.
    pub fn cursor(&self, target: &str) -> Result<Option<u64>, LedgerError> {
        let next = "SELECT next_seq FROM cursors WHERE target = ?1";
        let next: Option<i64> = self.lock().query_row(next, [target], |row| row.get(0)).optional()?;
        Ok(next.map(i64::unsigned_abs))
    }

    /// Keep the next record for an exporter's target.
    pub fn set_cursor(&self, target: &str, next: u64) -> Result<(), LedgerError> {
        self.lock()
            .prepare_cached("INSERT OR REPLACE INTO cursors VALUES (?1, ?2)")?
            .execute(params![target, next.cast_signed()])?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
