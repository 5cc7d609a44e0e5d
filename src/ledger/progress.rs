//! How far the ledger has come: the writer says so, exporters wait for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shared by the writer and all who follow it.
#[derive(Debug, Default)]
pub struct Progress {
    state: Mutex<Reached>,
    changed: Condvar,
}

/// A moment in the ledger's life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    /// Number that the next record will get: all below are durable and can be read.
    pub next_seq: u64,
    /// Nothing will be written any more.
    pub closed: bool,
}

impl Progress {
    /// Where the ledger stands.
    pub fn reached(&self) -> Reached {
        *self.lock()
    }

    /// Wait until the record `seq` can be read, the ledger is closed, or the time is up.
    pub fn wait_for(&self, seq: u64, patience: Duration) -> Reached {
        let not_yet = |reached: &mut Reached| reached.next_seq <= seq && !reached.closed;
        let (reached, _) =
            self.changed.wait_timeout_while(self.lock(), patience, not_yet).unwrap_or_else(PoisonError::into_inner);
        *reached
    }

    /// Wait until the ledger is closed or the time is up; a pause before another try.
    pub fn wait_for_close(&self, patience: Duration) -> Reached {
        self.wait_for(u64::MAX, patience)
    }

    pub(super) fn advance(&self, next_seq: u64) {
        self.lock().next_seq = next_seq;
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
