//! `landfall analyze`: files that somebody else captured, through the same engine as live traffic.
//!
//! The files are read a batch of exchanges at a time; threads assess a batch, and it goes to the ledger in the order of
//! the file.

mod batch;
mod explain;
mod findings;
mod progress;
mod summary;

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use jiff::Timestamp;
use ulid::Ulid;

use super::{Exit, GeoArgs, OrExit, PersonaArgs, RuleArgs, print};
use crate::capture::import::{ImportError, ImportFile, Imported};
use crate::config::Settings;
use crate::exchange::{Session, SessionId};
use crate::export::{Delivery, Events, Metrics, MetricsOptions, Target};
use crate::ledger::{self, Committed, Entry, EntrySender, Ledger, SessionEvent, Writer, WriterOptions};
use crate::locate::attributions;
use crate::serve::Engine;
use batch::Batch;
use findings::FindingsFile;
use progress::Progress;
use summary::Summary;

#[derive(Debug, clap::Args)]
pub struct AnalyzeArgs {
    /// HAR 1.2 files or exchange JSONL, told by content.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Data directory whose ledger takes the result; without it, the ledger ends with the command.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Name of this run in the record.
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Write the event stream as JSON lines to a file, or to stdout for `-`; with `--data`, a file goes on where it ends.
    #[arg(long, value_name = "FILE|-")]
    events: Option<PathBuf>,
    /// Write what was found, one JSON line per exchange.
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Put the values themselves into the `--findings` file: it then holds personal data.
    #[arg(long, requires = "findings")]
    reveal: bool,
    /// Print why each finding is one: decode path, element, grounds, and what would have vetoed it; values masked. To
    /// stdout, or to stderr where the events go to stdout.
    #[arg(long)]
    explain: bool,
    /// How many users there are, by your own word: each window then says too what it would be with as many. The record
    /// marks it as your input.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    projected_users: Option<u64>,
    #[command(flatten)]
    personas: PersonaArgs,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    geo: GeoArgs,
}

/// How long a ledger that cannot be written is tried at the end.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn run(args: &AnalyzeArgs) -> anyhow::Result<ExitCode> {
    args.check_outputs()?;
    let progress = Progress::new(&args.files);
    let files = open_files(&args.files, &progress)?;
    let ledger = Arc::new(match &args.data {
        Some(dir) => Ledger::open(dir, ledger::Sync::Normal).or_exit(Exit::Io)?,
        None => Ledger::in_memory().or_exit(Exit::Io)?,
    });
    let mut settings = Settings::default();
    args.personas.apply(&mut settings);
    args.rules.apply(&mut settings);
    settings.judge.projected_users = args.projected_users;
    args.geo.apply(&mut settings);
    let engine = Engine::build(&settings, ledger.keys().clone(), args.reveal)?;
    for warning in &engine.warnings {
        progress.say(&format!("warning: {warning}"));
    }
    let findings = args.findings.as_deref().map(|path| FindingsFile::create(path, args.reveal)).transpose()?;
    if args.data.is_none() {
        args.empty_events()?;
    }
    let events = args.events.as_deref().map(|path| follow(path, &ledger)).transpose()?;

    let to_stderr = args.events.as_deref() == Some(Path::new("-"));
    let explain = args.explain.then_some(to_stderr);
    let summary = Arc::new(Mutex::new(Summary::default()));
    let told = Arc::clone(&summary);
    let on_commit = Box::new(move |done: &Committed| told.lock().unwrap_or_else(PoisonError::into_inner).add(done));
    let options = WriterOptions { live: false, ..WriterOptions::default() };
    let in_force = Arc::new(ArcSwap::from_pointee(engine.in_force()));
    let writer = Writer::spawn(Arc::clone(&ledger), in_force, options, on_commit).or_exit(Exit::Io)?;
    let mut work = Work {
        engine: &engine,
        ledger: writer.sender(),
        findings,
        explain,
        progress: &progress,
        problems: 0,
        local: 0,
    };
    let read = work.files(files, args.session());
    let (problems, local) = (work.problems, work.local);
    let finished = read.and_then(|()| work.findings.map_or(Ok(()), FindingsFile::finish));
    let written = writer.close(PATIENCE);
    let delivery = events.map(Events::finish);
    progress.finish();
    finished?;

    let summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
    show(&format!("{summary}\n{}\n", attributions().join("\n")), to_stderr)?;
    let partial = [
        (problems, "exchanges could not be read and are left out"),
        (summary.gaps(), "exchanges could not be audited, which is a defect of Landfall; please report it"),
        (written.lost, "exchanges could not be recorded; check the disk of the data directory"),
        (delivery.as_ref().map_or(0, |delivery| delivery.undelivered), "events could not be written"),
    ];
    progress.tell(local, "entries never went over the network (`data:`, `blob:` and the like) and are passed over");
    progress.tell(written.already_imported, "exchanges were recorded from the same file before and are skipped");
    progress.tell_delivery(delivery.as_ref());
    partial.iter().for_each(|(count, what)| progress.tell(*count, &format!("warning: {what}")));
    let whole = partial.iter().all(|(count, _)| *count == 0);
    Ok(if whole { Exit::Ok } else { Exit::Partial }.into())
}

impl AnalyzeArgs {
    fn session(&self) -> Arc<Session> {
        let started_at = Timestamp::now();
        let id = SessionId::new(Ulid::generate());
        Arc::new(Session { id, label: self.session.clone(), app: None, started_at })
    }

    /// A ledger that ends with the command is a stream of its own: behind an older one, every exchange would stand twice.
    fn empty_events(&self) -> anyhow::Result<()> {
        let Some(path) = self.events.as_deref().filter(|path| path.is_file()) else { return Ok(()) };
        let emptied = OpenOptions::new().write(true).truncate(true).open(path);
        emptied.map(drop).with_context(|| format!("cannot write `{}`", path.display())).or_exit(Exit::Io)
    }

