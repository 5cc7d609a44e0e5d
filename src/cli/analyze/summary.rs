//! What was recorded, for people: who got what, where they are, what the rules say of it, and what could not be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::audit::Assessment;
use crate::decode::Inspection;
use crate::exchange::Exchange;
use crate::judge::{Status, Verdict, WindowState};
use crate::ledger::record::template;
use crate::ledger::{Committed, Entry, Recorded};

#[derive(Default)]
pub struct Summary {
    exchanges: u64,
    gaps: u64,
    /// Exchanges of which something could not be read.
    unread: u64,
    hosts: BTreeSet<String>,
    elements: BTreeMap<Arc<str>, u64>,
    recipients: BTreeMap<String, Recipient>,
}

#[derive(Default)]
struct Recipient {
    owner_countries: BTreeSet<String>,
    server_countries: BTreeSet<String>,
    exchanges: u64,
    findings: u64,
    categories: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Whether it is of the first pack, its status, and words.
    strongest: Option<(bool, Status, String)>,
}

/// The pack whose word the table gives, where it has one; the events have every pack's.
const FIRST: &str = "pppaus";

impl Recipient {
    fn categories_in_words(&self) -> String {
        let of = |pack: &str| self.categories.get(pack).filter(|categories| !categories.is_empty());
        let all = || self.categories.values().flatten().collect::<BTreeSet<_>>();
        let shown = of(FIRST).map_or_else(all, |categories| categories.iter().collect());
        shown.into_iter().map(|category| &**category).collect::<Vec<_>>().join(", ")
    }
}

impl Summary {
    /// Add what one commit recorded.
    pub fn add(&mut self, done: &Committed) {
        for Recorded { entry, settled, .. } in &done.records {
            match entry {
                Entry::Assessed(exchange, assessment) => self.exchange(exchange, assessment, settled),
                Entry::Gap { exchanges, .. } => self.gaps += exchanges.unwrap_or(1),
                Entry::Connected(..) | Entry::Session { .. } | Entry::Audit { .. } => {}
            }
        }
    }

    /// Exchanges whose audit failed.
    pub fn gaps(&self) -> u64 {
        self.gaps
    }

    fn exchange(&mut self, exchange: &Exchange, assessment: &Assessment, settled: &[Verdict]) {
        self.exchanges += 1;
        self.unread += u64::from(assessment.inspection != Inspection::Full);
        self.hosts.insert(exchange.destination.host.clone());
        for finding in &assessment.findings {
            *self.elements.entry(Arc::clone(&finding.element)).or_default() += 1;
        }
        let placement = &assessment.placement;
        let (name, owner_country) = match &placement.owner {
            Ok(owner) => (owner.name.to_string(), owner.country.to_string()),
            // As in the record: a host's label may be somebody's number.
            Err(_) => (template::host(&exchange.destination.host), "unknown".to_owned()),
        };
        let server_country = placement.location.as_ref().map_or("unknown".to_owned(), |at| at.country.to_string());
        let recipient = self.recipients.entry(name).or_default();
        recipient.owner_countries.insert(owner_country);
        recipient.server_countries.insert(server_country);
        recipient.exchanges += 1;
        recipient.findings += assessment.findings.len() as u64;
        for category in &assessment.categories {
            let of_pack = recipient.categories.entry(Arc::clone(&category.pack)).or_default();
            of_pack.insert(Arc::clone(&category.category));
        }
        for verdict in settled {
            let first = *verdict.pack == *FIRST;
            if recipient.strongest.as_ref().is_none_or(|(of, status, _)| (first, verdict.status) >= (*of, *status)) {
                recipient.strongest = Some((first, verdict.status, words(verdict)));
            }
        }
    }

