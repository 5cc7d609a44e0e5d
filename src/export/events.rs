//! The event stream as JSON Lines, to a file or to standard output.
//!
//! A file has every record once, in order, also over restarts and after errors in the middle of a line. A target that is new
//! starts with the first record of this run; so does standard output, always.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{ExporterStats, resume};
use crate::ledger::{Ledger, LedgerError, Progress, Reader};

/// Records read at once.
const BATCH: usize = 512;
/// How often a cursor is kept. The file itself knows better; the cursor is for one that was rotated away.
const KEEP_CURSOR: Duration = Duration::from_secs(1);
/// Longest sleep of an exporter that has nothing to do.
const IDLE: Duration = Duration::from_secs(60);
/// First and longest wait after an error.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Tries once the ledger is closed.
const LAST_TRIES: u32 = 3;

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// `-`
    Stdout,
    File(PathBuf),
}

/// Why an exporter cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("cannot write events to `{target}`: {error}; check that it exists, may be written and has room")]
    Io { target: String, error: io::Error },
    #[error("cannot read the ledger for events: {0}")]
    Ledger(#[from] LedgerError),
}

/// What an exporter did in its life.
#[derive(Debug)]
pub struct Delivery {
    pub delivered: u64,
    /// Records still missing at the target: the result is partial. A file gets them at the next run.
    pub undelivered: u64,
    /// The last error, if there was any.
    pub error: Option<ExportError>,
}

/// A running exporter.
pub struct Events {
    thread: JoinHandle<Delivery>,
}

impl Events {
    /// Open the target and start the thread. To be called before the first record of the run is sent to the writer.
    pub fn spawn(name: &str, target: Target, ledger: &Ledger, stats: ExporterStats) -> Result<Self, ExportError> {
        let sink = match target {
            Target::Stdout => Sink::Stream(Box::new(io::stdout())),
            Target::File(path) => Sink::File { path: std::path::absolute(&path).unwrap_or(path), open: None },
        };
        Self::start(name, sink, ledger, stats)
    }

    fn start(name: &str, sink: Sink, ledger: &Ledger, stats: ExporterStats) -> Result<Self, ExportError> {
        let mut work = Work {
            reader: ledger.reader()?,
            progress: ledger.progress().clone(),
            next: ledger.progress().reached().next_seq,
            sink,
            stats,
            pending: Vec::new(),
            batch: 0,
            kept: (0, Instant::now()),
            delivered: 0,
            error: None,
        };
        work.begin()?;
        let thread = std::thread::Builder::new()
            .name(format!("export {name}"))
            .spawn(move || work.run())
            .map_err(|error| ExportError::Io { target: name.to_owned(), error })?;
        Ok(Self { thread })
    }

