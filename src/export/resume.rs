//! Going on with an events file: what it ends with says more than any cursor of what it has.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Deserialize;

use super::ExportError;
use crate::ledger::Reader;

/// Step in which the end of a file is searched for a line break, in bytes.
const STEP: u64 = 64 << 10;
/// A longer last line is none of Landfall's, in bytes.
const LONGEST: u64 = 256 << 20;

#[derive(Deserialize)]
struct Mark {
    seq: u64,
    id: String,
}

/// Open the file for appending (made with mode 0600), and find the next record that it lacks. A file that ends with one of
/// this ledger's records goes on from there; half a record at its end is taken away; anything else in it is left alone,
/// and the record `next` follows.
pub(super) fn open(path: &Path, reader: &Reader, next: u64) -> Result<(File, u64), ExportError> {
    let failed = |error| ExportError::Io { target: path.display().to_string(), error };
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let mut file = match options.open(path) {
        // A pipe or a device that takes writing only.
        Err(error) if path.exists() && !path.is_file() => {
            options.read(false).create(false).open(path).map_err(|_| failed(error))?
        }
        opened => opened.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok((file, next));
    }
    let (last, rest) = end(&mut file, metadata.len()).map_err(failed)?;
    let next = match serde_json::from_slice::<Mark>(&last) {
        Ok(mark) if reader.lines(mark.seq, 1)?.first().is_some_and(|line| line.id == mark.id) => mark.seq + 1,
        _ => next,
    };
    if !rest.is_empty() {
        let begun = reader.lines(next, 1)?.first().is_some_and(|line| line.text.as_bytes().starts_with(&rest));
        if begun {
            file.set_len(metadata.len() - rest.len() as u64).map_err(failed)?;
        } else {
            file.write_all(b"\n").map_err(failed)?;
        }
    }
    Ok((file, next))
}

/// The last whole line, and what stands after it.
fn end(file: &mut File, len: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut tail: Vec<u8> = Vec::new();
    let mut start = len;
    while start > 0 && len - start < LONGEST && memchr::memchr_iter(b'\n', &tail).count() < 2 {
        let from = start.saturating_sub(STEP);
        let mut step = Vec::new();
        file.seek(SeekFrom::Start(from))?;
        file.take(start - from).read_to_end(&mut step)?;
        step.append(&mut tail);
        (tail, start) = (step, from);
    }
    let Some(stop) = memchr::memrchr(b'\n', &tail) else { return Ok((Vec::new(), tail)) };
    let rest = tail.split_off(stop + 1);
    tail.truncate(stop);
    let begin = memchr::memrchr(b'\n', &tail).map_or(0, |at| at + 1);
    Ok((tail.split_off(begin), rest))
}
