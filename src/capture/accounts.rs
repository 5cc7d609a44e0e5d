//! Who may use the proxy by name and password: a file as `htpasswd -B` makes it, and a check that costs bcrypt once.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::{hmac, rand};
use moka::sync::Cache;
use tokio::sync::Semaphore;

/// Checks at once: bcrypt is meant to be slow, and must not take every core.
const CHECKS: usize = 2;
/// Pairs that were found right are remembered, so that each is checked once in a while and not with each request.
const REMEMBERED: u64 = 10_000;
const MEMORY: Duration = Duration::from_secs(15 * 60);
/// Wrong pairs of one address within a minute; beyond, its pairs are not looked at.
const WRONG_PER_MINUTE: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// A wrong pair is answered after this.
const PENALTY: Duration = Duration::from_millis(500);
/// A check of a higher cost would take seconds.
const MAX_COST: u32 = 15;
/// Longest name and password that RFC 1929 can carry; Basic authentication gets no more.
const MAX_LENGTH: usize = 255;

/// Why the accounts cannot be used. Neither names nor hashes are told.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    #[error("cannot read the accounts `{}`: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("`{}` line {line}: {reason}", path.display())]
    Line { path: PathBuf, line: usize, reason: &'static str },
    #[error("`{}` holds no account; add one with `htpasswd -B`", path.display())]
    Empty { path: PathBuf },
}

/// The accounts, and what is remembered of attempts.
pub struct Accounts {
    hashes: Hashes,
    /// Checked in the place of an unknown name's, so that both take their time.
    any_hash: Arc<str>,
    key: hmac::Key,
    /// Names by the keyed hash of name and password.
    right: Cache<Vec<u8>, Arc<str>>,
    wrong: Cache<IpAddr, Arc<AtomicU32>>,
    checks: Semaphore,
}

/// What becomes of a name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    Right(Arc<str>),
    Wrong,
    /// This address tried too often; the pair was not looked at.
    TooMany,
}

impl Accounts {
    pub fn read(path: &Path) -> Result<Self, AccountsError> {
        let text =
            fs::read_to_string(path).map_err(|source| AccountsError::Unreadable { path: path.to_owned(), source })?;
        let hashes =
            parse(&text).map_err(|(line, reason)| AccountsError::Line { path: path.to_owned(), line, reason })?;
        let empty = || AccountsError::Empty { path: path.to_owned() };
        let slowest = hashes.values().max_by_key(|hash| cost(hash));
        let any_hash = slowest.map(Arc::clone).ok_or_else(empty)?;
        let no_key = |_| AccountsError::Unreadable {
            path: path.to_owned(),
            source: std::io::Error::other("the system gave no random numbers"),
        };
        Ok(Self {
            hashes,
            any_hash,
            key: hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new()).map_err(no_key)?,
            right: Cache::builder().max_capacity(REMEMBERED).time_to_live(MEMORY).build(),
            wrong: Cache::builder().max_capacity(REMEMBERED).time_to_live(MINUTE).build(),
            checks: Semaphore::new(CHECKS),
        })
    }

    /// Check a name and password from this address. A wrong pair is answered late, and an unknown name as a wrong password.
    pub async fn check(&self, from: IpAddr, user: &[u8], password: &[u8]) -> Attempt {
        if user.len() > MAX_LENGTH || password.len() > MAX_LENGTH {
            tokio::time::sleep(PENALTY).await;
            return Attempt::Wrong;
        }
        let pair = self.pair(user, password);
        if let Some(name) = self.right.get(&pair) {
            return Attempt::Right(name);
        }
        let wrong = self.wrong.get_with(from, Arc::default);
        if wrong.load(Ordering::Relaxed) >= WRONG_PER_MINUTE {
            return Attempt::TooMany;
        }
        match self.verify(user, password).await {
            Some(name) => {
                self.right.insert(pair, Arc::clone(&name));
                Attempt::Right(name)
            }
            None => {
                wrong.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PENALTY).await;
                Attempt::Wrong
            }
        }
    }

    fn pair(&self, user: &[u8], password: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&[u8::try_from(user.len()).unwrap_or(u8::MAX)]);
        context.update(user);
        context.update(password);
        context.sign().as_ref().to_vec()
    }

    async fn verify(&self, user: &[u8], password: &[u8]) -> Option<Arc<str>> {
        let known = std::str::from_utf8(user).ok().and_then(|user| self.hashes.get_key_value(user));
        let (name, hash) = match known {
            Some((name, hash)) => (Some(Arc::clone(name)), Arc::clone(hash)),
            None => (None, Arc::clone(&self.any_hash)),
        };
        let _turn = self.checks.acquire().await.ok()?;
        let password = password.to_vec();
        let checked = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash)).await;
        name.filter(|_| matches!(checked, Ok(Ok(true))))
    }
}

