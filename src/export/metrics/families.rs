//! The metrics by name: the contract of OUTPUTS, as far as this stage counts it.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, Result,
};

use super::MetricsOptions;
use super::labels;

/// Every metric, by what it is about.
pub(super) struct Families {
    pub program: Program,
    pub traffic: Traffic,
    pub evidence: Evidence,
    pub ledger: Ledger,
}

/// The program itself, its rules and its data.
pub(super) struct Program {
    pub pack_info: IntGaugeVec,
    pub dataset_built: IntGaugeVec,
    pub reload_successful: IntGauge,
    pub ca_not_after: IntGauge,
    pub folded: IntCounterVec,
}

/// What passed.
pub(super) struct Traffic {
    pub tunnelled: IntCounterVec,
    pub exchanges: IntCounterVec,
    pub bytes: IntCounterVec,
    pub seconds: Histogram,
    pub overhead_seconds: Histogram,
    pub inspections: IntCounterVec,
    pub inspected_bytes: IntCounterVec,
    pub inspection_seconds: Histogram,
}

/// What was found, where it went and what rules say.
pub(super) struct Evidence {
    pub locations: IntCounterVec,
    pub findings: IntCounterVec,
    pub unattributed: IntCounterVec,
    pub verdicts: IntCounterVec,
    pub window_subjects: IntGaugeVec,
    pub threshold_subjects: IntGaugeVec,
    pub threshold_ratio: GaugeVec,
    pub window_coverage: Gauge,
}

/// How recording and exporting go.
pub(super) struct Ledger {
    pub gap_exchanges: IntCounterVec,
    pub queue_depth: IntGaugeVec,
    pub bytes: IntGauge,
    pub commit_seconds: Histogram,
    pub export_lag: IntGaugeVec,
    pub export_errors: IntCounterVec,
}

/// Registers as it makes.
struct Make<'a>(&'a Registry);

