//! What capture can be told: addresses, limits, and what to do when the record can't be kept.

use std::time::Duration;

use super::bypass::BypassRule;
use super::h1_guard::GuardLimits;
use super::learnt::PinningOptions;
use super::segment::SegmentLimits;

/// Everything `capture` needs to know at start.
#[derive(Debug, Clone, Default)]
pub struct CaptureConfig {
    /// What is relayed unopened.
    pub bypass: Vec<BypassRule>,
    pub on_trouble: OnTrouble,
    pub limits: Limits,
    /// Clients that reject Landfall's certificate.
    pub pinning: PinningOptions,
    pub on_bad_upstream: OnBadUpstream,
    /// Take offers of HTTP/3 out of responses.
    pub strip_alt_svc: bool,
}

/// How a client learns that TLS to the server failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnBadUpstream {
    /// By a page with the reason, inside of TLS that the client accepted.
    #[default]
    Page,
    /// By a TLS alert.
    Alert,
}

/// Whom a listener takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListenMode {
    /// Both; the first bytes, and whether the packet filter redirected a connection, tell which.
    #[default]
    Any,
    /// Clients that know of the proxy.
    Explicit,
    /// Clients that a packet filter redirects.
    Transparent,
}

/// What happens to traffic while the ledger, or the queue before it, can't take another exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnTrouble {
    /// Requests wait, then are answered 503: nothing goes unrecorded.
    #[default]
    Block,
    /// Traffic goes on; what is not recorded is counted and becomes a `gap` line.
    Shed,
}

/// Bounds that no peer can push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Client connections open at once, and tunnels.
    pub connections: usize,
    /// Exchanges under way or waiting for the workers.
    pub slots: usize,
    /// Bytes of one header block.
    pub header_block: usize,
    /// Fields of one header block.
    pub header_fields: usize,
    /// Concurrent streams of one HTTP/2 connection.
    pub h2_streams: u32,
    /// Frames without content that an HTTP/2 peer may send at once; a tenth of it each second.
    pub h2_control_frames: u32,
    /// Wait for a whole request head, and for a connection's first.
    pub header_read: Duration,
    /// Each TLS handshake, the ClientHello included.
    pub handshake: Duration,
    pub connect: Duration,
    /// Silence on a tunnel, in a body, or between the requests of a connection.
    pub idle: Duration,
    /// Silence before a response's head.
    pub response: Duration,
    /// Wait for a slot before the client is told 503.
    pub slot_wait: Duration,
    /// Bytes kept of one body.
    pub body: usize,
    /// Bytes kept of all bodies together, until the workers are done with them.
    pub bodies: usize,
    /// When exchanges that last are recorded in parts.
    pub segments: SegmentLimits,
}

impl Limits {
    /// What an HTTP/1.1 connection is held to.
    pub fn guard(&self) -> GuardLimits {
        GuardLimits {
            head: self.header_block,
            fields: self.header_fields,
            head_time: self.header_read,
            idle: self.idle,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            slots: 4096,
            header_block: 64 << 10,
            header_fields: 128,
            h2_streams: 100,
            h2_control_frames: 2000,
            header_read: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            response: Duration::from_secs(300),
            slot_wait: Duration::from_secs(10),
            body: 8 << 20,
            bodies: 96 << 20,
            segments: SegmentLimits::default(),
        }
    }
}
