//! `landfall relocate`: recorded destinations, placed again by other databases, and what that changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use serde_json::{Value as Json, json};

use super::relocate_line::{Recorded, read};
use super::{DataArgs, Exit, GeoArgs, OrExit, locate_text, print};
use crate::config::{self, Settings};
use crate::ledger::{Ledger, Sync, record};
use crate::locate::{Locators, Placement, attributions};

#[derive(Debug, clap::Args)]
pub struct RelocateArgs {
    /// Id or name of the session to place again [default: every session].
    #[arg(value_name = "SESSION")]
    session: Option<String>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Directory whose `entities.yaml` and `entities/` add to the built-in entities or override them; may be repeated.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    geo: GeoArgs,
}

pub fn run(args: &RelocateArgs) -> anyhow::Result<ExitCode> {
    let mut settings = Settings::default();
    args.geo.apply(&mut settings);
    let entities = config::read_rules(&args.rules)?.rules.entities;
    let config = config::locator_config(&settings.locate, entities)?;
    config::unpack_beside(&config);
    let locators = Locators::new(config)?;
    let data = config::data_dir(args.data.data.as_deref())?;
    if !data.join("ledger.db").exists() {
        bail_with(format!("there is no ledger in `{}`; name its directory with `--data`", data.display()))?;
    }
    let ledger = Ledger::open(&data, Sync::Normal).or_exit(Exit::Io)?;
    let drift = Drift::of(&ledger, args.session.as_deref(), &locators)?;
    if drift.records == 0 {
        match &args.session {
            Some(session) => bail_with(format!("the ledger holds no exchange of a session `{session}`"))?,
            None => bail_with("the ledger holds no exchange".to_owned())?,
        }
    }
    if args.json {
        print(format_args!("{}\n", serde_json::to_string_pretty(&drift.document(&locators)?)?))?;
    } else {
        print(drift.text(&locators)?)?;
    }
    Ok(Exit::Ok.into())
}

fn bail_with(text: String) -> anyhow::Result<()> {
    Err(anyhow::anyhow!(text)).or_exit(Exit::Usage)
}

/// What was answered, before and now.
#[derive(Debug, Clone, PartialEq)]
struct Change {
    answer: &'static str,
    before: Json,
    after: Json,
}

/// Changes by host and address, each with the number of records.
#[derive(Default)]
struct Drift {
    records: u64,
    changed: u64,
    unread: u64,
    changes: BTreeMap<(String, String), (u64, Vec<Change>)>,
}

impl Drift {
    fn of(ledger: &Ledger, session: Option<&str>, locators: &Locators) -> anyhow::Result<Self> {
        const BATCH: usize = 1000;
        let reader = ledger.reader().or_exit(Exit::Io)?;
        let mut drift = Self::default();
        let mut next = 0;
        loop {
            let lines = reader.lines(next, BATCH).or_exit(Exit::Io)?;
            let Some(last) = lines.last() else { return Ok(drift) };
            next = last.seq + 1;
            for line in &lines {
                let Ok(line) = serde_json::from_str::<Json>(&line.text) else {
                    bail!("record {} of the ledger is no JSON: check it with `landfall ledger verify`", line.seq);
                };
                match read(&line, session) {
                    Ok(Some(recorded)) => drift.add(&recorded, locators)?,
                    Ok(None) => {}
                    Err(_) => drift.unread += 1,
                }
            }
        }
    }

    fn add(&mut self, recorded: &Recorded, locators: &Locators) -> anyhow::Result<()> {
        let placement = recorded.place(locators);
        let changes = changes(&recorded.destination_line, &placement)?;
        self.records += 1;
        if changes.is_empty() {
            return Ok(());
        }
        self.changed += 1;
        let key = (recorded.host().to_owned(), recorded.address());
        let entry = self.changes.entry(key).or_insert_with(|| (0, Vec::new()));
        entry.0 += 1;
        entry.1 = changes;
        Ok(())
    }

    fn document(&self, locators: &Locators) -> anyhow::Result<Json> {
        let change = |change: &Change| json!({"answer": change.answer, "before": change.before, "after": change.after});
        let destination = |((host, address), (records, changes)): (&(String, String), &(u64, Vec<Change>))| {
            json!({"host": host, "address": address, "records": records,
                   "changes": changes.iter().map(change).collect::<Vec<_>>()})
        };
        Ok(json!({
            "records": self.records, "changed": self.changed, "unread": self.unread,
            "datasets": datasets(locators),
            "destinations": self.changes.iter().map(destination).collect::<Vec<_>>(),
            "attribution": attributions(),
        }))
    }

    fn text(&self, locators: &Locators) -> anyhow::Result<String> {
        let mut text = String::new();
        writeln!(text, "{} records placed again by {}", self.records, datasets(locators).join(", "))?;
        for ((host, address), (records, changes)) in &self.changes {
            writeln!(text, "\n{host} {address}, {records} records")?;
            for change in changes {
                let (before, after) = (words(&change.before), words(&change.after));
                writeln!(text, "  {:<9} {before} -> {after}", change.answer)?;
            }
        }
        let same = self.records - self.changed;
        writeln!(text, "\n{} records changed, {same} are placed as before", self.changed)?;
        if self.unread > 0 {
            writeln!(text, "{} records could not be read and are left out", self.unread)?;
        }
        text.push('\n');
        locate_text::attribution(&mut text)?;
        Ok(text)
    }
}

fn datasets(locators: &Locators) -> Vec<String> {
    let name = |(_, info): &(_, crate::locate::DatasetInfo)| match info.built {
        Some(built) => format!("{} of {}", info.name, built.strftime("%Y-%m-%d")),
        None => info.name.to_string(),
    };
    locators.datasets().iter().map(name).collect()
}

/// Of each of the three answers what decides: country and standing, or why there is none.
fn changes(before: &Json, placement: &Arc<Placement>) -> anyhow::Result<Vec<Change>> {
    let after = serde_json::to_value(record::placement(placement))?;
    let differs = |answer: &'static str| {
        let (before, after) = (core(answer, before), core(answer, &after));
        (before != after).then_some(Change { answer, before, after })
    };
    Ok(["location", "network", "owner"].into_iter().filter_map(differs).collect())
}

fn core(answer: &str, destination: &Json) -> Json {
    let found = destination.get(answer).cloned().unwrap_or(Json::Null);
    if found.get("unknown").is_some() {
        return found;
    }
    let keys: &[&str] = match answer {
        "location" => &["country", "standing"],
        "network" => &["asn", "operator", "country"],
        _ => &["entity", "country"],
    };
    Json::Object(keys.iter().filter_map(|key| Some(((*key).to_owned(), found.get(key)?.clone()))).collect())
}

fn words(answer: &Json) -> String {
    let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), |text| text.replace('_', " "));
    if let Some(reason) = answer.get("unknown") {
        let candidates = answer.get("candidates").and_then(Json::as_array);
        let candidates = candidates.map(|codes| codes.iter().map(plain).collect::<Vec<_>>().join(" or "));
        return candidates.map_or_else(|| plain(reason), |candidates| format!("{} ({candidates})", plain(reason)));
    }
    let known = |value: &Json| if value.get("unknown").is_some() { "unknown".to_owned() } else { plain(value) };
    answer
        .as_object()
        .map_or_else(|| "nothing".to_owned(), |map| map.values().map(known).collect::<Vec<_>>().join(", "))
}
