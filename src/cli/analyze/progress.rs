//! A bar on stderr while a terminal watches, and lines that do not tear it.

use std::io::{self, Write};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bytes read, of twice the files: once for the digest, once for the exchanges.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(files: &[PathBuf]) -> Self {
        let bytes: u64 = files.iter().filter_map(|file| file.metadata().ok()).map(|facts| facts.len()).sum();
        // Draws nothing where stderr is no terminal.
        let bar = ProgressBar::with_draw_target(Some(bytes.saturating_mul(2)), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub fn advance(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// One line to stderr, above the bar.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| match writeln!(io::stderr(), "{line}") {
            // With nobody to read stderr, the exit code still tells.
            Ok(()) | Err(_) => {}
        });
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
