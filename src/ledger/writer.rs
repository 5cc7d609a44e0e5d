//! The one thread that writes: takes what waits, commits it as a group, tells who listens.
//!
//! A group is whatever came in while the last one was being written (and, with `group_wait`, for a while after), so that a
//! quiet ledger writes each record at once and a busy one pays for a commit only once per group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::queue::{EntrySender, Queue, Taken};
use super::store::{Fate, InForce, Tail};
use super::{Entry, GapReason, Ledger, LedgerError};
use crate::judge::Verdict;

/// How often an idle writer looks at the date.
const IDLE: Duration = Duration::from_secs(60);
/// First and longest wait before another try to write.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// What to do when the ledger cannot be written (`ledger.on_trouble`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnTrouble {
    /// Keep what waits and try again: nothing goes unrecorded, and new requests wait or get a 503.
    #[default]
    Block,
    /// Never hold traffic up: what cannot be written becomes part of a counted gap.
    Shed,
}

/// How the writer works.
#[derive(Debug, Clone, Copy)]
pub struct WriterOptions {
    /// Entries that may wait.
    pub queue: usize,
    /// Most entries of one commit.
    pub group: usize,
    /// Least time from one commit to the next, unless a group is full: what comes after a quiet spell is written at once.
    pub group_wait: Duration,
    pub on_trouble: OnTrouble,
    /// Traffic is live, so that a day without any is evidence too; not so when files are read.
    pub live: bool,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self { queue: 1024, group: 256, group_wait: Duration::ZERO, on_trouble: OnTrouble::Block, live: true }
    }
}

/// One record that is durable now.
#[derive(Debug)]
pub struct Recorded {
    pub seq: u64,
    pub entry: Entry,
    /// Verdicts as written, windows included.
    pub settled: Vec<Verdict>,
}

/// What one commit did.
#[derive(Debug)]
pub struct Committed {
    pub records: Vec<Recorded>,
    /// Exchanges left out because the same file was read before.
    pub already_imported: u64,
    pub took: Duration,
    /// Bytes that the database takes.
    pub ledger_bytes: u64,
    /// Share of the twelve months up to now for which there is evidence, 0 to 1.
    pub coverage: f64,
}

/// Called after each commit, in the writer's thread, before exporters are woken.
pub type OnCommit = Box<dyn FnMut(&Committed) + Send>;

/// Whether the ledger can be written: what capture asks before it lets a request in.
#[derive(Debug, Default)]
pub struct LedgerHealth {
    failing: AtomicBool,
    shed: AtomicU64,
}

impl LedgerHealth {
    /// False while commits fail, and once the writer is gone.
    pub fn is_available(&self) -> bool {
        !self.failing.load(Ordering::Acquire)
    }

    /// Exchanges shed so far; each is, or will be, in a gap line.
    pub fn shed(&self) -> u64 {
        self.shed.load(Ordering::Relaxed)
    }
}

/// What a writer did in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines written, of all kinds.
    pub records: u64,
    /// Exchanges left out because the same file was read before.
    pub already_imported: u64,
    /// Exchanges that could not be written before the time for closing was up. Nothing in the ledger tells of them.
    pub lost: u64,
}

/// The running writer.
pub struct Writer {
    queue: Arc<Queue>,
    health: Arc<LedgerHealth>,
    thread: JoinHandle<Summary>,
}

