//! How much decoding one exchange may cost.

/// Bounds on the work for one exchange; what lies beyond is [`Unread`](super::Unread) with reason `budget`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Nested layers and nested structures, counted together.
    pub depth: u16,
    /// Decoded bytes over all layers of one exchange.
    pub bytes: usize,
    /// Bytes that a compressed body may grow to per byte of input, once it is over 64 KiB.
    pub ratio: usize,
    /// Fields of one exchange.
    pub fields: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { depth: 64, bytes: 32 << 20, ratio: 200, fields: 200_000 }
    }
}
