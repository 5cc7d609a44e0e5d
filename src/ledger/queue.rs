//! Q2: entries on their way to the writer. Full, it blocks whoever brings more; closed, it says so and loses nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Entry;

/// The writing end of the queue; cheap to clone.
#[derive(Clone)]
pub struct EntrySender(Arc<Queue>);

/// The ledger is closed; here is the entry back.
#[derive(Debug, thiserror::Error)]
#[error("the ledger is closed and takes no more records")]
pub struct LedgerClosed(pub Box<Entry>);

impl EntrySender {
    /// Hand an entry over; waits while the queue is full.
    pub fn send(&self, entry: Entry) -> Result<(), LedgerClosed> {
        self.0.push(entry)
    }

    /// Entries waiting now, for `landfall_queue_depth{queue="assessments"}`.
    pub fn depth(&self) -> usize {
        self.0.lock().entries.len()
    }
}

/// A bounded queue with one reader.
pub(super) struct Queue {
    capacity: usize,
    state: Mutex<State>,
    changed: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// No more entries are taken in; the reader should be done by then.
    closing: Option<Instant>,
}

/// What the reader got.
pub(super) enum Taken {
    Entries(Vec<Entry>),
    /// Nothing came in the given time.
    Idle,
    /// Closed and empty.
    Closed,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        let capacity = capacity.max(1);
        Arc::new(Self { capacity, state: Mutex::default(), changed: Condvar::new(), room: Condvar::new() })
    }

    pub(super) fn sender(self: &Arc<Self>) -> EntrySender {
        EntrySender(self.clone())
    }

    fn push(&self, entry: Entry) -> Result<(), LedgerClosed> {
        let full = |state: &mut State| state.closing.is_none() && state.entries.len() >= self.capacity;
        let mut state = self.room.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        if state.closing.is_some() {
            return Err(LedgerClosed(Box::new(entry)));
        }
        state.entries.push_back(entry);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Up to `most` entries, as soon as there is one; before `not_before` only if there are `most`.
    pub(super) fn take(&self, most: usize, patience: Duration, not_before: Instant) -> Taken {
        let nothing = |state: &mut State| state.entries.is_empty() && state.closing.is_none();
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), patience, nothing).unwrap_or_else(PoisonError::into_inner);
        let few = |state: &mut State| {
            !state.entries.is_empty() && state.entries.len() < most.min(self.capacity) && state.closing.is_none()
        };
        let linger = not_before.saturating_duration_since(Instant::now());
        let (mut state, _) =
            self.changed.wait_timeout_while(state, linger, few).unwrap_or_else(PoisonError::into_inner);
        let count = state.entries.len().min(most);
        let entries: Vec<_> = state.entries.drain(..count).collect();
        let closed = state.closing.is_some();
        drop(state);
        self.room.notify_all();
        match (entries.is_empty(), closed) {
            (false, _) => Taken::Entries(entries),
            (true, true) => Taken::Closed,
            (true, false) => Taken::Idle,
        }
    }

    /// Wait before another try. While closing the wait is short; returns whether the time for closing is used up.
    pub(super) fn pause(&self, before_retry: Duration) -> bool {
        const LAST_TRIES: Duration = Duration::from_millis(50);
        let open = |state: &mut State| state.closing.is_none();
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), before_retry, open).unwrap_or_else(PoisonError::into_inner);
        let Some(deadline) = state.closing else { return false };
        let left = deadline.saturating_duration_since(Instant::now());
        // Nobody notifies any more: this is a timer that needs no thread of its own.
        let (state, _) = self
            .changed
            .wait_timeout_while(state, left.min(LAST_TRIES), |_| true)
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        left.is_zero()
    }

    /// Take no more entries in; those inside are still to be read, until `deadline`.
    pub(super) fn close(&self, deadline: Instant) {
        self.lock().closing.get_or_insert(deadline);
        self.changed.notify_all();
        self.room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;

    #[test]
    fn blocks_when_full_and_hands_back_when_closed() {
        let queue = Queue::new(1);
        let sender = queue.sender();
        sender.send(samples::audit()).unwrap();
        let blocked = std::thread::spawn({
            let sender = sender.clone();
            move || sender.send(samples::audit())
        });
        assert!(matches!(queue.take(9, Duration::MAX, Instant::now()), Taken::Entries(entries) if entries.len() == 1));
        blocked.join().unwrap().unwrap();
        let refused = std::thread::spawn({
            let sender = sender.clone();
            move || sender.send(samples::audit())
        });
        queue.close(Instant::now());
        assert!(refused.join().unwrap().is_err());
        assert!(matches!(queue.take(9, Duration::MAX, Instant::now()), Taken::Entries(entries) if entries.len() == 1));
        assert!(matches!(queue.take(9, Duration::MAX, Instant::now()), Taken::Closed));
        assert!(queue.pause(Duration::MAX));
    }
}
