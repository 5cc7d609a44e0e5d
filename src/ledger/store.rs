//! Appending: entries to lines, counted, settled and hashed in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use ulid::Ulid;

use super::record::{self, Producer, Sealed};
use super::tree::RightEdge;
use super::window::{Windows, number, utc_day};
use super::{Entry, GapReason, LedgerError, SessionEvent};
use crate::audit::Assessment;
use crate::detect::Finding;
use crate::exchange::{Exchange, Session};
use crate::judge::{ComposedCategory, Facet, Known, Settled, Verdict};

/// Key of the Merkle tree's right edge in `meta`.
const EDGE: &str = "tree_edge";

/// The second door of the core.
pub type Settle = Box<dyn Fn(&Assessment, &Known) -> Settled + Send + Sync>;
/// What linked data of one person forms, by pack and whether the recipients' business counts (`Judge::compose`).
pub type Compose = Box<dyn Fn(&str, bool, &[Facet]) -> Vec<ComposedCategory> + Send + Sync>;
/// Finding to listed-identifier class; `None` where it is none.
pub type ListedClass = Box<dyn Fn(&Finding) -> Option<Arc<str>> + Send + Sync>;

/// What the rules in force say at the moment of writing. Swapped as a whole on reload.
pub struct InForce {
    pub producer: Producer,
    /// `judge::settle`: the verdicts of an assessment with their windows.
    pub settle: Settle,
    pub compose: Compose,
    /// The listed-identifier class (28 CFR 202.234) of a finding.
    pub listed_class: ListedClass,
}

/// What became of an entry.
#[derive(Debug)]
pub(super) enum Fate {
    /// It has this number. `settled` are its verdicts as written.
    Recorded { seq: u64, settled: Vec<Verdict> },
    /// The ledger has this exchange of this file already.
    AlreadyImported,
    /// It could not be made into a record; this gap stands in its place.
    Lost { seq: u64, gap: Entry },
}

/// The end of the ledger, as the one writer knows it.
#[derive(Debug)]
pub(super) struct Tail {
    edge: RightEdge,
    windows: Windows,
}

