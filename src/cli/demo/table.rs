//! Who got what, where: the demo's events as a table for people.

use std::collections::BTreeSet;

use serde_json::Value;

/// One line of the table.
struct Row {
    host: String,
    owner: String,
    stands: String,
    data: BTreeSet<String>,
    verdict: String,
}

/// The events of a demo run, as text. `sent` is the number of requests that the app saw answered.
pub fn render(events: &str, sent: usize) -> anyhow::Result<String> {
    let mut rows: Vec<Row> = Vec::new();
    let mut exchanges = 0;
    for line in events.lines() {
        let event: Value = serde_json::from_str(line)?;
        if event["schema"] != "landfall.exchange/1" {
            continue;
        }
        exchanges += 1;
        let row = row(&event);
        match rows.iter_mut().find(|known| known.host == row.host) {
            Some(known) => {
                known.data.extend(row.data);
                if rank(&row.verdict) > rank(&known.verdict) {
                    known.verdict = row.verdict;
                }
            }
            None => rows.push(row),
        }
    }
    // The workers may record exchanges in another order than they were sent in.
    rows.sort_by(|one, other| one.host.cmp(&other.host));
    anyhow::ensure!(exchanges == sent, "the app sent {sent} requests and {exchanges} were recorded");
    Ok(layout(&rows, exchanges))
}

fn row(event: &Value) -> Row {
    let destination = &event["destination"];
    let owner = &destination["owner"];
    let mut data: BTreeSet<String> = event["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["direction"] == "request")
        .filter_map(|finding| finding["element"].as_str())
        .map(|element| element.replace('_', " "))
        .collect();
    if event["inspection"]["result"] != "full" {
        data.insert("(could not be read)".to_owned());
    }
    let verdict = event["verdicts"]
        .as_array()
        .into_iter()
        .flatten()
        // The column is of this rule alone.
        .filter(|verdict| verdict["pack"] == "pppaus")
        .filter_map(|verdict| verdict["status"].as_str())
        .max_by_key(|status| rank(status))
        .unwrap_or("not_in_scope");
    Row {
        host: text(&destination["host"]),
        owner: match owner["name"].as_str() {
            Some(name) => format!("{name} ({})", text(&owner["country"])),
            None => "unknown".to_owned(),
        },
        stands: destination["location"]["country"].as_str().unwrap_or("unknown").to_owned(),
        data,
        verdict: verdict.to_owned(),
    }
}

fn rank(status: &str) -> u8 {
    match status {
        "in_scope" => 2,
        "undetermined" => 1,
        _ => 0,
    }
}

fn layout(rows: &[Row], exchanges: usize) -> String {
    let head = ["sent to", "who controls it", "stands in", "28 CFR 202", "what it got"].map(str::to_owned);
    let mut lines = vec![head];
    for row in rows {
        let data: Vec<&str> = row.data.iter().map(String::as_str).collect();
        let data = if data.is_empty() { "nothing personal".to_owned() } else { data.join(", ") };
        lines.push([row.host.clone(), row.owner.clone(), row.stands.clone(), row.verdict.replace('_', " "), data]);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..5).map(width).collect();
    let mut out =
        format!("A made-up weather app sent {exchanges} requests through Landfall. Where its data came ashore:\n\n");
    for line in &lines {
        let mut text = String::from("  ");
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("{cell:width$}  "));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out.push_str(EXPLANATION);
    out
}

const EXPLANATION: &str = "
  in scope       a category of the rule is formed and the recipient is a covered-person candidate;
                 it says nothing of volume, and nothing of guilt
  undetermined   a fact that decides is unknown: who owns the host, or what the body held
  Everything ran on loopback; people, hosts and companies are invented.
";

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("unknown").to_owned()
}
