//! Why `run` could not start, or could not end well.

use std::net::SocketAddr;

use super::EngineError;
use crate::capture::{
    AccountsError, CaError, ClientCertificateError, CredentialsError, LeafError, OwnTlsError, PinnedFileError,
    RootsError,
};
use crate::config::ConfigError;
use crate::console::TokenError;
use crate::export::ExportError;
use crate::ledger::LedgerError;

/// An error of `run`; each names what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Ca(#[from] CaError),
    #[error(transparent)]
    Leaf(#[from] LeafError),
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error(transparent)]
    OwnTls(#[from] OwnTlsError),
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error(transparent)]
    ClientCertificate(#[from] ClientCertificateError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Pinned(#[from] PinnedFileError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(
        "cannot listen on `{address}`: {source}; is another Landfall running? choose another address with `{flag}`"
    )]
    Bind { address: SocketAddr, flag: &'static str, source: std::io::Error },
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
    #[error("metrics could not be registered: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The drain ended, but not everything was written.
    #[error(
        "{lost} exchanges could not be recorded before the time for closing was up; free the disk and check the ledger"
    )]
    Lost { lost: u64 },
    /// The ledger has everything, an output does not.
    #[error(
        "{records} records could not be delivered to an output; the ledger has them, and the next run goes on there"
    )]
    Undelivered { records: u64 },
}