/// bcrypt hashes by name.
type Hashes = HashMap<Arc<str>, Arc<str>>;

/// Hashes by name; else the line that does not hold, one-based, and why.
fn parse(text: &str) -> Result<Hashes, (usize, &'static str)> {
    let mut hashes = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (user, hash) = line.split_once(':').ok_or((number, "an account is written `name:hash`"))?;
        if user.is_empty() || user.len() > MAX_LENGTH || user.chars().any(char::is_control) {
            return Err((number, "a name has 1 to 255 bytes and no control characters"));
        }
        if hash.parse::<bcrypt::HashParts>().is_err() {
            return Err((number, "the hash is none of bcrypt's; make the line anew with `htpasswd -nB NAME`"));
        }
        if cost(hash) > MAX_COST {
            return Err((number, "the hash costs over 15, which takes seconds to check; make it anew with `-C 10`"));
        }
        if hashes.insert(Arc::from(user), Arc::from(hash)).is_some() {
            return Err((number, "the name has an account already; remove one of them"));
        }
    }
    Ok(hashes)
}

fn cost(hash: &str) -> u32 {
    hash.parse::<bcrypt::HashParts>().map_or(u32::MAX, |parts| parts.get_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("accounts");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[tokio::test]
    async fn only_the_right_pair_is_right() {
        let hash = bcrypt::hash("open sesame", 4).unwrap();
        let (_dir, path) = file(&format!("# people\n\nali:{hash}\n"));
        let accounts = Accounts::read(&path).unwrap();
        for _ in 0..2 {
            assert_eq!(accounts.check(HOME, b"ali", b"open sesame").await, Attempt::Right("ali".into()));
        }
        assert_eq!(accounts.check(HOME, b"ali", b"open barley").await, Attempt::Wrong);
        assert_eq!(accounts.check(HOME, b"baba", b"open sesame").await, Attempt::Wrong, "an unknown name");
        assert_eq!(accounts.check(HOME, b"", &[b'x'; 300]).await, Attempt::Wrong);
    }

    #[tokio::test]
    async fn guessing_is_bounded_and_does_not_lock_out_who_is_right() {
        let (_dir, path) = file(&format!("ali:{}\n", bcrypt::hash("open sesame", 4).unwrap()));
        let accounts = Accounts::read(&path).unwrap();
        accounts.check(HOME, b"ali", b"open sesame").await;
        accounts.wrong.insert(HOME, Arc::new(AtomicU32::new(WRONG_PER_MINUTE)));
        assert_eq!(accounts.check(HOME, b"ali", b"guess").await, Attempt::TooMany);
        assert_eq!(accounts.check(HOME, b"ali", b"open sesame").await, Attempt::Right("ali".into()));
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(accounts.check(elsewhere, b"ali", b"guess").await, Attempt::Wrong);
    }

    #[test]
    fn a_file_that_does_not_hold_is_refused_at_its_line() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let (_dir, path) = file(text);
            let error = Accounts::read(&path).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(expect), "`{error}` lacks `{expect}`");
            assert!(!error.contains("$apr1$") && !error.contains("ali:"), "{error}");
        }
        let hash = bcrypt::hash("x", 4).unwrap();
        check("", "holds no account");
        check(&format!("ali:{hash}\nali"), "line 2: an account is written `name:hash`");
        check("ali:$apr1$abc$def", "line 1: the hash is none of bcrypt's");
        check(&format!(":{hash}"), "line 1: a name has 1 to 255 bytes");
        check(&format!("ali:{hash}\nali:{hash}"), "line 2: the name has an account already");
        check(&format!("ali:{}", hash.replacen("$04$", "$16$", 1)), "line 1: the hash costs over 15");
    }
}
