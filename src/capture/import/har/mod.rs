//! HAR 1.2, entry by entry: memory is bounded by one entry, whatever the length of the file.

mod entry;
mod form;
mod wire;

use std::io::BufRead;
use std::path::PathBuf;

use super::draft::{NoExchange, Origin};
use super::error::{ImportError, problem};
use super::scan::{Element, ScanError, Scanner};
use super::{Imported, LARGEST_EXCHANGE};

/// The entries of one HAR.
pub struct Entries<R> {
    scanner: Scanner<R>,
    path: PathBuf,
    origin: Origin,
    place: Place,
    index: u64,
    whole: u64,
    buffer: Vec<u8>,
}

/// Which bracket the scanner stands in.
#[derive(Clone, Copy)]
enum Place {
    Start,
    Root,
    Log,
    Entries,
    Done,
}

impl<R: BufRead> Entries<R> {
    pub fn new(scanner: Scanner<R>, path: PathBuf, origin: Origin) -> Self {
        Self { scanner, path, origin, place: Place::Start, index: 0, whole: 0, buffer: Vec::new() }
    }

    pub fn position(&self) -> u64 {
        self.scanner.position()
    }

    /// Walk on to the next entry. Members other than `log.entries` are passed over, before it and behind it.
    fn advance(&mut self) -> Result<Option<Element>, ScanError> {
        loop {
            self.place = match self.place {
                Place::Start => {
                    self.scanner.enter(b'{')?;
                    Place::Root
                }
                Place::Root => match self.scanner.name()?.as_deref() {
                    Some(b"log") => {
                        self.scanner.enter(b'{')?;
                        Place::Log
                    }
                    Some(_) => self.pass(Place::Root)?,
                    None if self.scanner.at_end()? => Place::Done,
                    None => return Err(ScanError::Syntax(self.scanner.position())),
                },
                Place::Log => match self.scanner.name()?.as_deref() {
                    Some(b"entries") => {
                        self.scanner.enter(b'[')?;
                        Place::Entries
                    }
                    Some(_) => self.pass(Place::Log)?,
                    None => Place::Root,
                },
                Place::Entries => match self.scanner.element(&mut self.buffer, LARGEST_EXCHANGE)? {
                    Element::End => Place::Log,
                    element => return Ok(Some(element)),
                },
                Place::Done => return Ok(None),
            };
        }
    }

    fn pass(&mut self, stay: Place) -> Result<Place, ScanError> {
        self.scanner.skip()?;
        Ok(stay)
    }

    fn read(&mut self, index: u64) -> Result<Imported, ImportError> {
        let malformed = |problem| ImportError::Malformed { path: self.path.clone(), place: place(index), problem };
        let mut json = serde_json::Deserializer::from_slice(&self.buffer);
        let entry = serde_path_to_error::deserialize(&mut json).map_err(|error| malformed(problem(&error)))?;
        match entry::draft(entry, index) {
            Ok(draft) => Ok(Imported::Exchange(Box::new(draft.finish(&self.origin)))),
            Err(NoExchange::Local(scheme)) => Ok(Imported::Local { index, scheme }),
            Err(NoExchange::Malformed(problem)) => Err(malformed(problem)),
        }
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = match self.advance() {
            Ok(None) => return None,
            Ok(Some(element)) => element,
            Err(error) => {
                self.place = Place::Done;
                let (path, whole) = (self.path.clone(), self.whole);
                return Some(Err(match error {
                    ScanError::Io(source) => ImportError::Io { path, source },
                    ScanError::Eof => ImportError::Truncated { path, whole },
                    ScanError::Syntax(offset) => ImportError::Broken { path, offset, whole },
                }));
            }
        };
        let index = self.index;
        self.index += 1;
        if element == Element::TooLarge {
            let (path, limit) = (self.path.clone(), LARGEST_EXCHANGE);
            return Some(Err(ImportError::TooLarge { path, place: place(index), limit }));
        }
        self.whole += 1;
        Some(self.read(index))
    }
}

fn place(index: u64) -> String {
    format!("log.entries[{index}]")
}

#[cfg(test)]
mod tests;
