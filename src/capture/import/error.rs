//! What can be wrong with a file of exchanges. No message quotes the file: its values are what must not leak.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file, or one exchange in it, could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot read `{}`: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },

    /// The file is none that is understood; nothing of it was read.
    #[error("`{}` {problem}", path.display())]
    Unrecognised { path: PathBuf, problem: &'static str },

    /// One exchange is not as its format says; the others are read.
    #[error("`{}`: {place}: {problem}; this exchange is left out", path.display())]
    Malformed { path: PathBuf, place: String, problem: String },

    /// One exchange is larger than may be held in memory; the others are read.
    #[error("`{}`: {place}: over {} MiB; this exchange is left out", path.display(), limit >> 20)]
    TooLarge { path: PathBuf, place: String, limit: usize },

    /// The file ends in the middle; what was whole has been read.
    #[error("`{}` breaks off after {whole} whole exchanges; export it again", path.display())]
    Truncated { path: PathBuf, whole: u64 },

    /// The file stops being JSON; what came before has been read.
    #[error("`{}` is not JSON from byte {offset} on, after {whole} exchanges; export it again", path.display())]
    Broken { path: PathBuf, offset: u64, whole: u64 },
}

impl ImportError {
    /// Whether nothing at all could be taken from the file, because it is not one of ours.
    pub fn is_unrecognised(&self) -> bool {
        matches!(self, Self::Unrecognised { .. })
    }

    /// Whether the file itself could not be read.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

/// For `map_err`: an I/O error with the file it is about.
pub(super) fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ImportError + '_ {
    |source| ImportError::Io { path: path.to_owned(), source }
}

/// A parser's message without the value that it may quote: ``request.url: invalid type, expected a string``.
pub(super) fn problem(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let inner = error.inner();
    let text = inner.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let said = if inner.is_data() {
        match (text.split_once(": "), text.rsplit_once(", expected ")) {
            (Some((kind, _)), Some((_, expected))) => format!("{kind}, expected {expected}"),
            (None, None) => text.to_owned(),
            _ => "a value is not as the format says".to_owned(),
        }
    } else {
        format!("not JSON at its line {} column {}", inner.line(), inner.column())
    };
    match error.path().to_string().as_str() {
        "." => said,
        path => format!("{path}: {said}"),
    }
}
