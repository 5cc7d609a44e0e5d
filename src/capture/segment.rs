//! Exchanges that last are recorded while they run: part by part, so that none sits on a slot of the queue and what was sent
//! is known before it ends.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::recorder::{Leg, Recorder};
use super::stream_reader::StreamReader;
use crate::exchange::ExchangeId;

/// When parts are cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentLimits {
    /// A stream's first part is recorded this long after its first bytes.
    pub first: Duration,
    /// Later parts, other bodies, and requests that wait for their answer.
    pub every: Duration,
    /// Bytes of a part of a stream; other bodies are cut at the cap for bodies.
    pub bytes: usize,
}

impl Default for SegmentLimits {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), every: Duration::from_secs(10), bytes: 1 << 20 }
    }
}

/// What a part carries for the worker that reads it.
pub struct Segment {
    pub reader: Arc<StreamReader>,
    /// Which leg sent how many bytes, one after the other; only for a WebSocket.
    pub order: Vec<(Leg, usize)>,
    pub socket: bool,
    pub told: Told,
    /// Held until the part has been audited.
    pub waiting: Arc<()>,
}

/// What an earlier part has told already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Told {
    /// The request's target and fields.
    pub request: bool,
    /// The response's fields.
    pub response: bool,
}

/// An exchange that is recorded in parts.
pub struct Parts {
    /// The id of its first part.
    pub stream: ExchangeId,
    /// Number of the next part.
    pub next: u32,
    pub reader: Arc<StreamReader>,
    pub told: Told,
    /// Held by every part that waits for its audit.
    pub waiting: Arc<()>,
}

impl Parts {
    /// Whether as many parts wait for their audit as may: more would weigh more than one exchange may.
    pub fn are_behind(&self, kind: Kind) -> bool {
        let most = if kind == Kind::Plain { 2 } else { 8 };
        Arc::strong_count(&self.waiting) > most
    }
}

/// What kind of exchange it has turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Events or messages that come one by one.
    Stream,
    Socket,
}

/// How often exchanges under way are looked at.
const TICK: Duration = Duration::from_millis(250);

/// The exchanges under way.
#[derive(Default)]
pub struct Watch {
    running: Mutex<Vec<Weak<Recorder>>>,
}

impl Watch {
    pub fn add(&self, recorder: &Arc<Recorder>) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(recorder));
    }

    /// Look at all of them again and again; never ends.
    pub async fn run(&self) {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tick.tick().await;
            let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
            let now = Instant::now();
            let left: Vec<_> = running
                .into_iter()
                .filter(|recorder| recorder.upgrade().is_some_and(|recorder| recorder.tick(now)))
                .collect();
            self.running.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
        }
    }
}
