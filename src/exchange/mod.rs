//! What was said: one request and its answer, between whom, and how much of it was seen.
//!
//! Pure data. Capture (or the import of a file) makes it; every later stage only reads it. Nothing here is
//! serialisable on purpose: the wire form belongs to `ledger::record`.

mod body;
mod client;
mod connection;
mod coverage;
mod destination;
mod id;
mod message;
mod outcome;
mod session;
mod tls;
mod tls_fault;

pub use body::{Body, Cut};
pub use client::Client;
pub use connection::Connection;
pub use coverage::{CaptureMode, Coverage, Opaque};
pub use destination::{Destination, NoPeer, Peer};
pub use id::{ExchangeId, SessionId};
pub use message::{Headers, Message, Request, Response, Scheme, SocketDirection, SocketMessage, Version};
pub use outcome::{Note, Outcome, Side, StreamSegment, Timings, Trouble, WireBytes};
pub use session::Session;
pub use tls::{TlsFacts, TlsSide, UpstreamCertificate};
pub use tls_fault::TlsFault;

use std::sync::Arc;

use jiff::Timestamp;

/// One request with its answer, as far as both were seen.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub id: ExchangeId,
    /// Where this exchange was read from; `None` for live traffic.
    pub import: Option<Import>,
    pub session: Arc<Session>,
    pub started_at: Timestamp,
    pub client: Client,
    pub mode: CaptureMode,
    pub coverage: Coverage,
    pub destination: Destination,
    pub tls: TlsFacts,
    pub request: Request,
    pub response: Result<Response, NoResponse>,
    /// Messages of a WebSocket, in the order seen.
    pub messages: Vec<SocketMessage>,
    pub outcome: Outcome,
    pub bytes: WireBytes,
    pub timings: Timings,
    /// Set when this is one segment of a long stream.
    pub stream: Option<StreamSegment>,
    pub notes: Vec<Note>,
}

/// Why an exchange has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoResponse {
    /// The client went away first.
    ClientAborted,
    /// The upstream could not be reached, or ended without answering.
    UpstreamFailed,
    /// Landfall answered in the upstream's stead (policy, limits).
    Refused,
    /// The file it was imported from holds none.
    NotRecorded,
    /// The exchange is recorded while it is still open.
    StillOpen,
}

/// Where an imported exchange stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Lower-case hex SHA-256 of the whole file.
    pub file_sha256: Arc<str>,
    /// Zero-based position of the exchange in the file.
    pub index: u64,
    /// The file's own id of the exchange, where it has one.
    pub id: Option<String>,
}
