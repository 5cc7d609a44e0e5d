//! `/metrics`: the registry, what Landfall's records add up to, and what other stages count themselves.
//!
//! Whatever tells of records is counted from the committed record and from nothing else, so that metrics and events agree.

mod families;
mod labels;
mod observe;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus::core::Collector;
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};

use crate::ledger::Committed;
use families::Families;
use observe::Recipients;

/// What bounds the labels, and what is known before the first record.
#[derive(Debug, Clone)]
pub struct MetricsOptions {
    /// Recipients that get a label of their own; the rest is `_other`.
    pub max_recipients: usize,
    /// Families of elements that there are, to start at 0.
    pub element_classes: Vec<String>,
    /// Formats that bodies are decoded from, to start at 0.
    pub formats: Vec<String>,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self { max_recipients: 200, element_classes: Vec::new(), formats: Vec::new() }
    }
}

/// A rule pack in force.
#[derive(Debug, Clone)]
pub struct PackInfo {
    pub pack: String,
    pub version: String,
    /// Lower-case hex.
    pub digest: String,
    /// Category and the number above which it is bulk.
    pub thresholds: Vec<(String, u64)>,
}

/// How one exporter is doing.
#[derive(Clone)]
pub struct ExporterStats {
    /// Records that it has not delivered yet.
    pub lag: IntGauge,
    pub errors: IntCounter,
}

/// All metrics of one process.
pub struct Metrics {
    registry: Registry,
    families: Families,
    recipients: Mutex<Recipients>,
}

impl Metrics {
    /// Fails only if a name or label is malformed, which a test would show.
    pub fn new(options: &MetricsOptions) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let families = Families::new(&registry)?;
        families.start_at_zero(options);
        registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self { registry, families, recipients: Mutex::new(Recipients::new(options.max_recipients)) })
    }

    /// Add what another stage counts. The names must not be taken.
    pub fn register(&self, collectors: Vec<Box<dyn Collector>>) -> prometheus::Result<()> {
        collectors.into_iter().try_for_each(|collector| self.registry.register(collector))
    }

    /// Count what was committed.
    pub fn observe(&self, committed: &Committed) {
        let mut recipients = self.recipients.lock().unwrap_or_else(PoisonError::into_inner);
        self.families.observe(committed, &mut recipients);
    }

    /// One exchange went from decode to judge in this time.
    pub fn inspected(&self, took: Duration) {
        self.families.traffic.inspection_seconds.observe(took.as_secs_f64());
    }

    /// The depth of a queue (`exchanges`, `assessments`), for whoever knows it to set.
    pub fn queue_depth(&self, queue: &'static str) -> IntGauge {
        self.families.ledger.queue_depth.with_label_values(&[queue])
    }

    /// The figures of an exporter, for it to keep.
    pub fn exporter(&self, name: &str) -> ExporterStats {
        ExporterStats {
            lag: self.families.ledger.export_lag.with_label_values(&[name]),
            errors: self.families.ledger.export_errors.with_label_values(&[name]),
        }
    }

    /// The packs in force, instead of those before.
    pub fn set_packs(&self, packs: &[PackInfo]) {
        self.families.program.pack_info.reset();
        self.families.evidence.threshold_subjects.reset();
        for PackInfo { pack, version, digest, thresholds } in packs {
            self.families.program.pack_info.with_label_values(&[pack, version, digest]).set(1);
            for (category, threshold) in thresholds {
                let number = i64::try_from(*threshold).unwrap_or(i64::MAX);
                self.families.evidence.threshold_subjects.with_label_values(&[pack, category]).set(number);
            }
        }
    }

    /// When a dataset (`country`, `asn`, `entities`) was built.
    pub fn set_dataset(&self, dataset: &'static str, built: Timestamp) {
        self.families.program.dataset_built.with_label_values(&[dataset]).set(built.as_second());
    }

    /// Whether the last reload of the configuration took effect.
    pub fn set_reload(&self, successful: bool) {
        self.families.program.reload_successful.set(i64::from(successful));
    }

    /// When the CA ends.
    pub fn set_ca_not_after(&self, not_after: Timestamp) {
        self.families.program.ca_not_after.set(not_after.as_second());
    }

    /// Everything in the text format 0.0.4 (`text/plain; version=0.0.4`).
    pub fn encode(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
