//! Writing results to stdout, where a reader that goes away is no error.

use std::fmt;
use std::io::{self, Write};

/// Whoever read stdout has closed it (`landfall … | head`); the command ends quietly.
#[derive(Debug)]
pub(super) struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of the output has closed it")
    }
}

impl std::error::Error for ReaderGone {}

/// Write text to stdout as it stands. Every command's result goes through here; progress and talk go to stderr.
pub fn print(text: impl fmt::Display) -> anyhow::Result<()> {
    print_bytes(text.to_string().as_bytes())
}

/// The same for bytes that are no text.
pub fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    write_to(&mut io::stdout().lock(), bytes)
}

fn write_to(out: &mut impl Write, bytes: &[u8]) -> anyhow::Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        Err(error) => Err(anyhow::Error::from(error).context("cannot write to stdout")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_reader_is_told_from_a_failed_write() {
        let gone = write_to(&mut Failing(io::ErrorKind::BrokenPipe), b"x").expect_err("nothing was written");
        assert!(gone.downcast_ref::<ReaderGone>().is_some());
        let full = write_to(&mut Failing(io::ErrorKind::StorageFull), b"x").expect_err("nothing was written");
        assert!(full.downcast_ref::<ReaderGone>().is_none());
    }
}
