//! Metrics against events: both tell of the same exchanges.

use std::collections::BTreeMap;

use serde_json::Value;

use super::client;
use super::landfall::sum;

/// `/metrics` must be clean to `promtool`, and say what the events say.
#[track_caller]
pub fn check(metrics: &str, exchanges: &[&Value]) {
    let mut promtool = std::process::Command::new("promtool");
    let checked = client::run_with_input(promtool.args(["check", "metrics"]), metrics.as_bytes());
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert!(checked.status.success() && said.trim().is_empty(), "promtool: {said}");

    assert_eq!(sum(metrics, "landfall_exchanges_total", &[]), exchanges.len() as f64);
    assert_eq!(sum(metrics, "landfall_gap_exchanges_total", &[]), 0.0);
    let bytes: u64 =
        exchanges.iter().flat_map(|e| [&e["bytes"]["up"], &e["bytes"]["down"]]).filter_map(Value::as_u64).sum();
    assert_eq!(sum(metrics, "landfall_exchange_bytes_total", &[]), bytes as f64);

    let mut findings: BTreeMap<(String, String, String), f64> = BTreeMap::new();
    let mut verdicts: BTreeMap<(String, String), f64> = BTreeMap::new();
    for exchange in exchanges {
        let place = |what: &str| exchange["destination"][what]["country"].as_str().unwrap_or("unknown").to_owned();
        for finding in exchange["findings"].as_array().expect("a list") {
            let direction = finding["direction"].as_str().expect("a direction").to_owned();
            *findings.entry((direction, place("location"), place("owner"))).or_default() += 1.0;
        }
        for verdict in exchange["verdicts"].as_array().expect("a list") {
            let word = |key: &str| verdict[key].as_str().expect("a word").to_owned();
            *verdicts.entry((word("rule"), word("status"))).or_default() += 1.0;
        }
    }
    for ((direction, country, owner), count) in &findings {
        let labels = [("direction", direction.as_str()), ("country", country), ("owner_country", owner)];
        assert_eq!(sum(metrics, "landfall_findings_total", &labels), *count, "{labels:?}");
    }
    assert_eq!(sum(metrics, "landfall_findings_total", &[]), findings.values().sum::<f64>());
    for ((rule, status), count) in &verdicts {
        let labels = [("rule", rule.as_str()), ("status", status)];
        assert_eq!(sum(metrics, "landfall_verdicts_total", &labels), *count, "{labels:?}");
    }
    assert_eq!(sum(metrics, "landfall_verdicts_total", &[]), verdicts.values().sum::<f64>());
}
