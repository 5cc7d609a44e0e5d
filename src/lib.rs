//! Landfall shows where an app's data comes ashore.
//!
//! The modules are the path of an exchange, in flow order; each imports only what stands above it in this list.
//! `decode` to `audit` are the pure core: no async, no clock, no disk, no network.

pub mod exchange;

pub mod rules;

pub mod decode;

pub mod detect;

pub mod locate;

pub mod judge;

pub mod audit;

pub mod capture;

pub mod ledger;

pub mod export;

pub mod console;

pub mod config;

pub mod serve;

pub mod cli;
