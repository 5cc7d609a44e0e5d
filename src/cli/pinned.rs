//! `landfall pinned`: apps that a running Landfall does not open, because they do not accept its certificate.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde_json::Value;

use super::{DataArgs, Exit, OrExit, print};
use crate::config;
use crate::console::TOKEN_FILE;

#[derive(Debug, clap::Args)]
pub struct PinnedArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the pairs of client and host that are not opened now, and what passed unseen.
    List {
        #[command(flatten)]
        at: At,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Open a pair again from now on.
    Forget {
        /// Id of the pair, as `list` shows it.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// Every pair.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        at: At,
    },
}

/// Which Landfall is asked.
#[derive(Debug, clap::Args)]
struct At {
    #[command(flatten)]
    data: DataArgs,
    /// Address of its admin listener.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8090")]
    admin: SocketAddr,
}

pub fn run(args: &PinnedArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::List { at, json } => {
            let found = at.ask("GET", "/api/v1/pinned")?;
            print(if *json { format!("{found:#}\n") } else { table(&found) })?;
        }
        Action::Forget { id, at, .. } => {
            let path = match id {
                Some(id) if id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!("/api/v1/pinned/{id}"),
                Some(_) => {
                    return Err(anyhow!("this is no id of a pair; `landfall pinned list` shows them"))
                        .or_exit(Exit::Usage);
                }
                None => "/api/v1/pinned".to_owned(),
            };
            let forgotten = at.ask("DELETE", &path)?;
            let count = forgotten["pinned"].as_array().map_or(0, Vec::len);
            print(format!("{count} forgotten: opened again from the next connection on\n"))?;
        }
    }
    Ok(Exit::Ok.into())
}

impl At {
    /// One request to the admin listener, with the token from the data directory.
    fn ask(&self, method: &str, path: &str) -> anyhow::Result<Value> {
        let token = config::data_dir(self.data.data.as_deref())?.join(TOKEN_FILE);
        let secret = std::fs::read_to_string(&token)
            .with_context(|| {
                format!("cannot read the admin token `{}`; name its directory with `--data`", token.display())
            })
            .or_exit(Exit::Io)?;
        let (status, body) = self
            .exchange(method, path, secret.trim())
            .with_context(|| {
                format!("cannot ask Landfall at `{}`; is it running? name its admin address with `--admin`", self.admin)
            })
            .or_exit(Exit::Io)?;
        match status {
            200 => serde_json::from_slice(&body).context("the answer is no JSON").or_exit(Exit::Io),
            404 => Err(anyhow!("no pair has this id; `landfall pinned list` shows them")).or_exit(Exit::Usage),
            401 => Err(anyhow!(
                "the token in `{}` is not this Landfall's; name its directory with `--data`",
                token.display()
            ))
            .or_exit(Exit::Usage),
            other => Err(anyhow!("Landfall answered {other}")).or_exit(Exit::Io),
        }
    }

    fn exchange(&self, method: &str, path: &str, token: &str) -> anyhow::Result<(u16, Vec<u8>)> {
        const PATIENCE: Duration = Duration::from_secs(20);
        /// Longer answers are not ours.
        const LONGEST: u64 = 16 << 20;
        let mut stream = TcpStream::connect_timeout(&self.admin, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", self.admin);
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer)?;
        let Some(end) = memchr::memmem::find(&answer, b"\r\n\r\n") else { bail!("the answer is no HTTP") };
        let line = std::str::from_utf8(&answer[..end]).unwrap_or_default();
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("the answer is no HTTP")?;
        Ok((status, answer[end + 4..].to_vec()))
    }
}

fn table(found: &Value) -> String {
    let mut text = String::new();
    let pairs = found["pinned"].as_array().map(Vec::as_slice).unwrap_or_default();
    if pairs.is_empty() {
        text.push_str("every app is opened: no client is known to reject the certificate\n");
    }
    for pair in pairs {
        let word = |key: &str| pair[key].as_str().unwrap_or("-").to_owned();
        let bytes = &pair["bytes"];
        // Writing to a `String` cannot fail.
        writeln!(
            text,
            "{}  {} {}  {} (last: {})  until {}  {} connections, {} bytes up, {} down, all unseen",
            word("id"),
            word("client"),
            word("host"),
            word("reason"),
            word("last_rejection"),
            word("until"),
            pair["connections"],
            bytes["up"],
            bytes["down"]
        )
        .unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_pair() {
        let none = serde_json::json!({ "pinned": [] });
        assert!(table(&none).starts_with("every app is opened"));
        let one = serde_json::json!({ "pinned": [{
            "id": "00ff", "client": "192.168.1.2", "host": "a.example", "reason": "learnt_pinned", "last_rejection": "unknown_ca",
            "until": "2026-11-24T10:00:00Z", "connections": 2, "bytes": { "up": 3, "down": 4 }
        }] });
        let line = "00ff  192.168.1.2 a.example  learnt_pinned (last: unknown_ca)  until 2026-11-24T10:00:00Z  2 connections, 3 bytes up, 4 down, all unseen\n";
        assert_eq!(table(&one), line);
    }
}
