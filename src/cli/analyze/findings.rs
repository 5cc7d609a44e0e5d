//! The file of `--findings`: one line per exchange, for a scorer or a script. With `--reveal` it holds the values.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::cli::{Exit, OrExit};
use crate::detect::Finding;
use crate::exchange::Exchange;

pub struct FindingsFile {
    path: PathBuf,
    out: BufWriter<File>,
    reveal: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    /// The import's own id where there is one.
    id: String,
    findings: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    element: &'a str,
    #[serde(rename = "where")]
    part: &'static str,
    path: &'a str,
    detector: &'static str,
    confidence: &'static str,
    preview: &'a str,
    fingerprint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plain: Option<&'a str>,
}

impl FindingsFile {
    /// Made anew; readable by its owner only, for previews and values are nobody else's business.
    pub fn create(path: &Path, reveal: bool) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = file.with_context(|| format!("cannot write `{}`", path.display())).or_exit(Exit::Io)?;
        let facts = file.metadata().or_exit(Exit::Io)?;
        if reveal && facts.is_file() && facts.permissions().mode() & 0o077 != 0 {
            let text = format!("`{0}` can be read by others; run `chmod 600 {0}` or name a new file", path.display());
            return Err(anyhow::anyhow!(text)).or_exit(Exit::Usage);
        }
        // Only now that the file may be used: a refusal must not cost what is in it.
        if facts.is_file() {
            file.set_len(0).with_context(|| format!("cannot write `{}`", path.display())).or_exit(Exit::Io)?;
        }
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file), reveal })
    }

    pub fn write(&mut self, exchange: &Exchange, findings: &[Finding]) -> anyhow::Result<()> {
        let own = exchange.import.as_ref().and_then(|import| import.id.clone());
        let line = Line {
            id: own.unwrap_or_else(|| exchange.id.to_string()),
            findings: findings.iter().map(|finding| found(finding, self.reveal)).collect(),
        };
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.out.write_all(&text).with_context(|| self.failed()).or_exit(Exit::Io)
    }

    pub fn finish(mut self) -> anyhow::Result<()> {
        self.out.flush().with_context(|| self.failed()).or_exit(Exit::Io)
    }

    fn failed(&self) -> String {
        format!("cannot write `{}`", self.path.display())
    }
}

fn found(finding: &Finding, reveal: bool) -> Found<'_> {
    Found {
        element: &finding.element,
        part: finding.part.as_str(),
        path: &finding.path,
        detector: finding.detector.as_str(),
        confidence: finding.confidence.as_str(),
        preview: &finding.preview,
        fingerprint: finding.fingerprint.to_string(),
        value: finding.revealed.as_ref().filter(|_| reveal).map(|value| value.expose().as_str()),
        plain: finding.plain.as_ref().filter(|_| reveal).map(|value| value.expose().as_str()),
    }
}