impl Make<'_> {
    fn keep<C: Collector + Clone + 'static>(&self, made: Result<C>) -> Result<C> {
        let made = made?;
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec> {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec> {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge> {
        self.keep(IntGauge::new(name, help))
    }

    fn seconds(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram> {
        self.keep(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }
}

/// Bounds for what takes microseconds to a second.
const SHORT: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];
/// Bounds for what takes milliseconds to minutes.
const LONG: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

impl Families {
    pub(super) fn new(registry: &Registry) -> Result<Self> {
        let make = Make(registry);
        Ok(Self {
            program: Program::new(&make)?,
            traffic: Traffic::new(&make)?,
            evidence: Evidence::new(&make)?,
            ledger: Ledger::new(&make)?,
        })
    }

    /// Label sets without country, recipient or rule are there from the start.
    pub(super) fn start_at_zero(&self, options: &MetricsOptions) {
        self.program.reload_successful.set(1);
        for (family, sets) in [
            (&self.traffic.exchanges, labels::exchanges()),
            (&self.traffic.inspections, labels::inspections()),
            (&self.traffic.inspected_bytes, options.formats.iter().map(|format| vec![format.as_str()]).collect()),
            (&self.evidence.locations, labels::locations()),
            (&self.evidence.unattributed, options.element_classes.iter().map(|class| vec![class.as_str()]).collect()),
            (&self.ledger.gap_exchanges, labels::gaps()),
            (&self.program.folded, vec![vec!["recipient"]]),
        ] {
            for set in sets {
                family.with_label_values(&set).inc_by(0);
            }
        }
        for queue in ["assessments", "exchanges"] {
            self.ledger.queue_depth.with_label_values(&[queue]).set(0);
        }
    }
}

impl Program {
    fn new(make: &Make<'_>) -> Result<Self> {
        let build =
            make.gauges("landfall_build_info", "Version and revision of this program.", &["version", "revision"])?;
        let revision = option_env!("LANDFALL_REVISION").unwrap_or("unknown");
        build.with_label_values(&[env!("CARGO_PKG_VERSION"), revision]).set(1);
        Ok(Self {
            pack_info: make.gauges("landfall_pack_info", "Rule packs in force.", &["pack", "version", "digest"])?,
            dataset_built: make.gauges(
                "landfall_dataset_built_timestamp_seconds",
                "When a dataset was built.",
                &["dataset"],
            )?,
            reload_successful: make.gauge(
                "landfall_config_last_reload_successful",
                "Whether the last reload of the configuration took effect.",
            )?,
            ca_not_after: make.gauge("landfall_ca_not_after_timestamp_seconds", "When the CA certificate ends.")?,
            folded: make.counters("landfall_metrics_folded_total", "Values folded into `_other`.", &["label"])?,
        })
    }
}

impl Traffic {
    fn new(make: &Make<'_>) -> Result<Self> {
        Ok(Self {
            tunnelled: make.counters(
                "landfall_tunnelled_connections_total",
                "Connections that were not inspected, and why.",
                &["reason", "country"],
            )?,
            exchanges: make.counters(
                "landfall_exchanges_total",
                "Audited exchanges.",
                &["protocol", "status_class", "outcome"],
            )?,
            bytes: make.counters(
                "landfall_exchange_bytes_total",
                "Body bytes of exchanges by where they went.",
                &["direction", "country", "owner_country"],
            )?,
            seconds: make.seconds(
                "landfall_exchange_duration_seconds",
                "Time from a request's first byte to the end of its response.",
                &LONG,
            )?,
            overhead_seconds: make.seconds(
                "landfall_exchange_overhead_seconds",
                "Time of an exchange spent in this program rather than waiting for a peer.",
                &SHORT,
            )?,
            inspections: make.counters(
                "landfall_inspections_total",
                "Exchanges by how much of them was read, and why not more.",
                &["result", "reason"],
            )?,
            inspected_bytes: make.counters("landfall_inspected_bytes_total", "Decoded bytes scanned.", &["format"])?,
            inspection_seconds: make.seconds(
                "landfall_inspection_seconds",
                "Time to inspect one exchange, from decoding to judging.",
                &SHORT,
            )?,
        })
    }
}

impl Evidence {
    fn new(make: &Make<'_>) -> Result<Self> {
        Ok(Self {
            locations: make.counters(
                "landfall_locations_total",
                "Placements by the evidence that decided them and by how they stand.",
                &["basis", "result"],
            )?,
            findings: make.counters(
                "landfall_findings_total",
                "Data elements found, by where they went.",
                &["element_class", "direction", "country", "owner_country"],
            )?,
            unattributed: make.counters(
                "landfall_unattributed_findings_total",
                "Findings of a category that are not tied to a subject, so not counted.",
                &["element_class"],
            )?,
            verdicts: make.counters(
                "landfall_verdicts_total",
                "Verdicts of rules.",
                &["pack", "rule", "category", "status", "severity"],
            )?,
            window_subjects: make.gauges(
                "landfall_window_subjects",
                "Distinct persons or devices in the window.",
                &["pack", "category", "recipient"],
            )?,
            threshold_subjects: make.gauges(
                "landfall_threshold_subjects",
                "Number of persons or devices above which a pack calls a category bulk.",
                &["pack", "category"],
            )?,
            threshold_ratio: make.keep(GaugeVec::new(
                Opts::new("landfall_threshold_used_ratio", "Persons or devices in the window over the threshold."),
                &["pack", "category", "recipient"],
            ))?,
            window_coverage: make.keep(Gauge::new(
                "landfall_window_coverage_ratio",
                "Share of the days of the window for which the ledger holds evidence.",
            ))?,
        })
    }
}

impl Ledger {
    fn new(make: &Make<'_>) -> Result<Self> {
        Ok(Self {
            gap_exchanges: make.counters(
                "landfall_gap_exchanges_total",
                "Exchanges that were not recorded: any increase makes counts a lower bound.",
                &["reason"],
            )?,
            queue_depth: make.gauges("landfall_queue_depth", "Entries waiting in a queue.", &["queue"])?,
            bytes: make.gauge("landfall_ledger_bytes", "Size of the ledger.")?,
            commit_seconds: make.seconds(
                "landfall_ledger_commit_seconds",
                "Time to commit a group of records.",
                &SHORT,
            )?,
            export_lag: make.gauges(
                "landfall_export_lag_records",
                "Records that an exporter has not delivered yet.",
                &["exporter"],
            )?,
            export_errors: make.counters("landfall_export_errors_total", "Errors of an exporter.", &["exporter"])?,
        })
    }
}
