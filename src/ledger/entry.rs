//! What the ledger is told. Each entry becomes one line of the event stream.

use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::Assessment;
use crate::exchange::{Connection, Exchange, Session};
use crate::judge::Verdict;
use crate::locate::Placement;

/// One thing to record.
#[derive(Debug)]
pub enum Entry {
    /// `landfall.exchange/1`. The bodies are no longer needed and may be empty; their observed lengths count.
    Assessed(Box<Exchange>, Box<Assessment>),
    /// `landfall.connection/1`
    Connected(Box<Connection>, Arc<Placement>, Vec<Verdict>),
    /// `landfall.gap/1`: exchanges that passed and were not recorded.
    /// `exchanges` is `None` where nobody can tell how many.
    Gap { exchanges: Option<u64>, reason: GapReason, from: Timestamp, to: Timestamp },
    /// `landfall.session/1`
    Session { event: SessionEvent, session: Arc<Session>, at: Timestamp },
    /// `landfall.audit/1`: who changed what.
    Audit { action: &'static str, actor: Actor, before: Option<String>, after: Option<String>, at: Timestamp },
}

impl Entry {
    /// Name and version of the line that it becomes.
    pub fn schema(&self) -> &'static str {
        match self {
            Self::Assessed(..) => "landfall.exchange/1",
            Self::Connected(..) => "landfall.connection/1",
            Self::Gap { .. } => "landfall.gap/1",
            Self::Session { .. } => "landfall.session/1",
            Self::Audit { .. } => "landfall.audit/1",
        }
    }

    /// How many exchanges or connections are lost with it, and the moment it is about.
    pub(super) fn weight(&self) -> (u64, Timestamp) {
        match self {
            Self::Assessed(exchange, _) => (1, exchange.started_at),
            Self::Connected(connection, ..) => (1, connection.started_at),
            Self::Gap { exchanges, to, .. } => (exchanges.unwrap_or_default(), *to),
            Self::Session { at, .. } | Self::Audit { at, .. } => (0, *at),
        }
    }
}

/// Why exchanges are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GapReason {
    /// The queue was full, and `ledger.on_trouble` is `shed`.
    QueueFull,
    /// The ledger could not be written, and `ledger.on_trouble` is `shed`.
    LedgerUnavailable,
    /// The audit or the recording of an exchange panicked.
    Panic,
    /// The ledger holds a record of the same id already, or could not write the exchange down as a record: a fault of Landfall's.
    Rejected,
    /// The process ended without draining.
    Shutdown,
}

impl GapReason {
    pub const ALL: [Self; 5] = [Self::QueueFull, Self::LedgerUnavailable, Self::Panic, Self::Rejected, Self::Shutdown];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::Panic => "panic",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEvent {
    Opened,
    Closed,
    /// A moment the auditor named.
    Mark(String),
}

impl SessionEvent {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Mark(_) => "mark",
        }
    }
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Landfall itself, at start and stop.
    Landfall,
    /// Whoever ran a command.
    CommandLine,
    /// A signal.
    Signal,
    /// Somebody with the admin token.
    Admin,
}

impl Actor {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Landfall => "landfall",
            Self::CommandLine => "command_line",
            Self::Signal => "signal",
            Self::Admin => "admin",
        }
    }
}
