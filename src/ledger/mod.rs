//! Assessments to durable records: the store, the Merkle log, subjects and windows.
//!
//! ```text
//! let ledger = Arc::new(Ledger::open(dir, Sync::Normal)?);      // or Ledger::in_memory()?
//! let keys = ledger.keys().clone();                             // for audit::Auditor
//! let in_force = Arc::new(ArcSwap::from_pointee(InForce { producer, settle, listed_class }));
//! let writer = Writer::spawn(ledger.clone(), in_force, WriterOptions::default(), on_commit)?;
//! writer.sender().send(Entry::Assessed(exchange, assessment))?; // waits while the queue is full
//! let summary = writer.close(patience);                         // drains, then wakes exporters a last time
//! ```

mod database;
mod entry;
mod error;
mod home;
mod keys;
mod progress;
mod queue;
mod reader;
pub mod record;
#[cfg(test)]
pub(crate) mod samples;
mod schema;
mod store;
mod subjects;
pub mod tree;
mod window;
mod writer;

pub use database::{Ledger, Sync};
pub use entry::{Actor, Entry, GapReason, SessionEvent};
pub use error::LedgerError;
pub use progress::{Progress, Reached};
pub use queue::{EntrySender, LedgerClosed};
pub use reader::{Line, Reader};
pub use record::{Producer, Settings};
pub use store::{Compose, InForce, ListedClass, Settle};
pub use writer::{Committed, LedgerHealth, OnCommit, OnTrouble, Recorded, Summary, Writer, WriterOptions};
