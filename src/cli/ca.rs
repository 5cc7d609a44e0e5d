//! `landfall ca`: the certificate authority that clients must trust to be audited.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::ValueEnum;

use super::{DataArgs, Exit, OrExit, print, print_bytes};
use crate::capture::Ca;
use crate::config;

#[derive(Debug, clap::Args)]
pub struct CaArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the certificate's fingerprint, path and validity, and how to trust it for one command.
    Show {
        #[command(flatten)]
        data: DataArgs,
    },
    /// Write the certificate, never the key.
    Export {
        #[command(flatten)]
        data: DataArgs,
        #[arg(long, default_value = "pem")]
        /// How the certificate is written.
        format: Format,
        /// Where it goes [default: stdout].
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pem,
    Der,
}

pub fn run(args: &CaArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Show { data } => {
            let dir = config::data_dir(data.data.as_deref())?;
            print(describe(&Ca::open(&dir).or_exit(Exit::Io)?, &dir))?;
        }
        Action::Export { data, format, output } => {
            let dir = config::data_dir(data.data.as_deref())?;
            let ca = Ca::open(&dir).or_exit(Exit::Io)?;
            export(&encode(&ca, *format), output.as_deref())?;
        }
    }
    Ok(Exit::Ok.into())
}

fn describe(ca: &Ca, dir: &Path) -> String {
    let path = dir.join("ca.pem");
    let path = path.display();
    let mut text = String::new();
    for (name, value) in [
        ("subject", ca.subject().to_owned()),
        ("sha256", ca.fingerprint_sha256()),
        ("valid from", ca.not_before().to_string()),
        ("valid until", ca.not_after().to_string()),
        ("certificate", path.to_string()),
        (
            "trust it once",
            format!("curl --proxy http://127.0.0.1:8080 --cacert {} https://…", shell_word(&path.to_string())),
        ),
    ] {
        // Writing to a `String` cannot fail.
        writeln!(text, "{name:<14} {value}").unwrap_or_default();
    }
    text
}

fn encode(ca: &Ca, format: Format) -> Vec<u8> {
    match format {
        Format::Pem => ca.certificate_pem().as_bytes().to_vec(),
        Format::Der => ca.certificate_der().to_vec(),
    }
}

fn export(bytes: &[u8], output: Option<&Path>) -> anyhow::Result<()> {
    match output {
        None => print_bytes(bytes),
        Some(path) => {
            std::fs::write(path, bytes).with_context(|| format!("cannot write `{}`", path.display())).or_exit(Exit::Io)
        }
    }
}

/// A path as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+=:@%,".contains(&b);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_ca(dir: &Path) -> Ca {
        Ca::open_or_create(dir, jiff::Timestamp::now()).expect("an authority is made")
    }

    #[test]
    fn what_is_exported_is_the_certificate_and_never_the_key() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let ca = new_ca(dir.path());
        let pem = String::from_utf8(encode(&ca, Format::Pem)).expect("PEM is text");
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----") && !pem.contains("PRIVATE"), "{pem}");
        assert_eq!(encode(&ca, Format::Der).first(), Some(&0x30));
    }

    #[test]
    fn it_is_shown_with_what_a_person_compares() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let ca = new_ca(dir.path());
        let text = describe(&ca, dir.path());
        assert!(text.contains(&ca.fingerprint_sha256()) && text.contains("--cacert"), "{text}");
    }

    #[test]
    fn paths_are_one_word_in_a_shell() {
        assert_eq!(shell_word("/a/b.pem"), "/a/b.pem");
        assert_eq!(shell_word("/a b/it's"), r"'/a b/it'\''s'");
    }
}
