//! From committed records to counters.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::families::Families;
use super::labels;
use crate::audit::Assessment;
use crate::exchange::{Connection, Exchange};
use crate::judge::{CategorySubject, Verdict, Window};
use crate::ledger::record::template;
use crate::ledger::{Committed, Entry};
use crate::locate::Placement;

/// Label of all recipients past the cap.
const OTHER: &str = "_other";

/// Recipients that have a label of their own, and the windows shown.
pub(super) struct Recipients {
    most: usize,
    known: HashSet<Arc<str>>,
    /// Last day of the window that each gauge shows.
    shown: HashMap<[Arc<str>; 3], Date>,
}

impl Recipients {
    pub(super) fn new(most: usize) -> Self {
        Self { most, known: HashSet::new(), shown: HashMap::new() }
    }

    fn label(&mut self, recipient: &Arc<str>) -> Option<Arc<str>> {
        if !self.known.contains(recipient) {
            if self.known.len() >= self.most {
                return None;
            }
            self.known.insert(recipient.clone());
        }
        Some(recipient.clone())
    }

    /// Whether a window is at least as new as the one shown, so that an old capture does not turn a gauge back.
    fn is_news(&mut self, labels: [&Arc<str>; 3], to: Date) -> bool {
        let shown = self.shown.entry(labels.map(Arc::clone)).or_insert(to);
        *shown = to.max(*shown);
        *shown == to
    }
}

impl Families {
    pub(super) fn observe(&self, committed: &Committed, recipients: &mut Recipients) {
        self.ledger.commit_seconds.observe(committed.took.as_secs_f64());
        self.ledger.bytes.set(i64::try_from(committed.ledger_bytes).unwrap_or(i64::MAX));
        self.evidence.window_coverage.set(committed.coverage);
        for record in &committed.records {
            match &record.entry {
                Entry::Assessed(exchange, assessment) => self.exchange(exchange, assessment),
                Entry::Connected(connection, placement, _) => self.connection(connection, placement),
                Entry::Gap { exchanges, reason, .. } => {
                    // An unknown number is at least told to be one: any increase makes counts a lower bound.
                    self.ledger.gap_exchanges.with_label_values(&[reason.as_str()]).inc_by(exchanges.unwrap_or(1));
                }
                Entry::Session { .. } | Entry::Audit { .. } => {}
            }
            record.settled.iter().for_each(|verdict| self.verdict(verdict, recipients));
        }
    }

    fn exchange(&self, exchange: &Exchange, assessment: &Assessment) {
        let (country, owner) = places(&assessment.placement);
        self.traffic.exchanges.with_label_values(&labels::exchange(exchange)).inc();
        for (direction, bytes) in [("up", exchange.bytes.up), ("down", exchange.bytes.down)] {
            self.traffic.bytes.with_label_values(&[direction, country, owner]).inc_by(bytes);
        }
        for (histogram, duration) in [
            (&self.traffic.seconds, exchange.timings.total),
            (&self.traffic.overhead_seconds, exchange.timings.overhead),
        ] {
            duration.iter().for_each(|duration| histogram.observe(duration.as_secs_f64()));
        }
        let inspection = labels::inspection(assessment.inspection, &assessment.unread);
        self.traffic.inspections.with_label_values(&inspection).inc();
        for (format, bytes) in &assessment.bytes_by_format {
            self.traffic.inspected_bytes.with_label_values(&[format]).inc_by(*bytes);
        }
        self.evidence.locations.with_label_values(&labels::location(&assessment.placement)).inc();
        for finding in &assessment.findings {
            let direction = finding.part.direction.as_str();
            self.evidence.findings.with_label_values(&[&*finding.class, direction, country, owner]).inc();
        }
        self.unattributed(assessment);
    }

    fn unattributed(&self, assessment: &Assessment) {
        let nobodys = assessment.categories.iter().filter(|line| line.subject == CategorySubject::Unattributed);
        let numbers: BTreeSet<u32> = nobodys.flat_map(|line| line.findings.iter().copied()).collect();
        for number in numbers {
            let index = (number as usize).checked_sub(1);
            if let Some(finding) = index.and_then(|index| assessment.findings.get(index)) {
                self.evidence.unattributed.with_label_values(&[&*finding.class]).inc();
            }
        }
    }

    fn connection(&self, connection: &Connection, placement: &Placement) {
        if let Some(reason) = connection.coverage.reason() {
            self.traffic.tunnelled.with_label_values(&[reason, places(placement).0]).inc();
        }
        self.evidence.locations.with_label_values(&labels::location(placement)).inc();
    }

    fn verdict(&self, verdict: &Verdict, recipients: &mut Recipients) {
        let category = verdict.category.as_deref().unwrap_or("none");
        let (status, severity) = (verdict.status.as_str(), verdict.severity.as_str());
        self.evidence.verdicts.with_label_values(&[&*verdict.pack, &*verdict.rule, category, status, severity]).inc();
        if let (Some(window), Some(category)) = (&verdict.window, &verdict.category) {
            self.window(&verdict.pack, category, window, recipients);
        }
    }

