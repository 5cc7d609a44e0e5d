//! What the tests stand on: a certificate authority, origins, the running binary, its events, and clients.

pub mod agree;
pub mod authority;
pub mod canary;
pub mod client;
pub mod http;
pub mod lab;
pub mod landfall;
pub mod origin;
pub mod pattern;
pub mod raw;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The papers and data beside the project, where they are; tests that want them say so and pass without.
pub fn shared(path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("LANDFALL_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let found = Some(shared.join(path)).filter(|path| path.exists());
    if found.is_none() {
        say(&format!("skipped: `{}` is not here", shared.join(path).display()));
    }
    found
}

/// Straight to stderr, which the test harness does not capture: a skipped test must not look like a passed one.
pub fn say(text: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "{text}").expect("stderr");
}

/// Ask until there is an answer; a test that waits longer than this has failed.
pub fn eventually<T>(what: &str, patience: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} for {what}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}
