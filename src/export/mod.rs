//! Records to the outside, each output at its own pace: it reads the ledger through a cursor, so that a slow one costs nothing
//! and loses nothing.
//!
//! ```text
//! let metrics = Arc::new(Metrics::new(&MetricsOptions { max_recipients: 200, .. })?);
//! metrics.register(counters.collectors())?;                          // what other stages count themselves
//! let events = Events::spawn(&name, target, &ledger, metrics.exporter(&name))?;   // before the first record is sent
//! let on_commit = { let metrics = metrics.clone(); Box::new(move |done: &Committed| metrics.observe(done)) };
//! // … run; then, from left to right:
//! let summary = writer.close(patience);
//! let delivery = events.finish();                                    // a partial result if `undelivered` is not 0
//! ```

mod events;
pub mod metrics;
mod resume;

pub use events::{Delivery, Events, ExportError, Target};
pub use metrics::{ExporterStats, Metrics, MetricsOptions};