    fn window(&self, pack: &Arc<str>, category: &Arc<str>, window: &Window, recipients: &mut Recipients) {
        let subjects = i64::try_from(window.subjects).unwrap_or(i64::MAX);
        let ratio = if window.threshold == 0 { 1.0 } else { window.subjects as f64 / window.threshold as f64 };
        let Some(recipient) = recipients.label(&template::host(&window.recipient_group).into()) else {
            // Several recipients share this one: it shows the highest of them.
            self.program.folded.with_label_values(&["recipient"]).inc();
            let labels = [&**pack, &**category, OTHER];
            let gauge = self.evidence.window_subjects.with_label_values(&labels);
            gauge.set(gauge.get().max(subjects));
            let gauge = self.evidence.threshold_ratio.with_label_values(&labels);
            gauge.set(gauge.get().max(ratio));
            return;
        };
        if recipients.is_news([pack, category, &recipient], window.to) {
            let labels = [&**pack, &**category, &*recipient];
            self.evidence.window_subjects.with_label_values(&labels).set(subjects);
            self.evidence.threshold_ratio.with_label_values(&labels).set(ratio);
        }
    }
}

/// Country of the location and of the owner, as labels.
fn places(placement: &Placement) -> (&str, &str) {
    (
        labels::country(&placement.location, |location| &location.country),
        labels::country(&placement.owner, |owner| &owner.country),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arc_swap::ArcSwap;

    use super::super::{Metrics, MetricsOptions};
    use super::*;
    use crate::ledger::{GapReason, Ledger, Recorded, Writer, WriterOptions, samples};
    use crate::locate::Unplaced;

    /// Value of a series as the text shows it.
    fn value(text: &str, series: &str) -> Option<f64> {
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    }

    fn committed(entries: Vec<(Entry, Vec<Verdict>)>) -> Committed {
        let records = (0..).zip(entries).map(|(seq, (entry, settled))| Recorded { seq, entry, settled }).collect();
        Committed { records, already_imported: 0, took: Duration::from_millis(1), ledger_bytes: 4096, coverage: 0.5 }
    }

    #[test]
    fn metrics_agree_with_the_events() {
        let ledger = Arc::new(Ledger::in_memory().unwrap());
        let metrics = Arc::new(Metrics::new(&MetricsOptions::default()).unwrap());
        let in_force = Arc::new(ArcSwap::from_pointee(samples::in_force()));
        let on_commit = Box::new({
            let metrics = metrics.clone();
            move |committed: &Committed| metrics.observe(committed)
        });
        let writer = Writer::spawn(ledger.clone(), in_force, WriterOptions::default(), on_commit).unwrap();
        let at = samples::time();
        let gap = Entry::Gap { exchanges: Some(7), reason: GapReason::QueueFull, from: at, to: at };
        let entries = (0..5).map(samples::assessed).chain((5..7).map(samples::connected)).chain([gap]);
        entries.for_each(|entry| writer.sender().send(entry).unwrap());
        writer.close(Duration::from_secs(30));
        let lines: Vec<serde_json::Value> = ledger
            .reader()
            .unwrap()
            .lines(0, 99)
            .unwrap()
            .iter()
            .map(|line| serde_json::from_str(&line.text).unwrap())
            .collect();
        let sum = |pointer: &str| {
            lines.iter().filter_map(|line| line.pointer(pointer)).map(|v| v.as_f64().unwrap_or(1.0)).sum::<f64>()
        };
        let text = metrics.encode().unwrap();
        let exchange = r#"landfall_exchanges_total{outcome="completed",protocol="2",status_class="2xx"}"#;
        assert_eq!(value(&text, exchange), Some(sum("/http/version")));
        let up = r#"landfall_exchange_bytes_total{country="SG",direction="up",owner_country="CN"}"#;
        assert_eq!(value(&text, up), Some(5.0 * 12.0));
        let found = r#"landfall_findings_total{country="SG",direction="request",element_class="geolocation",owner_country="CN"}"#;
        assert_eq!(value(&text, found), Some(sum("/findings/0/n")));
        let tunnelled = r#"landfall_tunnelled_connections_total{country="SG",reason="learnt_pinned"}"#;
        assert_eq!(value(&text, tunnelled), Some(2.0));
        assert_eq!(value(&text, r#"landfall_gap_exchanges_total{reason="queue_full"}"#), Some(sum("/exchanges")));
        let subjects =
            r#"landfall_window_subjects{category="precise_geolocation",pack="pppaus",recipient="example_holding"}"#;
        assert_eq!(value(&text, subjects), lines[4].pointer("/verdicts/0/window/subjects").unwrap().as_f64());
        let verdicts = r#"landfall_verdicts_total{category="precise_geolocation",pack="pppaus",rule="pppaus-precise-geolocation",severity="high",status="in_scope"}"#;
        assert_eq!(value(&text, verdicts), Some(sum("/verdicts/0/rule")));
        assert_eq!(value(&text, r#"landfall_locations_total{basis="country_db",result="claimed"}"#), Some(7.0));
        assert_eq!(value(&text, "landfall_exchange_duration_seconds_count"), Some(5.0));
        assert_eq!(value(&text, r#"landfall_inspections_total{reason="unsupported",result="partial"}"#), Some(5.0));
    }

    #[test]
    fn unknown_and_private_places_are_named() {
        let metrics = Metrics::new(&MetricsOptions::default()).unwrap();
        let mut assessment = samples::assessment();
        Arc::make_mut(&mut assessment.placement).location = Err(Unplaced::NotApplicable);
        Arc::make_mut(&mut assessment.placement).owner = Err(Unplaced::Disputed(Vec::new()));
        assessment.categories[0].subject = CategorySubject::Unattributed;
        let entry = Entry::Assessed(Box::new(samples::exchange(1)), Box::new(assessment));
        metrics.observe(&committed(vec![(entry, Vec::new())]));
        let text = metrics.encode().unwrap();
        let down = r#"landfall_exchange_bytes_total{country="private",direction="down",owner_country="unknown"}"#;
        assert_eq!(value(&text, down), Some(2.0));
        assert_eq!(value(&text, r#"landfall_unattributed_findings_total{element_class="geolocation"}"#), Some(1.0));
    }

    fn window(recipient: &str, subjects: u64, to: Date) -> Vec<Verdict> {
        let window = Window {
            from: to,
            to,
            recipient_group: recipient.into(),
            subjects,
            threshold: 100,
            inclusive: false,
            per_device: true,
            state: crate::judge::WindowState::Below,
            coverage: 1.0,
            lower_bound: false,
            projection: None,
        };
        vec![Verdict { window: Some(window), ..samples::assessment().verdicts[0].clone() }]
    }

    #[test]
    fn recipients_are_capped_and_old_windows_change_nothing() {
        let metrics = Metrics::new(&MetricsOptions { max_recipients: 2, ..MetricsOptions::default() }).unwrap();
        let (new, old) = (jiff::civil::date(2026, 11, 24), jiff::civil::date(2026, 1, 1));
        let seen = [("a", 5, new), ("b", 6, new), ("c", 7, new), ("d", 9, new), ("c", 8, new), ("a", 1, old)];
        let entries = seen.map(|(recipient, subjects, to)| (samples::audit(), window(recipient, subjects, to)));
        metrics.observe(&committed(entries.into()));
        let text = metrics.encode().unwrap();
        let of = |recipient: &str| {
            let labels = format!(r#"{{category="precise_geolocation",pack="pppaus",recipient="{recipient}"}}"#);
            value(&text, &format!("landfall_window_subjects{labels}"))
        };
        assert_eq!([of("a"), of("b"), of("c"), of("_other")], [Some(5.0), Some(6.0), None, Some(9.0)]);
        assert_eq!(value(&text, r#"landfall_metrics_folded_total{label="recipient"}"#), Some(3.0));
    }

    /// Every line is a comment or a sample, every family has help and type, and closed sets start at 0.
    #[test]
    fn the_text_is_well_formed_before_anything_happened() {
        let options = MetricsOptions {
            element_classes: vec!["geolocation".to_owned()],
            formats: vec!["json".to_owned()],
            ..MetricsOptions::default()
        };
        let metrics = Metrics::new(&options).unwrap();
        metrics.exporter("events");
        metrics.set_dataset("country", samples::time());
        let text = metrics.encode().unwrap();
        let mut typed = HashSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                typed.insert(rest.split(' ').next().unwrap());
            } else if !line.starts_with("# HELP ") {
                let (series, number) = line.rsplit_once(' ').unwrap();
                let name = series.split('{').next().unwrap();
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                assert!(typed.contains(name) || family.is_some_and(|family| typed.contains(family)), "{line}");
                assert!(number.parse::<f64>().is_ok(), "{line}");
            }
        }
        for series in [
            r#"landfall_exchanges_total{outcome="failed",protocol="1.1",status_class="none"}"#,
            r#"landfall_gap_exchanges_total{reason="panic"}"#,
            r#"landfall_inspected_bytes_total{format="json"}"#,
            r#"landfall_unattributed_findings_total{element_class="geolocation"}"#,
            r#"landfall_export_errors_total{exporter="events"}"#,
            r#"landfall_queue_depth{queue="assessments"}"#,
        ] {
            assert_eq!(value(&text, series), Some(0.0), "{series}");
        }
        assert!(value(&text, "process_resident_memory_bytes").is_some_and(|bytes| bytes > 0.0));
    }
}
