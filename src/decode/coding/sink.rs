//! Where decompressors put their output: it stops at a limit that no peer can move.

use crate::decode::Flaw;

/// Bytes a decompressor makes at a time.
pub(super) const CHUNK: usize = 16 << 10;

/// Collects output up to a limit.
pub struct Sink {
    bytes: Vec<u8>,
    limit: usize,
}

impl Sink {
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// Take some output. At the limit the part that fits is kept, and the budget's end is told.
    pub fn push(&mut self, output: &[u8]) -> Result<(), Flaw> {
        let fits = output.len().min(self.limit - self.bytes.len());
        self.bytes.extend_from_slice(&output[..fits]);
        if fits < output.len() { Err(Flaw::Budget) } else { Ok(()) }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Output from this position on.
    pub fn since(&self, start: usize) -> &[u8] {
        &self.bytes[start..]
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