    /// No output may be one of the inputs, which opening it would empty, nor the other output.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let same = |output: &Path, input: &PathBuf| {
            output.canonicalize().is_ok_and(|output| input.canonicalize().is_ok_and(|input| input == output))
        };
        if let (Some(events), Some(findings)) = (&self.events, &self.findings)
            && (events == findings || same(events, findings))
        {
            let text = format!("`--events` and `--findings` both name `{}`; name two files", events.display());
            return Err(anyhow::anyhow!(text)).or_exit(Exit::Usage);
        }
        for (flag, output) in [("--events", &self.events), ("--findings", &self.findings)] {
            if let Some(output) = output.as_deref().filter(|output| self.files.iter().any(|file| same(output, file))) {
                let text = format!("`{flag} {}` would overwrite an input; name another file", output.display());
                return Err(anyhow::anyhow!(text)).or_exit(Exit::Usage);
            }
        }
        Ok(())
    }
}

/// Recognise every file before any work is done; the same content twice counts once.
fn open_files(paths: &[PathBuf], progress: &Progress) -> anyhow::Result<Vec<ImportFile>> {
    let mut files = Vec::new();
    let mut seen = HashSet::new();
    for path in paths {
        let file = ImportFile::open(path, |bytes| progress.advance(bytes)).map_err(|error| {
            let exit = if error.is_unrecognised() { Exit::Usage } else { Exit::Io };
            (error, exit)
        });
        let file = match file {
            Ok(file) => file,
            Err((error, exit)) => return Err(error).or_exit(exit),
        };
        if seen.insert(Arc::clone(&file.sha256)) {
            files.push(file);
        } else {
            progress.say(&format!("`{}` has the same content as another file named, and is skipped", path.display()));
        }
    }
    Ok(files)
}

fn follow(path: &Path, ledger: &Ledger) -> anyhow::Result<Events> {
    let target = if path == Path::new("-") { Target::Stdout } else { Target::File(path.to_owned()) };
    let metrics = Metrics::new(&MetricsOptions::default()).context("metrics could not be set up")?;
    Events::spawn("events", target, ledger, metrics.exporter("events")).or_exit(Exit::Io)
}

fn show(text: &str, to_stderr: bool) -> anyhow::Result<()> {
    if to_stderr { Ok(io::stderr().write_all(text.as_bytes())?) } else { print(text) }
}

struct Work<'a> {
    engine: &'a Engine,
    ledger: EntrySender,
    findings: Option<FindingsFile>,
    /// Whether findings are explained, and then whether to stderr.
    explain: Option<bool>,
    progress: &'a Progress,
    /// Exchanges, or ends of files, that could not be read.
    problems: u64,
    /// Entries that never went over the network.
    local: u64,
}

impl Work<'_> {
    fn files(&mut self, files: Vec<ImportFile>, session: Arc<Session>) -> anyhow::Result<()> {
        self.session(SessionEvent::Opened, &session)?;
        for file in files {
            self.file(file, &session)?;
        }
        self.session(SessionEvent::Closed, &session)
    }

    fn file(&mut self, file: ImportFile, session: &Arc<Session>) -> anyhow::Result<()> {
        let mut exchanges = file.exchanges(Arc::clone(session)).or_exit(Exit::Io)?;
        let mut position = 0;
        let mut batch = Batch::default();
        while let Some(next) = exchanges.next() {
            self.progress.advance(exchanges.position() - position);
            position = exchanges.position();
            match next {
                Ok(Imported::Exchange(exchange)) => batch.push(*exchange),
                Ok(Imported::Local { .. }) => self.local += 1,
                Err(error) => self.problem(&error),
            }
            if batch.is_full() {
                self.assess(std::mem::take(&mut batch))?;
            }
        }
        self.assess(batch)
    }

    fn assess(&mut self, batch: Batch) -> anyhow::Result<()> {
        for entry in batch.assess(&self.engine.auditor) {
            if let (Some(file), Entry::Assessed(exchange, assessment)) = (&mut self.findings, &entry) {
                file.write(exchange, &assessment.findings)?;
            }
            if let (Some(to_stderr), Entry::Assessed(exchange, assessment)) = (self.explain, &entry) {
                let text = explain::text(&self.engine.auditor, exchange, &assessment.findings);
                show(&text, to_stderr)?;
            }
            self.record(entry)?;
        }
        Ok(())
    }

    fn problem(&mut self, error: &ImportError) {
        const SHOWN: u64 = 20;
        self.problems += 1;
        match self.problems {
            0..=SHOWN => self.progress.say(&format!("warning: {error}")),
            count if count == SHOWN + 1 => self.progress.say("warning: … and more; only their number follows"),
            _ => {}
        }
    }

    fn session(&self, event: SessionEvent, session: &Arc<Session>) -> anyhow::Result<()> {
        self.record(Entry::Session { event, session: Arc::clone(session), at: Timestamp::now() })
    }

    fn record(&self, entry: Entry) -> anyhow::Result<()> {
        self.ledger.send(entry).map_err(|closed| anyhow::anyhow!(closed.to_string())).or_exit(Exit::Io)
    }
}

impl Progress {
    fn tell(&self, count: u64, what: &str) {
        if count > 0 {
            let (warning, what) = what.split_once("warning: ").map_or(("", what), |(_, what)| ("warning: ", what));
            self.say(&format!("{warning}{count} {what}"));
        }
    }

    fn tell_delivery(&self, delivery: Option<&Delivery>) {
        if let Some(error) = delivery.and_then(|delivery| delivery.error.as_ref()) {
            self.say(&format!("warning: {error}"));
        }
    }
}