    fn rows(&self) -> Vec<[String; 6]> {
        let mut recipients: Vec<_> = self.recipients.iter().collect();
        let strength = |recipient: &Recipient| recipient.strongest.as_ref().map(|(first, status, _)| (*first, *status));
        recipients.sort_by_key(|(_, r)| (std::cmp::Reverse(strength(r)), std::cmp::Reverse(r.findings)));
        let row = |(name, recipient): (&String, &Recipient)| {
            let list = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
            [
                shorten(name),
                list(&recipient.owner_countries),
                list(&recipient.server_countries),
                recipient.exchanges.to_string(),
                recipient.categories_in_words(),
                recipient.strongest.as_ref().map_or("-".to_owned(), |(_, _, words)| words.clone()),
            ]
        };
        recipients.into_iter().map(row).collect()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let countries: BTreeSet<_> = self.recipients.values().flat_map(|r| &r.server_countries).collect();
        let known = countries.iter().filter(|country| **country != "unknown").count();
        writeln!(f, "{} exchanges with {} hosts in {known} known countries", self.exchanges, self.hosts.len())?;
        if self.exchanges == 0 {
            return Ok(());
        }
        writeln!(f)?;
        let head = ["RECIPIENT", "OWNED FROM", "SERVER IN", "EXCHANGES", "CATEGORIES", "STRONGEST VERDICT"];
        table(f, &head.map(str::to_owned), &self.rows())?;
        writeln!(f, "\nFindings by element")?;
        let mut elements: Vec<_> = self.elements.iter().collect();
        elements.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (element, count) in elements {
            writeln!(f, "{count:>7}  {element}")?;
        }
        writeln!(f, "\nNot seen")?;
        writeln!(f, "{:>7}  exchanges were read only in part, or not at all", self.unread)?;
        writeln!(f, "{:>7}  exchanges could not be audited", self.gaps)?;
        writeln!(f, "A verdict is evidence for review, never a finding of guilt; where data is stored cannot be seen.")
    }
}

/// A verdict in a few words: status, class, how much of the threshold, and what would have to be known.
fn words(verdict: &Verdict) -> String {
    let mut words = match verdict.status {
        Status::InScope => "in scope".to_owned(),
        Status::Undetermined => "could not be determined".to_owned(),
        Status::NotInScope => "not in scope".to_owned(),
    };
    if let Some(class) = verdict.class {
        words.push_str(&format!(", {}", class.as_str().replace('_', " ")));
    }
    if let Some(window) = &verdict.window {
        let percent = window.subjects as f64 * 100.0 / window.threshold.max(1) as f64;
        let over = if window.state == WindowState::Over { "over" } else { "at" };
        words.push_str(&format!(", {over} {percent:.1} % of the bulk threshold"));
    }
    if verdict.status == Status::Undetermined && !verdict.missing.is_empty() {
        words.push_str(&format!(" (missing: {})", verdict.missing.join(", ")));
    }
    words
}

/// Columns as wide as they need to be, the last one open.
fn table<const N: usize>(f: &mut fmt::Formatter<'_>, head: &[String; N], rows: &[[String; N]]) -> fmt::Result {
    let width = |column: usize| {
        let cells = rows.iter().chain([head]).map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    for row in [head].into_iter().chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn shorten(name: &str) -> String {
    const LONGEST: usize = 36;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::samples;

    #[test]
    fn a_recipient_is_one_row_with_its_strongest_verdict() {
        let mut summary = Summary::default();
        for number in 0..2 {
            let (exchange, assessment) = (samples::exchange(number), samples::assessment());
            summary.exchange(&exchange, &assessment, &assessment.verdicts);
        }
        let rows = summary.rows();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0][3], "2");
        assert!(rows[0][5].starts_with("in scope"), "{:?}", rows[0]);
        let (mut exchange, mut assessment) = (samples::exchange(2), samples::assessment());
        exchange.destination.host = "4155550123.t.example".to_owned();
        Arc::make_mut(&mut assessment.placement).owner = Err(crate::locate::Unplaced::NoEvidence);
        let mut of_somebody = Summary::default();
        of_somebody.exchange(&exchange, &assessment, &assessment.verdicts);
        assert_eq!(of_somebody.rows()[0][0], "{id}.t.example");
        let text = summary.to_string();
        assert!(text.starts_with("2 exchanges with 1 hosts in 1 known countries\n"), "{text}");
    }
}