impl Tail {
    /// Read where the ledger ends, and check that tree and records agree.
    pub(super) fn load(connection: &Connection) -> Result<Self, LedgerError> {
        let edge = edge(connection)?;
        let (count, next): (i64, i64) =
            connection.query_row("SELECT count(*), coalesce(max(seq) + 1, 0) FROM records", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if count != next || edge.size() != next.unsigned_abs() {
            let what = format!("{count} records end at number {next}, and the tree has {} leaves", edge.size());
            return Err(LedgerError::Damaged { path: "ledger.db".into(), what });
        }
        Ok(Self { edge, windows: Windows::default() })
    }

    /// Number of the next record.
    pub(super) fn next_seq(&self) -> u64 {
        self.edge.size()
    }

    /// Share of the window that ends on this moment's day for which there is evidence.
    pub(super) fn coverage(&mut self, connection: &Connection, at: Timestamp) -> Result<f64, LedgerError> {
        Ok(self.windows.coverage_at(connection, utc_day(at))?)
    }

    /// Note that the ledger is recording on this day although nothing may come.
    pub(super) fn mark_recording(&mut self, connection: &Connection, at: Timestamp) -> Result<(), LedgerError> {
        Ok(self.windows.mark_recorded(connection, number(utc_day(at)))?)
    }

    /// Write all entries, or none.
    pub(super) fn commit(
        &mut self,
        connection: &mut Connection,
        entries: &[Entry],
        in_force: &InForce,
    ) -> Result<Vec<Fate>, LedgerError> {
        let before = self.edge.clone();
        let result = self.commit_all(connection, entries, in_force);
        if result.is_err() {
            self.edge = before;
            self.windows.forget();
        }
        result
    }

    fn commit_all(
        &mut self,
        connection: &mut Connection,
        entries: &[Entry],
        in_force: &InForce,
    ) -> Result<Vec<Fate>, LedgerError> {
        let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut fates = Vec::with_capacity(entries.len());
        for entry in entries {
            fates.push(self.append_or_stand_in(&mut transaction, entry, in_force)?);
        }
        set_meta(&transaction, EDGE, &self.edge.to_bytes())?;
        transaction.commit()?;
        Ok(fates)
    }

    /// A fault of one entry must not hold up the others: it becomes a gap.
    fn append_or_stand_in(
        &mut self,
        transaction: &mut Transaction<'_>,
        entry: &Entry,
        in_force: &InForce,
    ) -> Result<Fate, LedgerError> {
        let savepoint = transaction.savepoint()?;
        let reason = match catch_unwind(AssertUnwindSafe(|| self.append(&savepoint, entry, in_force))) {
            Ok(Ok(fate)) => {
                savepoint.commit()?;
                return Ok(fate);
            }
            Ok(Err(error)) if !is_fault_of_entry(&error) => return Err(error),
            Ok(Err(error)) => {
                tracing::error!(%error, "an entry cannot be recorded");
                GapReason::Rejected
            }
            Err(_) => GapReason::Panic,
        };
        drop(savepoint);
        self.windows.forget();
        let (exchanges, at) = entry.weight();
        let gap = Entry::Gap { exchanges: Some(exchanges), reason, from: at, to: at };
        match self.append(transaction, &gap, in_force)? {
            Fate::Recorded { seq, .. } => Ok(Fate::Lost { seq, gap }),
            other => Ok(other),
        }
    }

    fn append(&mut self, connection: &Connection, entry: &Entry, in_force: &InForce) -> Result<Fate, LedgerError> {
        let (seq, producer) = (self.edge.size(), &in_force.producer);
        let mut id = Ulid::generate();
        let mut session_id = None;
        let mut settled = Vec::new();
        let sealed = match entry {
            Entry::Assessed(exchange, assessment) => {
                if !claim_import(connection, exchange, seq)? {
                    return Ok(Fate::AlreadyImported);
                }
                let known =
                    self.windows.settle(connection, assessment, &in_force.compose, utc_day(exchange.started_at))?;
                let known = (in_force.settle)(assessment, &known);
                (id, session_id) = (exchange.id.ulid(), Some(exchange.session.id));
                let sealed = record::exchange(seq, producer, (exchange, assessment), &known, &in_force.listed_class)?;
                settled = known.verdicts;
                sealed
            }
            Entry::Connected(connected, placement, verdicts) => {
                settled.clone_from(verdicts);
                (id, session_id) = (connected.id.ulid(), Some(connected.session.id));
                let day = number(utc_day(connected.started_at));
                self.windows.mark_recorded(connection, day)?;
                record::connection(seq, producer, connected, placement, verdicts)?
            }
            Entry::Gap { exchanges, reason, from, to } => {
                self.windows.mark_gap(connection, (*from, *to))?;
                if *reason == GapReason::Shutdown {
                    close_abandoned(connection, *to)?;
                }
                record::gap((seq, id), producer, *exchanges, *reason, (*from, *to))?
            }
            Entry::Session { event, session, at } => {
                note_session(connection, event, session, *at)?;
                session_id = Some(session.id);
                record::session((seq, id), producer, event, session, *at)?
            }
            Entry::Audit { action, actor, before, after, at } => {
                let change = (before.as_deref(), after.as_deref());
                record::audit((seq, id), producer, (action, actor), change, *at)?
            }
        };
        let session = session_id.map(|session| session.to_string());
        insert(connection, seq, entry, (id, session), &sealed)?;
        self.edge.push(sealed.leaf);
        Ok(Fate::Recorded { seq, settled })
    }
}

/// Root of the Merkle tree and number of its leaves.
pub(super) fn edge(connection: &Connection) -> Result<RightEdge, LedgerError> {
    let Some(bytes) = meta(connection, EDGE)? else { return Ok(RightEdge::default()) };
    RightEdge::from_bytes(&bytes)
        .ok_or_else(|| LedgerError::Damaged { path: "ledger.db".into(), what: "its tree cannot be read".to_owned() })
}

pub(super) fn meta(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(super) fn set_meta(connection: &Connection, key: &str, value: &[u8]) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute(params![key, value]).map(drop)
}

/// Whether trying again cannot help, because the entry itself is at fault.
fn is_fault_of_entry(error: &LedgerError) -> bool {
    use rusqlite::ErrorCode::{ConstraintViolation, TooBig, TypeMismatch};
    match error {
        LedgerError::Record(_) => true,
        LedgerError::Database(error) => {
            matches!(error.sqlite_error_code(), Some(ConstraintViolation | TooBig | TypeMismatch))
        }
        _ => false,
    }
}

fn insert(
    connection: &Connection,
    seq: u64,
    entry: &Entry,
    (id, session): (Ulid, Option<String>),
    sealed: &Sealed,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached("INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            seq.cast_signed(),
            id.to_string(),
            entry.schema(),
            session,
            entry.weight().1.as_millisecond(),
            sealed.line,
            sealed.leaf
        ])
        .map(drop)
}

/// Whether this exchange of its file is new; live traffic always is.
fn claim_import(connection: &Connection, exchange: &Exchange, seq: u64) -> Result<bool, rusqlite::Error> {
    let Some(import) = &exchange.import else { return Ok(true) };
    // The row refers to a record that follows in the same transaction.
    connection
        .prepare_cached("INSERT OR IGNORE INTO imports VALUES (?1, ?2, ?3)")?
        .execute(params![import.file_sha256, import.index.cast_signed(), seq.cast_signed()])
        .map(|new| new > 0)
}

/// Sessions that nobody closed are over once the gap they left is told.
fn close_abandoned(connection: &Connection, at: Timestamp) -> Result<(), rusqlite::Error> {
    let close = "UPDATE sessions SET closed_ms = ?1 WHERE closed_ms IS NULL";
    connection.execute(close, [at.as_millisecond()]).map(drop)
}

fn note_session(
    connection: &Connection,
    event: &SessionEvent,
    session: &Session,
    at: Timestamp,
) -> Result<(), rusqlite::Error> {
    let id = session.id.to_string();
    connection
        .prepare_cached("INSERT OR IGNORE INTO sessions (id, label, app, started_ms) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, session.label, session.app, session.started_at.as_millisecond()])?;
    if *event == SessionEvent::Closed {
        connection
            .prepare_cached("UPDATE sessions SET closed_ms = ?2 WHERE id = ?1")?
            .execute(params![id, at.as_millisecond()])?;
    }
    Ok(())
}
