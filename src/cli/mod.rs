//! The command line: one file per command, and what all of them share.
//!
//! A command is an `Args` struct and a `run` that returns the exit code; an error picks its code with [`OrExit`].

mod analyze;
mod ca;
mod completions;
mod config;
mod demo;
mod exit;
mod groups;
mod locate;
mod locate_facts;
mod locate_subject;
mod locate_text;
mod man;
mod output;
mod panic;
mod pinned;
mod relocate;
mod relocate_line;
mod rules;
mod run;
mod run_banner;

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};

pub use exit::{Exit, OrExit, rules_do_not_hold};
pub use groups::{DataArgs, GeoArgs, PersonaArgs, RuleArgs};
pub use output::{print, print_bytes};
pub use run::{OnOff, RunArgs};

/// Shows where an app's personal data comes ashore, and under whose jurisdiction.
#[derive(Debug, Parser)]
#[command(name = "landfall", version = version(), max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Audit exchanges that somebody else captured: HAR 1.2 or exchange JSONL.
    Analyze(analyze::AnalyzeArgs),
    /// Show or export the certificate authority that clients must trust.
    Ca(ca::CaArgs),
    /// Check a configuration file, or print an example.
    Config(config::ConfigArgs),
    /// Say where destinations are, who runs their networks and who owns them, with the evidence.
    Locate(locate::LocateArgs),
    /// Watch a simulated app on loopback, and where its data goes; needs no network.
    Demo(demo::DemoArgs),
    /// List the apps that are not opened because they reject Landfall's certificate, and open them again.
    Pinned(pinned::PinnedArgs),
    /// Print a completion script for a shell.
    Completions(completions::CompletionsArgs),
    /// Write the manual pages into a directory.
    Man(man::ManArgs),
    /// Place recorded destinations again by other databases, and show what that changes.
    Relocate(relocate::RelocateArgs),
    /// Check, test, list and explain the rules.
    Rules(rules::RulesArgs),
    /// Run the proxy: relay traffic, audit it, record it.
    Run(Box<RunArgs>),
}

/// Parse the process's arguments, run the command, and report how it went: the whole of `main`.
pub fn main() -> ExitCode {
    panic::install_hook();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help_or_usage) => return print_clap(&help_or_usage),
    };
    match panic::catch(|| cli.command.run()) {
        Some(Ok(code)) => code,
        Some(Err(error)) => exit::report(&error),
        None => Exit::Internal.into(),
    }
}

impl Command {
    fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Analyze(args) => analyze::run(args),
            Self::Ca(args) => ca::run(args),
            Self::Config(args) => config::run(args),
            Self::Locate(args) => locate::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args),
            Self::Pinned(args) => pinned::run(args),
            Self::Relocate(args) => relocate::run(args),
            Self::Rules(args) => rules::run(args),
            Self::Demo(args) => demo::run(args),
            Self::Run(args) => run::run(args),
        }
    }
}

/// Version and, where the build named one in `LANDFALL_REVISION`, the source revision.
pub fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| match revision() {
        Some(revision) => format!("{} ({revision})", env!("CARGO_PKG_VERSION")),
        None => env!("CARGO_PKG_VERSION").to_owned(),
    });
    &VERSION
}

/// The source revision this binary was built from, if the build named it.
pub fn revision() -> Option<&'static str> {
    option_env!("LANDFALL_REVISION").filter(|revision| !revision.is_empty())
}

/// Help and version go to stdout (0), usage errors to stderr (2).
fn print_clap(error: &clap::Error) -> ExitCode {
    let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
    match error.print() {
        Err(_) if exit == Exit::Ok => Exit::Ok.into(), // the reader of the help text has seen enough
        Ok(()) | Err(_) => exit.into(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_and_flag_says_what_it_is_for() {
        fn visit(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "`{path}` has no description");
            for arg in command.get_arguments() {
                assert!(arg.get_help().is_some(), "`{path} {}` has no description", arg.get_id());
            }
            command.get_subcommands().for_each(|child| visit(child, &path));
        }
        visit(&Cli::command(), "");
    }

    #[test]
    fn a_mistyped_flag_is_a_usage_error_with_the_near_miss() {
        let error = Cli::try_parse_from(["landfall", "completion", "bash"]).expect_err("no such command");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("completions"), "{error}");
    }
}