impl Writer {
    /// Start the thread. `in_force` is looked at anew for each group.
    pub fn spawn(
        ledger: Arc<Ledger>,
        in_force: Arc<ArcSwap<InForce>>,
        options: WriterOptions,
        on_commit: OnCommit,
    ) -> Result<Self, LedgerError> {
        let tail = Tail::load(&ledger.connection())?;
        let (queue, health) = (Queue::new(options.queue), Arc::new(LedgerHealth::default()));
        let work = Work {
            guard: Guard { queue: queue.clone(), health: health.clone(), ledger },
            in_force,
            options,
            on_commit,
            tail,
            shed: None,
            retry_at: None,
            back_off: BACK_OFF.0,
            not_before: Instant::now(),
            marked: None,
            summary: Summary::default(),
        };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || work.run())
            .map_err(LedgerError::io("thread `ledger`"))?;
        Ok(Self { queue, health, thread })
    }

    /// Where entries go in.
    pub fn sender(&self) -> EntrySender {
        self.queue.sender()
    }

    pub fn health(&self) -> Arc<LedgerHealth> {
        self.health.clone()
    }

    /// Take no more entries, write those that wait, and end. `patience` bounds how long a failing ledger is tried.
    pub fn close(self, patience: Duration) -> Summary {
        let deadline = Instant::now().checked_add(patience).unwrap_or_else(Instant::now);
        self.queue.close(deadline);
        match self.thread.join() {
            Ok(summary) => summary,
            // The writer catches what its callees do; a panic that still comes through is ours, and goes on.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Says that the writer is gone, however it went.
struct Guard {
    queue: Arc<Queue>,
    health: Arc<LedgerHealth>,
    ledger: Arc<Ledger>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.health.failing.store(true, Ordering::Release);
        self.queue.close(Instant::now());
        self.ledger.progress().close();
    }
}

/// Exchanges that were shed and stand in no line yet.
#[derive(Debug, Clone, Copy)]
struct Shed {
    exchanges: u64,
    from: Timestamp,
    to: Timestamp,
}

struct Work {
    guard: Guard,
    in_force: Arc<ArcSwap<InForce>>,
    options: WriterOptions,
    on_commit: OnCommit,
    tail: Tail,
    shed: Option<Shed>,
    retry_at: Option<Instant>,
    back_off: Duration,
    /// Earliest moment of the next commit of a group that is not full.
    not_before: Instant,
    /// Day noted last as one of recording.
    marked: Option<jiff::civil::Date>,
    summary: Summary,
}

impl Work {
    fn run(mut self) -> Summary {
        loop {
            self.mark_day();
            let patience = self.retry_at.map_or(IDLE, |at| at.saturating_duration_since(Instant::now()).min(IDLE));
            match self.guard.queue.take(self.options.group, patience, self.not_before) {
                Taken::Entries(entries) => self.write(entries),
                Taken::Idle if self.shed.is_some() => self.write(Vec::new()),
                Taken::Idle => {}
                Taken::Closed => break,
            }
        }
        self.finish()
    }

    fn write(&mut self, entries: Vec<Entry>) {
        match self.options.on_trouble {
            OnTrouble::Block => self.write_or_wait(entries),
            OnTrouble::Shed => self.write_or_shed(entries),
        }
    }

    fn write_or_wait(&mut self, entries: Vec<Entry>) {
        let mut waiting = entries;
        while let Err((entries, error)) = self.try_write(waiting) {
            tracing::error!(%error, waiting = entries.len(), "the ledger cannot be written; trying again");
            if self.guard.queue.pause(self.back_off) {
                self.summary.lost += entries.iter().map(|entry| entry.weight().0).sum::<u64>();
                return;
            }
            self.back_off = (self.back_off * 2).min(BACK_OFF.1);
            waiting = entries;
        }
    }

    fn write_or_shed(&mut self, entries: Vec<Entry>) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return self.fold(&entries);
        }
        let mut group = entries;
        if let Some(Shed { exchanges, from, to }) = self.shed {
            group.insert(0, Entry::Gap { exchanges: Some(exchanges), reason: GapReason::LedgerUnavailable, from, to });
        }
        match self.try_write(group) {
            Ok(()) => (self.shed, self.retry_at) = (None, None),
            Err((mut entries, error)) => {
                if self.shed.is_some() {
                    entries.remove(0);
                }
                tracing::error!(%error, shed = entries.len(), "the ledger cannot be written; exchanges go unrecorded");
                self.fold(&entries);
                self.retry_at = Instant::now().checked_add(self.back_off);
                self.back_off = (self.back_off * 2).min(BACK_OFF.1);
            }
        }
    }

    /// Make entries part of the gap that will be written.
    fn fold(&mut self, entries: &[Entry]) {
        for entry in entries {
            let (exchanges, at) = entry.weight();
            self.guard.health.shed.fetch_add(exchanges, Ordering::Relaxed);
            let shed = self.shed.get_or_insert(Shed { exchanges: 0, from: at, to: at });
            *shed = Shed { exchanges: shed.exchanges + exchanges, from: shed.from.min(at), to: shed.to.max(at) };
        }
    }

    /// Commit one group and tell who listens; on failure hand it back.
    fn try_write(&mut self, entries: Vec<Entry>) -> Result<(), (Vec<Entry>, LedgerError)> {
        let started = Instant::now();
        let in_force = self.in_force.load_full();
        let mut connection = self.guard.ledger.connection();
        let result = self.tail.commit(&mut connection, &entries, &in_force);
        let fates = match result {
            Ok(fates) => fates,
            Err(error) => {
                self.guard.health.failing.store(true, Ordering::Release);
                return Err((entries, error));
            }
        };
        let took = started.elapsed();
        self.not_before = Instant::now().checked_add(self.options.group_wait).unwrap_or_else(Instant::now);
        let coverage = self.tail.coverage(&connection, Timestamp::now()).unwrap_or_default();
        drop(connection);
        self.guard.health.failing.store(false, Ordering::Release);
        self.back_off = BACK_OFF.0;
        let ledger_bytes = self.guard.ledger.size();
        let (records, already_imported) = told(entries, fates);
        self.summary.records += records.len() as u64;
        self.summary.already_imported += already_imported;
        (self.on_commit)(&Committed { records, already_imported, took, ledger_bytes, coverage });
        self.guard.ledger.progress().advance(self.tail.next_seq());
        Ok(())
    }

    /// A live ledger that is up has evidence for this day, even if it is that nothing passed.
    fn mark_day(&mut self) {
        let now = Timestamp::now();
        let today = super::window::utc_day(now);
        if !self.options.live || self.marked == Some(today) {
            return;
        }
        let connection = self.guard.ledger.connection();
        match self.tail.mark_recording(&connection, now) {
            Ok(()) => self.marked = Some(today),
            Err(error) => tracing::warn!(%error, "the ledger cannot note the day; trying again"),
        }
    }

    fn finish(mut self) -> Summary {
        while let (Some(shed), OnTrouble::Shed) = (self.shed, self.options.on_trouble) {
            self.retry_at = None;
            self.write(Vec::new());
            if self.shed.is_some() && self.guard.queue.pause(self.back_off) {
                self.summary.lost += shed.exchanges;
                break;
            }
        }
        // Leaves one file behind; if it fails, the next start reads the write-ahead log as well.
        let emptied = self.guard.ledger.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = emptied {
            tracing::warn!(%error, "the ledger's write-ahead log stays behind");
        }
        self.summary
    }
}

/// Match entries with what became of them.
fn told(entries: Vec<Entry>, fates: Vec<Fate>) -> (Vec<Recorded>, u64) {
    let mut already_imported = 0;
    let mut records = Vec::with_capacity(entries.len());
    for (entry, fate) in entries.into_iter().zip(fates) {
        match fate {
            Fate::Recorded { seq, settled } => records.push(Recorded { seq, entry, settled }),
            Fate::Lost { seq, gap } => records.push(Recorded { seq, entry: gap, settled: Vec::new() }),
            Fate::AlreadyImported => already_imported += 1,
        }
    }
    (records, already_imported)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
