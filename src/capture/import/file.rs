//! A file to import: what it is, its digest, and its exchanges.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;

use super::Imported;
use super::draft::Origin;
use super::error::{ImportError, io_error};
use super::har::Entries;
use super::jsonl::Lines;
use super::scan::{ScanError, Scanner};
use crate::exchange::Session;

/// A file that was opened and recognised.
#[derive(Debug)]
pub struct ImportFile {
    pub path: PathBuf,
    pub format: Format,
    /// Lower-case hex SHA-256 of the whole file.
    pub sha256: Arc<str>,
    /// Bytes.
    pub length: u64,
    file: File,
}

/// A format, by content and not by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Har,
    Jsonl,
}

/// The exchanges of a file in their order. An error costs one exchange, or the rest of the file where nothing follows.
pub enum Exchanges {
    Har(Entries<BufReader<File>>),
    Jsonl(Lines<BufReader<File>>),
}

const BUFFER: usize = 256 << 10;

impl ImportFile {
    /// Recognise the file and read it once for its digest; `read` is told the bytes as they are passed.
    pub fn open(path: &Path, read: impl Fn(u64)) -> Result<Self, ImportError> {
        let mut file = File::open(path).map_err(io_error(path))?;
        let facts = file.metadata().map_err(io_error(path))?;
        if !facts.is_file() {
            let problem = "is not a regular file; save the exchanges to one first";
            return Err(ImportError::Unrecognised { path: path.to_owned(), problem });
        }
        let format = recognise(&file, path)?;
        file.rewind().map_err(io_error(path))?;
        let sha256 = sha256(&file, read).map_err(io_error(path))?.into();
        file.rewind().map_err(io_error(path))?;
        Ok(Self { path: path.to_owned(), format, sha256, length: facts.len(), file })
    }

    /// The exchanges, as of this session.
    pub fn exchanges(self, session: Arc<Session>) -> Result<Exchanges, ImportError> {
        let origin = Origin { session, file_sha256: self.sha256 };
        let reader = BufReader::with_capacity(BUFFER, self.file);
        Ok(match self.format {
            Format::Har => {
                let scanner = Scanner::new(reader).map_err(io_error(&self.path))?;
                Exchanges::Har(Entries::new(scanner, self.path, origin))
            }
            Format::Jsonl => Exchanges::Jsonl(Lines::new(reader, self.path, origin)),
        })
    }
}

impl Format {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Har => "HAR",
            Self::Jsonl => "JSONL",
        }
    }
}

impl Exchanges {
    /// Bytes of the file read so far.
    pub fn position(&self) -> u64 {
        match self {
            Self::Har(entries) => entries.position(),
            Self::Jsonl(lines) => lines.position(),
        }
    }
}

impl Iterator for Exchanges {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Har(entries) => entries.next(),
            Self::Jsonl(lines) => lines.next(),
        }
    }
}

/// Tell the format by the names in the first object: a HAR is one object with `log`, an exchange has a `request`.
fn recognise(file: &File, path: &Path) -> Result<Format, ImportError> {
    let unrecognised = |problem| ImportError::Unrecognised { path: path.to_owned(), problem };
    let mut reader = BufReader::new(file);
    let start = reader.fill_buf().map_err(io_error(path))?;
    match start {
        [] => return Err(unrecognised("is empty")),
        [0x1f, 0x8b, ..] => return Err(unrecognised("is compressed with gzip; run `gunzip` on it first")),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Err(unrecognised("is compressed with zstd; run `unzstd` on it first")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(unrecognised("is UTF-16; save it as UTF-8")),
        _ => {}
    }
    let mut scanner = Scanner::new(reader).map_err(io_error(path))?;
    match first_object(&mut scanner) {
        Ok(Some(format)) => Ok(format),
        Ok(None) => Err(unrecognised("is JSON, but neither HAR (no `log.entries`) nor exchange JSONL (no `request`)")),
        Err(ScanError::Io(source)) => Err(io_error(path)(source)),
        Err(ScanError::Eof | ScanError::Syntax(_)) => {
            Err(unrecognised("is not JSON; a HAR 1.2 file or exchange JSONL is expected"))
        }
    }
}

fn first_object<R: BufRead>(scanner: &mut Scanner<R>) -> Result<Option<Format>, ScanError> {
    scanner.enter(b'{')?;
    while let Some(name) = scanner.name()? {
        match name.as_slice() {
            b"request" => return Ok(Some(Format::Jsonl)),
            b"log" => return Ok(has_entries(scanner)?.then_some(Format::Har)),
            _ => scanner.skip()?,
        }
    }
    Ok(None)
}

/// Whether the `log` that comes next has `entries`. A file that breaks off before them has none worth reading.
fn has_entries<R: BufRead>(scanner: &mut Scanner<R>) -> Result<bool, ScanError> {
    if scanner.enter(b'{').is_err() {
        return Ok(false);
    }
    while let Some(name) = scanner.name()? {
        if name == b"entries" {
            return Ok(scanner.enter(b'[').is_ok());
        }
        scanner.skip()?;
    }
    Ok(false)
}

fn sha256(mut file: &File, read: impl Fn(u64)) -> std::io::Result<String> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        context.update(&buffer[..count]);
        read(count as u64);
    }
}

#[cfg(test)]
mod tests;
