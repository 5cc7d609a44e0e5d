//! What can go wrong with a ledger, and what to do about it.

use std::path::PathBuf;

/// Why the ledger, its directory or its keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("data directory `{}` is in use by another landfall{}; stop it, or name another with `--data`", .dir.display(), holder(.process))]
    InUse { dir: PathBuf, process: Option<u32> },
    #[error("cannot use `{}`: {error}; check that the directory can be written, or name another with `--data`", .path.display())]
    Io { path: PathBuf, error: std::io::Error },
    #[error("key `{}` can be read by others (mode {mode:04o}); run `chmod 600 {}`", .path.display(), .path.display())]
    LooseKey { path: PathBuf, mode: u32 },
    #[error("key `{}` is not 64 hex digits; restore it from your backup", .path.display())]
    BadKey { path: PathBuf },
    #[error(
        "key `{}` is missing, and the ledger beside it was counted with it; restore it from your backup, or start a new data directory",
        .path.display()
    )]
    MissingKey { path: PathBuf },
    #[error(
        "key `{}` is not the one that the ledger beside it was counted with; restore it from your backup, or start a new data directory",
        .path.display()
    )]
    ForeignKey { path: PathBuf },
    #[error("ledger `{}` has schema version {found}, and this landfall knows up to {known}; use a newer landfall", .path.display())]
    TooNew { path: PathBuf, found: i64, known: i64 },
    #[error("`{}` is not a ledger of landfall; name another directory with `--data`", .path.display())]
    NotALedger { path: PathBuf },
    #[error("ledger `{}` is damaged: {what}; keep a copy of it, and restore it from your backup", .path.display())]
    Damaged { path: PathBuf, what: String },
    #[error("ledger cannot be written or read: {0}; check the disk of the data directory")]
    Database(#[from] rusqlite::Error),
    #[error("a record cannot be written as JSON: {0}; report this as a bug")]
    Record(#[from] serde_json::Error),
}

fn holder(process: &Option<u32>) -> String {
    process.map(|process| format!(" (process {process})")).unwrap_or_default()
}

impl LedgerError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, error }
    }
}
