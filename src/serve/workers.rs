//! The workers: plain threads that audit what capture hands over, away from the IO runtime.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jiff::Timestamp;

use super::connect_times::ConnectTimes;
use crate::audit::Auditor;
use crate::capture::{Captured, Sink, Told, Unrecorded};
use crate::exchange::{Connection, Exchange, Headers};
use crate::export::Metrics;
use crate::ledger::{Entry, EntrySender, GapReason};

/// The threads between Q1 and Q2.
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
}

struct Work {
    auditor: Arc<ArcSwap<Auditor>>,
    times: ConnectTimes,
    queue: Mutex<Receiver<Captured>>,
    sink: Arc<Sink>,
    ledger: EntrySender,
    metrics: Arc<Metrics>,
}

impl Workers {
    /// Start `count` threads.
    pub fn spawn(
        count: usize,
        auditor: Arc<ArcSwap<Auditor>>,
        queue: Receiver<Captured>,
        sink: Arc<Sink>,
        ledger: EntrySender,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let work =
            Arc::new(Work { auditor, times: ConnectTimes::default(), queue: Mutex::new(queue), sink, ledger, metrics });
        let threads = (0..count.max(1))
            .map(|number| {
                let work = Arc::clone(&work);
                std::thread::Builder::new().name(format!("audit-{number}")).spawn(move || work.run())
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self { threads })
    }

    /// Audit what is still in the queue, then end. Capture must have ended before.
    pub fn drain(self, sink: &Sink) {
        for _ in &self.threads {
            sink.send(Captured::End);
        }
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker ended with a panic outside an audit");
            }
        }
    }
}

impl Work {
    fn run(&self) {
        loop {
            let captured = self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match captured {
                Ok(Captured::Exchange(raw)) => {
                    let (exchange, hold) = raw.finish();
                    self.record(self.audit(exchange, hold.told));
                    drop(hold);
                }
                Ok(Captured::Connection(connection, slot)) => {
                    self.record(self.audit_connection(*connection));
                    drop(slot);
                }
                Ok(Captured::Shed) => {
                    for (why, shed) in self.sink.take_shed() {
                        let reason = match why {
                            Unrecorded::QueueFull => GapReason::QueueFull,
                            Unrecorded::LedgerUnavailable => GapReason::LedgerUnavailable,
                        };
                        self.record(Entry::Gap {
                            exchanges: Some(shed.exchanges),
                            reason,
                            from: shed.from,
                            to: shed.to,
                        });
                    }
                }
                Ok(Captured::End) | Err(_) => return,
            }
        }
    }

    fn audit(&self, mut exchange: Exchange, told: Told) -> Entry {
        let observed = self.times.observe(&exchange.destination, &exchange.timings);
        let began = Instant::now();
        let told = ToldBefore::take(&mut exchange, told);
        let audited = catch_unwind(AssertUnwindSafe(|| self.auditor.load().assess(&exchange, &observed)));
        told.restore(&mut exchange);
        self.metrics.inspected(began.elapsed());
        match audited {
            Ok(assessment) => {
                forget_bodies(&mut exchange);
                Entry::Assessed(Box::new(exchange), Box::new(assessment))
            }
            Err(_) => panicked(exchange.started_at),
        }
    }

    fn audit_connection(&self, connection: Connection) -> Entry {
        let observed = self.times.observe(&connection.destination, &connection.timings);
        let audited = catch_unwind(AssertUnwindSafe(|| self.auditor.load().assess_connection(&connection, &observed)));
        match audited {
            Ok((placement, verdicts)) => Entry::Connected(Box::new(connection), placement, verdicts),
            Err(_) => panicked(connection.started_at),
        }
    }

    fn record(&self, entry: Entry) {
        if self.ledger.send(entry).is_err() {
            tracing::error!("an audited exchange could not be recorded: the ledger's writer is gone");
        }
    }
}

/// What an earlier part of a stream has told already, kept out of the audit of a later one and put back for its record.
#[derive(Default)]
struct ToldBefore {
    target: Option<(String, Option<String>)>,
    request: Option<Headers>,
    response: Option<Headers>,
}

/// Take away all fields but those that say how to read the body.
fn only_framing(headers: &mut Headers) -> Headers {
    let needed = |name: &str| ["content-type", "content-encoding"].iter().any(|it| name.eq_ignore_ascii_case(it));
    let kept = headers.iter().filter(|(name, _)| needed(name)).cloned().collect();
    std::mem::replace(headers, Headers(kept))
}

impl ToldBefore {
    fn take(exchange: &mut Exchange, told: Told) -> Self {
        let mut taken = Self::default();
        if told.request {
            let request = &mut exchange.request;
            taken.target = Some((std::mem::replace(&mut request.path, "/".to_owned()), request.query.take()));
            taken.request = Some(only_framing(&mut request.message.headers));
        }
        if let (true, Ok(response)) = (told.response, &mut exchange.response) {
            taken.response = Some(only_framing(&mut response.message.headers));
        }
        taken
    }

    fn restore(self, exchange: &mut Exchange) {
        if let Some((path, query)) = self.target {
            (exchange.request.path, exchange.request.query) = (path, query);
        }
        if let Some(headers) = self.request {
            exchange.request.message.headers = headers;
        }
        if let (Some(headers), Ok(response)) = (self.response, &mut exchange.response) {
            response.message.headers = headers;
        }
    }
}

/// The record needs their lengths only, and the queue must not hold their bytes.
fn forget_bodies(exchange: &mut Exchange) {
    exchange.request.message.body.captured = Bytes::new();
    if let Ok(response) = &mut exchange.response {
        response.message.body.captured = Bytes::new();
    }
    exchange.messages.clear();
}

fn panicked(from: Timestamp) -> Entry {
    tracing::error!("the audit of an exchange failed; it is recorded as a gap");
    Entry::Gap { exchanges: Some(1), reason: GapReason::Panic, from, to: Timestamp::now() }
}
