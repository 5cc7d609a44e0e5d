//! The wire form: what a line of the event stream looks like (`landfall.exchange/1` and its siblings), and its leaf.
//!
//! Everything a reader may rely on stands here and nowhere else: names, order of keys, words. Unknown is an object with
//! a reason, `null` means that none applies, and no key is ever absent. Nothing raw gets in: names are masked by
//! [`template`], and values never reach this stage.

mod connection;
mod destination;
mod exchange;
mod finding;
mod http;
mod other;
mod producer;
pub mod template;
mod tls;
mod unknown;
mod verdict;

pub use connection::connection;
pub use destination::{DestinationRecord, PlacementRecord, destination, placement};
pub use exchange::exchange;
pub use other::{audit, gap, session};
pub use producer::{Producer, Settings};
pub use unknown::{OrUnknown, Unknown};

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::tree::{Hash, hex, leaf_hash};
use crate::exchange::{Client, Outcome, Session, Timings, WireBytes};

/// Keys that open every line.
#[derive(Debug, Clone, Serialize)]
pub struct Head<'a> {
    pub schema: &'static str,
    /// ULID
    pub id: String,
    /// Position in the ledger; one more than the line before.
    pub seq: u64,
    #[serde(serialize_with = "millis")]
    pub time: Timestamp,
    pub producer: &'a Producer,
}

/// A finished line: one JSON object without a line break, and its leaf in the Merkle log.
#[derive(Debug, Clone)]
pub struct Sealed {
    pub line: String,
    pub leaf: Hash,
}

/// Add `log` to a record: the leaf is the RFC 6962 leaf hash of the record's RFC 8785 form, and `index` its position
/// in the tree, which is zero-based and equals `seq`.
pub fn seal(record: &impl Serialize, index: u64) -> Result<Sealed, serde_json::Error> {
    let leaf = leaf_hash(&serde_json_canonicalizer::to_vec(record)?);
    let line = serde_json::to_string(&Logged { record, log: Log { index, leaf: hex(&leaf) } })?;
    Ok(Sealed { line, leaf })
}

#[derive(Serialize)]
struct Logged<'a, T> {
    #[serde(flatten)]
    record: &'a T,
    log: Log,
}

#[derive(Serialize)]
struct Log {
    index: u64,
    leaf: String,
}

#[derive(Serialize)]
struct SessionRecord<'a> {
    id: String,
    label: Option<&'a str>,
    app: Option<&'a str>,
}

impl<'a> From<&'a Session> for SessionRecord<'a> {
    fn from(session: &'a Session) -> Self {
        Self { id: session.id.to_string(), label: session.label.as_deref(), app: session.app.as_deref() }
    }
}

#[derive(Serialize)]
struct ClientRecord<'a> {
    address: Option<String>,
    user: Option<&'a str>,
    device: Option<&'a str>,
}

impl<'a> From<&'a Client> for ClientRecord<'a> {
    fn from(client: &'a Client) -> Self {
        Self {
            address: client.address.map(|address| address.to_canonical().to_string()),
            user: client.user.as_deref(),
            device: client.device.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct CaptureRecord {
    mode: &'static str,
    coverage: &'static str,
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct OutcomeRecord {
    result: &'static str,
    side: Option<&'static str>,
    error: Option<&'static str>,
}

impl From<&Outcome> for OutcomeRecord {
    fn from(outcome: &Outcome) -> Self {
        Self {
            result: outcome.as_str(),
            side: outcome.side().map(|side| side.as_str()),
            error: outcome.error().map(|error| error.as_str()),
        }
    }
}

#[derive(Serialize)]
struct BytesRecord {
    up: u64,
    down: u64,
}

impl From<WireBytes> for BytesRecord {
    fn from(bytes: WireBytes) -> Self {
        Self { up: exact(bytes.up), down: exact(bytes.down) }
    }
}

/// Milliseconds, to a tenth.
#[derive(Serialize)]
struct TimingRecord {
    dns: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    total: Option<f64>,
    overhead: Option<f64>,
}

impl From<Timings> for TimingRecord {
    fn from(timings: Timings) -> Self {
        let tenths = |duration: Option<Duration>| duration.map(|d| rounded(d.as_secs_f64() * 1000.0, 10.0));
        Self {
            dns: tenths(timings.dns),
            connect: tenths(timings.connect),
            tls: tenths(timings.tls),
            first_byte: tenths(timings.first_byte),
            total: tenths(timings.total),
            overhead: tenths(timings.overhead),
        }
    }
}

/// The value to so many parts of one; 0 where there is no number.
fn rounded(value: f64, parts: f64) -> f64 {
    let value = (value * parts).round() / parts;
    if value.is_finite() { value } else { 0.0 }
}

/// No more than 2^53 − 1, beyond which JSON readers disagree (RFC 7493 section 2.2).
fn exact(count: u64) -> u64 {
    count.min((1 << 53) - 1)
}

fn millis<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&millis_text(*time))
}

/// RFC 3339 in UTC, to the millisecond.
fn millis_text(time: Timestamp) -> String {
    format!("{time:.3}")
}
