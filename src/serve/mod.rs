//! Wiring: build everything, run it, drain it, stop it.
//!
//! What flows: capture hands exchanges to the `workers` (Q1), they audit them and hand assessments to the ledger's writer
//! (Q2), exporters read the ledger. Shutdown goes the same way, left to right, so that nothing is overtaken.

mod connect_times;
mod dataset_watch;
mod engine;
mod metrics;
mod reload;
mod running;
mod signals;
mod start;
mod way_out;
mod workers;

pub use engine::{Engine, EngineError};
pub use running::{Facts, RunOptions, Running};
pub use signals::Signals;
pub use start::StartError;
pub use way_out::check as check_way_out;
