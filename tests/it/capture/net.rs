//! What the tests of the way out share: origins behind names, a configuration, curl, and what is left in the record.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::super::support::authority::Authority;
use super::super::support::client;
use super::super::support::landfall::{Landfall, Left};
use super::super::support::raw::RawOrigin;

/// The name that most origins here have.
pub const HOST: &str = "api.out.example";

pub struct Net {
    pub authority: Authority,
    given: TempDir,
    args: Vec<String>,
}

impl Net {
    pub fn new() -> Self {
        let net =
            Self { authority: Authority::new(), given: tempfile::tempdir().expect("a directory"), args: Vec::new() };
        let roots = net.file("roots.pem", &net.authority.pem());
        net.arg("--upstream-ca").arg(&roots)
    }

    pub fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// A file that Landfall is given; its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.given.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    }

    /// `host` at `port` is this origin.
    pub fn named(self, host: &str, port: u16, origin: &RawOrigin) -> Self {
        self.arg("--resolve").arg(&origin.resolve(host, port))
    }

    pub fn config(self, text: &str) -> Self {
        let path = self.file("landfall.toml", text);
        self.arg("--config").arg(&path)
    }

    pub fn args(&self) -> &[String] {
        &self.args
    }

    pub fn start(&self) -> Landfall {
        Landfall::start(&self.args)
    }

    pub fn start_in(&self, dir: TempDir) -> Landfall {
        Landfall::start_in(dir, &self.args)
    }
}

/// What curl was told.
#[derive(Debug)]
pub struct Fetched {
    /// curl's exit code; 0 where all is well.
    pub exit: i32,
    pub status: u16,
    /// Status lines and fields, then the body.
    pub text: String,
}

impl Fetched {
    pub fn has(&self, text: &str) -> bool {
        self.text.to_lowercase().contains(&text.to_lowercase())
    }
}

/// One request by curl, through Landfall and trusting it.
pub fn fetch(landfall: &Landfall, url: &str, more: &[&str]) -> Fetched {
    let mut command = Command::new("curl");
    command.args(["-sS", "-i", "--max-time", "60", "--noproxy", "", "--proxy"]);
    command.arg(format!("http://{}", landfall.proxy)).arg("--cacert").arg(landfall.ca());
    command.args(["-w", "%{stderr}%{http_code}"]).args(more).arg(url);
    let output = client::try_run(&mut command);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = told.get(told.len().saturating_sub(3)..).and_then(|code| code.parse().ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &told;
    Fetched { exit: output.status.code().unwrap_or(-1), status: code, text }
}

/// Lines of one schema, in the order of their beginnings.
pub fn lines<'a>(left: &'a Left, schema: &str) -> Vec<&'a Value> {
    let schema = format!("landfall.{schema}/1");
    let mut lines: Vec<_> = left.events.iter().filter(|event| event["schema"] == schema.as_str()).collect();
    lines.sort_by_key(|event| event["time"].as_str());
    lines
}

/// `result side error`, and the fault of TLS, of a line.
pub fn outcome(line: &Value) -> String {
    let word = |key: &str| line["outcome"][key].as_str().unwrap_or("-");
    let fault = line["tls"]["fault"].as_str().unwrap_or("-");
    format!("{} {} {} {fault}", word("result"), word("side"), word("error"))
}

/// Whether a line has a note.
pub fn noted(line: &Value, note: &str) -> bool {
    line["notes"].as_array().is_some_and(|notes| notes.iter().any(|it| it == note))
}
