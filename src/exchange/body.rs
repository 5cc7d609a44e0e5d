//! A body as captured: the bytes kept, how many there were, and why some are missing.

use bytes::Bytes;

/// Bytes of one body as they stood on the wire, content coding and all.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// What was kept; a prefix of what was seen.
    pub captured: Bytes,
    /// Bytes that passed, kept or not.
    pub observed_bytes: u64,
    /// Why `captured` is shorter than the body was, or than it should have been.
    pub cut: Option<Cut>,
    /// The bytes are already without their `Content-Encoding` although the header still names it (HAR 1.2).
    pub decoded: bool,
}

impl Body {
    /// A body that was seen whole.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let captured = bytes.into();
        let observed_bytes = captured.len() as u64;
        Self { captured, observed_bytes, cut: None, decoded: false }
    }
}

/// Why part of a body is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// The transfer ended before the body did.
    Aborted,
    /// The process-wide budget for kept bodies was used up.
    Budget,
    /// The body is longer than the cap for one body.
    Limit,
    /// The imported file says that there was more than it holds.
    NotRecorded,
    /// The bytes are of a protocol that is relayed unopened (after a `101 Switching Protocols`).
    Unopened,
}
