//! `landfall config`: look at a configuration before it is in force.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Exit, print, rules_do_not_hold};
use crate::config::{self, Settings};
use crate::detect::Detectors;
use crate::judge::Judge;
use crate::locate::Locators;
use crate::serve::check_way_out;

#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say whether a configuration holds, with the rules and databases that it names.
    Check {
        /// The file [default: none, which checks the built-in defaults].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print a configuration with every key, its meaning and its default.
    Example,
}

pub fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Check { config } => check(config.as_ref())?,
        Action::Example => print(config::EXAMPLE)?,
    }
    Ok(Exit::Ok.into())
}

fn check(path: Option<&PathBuf>) -> anyhow::Result<()> {
    let (settings, name) = match path {
        Some(path) => (config::load(path)?, format!("`{}`", path.display())),
        None => (Settings::default(), "the built-in configuration".to_owned()),
    };
    let read = config::read_rules(&settings.judge.rules)?;
    for warning in &read.warnings {
        print(format_args!("warning: {warning}\n"))?;
    }
    Detectors::new(&read.rules.elements).map_err(|errors| rules_do_not_hold(&errors))?;
    Judge::new(&read.rules, &settings.judge.packs).map_err(|errors| rules_do_not_hold(&errors))?;
    Locators::new(config::locator_config(&settings.locate, read.rules.entities)?)?;
    for warning in check_way_out(&settings.capture)? {
        print(format_args!("warning: {warning}\n"))?;
    }
    print(format_args!("{name} holds (config {})\n", settings.digest()))
}
