//! The registry, filled with what is known at the start and with what each stage counts.

use std::sync::Arc;

use super::Engine;
use crate::capture::{Ca, Counters, Sink};
use crate::export::metrics::PackInfo;
use crate::export::{Metrics, MetricsOptions};
use crate::judge::Judge;
use crate::ledger::EntrySender;
use crate::locate::{DatasetInfo, DatasetKind};

/// Kinds of datasets whose age is told; of several of a kind, the oldest counts.
const DATASETS: [(&str, DatasetKind); 3] =
    [("country", DatasetKind::Country), ("asn", DatasetKind::Asn), ("entities", DatasetKind::Entities)];

pub fn build(engine: &Engine, ca: &Ca, counters: &Counters) -> prometheus::Result<Metrics> {
    let options = MetricsOptions { element_classes: engine.element_classes.clone(), ..MetricsOptions::default() };
    let metrics = Metrics::new(&options)?;
    metrics.register(counters.collectors())?;
    metrics.set_packs(&packs(&engine.judge));
    metrics.set_ca_not_after(ca.not_after());
    metrics.set_reload(true);
    set_datasets(&metrics, &engine.datasets);
    Ok(metrics)
}

/// How old what is in force is.
pub fn set_datasets(metrics: &Metrics, datasets: &[(DatasetKind, DatasetInfo)]) {
    for (name, wanted) in DATASETS {
        let built = datasets.iter().filter(|(kind, _)| *kind == wanted).filter_map(|(_, data)| data.built);
        if let Some(built) = built.min() {
            metrics.set_dataset(name, built);
        }
    }
}

/// What `/metrics` answers: the queues are looked at when somebody asks.
pub fn exposition(
    metrics: &Arc<Metrics>,
    sink: &Arc<Sink>,
    ledger: EntrySender,
) -> Arc<dyn Fn() -> String + Send + Sync> {
    let (metrics, sink) = (Arc::clone(metrics), Arc::clone(sink));
    Arc::new(move || {
        let depth = |queue, waiting: usize| metrics.queue_depth(queue).set(i64::try_from(waiting).unwrap_or(i64::MAX));
        depth("exchanges", sink.in_flight());
        depth("assessments", ledger.depth());
        metrics.encode().unwrap_or_else(|error| {
            tracing::error!(%error, "metrics could not be encoded");
            String::new()
        })
    })
}

pub(super) fn packs(judge: &Judge) -> Vec<PackInfo> {
    let thresholds_of = |id: &str| {
        let own = judge.thresholds().filter(|(pack, ..)| &***pack == id);
        own.map(|(_, category, number)| (category.to_string(), number)).collect()
    };
    let info = |pack: &crate::judge::Pack| PackInfo {
        pack: pack.id.to_string(),
        version: pack.version.to_string(),
        digest: pack.digest.to_string(),
        thresholds: thresholds_of(&pack.id),
    };
    judge.packs().iter().map(info).collect()
}
