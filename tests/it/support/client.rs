//! Real clients: programs of the system, run to their end.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::root;

/// Run a program; it must be there (`tests/run` installs it) and end well.
#[track_caller]
pub fn run(command: &mut Command) -> Output {
    let output = try_run(command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {stderr}", output.status);
    output
}

#[track_caller]
pub fn try_run(command: &mut Command) -> Output {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => panic!("{command:?}: {error}; `tests/run` installs what is missing"),
    }
}

/// The same with text on its standard input.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; `tests/run` installs it"));
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

/// A script of `tests/it/clients`.
pub fn script(interpreter: &str, name: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(root().join("tests/it/clients").join(name));
    command
}
