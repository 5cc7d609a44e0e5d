//! Pinned pairs over a restart: a small file in the data directory, written anew whenever it changes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::learnt::PinnedPair;
use crate::exchange::Opaque;

/// Name of the file inside the data directory.
pub const PINNED_FILE: &str = "pinned.json";
/// Longer ones are not ours.
const MAX_SIZE: u64 = 16 << 20;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinnedFileError {
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("`{}` is damaged ({reason}); remove it, and pinned apps are learnt anew", path.display())]
    Damaged { path: PathBuf, reason: String },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    pinned: Vec<Kept>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    client: IpAddr,
    host: String,
    ech: bool,
    last: String,
    /// Seconds of Unix time.
    since: i64,
    until: i64,
    connections: u64,
    up: u64,
    down: u64,
}

/// The pairs kept in a data directory; none where there is no file.
pub fn read(data: &Path) -> Result<Vec<PinnedPair>, PinnedFileError> {
    let path = data.join(PINNED_FILE);
    let size = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(PinnedFileError::Io { action: "read", path, source }),
    };
    let damaged = |reason: String| PinnedFileError::Damaged { path: path.clone(), reason };
    if size > MAX_SIZE {
        return Err(damaged(format!("it has {size} bytes")));
    }
    let bytes = fs::read(&path).map_err(|source| PinnedFileError::Io { action: "read", path: path.clone(), source })?;
    let file: File = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if file.version != 1 {
        return Err(damaged(format!("version {} is not known", file.version)));
    }
    let pairs: Option<Vec<_>> = file.pinned.into_iter().map(Kept::pair).collect();
    pairs.ok_or_else(|| damaged("it holds a time that is none".to_owned()))
}

/// Write the pairs, whole or not at all.
pub fn write(data: &Path, pairs: Vec<PinnedPair>) -> Result<(), PinnedFileError> {
    let (path, part) = (data.join(PINNED_FILE), data.join("pinned.json.part"));
    let io = |source| PinnedFileError::Io { action: "write", path: path.clone(), source };
    let file = File { version: 1, pinned: pairs.into_iter().map(Kept::from).collect() };
    let text = serde_json::to_vec_pretty(&file).map_err(|error| io(error.into()))?;
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(io)?;
    out.write_all(&text).and_then(|()| out.sync_all()).and_then(|()| fs::rename(&part, &path)).map_err(io)
}

impl From<PinnedPair> for Kept {
    fn from(pair: PinnedPair) -> Self {
        let PinnedPair { id, client, host, why, last, since, until, connections, up, down } = pair;
        let (since, until) = (since.as_second(), until.as_second());
        Self { id, client, host, ech: why == Opaque::Ech, last, since, until, connections, up, down }
    }
}

impl Kept {
    fn pair(self) -> Option<PinnedPair> {
        let Self { id, client, host, ech, last, since, until, connections, up, down } = self;
        let why = if ech { Opaque::Ech } else { Opaque::LearntPinned };
        let (since, until) = (Timestamp::from_second(since).ok()?, Timestamp::from_second(until).ok()?);
        Some(PinnedPair { id, client, host, why, last, since, until, connections, up, down })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_and_damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), []);
        let pair = PinnedPair {
            id: "00ff".to_owned(),
            client: [192, 168, 1, 2].into(),
            host: "a.example".to_owned(),
            why: Opaque::Ech,
            last: "ech_required".to_owned(),
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            connections: 1,
            up: 2,
            down: 3,
        };
        write(dir.path(), vec![pair.clone()]).unwrap();
        assert_eq!(read(dir.path()).unwrap(), [pair]);
        for damage in ["", "{}", r#"{"version":2,"pinned":[]}"#] {
            fs::write(dir.path().join(PINNED_FILE), damage).unwrap();
            assert!(matches!(read(dir.path()), Err(PinnedFileError::Damaged { .. })), "{damage}");
        }
    }
}
