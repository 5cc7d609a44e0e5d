//! Assessments to durable records: the store, the Merkle log, subjects and windows.

mod entry;

pub use entry::{Actor, Entry, GapReason, SessionEvent};
