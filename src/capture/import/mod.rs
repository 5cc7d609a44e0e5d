//! Files of exchanges that somebody else captured, as the exchanges that Landfall would have seen.
//!
//! Two formats, told by content: HAR 1.2 and exchange JSONL. Both are streamed: memory is bounded by one exchange, and
//! what is wrong with one exchange costs that exchange and is said.

mod body;
mod draft;
mod error;
mod file;
mod har;
mod jsonl;
mod lenient;
mod scan;
mod target;

pub use error::ImportError;
pub use file::{Exchanges, Format, ImportFile};

use crate::exchange::Exchange;

/// Bytes that one exchange may take up in its file.
pub const LARGEST_EXCHANGE: usize = 256 << 20;

/// One entry of a file.
#[derive(Debug)]
pub enum Imported {
    Exchange(Box<Exchange>),
    /// Listed by the browser, but nothing of it went over the network (`data:`, `blob:`).
    Local {
        /// Zero-based position in the file.
        index: u64,
        scheme: &'static str,
    },
}
