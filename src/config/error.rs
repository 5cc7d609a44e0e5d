//! Why a configuration is not in force.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// What was named cannot be read: an error, never a reason to go on without it.
    #[error("cannot read {what} `{}`", path.display())]
    Unreadable { what: &'static str, path: PathBuf, source: io::Error },
    /// What was read does not hold. The text names the place and the remedy.
    #[error("{0}")]
    Invalid(String),
}

impl ConfigError {
    pub(super) fn unreadable(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Unreadable { what, path: path.to_owned(), source }
    }

    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}
