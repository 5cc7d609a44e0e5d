//! `landfall run`: the flags, and what they change in the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::{DataArgs, Exit, GeoArgs, OrExit, PersonaArgs, RuleArgs, print, run_banner};
use crate::capture::{AccountsError, ResolveOverride};
use crate::config::{self, ConfigError, Export, NotAValue, Settings, Value};
use crate::serve::{RunOptions, Running, Signals, StartError};

#[derive(Debug, Clone, Default, clap::Args)]
pub struct RunArgs {
    /// Configuration file; without it, the defaults. Flags win over it, and a repeatable flag replaces its whole list.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address of the proxy [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDR:PORT", value_parser = value::<SocketAddr>)]
    pub listen: Option<SocketAddr>,
    /// Address of the admin listener [default: 127.0.0.1:8090].
    #[arg(long, value_name = "ADDR:PORT", value_parser = value::<SocketAddr>)]
    pub admin: Option<SocketAddr>,
    #[command(flatten)]
    pub data: DataArgs,
    /// Name of this run in the record.
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,
    /// Id of the app under audit, as its package name.
    #[arg(long, value_name = "ID")]
    pub app: Option<String>,
    /// PEM file of further roots that upstream certificates may chain to; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub upstream_ca: Vec<PathBuf>,
    /// Dial this address for a destination instead; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDR[:PORT]", value_parser = value::<ResolveOverride>)]
    pub resolve: Vec<ResolveOverride>,
    /// Write the event stream as JSON lines to a file, or to stdout for `-`.
    #[arg(long, value_name = "FILE|-")]
    pub events: Option<PathBuf>,
    /// Off: relay and record exchanges without decoding their bodies [default: on].
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    pub inspect: Option<OnOff>,
    #[command(flatten)]
    pub personas: PersonaArgs,
    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub geo: GeoArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnOff {
    On,
    Off,
}

/// Run the proxy until a signal ends it.
pub fn run(args: &RunArgs) -> anyhow::Result<ExitCode> {
    logs();
    let settings = args.settings()?;
    let options = RunOptions { session: args.session.clone(), app: args.app.clone() };
    let running = Running::start(&settings, &options).map_err(exit_of)?;
    let mut signals = running.block_on(async { Signals::listen() }).or_exit(Exit::Io)?;
    let stdout_is_taken = settings.export.values().any(|Export::Events { path }| path.as_os_str() == "-");
    let banner = run_banner::text(running.facts());
    if stdout_is_taken {
        eprint_text(&banner);
    } else {
        print(banner)?;
    }
    running.block_on(signals.next());
    // The second signal ends the drain.
    running.spawn(async move {
        signals.next().await;
        std::process::exit(Exit::Interrupted as i32);
    });
    running.drain().map_err(exit_of)?;
    Ok(Exit::Ok.into())
}

/// Diagnostics go to stderr, at the level that `LANDFALL_LOG` names; warnings by default. What the certificate verifier
/// refuses is in the record, and would only be said twice.
fn logs() {
    let filter =
        EnvFilter::try_from_env("LANDFALL_LOG").unwrap_or_else(|_| EnvFilter::new("warn,rustls_platform_verifier=off"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // Told with `eprintln!`, which panics where stderr is a file on a full disk, and takes the ledger's writer along.
        .log_internal_errors(false);
    if subscriber.try_init().is_err() {
        tracing::debug!("diagnostics were set up before");
    }
}

/// For people, when stdout carries the events.
fn eprint_text(text: &str) {
    // With nobody to read stderr there is nobody to tell.
    let _written = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
}

/// The exit code that an error of a run stands for.
fn exit_of(error: StartError) -> anyhow::Error {
    let exit = match &error {
        StartError::Config(ConfigError::Unreadable { .. }) => Exit::Io,
        StartError::Engine(error) if error.is_io() => Exit::Io,
        StartError::Accounts(AccountsError::Unreadable { .. }) => Exit::Io,
        StartError::Config(_)
        | StartError::Engine(_)
        | StartError::Roots(_)
        | StartError::ClientCertificate(_)
        | StartError::Credentials(_)
        | StartError::Accounts(_)
        | StartError::OwnTls(_) => Exit::Usage,
        StartError::Undelivered { .. } => Exit::Partial,
        StartError::Metrics(_) => Exit::Internal,
        _ => Exit::Io,
    };
    exit.with(error)
}

/// Name of the export that `--events` makes, or replaces when the file has one of that name.
const EVENTS: &str = "events";

impl RunArgs {
    /// The configuration in force: the file's where one is named, else the defaults, with the flags over it.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let mut settings = match &self.config {
            Some(path) => config::load(path)?,
            None => Settings::default(),
        };
        set(&mut settings.capture.listen, self.listen);
        set(&mut settings.console.listen, self.admin);
        set(&mut settings.decode.inspect, self.inspect.map(|inspect| inspect == OnOff::On));
        set(&mut settings.ledger.data, self.data.data.clone().map(Some));
        replace(&mut settings.capture.upstream_ca, &self.upstream_ca);
        replace(&mut settings.capture.resolve, &self.resolve);
        self.personas.apply(&mut settings);
        self.rules.apply(&mut settings);
        self.geo.apply(&mut settings);
        if let Some(path) = &self.events {
            settings.export.insert(EVENTS.to_owned(), Export::Events { path: path.clone() });
        }
        settings.check()?;
        Ok(settings)
    }
}

impl RuleArgs {
    /// Let the flags win over the configuration.
    pub fn apply(&self, settings: &mut Settings) {
        replace(&mut settings.judge.rules, &self.rules);
        replace(&mut settings.judge.packs, &self.packs);
        replace(&mut settings.judge.facts, &self.facts);
    }
}

impl PersonaArgs {
    /// Let the flags win over the configuration.
    pub fn apply(&self, settings: &mut Settings) {
        replace(&mut settings.detect.personas, &self.personas);
    }
}

impl GeoArgs {
    /// Let the flags win over the configuration.
    pub fn apply(&self, settings: &mut Settings) {
        replace(&mut settings.locate.country_db, &self.country_db);
        set(&mut settings.locate.asn_db, self.asn_db.clone().map(Some));
        replace(&mut settings.locate.cloud_ranges, &self.cloud_ranges);
        set(&mut settings.locate.vantage, self.vantage.map(Some));
    }
}

fn value<T: Value>(text: &str) -> Result<T, NotAValue> {
    T::parse(text)
}

fn set<T>(target: &mut T, flag: Option<T>) {
    if let Some(value) = flag {
        *target = value;
    }
}

fn replace<T: Clone>(target: &mut Vec<T>, flags: &[T]) {
    if !flags.is_empty() {
        *target = flags.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        run: RunArgs,
    }

    fn settings(args: &[&str]) -> Settings {
        let command = Command::try_parse_from(std::iter::once(&"run").chain(args)).expect("the flags parse");
        command.run.settings().expect("the settings hold")
    }

    #[test]
    fn without_flags_the_defaults_hold() {
        assert_eq!(settings(&[]), Settings::default());
    }

    #[test]
    fn flags_win_over_the_file_and_leave_the_rest_of_it() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("landfall.toml");
        let text = "[capture]\nlisten = \"127.0.0.1:1\"\nbypass = [\"bank.example\"]\n[judge]\npacks = [\"a\", \"b\"]\n\
                    [export.events]\nkind = \"events\"\npath = \"x\"\n";
        std::fs::write(&path, text).expect("the file is written");
        let file = path.to_str().expect("a path in UTF-8");
        let got = settings(&[
            "--config",
            file,
            "--listen",
            "127.0.0.1:2",
            "--pack",
            "c",
            "--events",
            "-",
            "--inspect",
            "off",
            "--data",
            "d",
            "--resolve",
            "a.example:443:127.1.1.1",
            "--asn-db",
            "asn.mmdb",
            "--country-db",
            "1",
            "--country-db",
            "2",
        ]);
        assert_eq!(got.capture.listen.port(), 2);
        assert_eq!(got.capture.bypass.len(), 1);
        assert_eq!(got.judge.packs, ["c"]);
        assert_eq!(got.export.len(), 1);
        assert_eq!(got.export["events"], Export::Events { path: "-".into() });
        assert!(!got.decode.inspect);
        assert_eq!(got.ledger.data, Some("d".into()));
        assert_eq!(got.capture.resolve, ["a.example:443:127.1.1.1".parse().expect("a mapping")]);
        assert_eq!(got.locate.country_db, [PathBuf::from("1"), PathBuf::from("2")]);
        assert_eq!(got.locate.asn_db, Some("asn.mmdb".into()));
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        let args = ["run", "--listen", "127.0.0.1:9", "--admin", "127.0.0.1:9"];
        let command = Command::try_parse_from(args).expect("the flags parse");
        assert!(matches!(command.run.settings(), Err(ConfigError::Invalid(_))));
    }

    #[test]
    fn a_value_that_does_not_hold_says_how_to_write_it() {
        let error = Command::try_parse_from(["run", "--listen", "8080"]).expect_err("no address").to_string();
        assert!(error.contains("`8080` is not an address with a port; write `127.0.0.1:8080`"), "{error}");
    }
}
