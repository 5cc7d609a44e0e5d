//! Values that must never turn up in anything Landfall writes.

use std::path::Path;

use super::landfall::Left;

/// Each is found by one element or carried in one place; none is anybody's.
pub const EMAIL: &str = "quilla.canary7741@example.com";
pub const CARD: &str = "4539148803436467";
pub const LATITUDE: &str = "37.774929";
pub const PASSWORD: &str = "Canary-Passw0rd-7741";
pub const TOKEN: &str = "canarytoken7741b19f3c55aa0e";
pub const COOKIE: &str = "canarycookie7741d2e6a8c1";

pub const ALL: &[&str] = &[EMAIL, CARD, LATITUDE, PASSWORD, TOKEN, COOKIE];

/// Search everything that a run left, in every usual spelling.
#[track_caller]
pub fn assert_absent(left: &Left, metrics: &str) {
    let said =
        [("stdout", left.stdout.as_bytes()), ("stderr", left.stderr.as_bytes()), ("/metrics", metrics.as_bytes())];
    for (name, bytes) in said {
        assert_clean(Path::new(name), bytes);
    }
    assert!(left.files.iter().any(|(path, _)| path.ends_with("ledger.db")), "the ledger was not searched");
    for (path, bytes) in &left.files {
        assert_clean(path, bytes);
    }
}

#[track_caller]
pub fn assert_clean(path: &Path, bytes: &[u8]) {
    for canary in ALL {
        for spelling in spellings(canary) {
            let found = memchr::memmem::find(bytes, spelling.as_bytes());
            assert_eq!(found, None, "`{canary}` (as `{spelling}`) stands in `{}`", path.display());
        }
    }
}

fn spellings(canary: &str) -> Vec<String> {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(canary);
    // The last characters depend on what follows.
    let base64 = base64[..base64.len() - 2].to_owned();
    let hex = super::pattern::hex(canary.as_bytes());
    let upper = canary.to_uppercase();
    let percent = percent_encoding::percent_encode(canary.as_bytes(), percent_encoding::NON_ALPHANUMERIC).to_string();
    vec![canary.to_owned(), canary.to_lowercase(), upper, base64, hex, percent]
}