    /// Wait until everything is delivered, after the writer was closed; gives up on a target that keeps failing.
    pub fn finish(self) -> Delivery {
        match self.thread.join() {
            Ok(delivery) => delivery,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

enum Sink {
    /// `open` is none before the first use and after an error.
    File {
        path: PathBuf,
        open: Option<File>,
    },
    Stream(Box<dyn Write + Send>),
}

struct Work {
    reader: Reader,
    progress: Arc<Progress>,
    /// Number of the next record to read.
    next: u64,
    sink: Sink,
    stats: ExporterStats,
    /// Text of the records from `next` on that the target has not taken yet, and how many they are.
    pending: Vec<u8>,
    batch: u64,
    /// Cursor kept last, and when.
    kept: (u64, Instant),
    delivered: u64,
    error: Option<ExportError>,
}

impl Work {
    /// Find the place to go on from, and keep it, so that a crash before the first record loses nothing.
    fn begin(&mut self) -> Result<(), ExportError> {
        if let Sink::File { path, .. } = &self.sink {
            let key = path.display().to_string();
            self.next = self.reader.cursor(&key)?.unwrap_or(self.next).min(self.next);
            self.open()?;
            self.reader.set_cursor(&key, self.next)?;
        }
        self.kept.0 = self.next;
        Ok(())
    }

    fn run(mut self) -> Delivery {
        let (mut back_off, mut last_tries) = (BACK_OFF.0, LAST_TRIES);
        loop {
            let patience = if self.kept.0 == self.next { IDLE } else { KEEP_CURSOR };
            let reached = self.progress.wait_for(self.next, patience);
            match self.step() {
                Ok(more) if reached.closed && !more => break,
                Ok(_) => back_off = BACK_OFF.0,
                Err(error) => {
                    self.stats.errors.inc();
                    tracing::warn!(%error, "events wait for their target");
                    self.error = Some(error);
                    if reached.closed {
                        last_tries -= 1;
                        if last_tries == 0 {
                            break;
                        }
                    }
                    self.progress.wait_for_close(back_off);
                    back_off = (back_off * 2).min(BACK_OFF.1);
                }
            }
            self.show_lag();
        }
        let undelivered = self.show_lag();
        if self.kept.0 != self.next
            && let Err(error) = self.keep_cursor()
        {
            self.stats.errors.inc();
            self.error = Some(error);
        }
        Delivery { delivered: self.delivered, undelivered, error: self.error }
    }

    /// Deliver one batch; whether there was any.
    fn step(&mut self) -> Result<bool, ExportError> {
        self.open()?;
        if self.batch == 0 {
            for line in self.reader.lines(self.next, BATCH)? {
                self.pending.extend_from_slice(line.text.as_bytes());
                self.pending.push(b'\n');
                self.batch += 1;
            }
        }
        let more = self.batch > 0;
        self.write()?;
        self.next += self.batch;
        self.delivered += std::mem::take(&mut self.batch);
        if self.kept.0 != self.next && self.kept.1.elapsed() >= KEEP_CURSOR {
            self.keep_cursor()?;
        }
        Ok(more)
    }

    fn open(&mut self) -> Result<(), ExportError> {
        if let Sink::File { path, open: open @ None } = &mut self.sink {
            let (file, next) = resume::open(path, &self.reader, self.next)?;
            *open = Some(file);
            self.delivered += next.saturating_sub(self.next) * u64::from(self.batch > 0);
            (self.next, self.batch) = (next, 0);
            self.pending.clear();
        }
        Ok(())
    }

    /// A file that failed is opened anew, and its end tells how much it took; a stream goes on where it stopped.
    fn write(&mut self) -> Result<(), ExportError> {
        let (target, result) = match &mut self.sink {
            Sink::Stream(stream) => ("-".to_owned(), drain(stream, &mut self.pending)),
            Sink::File { path, open } => {
                let result = open.as_mut().map_or(Ok(()), |file| drain(file, &mut self.pending));
                if result.is_err() {
                    *open = None;
                }
                (path.display().to_string(), result)
            }
        };
        result.map_err(|error| ExportError::Io { target, error })
    }

    /// The lines must be on the disk before the cursor says so.
    fn keep_cursor(&mut self) -> Result<(), ExportError> {
        self.kept = (self.next, Instant::now());
        let Sink::File { path, open: Some(file) } = &self.sink else { return Ok(()) };
        let target = path.display().to_string();
        if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            file.sync_data().map_err(|error| ExportError::Io { target: target.clone(), error })?;
        }
        Ok(self.reader.set_cursor(&target, self.next)?)
    }

    fn show_lag(&self) -> u64 {
        let lag = self.progress.reached().next_seq.saturating_sub(self.next);
        self.stats.lag.set(i64::try_from(lag).unwrap_or(i64::MAX));
        lag
    }
}

/// Write and take away what was written; what could not be stays.
fn drain(target: &mut impl Write, pending: &mut Vec<u8>) -> io::Result<()> {
    let mut written = 0;
    let result = loop {
        if written == pending.len() {
            break target.flush();
        }
        match target.write(&pending[written..]) {
            Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(error),
        }
    };
    pending.drain(..written);
    result
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use arc_swap::ArcSwap;

    use super::*;
    use crate::ledger::{Sync, Writer, WriterOptions, samples};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn stats() -> ExporterStats {
        ExporterStats {
            lag: prometheus::IntGauge::new("lag", "Lag.").unwrap(),
            errors: prometheus::IntCounter::new("errors", "Errors.").unwrap(),
        }
    }

    /// Write so many exchanges to the ledger, and end its writer.
    fn fill(ledger: &Arc<Ledger>, numbers: std::ops::Range<u64>) {
        let in_force = Arc::new(ArcSwap::from_pointee(samples::in_force()));
        let writer = Writer::spawn(ledger.clone(), in_force, WriterOptions::default(), Box::new(|_| ())).unwrap();
        for number in numbers {
            writer.sender().send(samples::assessed(number)).unwrap();
        }
        assert_eq!(writer.close(PATIENCE).lost, 0);
    }

    fn sequence(text: &str) -> Vec<u64> {
        let number = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_u64().unwrap();
        text.lines().map(number).collect()
    }

    /// One run: open, export, write, close.
    fn run(dir: &std::path::Path, target: &std::path::Path, numbers: std::ops::Range<u64>) -> Delivery {
        let ledger = Arc::new(Ledger::open(dir, Sync::Normal).unwrap());
        let stats = stats();
        let events = Events::spawn("events", Target::File(target.to_owned()), &ledger, stats.clone()).unwrap();
        fill(&ledger, numbers);
        let delivery = events.finish();
        assert_eq!(stats.lag.get() as u64, delivery.undelivered);
        delivery
    }

    #[test]
    fn a_file_has_each_record_once_over_restarts() {
        let root = tempfile::tempdir().unwrap();
        let (dir, target) = (root.path().join("data"), root.path().join("events.jsonl"));
        let delivered = |numbers| run(&dir, &target, numbers).delivered;
        assert_eq!(delivered(0..3), 3);
        assert_eq!(delivered(3..5), 2);
        let whole = std::fs::read_to_string(&target).unwrap();
        assert_eq!(sequence(&whole), [0, 1, 2, 3, 4]);
        // Killed in the middle of a line.
        std::fs::write(&target, &whole[..whole.len() - 40]).unwrap();
        assert_eq!(delivered(5..6), 2);
        // Killed between lines, and before the cursor was kept.
        let lines: Vec<_> = whole.split_inclusive('\n').collect();
        std::fs::write(&target, lines[..2].concat()).unwrap();
        assert_eq!(delivered(6..7), 5);
        assert_eq!(sequence(&std::fs::read_to_string(&target).unwrap()), [0, 1, 2, 3, 4, 5, 6]);
        // Rotated away: the cursor knows.
        std::fs::remove_file(&target).unwrap();
        assert_eq!(delivered(7..8), 1);
        assert_eq!(sequence(&std::fs::read_to_string(&target).unwrap()), [7]);
    }

    #[test]
    fn what_others_wrote_stays_and_a_new_target_starts_with_this_run() {
        let root = tempfile::tempdir().unwrap();
        let (dir, target) = (root.path().join("data"), root.path().join("events.jsonl"));
        run(&dir, &root.path().join("other.jsonl"), 0..2);
        std::fs::write(&target, "{\"seq\":0,\"id\":\"of another ledger\"}\nnot even").unwrap();
        assert_eq!(run(&dir, &target, 2..3).delivered, 1);
        let text = std::fs::read_to_string(&target).unwrap();
        assert!(text.starts_with("{\"seq\":0,\"id\":\"of another ledger\"}\nnot even\n{\"schema\""), "{text}");
        assert_eq!(sequence(text.lines().last().unwrap()), [2]);
    }

    #[test]
    fn a_target_that_takes_nothing_is_a_partial_result() {
        let dir = tempfile::tempdir().unwrap();
        let delivery = run(&dir.path().join("data"), std::path::Path::new("/dev/full"), 0..2);
        assert_eq!((delivery.delivered, delivery.undelivered), (0, 2));
        assert!(delivery.error.unwrap().to_string().starts_with("cannot write events to `/dev/full`: "));
        let ledger = Ledger::in_memory().unwrap();
        assert!(Events::spawn("events", Target::File("/nowhere/events.jsonl".into()), &ledger, stats()).is_err());
    }

    /// Takes a few bytes at a time, and fails every other time.
    #[derive(Clone, Default)]
    struct Flaky(Arc<Mutex<(Vec<u8>, u32)>>);

    impl Write for Flaky {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (taken, calls) = &mut *self.0.lock().unwrap();
            *calls += 1;
            if *calls == 2 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let count = bytes.len().min(700);
            taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_goes_on_in_the_middle_of_a_line() {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let (flaky, stats) = (Flaky::default(), stats());
        let events = Events::start("events", Sink::Stream(Box::new(flaky.clone())), &ledger, stats.clone()).unwrap();
        fill(&ledger, 0..4);
        let delivery = events.finish();
        assert_eq!((delivery.delivered, delivery.undelivered, stats.errors.get()), (4, 0, 1));
        assert_eq!(sequence(&String::from_utf8(flaky.0.lock().unwrap().0.clone()).unwrap()), [0, 1, 2, 3]);
    }
}
