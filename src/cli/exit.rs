//! Exit codes, and how an error picks one.

use std::error::Error;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::capture::CaError;
use crate::cli::output::ReaderGone;
use crate::config::ConfigError;
use crate::console::TokenError;
use crate::ledger::LedgerError;
use crate::locate::LocateError;
use crate::rules::RuleError;
use crate::serve::EngineError;

/// What a command ends with. A contract: scripts read these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Ok = 0,
    /// Findings at or above the level asked for, or a check that failed.
    Findings = 1,
    /// A wrong flag, or a configuration or rule file that does not hold.
    Usage = 2,
    /// A file, socket or database could not be read, written or bound.
    Io = 3,
    /// Evidence does not verify.
    Evidence = 4,
    /// The result is there, but part of the input could not be used.
    Partial = 5,
    /// A defect of Landfall itself.
    Internal = 70,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// An error that ends the command with this code.
    pub fn with(self, error: impl Into<anyhow::Error>) -> anyhow::Error {
        Failure { exit: self, text: one_line(&error.into()) }.into()
    }
}

/// Attach the exit code to an error: `std::fs::read(path).or_exit(Exit::Io)?`.
pub trait OrExit<T> {
    fn or_exit(self, exit: Exit) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> anyhow::Result<T> {
        self.map_err(|error| exit.with(error))
    }
}

/// The error of a command that cannot go on with rules that do not hold: the first mistake, and how many more there are.
pub fn rules_do_not_hold(errors: &[RuleError]) -> anyhow::Error {
    let text = match errors {
        [] => "the rules do not hold".to_owned(),
        [only] => only.to_string(),
        [first, more @ ..] => format!("{first} (and {} more; `landfall rules check` lists them)", more.len()),
    };
    Failure { exit: Exit::Usage, text }.into()
}

/// An error that knows its exit code.
#[derive(Debug)]
struct Failure {
    exit: Exit,
    /// The error with its causes.
    text: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Failure {}

/// Print `error: …` with its causes on one line of stderr, and say which code to end with.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if error.downcast_ref::<ReaderGone>().is_some() {
        return Exit::Ok.into();
    }
    let exit = exit_of(error);
    match writeln!(io::stderr(), "error: {}", one_line(error)) {
        // With nobody to read stderr, the code still tells.
        Ok(()) | Err(_) => exit.into(),
    }
}

/// Print `warning: …` on one line of stderr: the command goes on.
pub(super) fn warn(text: fmt::Arguments<'_>) {
    match writeln!(io::stderr(), "warning: {text}") {
        // With nobody to read stderr, the code still tells.
        Ok(()) | Err(_) => {}
    }
}

/// The code the error was given, else what its kind implies.
fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Failure>() {
        Some(failure) => failure.exit,
        None => error.chain().find_map(implied).unwrap_or(Exit::Internal),
    }
}

/// The code that a kind of error stands for; `None` where the cause below it decides.
fn implied(error: &(dyn Error + 'static)) -> Option<Exit> {
    let unusable_file = error.is::<io::Error>()
        || error.is::<CaError>()
        || error.is::<TokenError>()
        || error.is::<LedgerError>()
        || error.downcast_ref().is_some_and(EngineError::is_io);
    let wrong_input = error.is::<RuleError>()
        || error.is::<LocateError>()
        || error.is::<EngineError>()
        || matches!(error.downcast_ref(), Some(ConfigError::Invalid(_)));
    match (unusable_file, wrong_input) {
        (true, _) => Some(Exit::Io),
        (false, true) => Some(Exit::Usage),
        (false, false) => None,
    }
}

/// The error and its causes, joined by `: `. A cause that the text before it already ends with is not said twice.
fn one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string().lines().map(str::trim).collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    fn missing() -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, "no such file")
    }

    #[test]
    fn the_code_given_wins_even_under_more_context() {
        let error = Err::<(), _>(missing()).or_exit(Exit::Usage).context("cannot read `x`").expect_err("an error");
        assert_eq!(exit_of(&error), Exit::Usage);
        assert_eq!(one_line(&error), "cannot read `x`: no such file");
    }

    #[test]
    fn without_a_code_the_kind_decides() {
        assert_eq!(exit_of(&anyhow::Error::from(missing()).context("cannot read `x`")), Exit::Io);
        assert_eq!(exit_of(&ConfigError::Invalid("`x` is no size".to_owned()).into()), Exit::Usage);
        let unread = ConfigError::Unreadable { what: "the rules", path: "x".into(), source: missing() };
        assert_eq!(exit_of(&unread.into()), Exit::Io);
        assert_eq!(exit_of(&RuleError::in_file("pack.yaml", "unknown region `concrn`").into()), Exit::Usage);
        let unread = ConfigError::Unreadable { what: "the rules", path: "x".into(), source: missing() };
        assert_eq!(exit_of(&EngineError::Config(unread).into()), Exit::Io);
        assert_eq!(exit_of(&EngineError::Rules(Vec::new()).into()), Exit::Usage);
        assert_eq!(exit_of(&anyhow::anyhow!("a surprise")), Exit::Internal);
    }

    #[test]
    fn of_many_mistakes_in_rules_the_first_is_shown_and_the_rest_counted() {
        let wrong = RuleError::in_file("pack.yaml", "unknown region `concrn`");
        let error = rules_do_not_hold(&[wrong.clone(), wrong]);
        assert_eq!(exit_of(&error), Exit::Usage);
        let expect = "`pack.yaml`: unknown region `concrn` (and 1 more; `landfall rules check` lists them)";
        assert_eq!(one_line(&error), expect);
    }

    #[test]
    fn causes_are_joined_once_on_one_line() {
        let error = anyhow::anyhow!("first\n  second").context("cannot start: first second").context("outer");
        assert_eq!(one_line(&error), "outer: cannot start: first second");
    }
}
