//! A bounded number of exchanges, assessed by all cores and handed on in their order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bytes::Bytes;

use crate::audit::{Assessment, Auditor};
use crate::exchange::Exchange;
use crate::ledger::{Entry, GapReason};
use crate::locate::Observed;

const MOST_EXCHANGES: usize = 256;
/// Body bytes after which a batch is full.
const MOST_BYTES: u64 = 32 << 20;

#[derive(Default)]
pub struct Batch {
    exchanges: Vec<Exchange>,
    bytes: u64,
}

impl Batch {
    pub fn push(&mut self, exchange: Exchange) {
        self.bytes += exchange.bytes.up + exchange.bytes.down;
        self.exchanges.push(exchange);
    }

    pub fn is_full(&self) -> bool {
        self.exchanges.len() >= MOST_EXCHANGES || self.bytes >= MOST_BYTES
    }

    /// One ledger entry per exchange, in order. An audit that panics costs its exchange, which becomes a gap.
    pub fn assess(self, auditor: &Auditor) -> Vec<Entry> {
        let results: Vec<OnceLock<Option<Assessment>>> = self.exchanges.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let (Some(exchange), Some(result)) = (self.exchanges.get(at), results.get(at)) else { return };
                let assess = || auditor.assess(exchange, &Observed::default());
                result.get_or_init(|| catch_unwind(AssertUnwindSafe(assess)).ok());
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(self.exchanges.len());
        thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let results = results.into_iter().map(|result| result.into_inner().flatten());
        self.exchanges.into_iter().zip(results).map(|(exchange, result)| entry(exchange, result)).collect()
    }
}

fn entry(mut exchange: Exchange, assessment: Option<Assessment>) -> Entry {
    match assessment {
        Some(assessment) => {
            forget_bodies(&mut exchange);
            Entry::Assessed(Box::new(exchange), Box::new(assessment))
        }
        None => {
            let (from, to) = (exchange.started_at, exchange.started_at);
            Entry::Gap { exchanges: Some(1), reason: GapReason::Panic, from, to }
        }
    }
}

/// The record needs their lengths only, and the ledger's queue must not hold their bytes.
fn forget_bodies(exchange: &mut Exchange) {
    exchange.request.message.body.captured = Bytes::new();
    if let Ok(response) = &mut exchange.response {
        response.message.body.captured = Bytes::new();
    }
    exchange.messages.clear();
}
