//! A connection that never became an exchange: a tunnel, or a handshake that one side ended.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    CaptureMode, Client, Coverage, Destination, ExchangeId, Note, Outcome, Session, Timings, TlsFacts, WireBytes,
};

/// One client connection whose content was not opened.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ExchangeId,
    pub session: Arc<Session>,
    pub started_at: Timestamp,
    pub client: Client,
    pub mode: CaptureMode,
    /// `Tunnelled` when bytes were relayed; `Intercepted` when a handshake to open it failed.
    pub coverage: Coverage,
    pub destination: Destination,
    pub tls: TlsFacts,
    pub outcome: Outcome,
    /// Every byte relayed, TLS records included.
    pub bytes: WireBytes,
    pub timings: Timings,
    pub notes: Vec<Note>,
}
