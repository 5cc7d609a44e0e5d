//! The way out of capture: a bounded number of slots, and the queue to the workers (Q1).
//!
//! A slot is taken when a request starts and given back when its audit is done, so a finished exchange always has its place.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::entry::ConnectionSlot;
use super::keep::{Held, Keeper};
use super::options::OnTrouble;
use super::segment::{Segment, Told};
use crate::exchange::{Connection, Exchange};

/// One thing capture has seen to its end.
pub enum Captured {
    Exchange(Box<RawExchange>),
    Connection(Box<Connection>, ConnectionSlot),
    /// Exchanges were let through unrecorded; [`Sink::take_shed`] tells how many.
    Shed,
    /// Nothing more will come: one for each worker, at the end.
    End,
}

/// A finished exchange whose bodies are still in pieces.
pub struct RawExchange {
    pub(super) exchange: Exchange,
    pub(super) request: Keeper,
    pub(super) response: Keeper,
    pub(super) slot: Slot,
    /// Set for a segment of a stream.
    pub(super) segment: Option<Segment>,
}

/// Holds an exchange's slot and its share of the body budget until the audit is done.
pub struct Hold {
    _bodies: [Held; 2],
    _slot: Slot,
    /// What an earlier part of the same stream has told already.
    pub told: Told,
    _waiting: Option<Arc<()>>,
}

impl RawExchange {
    /// Put the bodies together. Call it on a worker.
    pub fn finish(self) -> (Exchange, Hold) {
        let Self { mut exchange, request, response, slot, segment } = self;
        let (request_body, request_held) = request.into_body();
        let (response_body, response_held) = response.into_body();
        exchange.request.message.body = request_body;
        if let Ok(response) = &mut exchange.response {
            response.message.body = response_body;
        }
        let waiting = segment.as_ref().map(|segment| Arc::clone(&segment.waiting));
        let told = segment.as_ref().map_or_else(Told::default, |segment| segment.told);
        if let Some(Segment { reader, order, socket, .. }) = segment {
            let (number, last) = exchange.stream.map_or((0, true), |stream| (stream.segment, stream.last));
            reader.read(number, last, &mut exchange, &order, socket);
        }
        (exchange, Hold { _bodies: [request_held, response_held], _slot: slot, told, _waiting: waiting })
    }
}

/// A slot of Q1.
pub struct Slot {
    _permit: OwnedSemaphorePermit,
}

/// Why an exchange was let through unrecorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrecorded {
    /// No slot was free.
    QueueFull,
    /// The ledger can't be written.
    LedgerUnavailable,
}

/// Exchanges that passed unrecorded since the last time anybody asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    pub exchanges: u64,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// The capture side of Q1.
pub struct Sink {
    slots: Arc<Semaphore>,
    total: usize,
    queue: Sender<Captured>,
    recordable: Box<dyn Fn() -> bool + Send + Sync>,
    on_trouble: OnTrouble,
    wait: Duration,
    /// By reason: queue full, ledger unavailable.
    shed: Mutex<[Option<Shed>; 2]>,
    lost: AtomicU64,
}

/// What a request gets before it may go on.
pub enum Admission {
    Recorded(Slot),
    /// Goes on unrecorded; it was counted.
    Unrecorded,
    /// Must be answered 503.
    Refused,
}

impl Sink {
    /// `recordable` tells whether the ledger takes records now.
    pub fn new(
        slots: usize,
        on_trouble: OnTrouble,
        wait: Duration,
        recordable: impl Fn() -> bool + Send + Sync + 'static,
    ) -> (Arc<Self>, Receiver<Captured>) {
        let (queue, receiver) = channel();
        let sink = Self {
            slots: Arc::new(Semaphore::new(slots)),
            total: slots,
            queue,
            recordable: Box::new(recordable),
            on_trouble,
            wait,
            shed: Mutex::new([None; 2]),
            lost: AtomicU64::new(0),
        };
        (Arc::new(sink), receiver)
    }

    /// Ask for a slot.
    pub async fn admit(&self) -> Admission {
        let why = if !(self.recordable)() {
            Unrecorded::LedgerUnavailable
        } else if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Admission::Recorded(Slot { _permit: permit });
        } else {
            Unrecorded::QueueFull
        };
        match self.on_trouble {
            OnTrouble::Shed => {
                self.count_shed(why);
                Admission::Unrecorded
            }
            OnTrouble::Block => match tokio::time::timeout(self.wait, self.wait_for_slot()).await {
                Ok(Some(slot)) => Admission::Recorded(slot),
                Ok(None) | Err(_) => Admission::Refused,
            },
        }
    }

    /// A slot for the next segment of a stream whose first had its own; `None` when there is none at once.
    pub fn try_slot(&self) -> Option<Slot> {
        let permit = Arc::clone(&self.slots).try_acquire_owned().ok().filter(|_| (self.recordable)());
        permit.map(|permit| Slot { _permit: permit })
    }

    /// The same for the last one, which waits as long as it takes. `None` only when slots are no more.
    pub async fn slot(&self) -> Option<Slot> {
        Arc::clone(&self.slots).acquire_owned().await.ok().map(|permit| Slot { _permit: permit })
    }

    pub fn send(&self, captured: Captured) {
        if self.queue.send(captured).is_err() {
            // The workers outlive capture in an orderly shutdown; if they don't, it must show.
            self.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!("an exchange could not be handed to the audit: no worker is left");
        }
    }

    /// Exchanges that no worker took; anything but 0 is a fault of Landfall's.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What was let through unrecorded since the last call, and why.
    pub fn take_shed(&self) -> Vec<(Unrecorded, Shed)> {
        let [full, ledger] = std::mem::take(&mut *self.shed.lock().unwrap_or_else(PoisonError::into_inner));
        let full = full.map(|shed| (Unrecorded::QueueFull, shed));
        full.into_iter().chain(ledger.map(|shed| (Unrecorded::LedgerUnavailable, shed))).collect()
    }

    /// Exchanges under way or waiting for a worker.
    pub fn in_flight(&self) -> usize {
        self.total - self.slots.available_permits()
    }

    async fn wait_for_slot(&self) -> Option<Slot> {
        // The ledger has no way to wake capture; its state is looked at again until the caller's patience ends.
        let mut again = tokio::time::interval(Duration::from_millis(100));
        loop {
            again.tick().await;
            if (self.recordable)() {
                let permit = Arc::clone(&self.slots).acquire_owned().await.ok()?;
                return Some(Slot { _permit: permit });
            }
        }
    }

    fn count_shed(&self, why: Unrecorded) {
        let now = Timestamp::now();
        let first = {
            let mut shed = self.shed.lock().unwrap_or_else(PoisonError::into_inner);
            let shed = match why {
                Unrecorded::QueueFull => &mut shed[0],
                Unrecorded::LedgerUnavailable => &mut shed[1],
            };
            match shed.as_mut() {
                Some(shed) => {
                    shed.exchanges += 1;
                    shed.to = now;
                    false
                }
                None => {
                    *shed = Some(Shed { exchanges: 1, from: now, to: now });
                    true
                }
            }
        };
        if first {
            self.send(Captured::Shed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_let_through_unrecorded_is_counted_by_its_reason() {
        let writable = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let asked = Arc::clone(&writable);
        let recordable = move || asked.load(Ordering::Relaxed);
        let (sink, queue) = Sink::new(1, OnTrouble::Shed, Duration::from_secs(1), recordable);
        let held = sink.admit().await;
        assert!(matches!(held, Admission::Recorded(_)));
        assert!(matches!(sink.admit().await, Admission::Unrecorded));
        writable.store(false, Ordering::Relaxed);
        assert!(matches!(sink.admit().await, Admission::Unrecorded));
        assert!(matches!(sink.admit().await, Admission::Unrecorded));
        assert!(matches!(queue.recv(), Ok(Captured::Shed)));
        let shed: Vec<_> = sink.take_shed().iter().map(|(why, shed)| (*why, shed.exchanges)).collect();
        assert_eq!(shed, [(Unrecorded::QueueFull, 1), (Unrecorded::LedgerUnavailable, 2)]);
        assert!(sink.take_shed().is_empty());
    }
}
