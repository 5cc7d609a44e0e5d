//! One exchange through the whole core: decode, detect, locate, judge.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Assessment;
use crate::decode::{Arena, Budget, Inspection, Unread, decode};
use crate::detect::{Detectors, Finding, Keys};
use crate::exchange::{Connection, Exchange};
use crate::judge::{Judge, Judgement, Verdict};
use crate::locate::{Locators, Observed, Placement};

/// Everything that an audit needs, read and understood before. Shared by the workers; it never changes, a reload makes a
/// new one.
pub struct Auditor {
    detectors: Detectors,
    locators: Locators,
    judge: Arc<Judge>,
    budget: Budget,
    keys: Keys,
    options: AuditOptions,
}

/// What the operator chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditOptions {
    /// Keep found values in the findings, for an output that the auditor asked for by name.
    pub reveal: bool,
    /// Look into messages at all. Without, whatever was sent is unread.
    pub inspect: bool,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { reveal: false, inspect: true }
    }
}

/// What looking into the messages gave.
struct Inspected {
    inspection: Inspection,
    unread: Vec<Unread>,
    bytes_by_format: BTreeMap<&'static str, u64>,
    findings: Vec<Finding>,
}

impl Auditor {
    pub fn new(
        detectors: Detectors,
        locators: Locators,
        judge: Arc<Judge>,
        budget: Budget,
        keys: Keys,
        options: AuditOptions,
    ) -> Self {
        Self { detectors, locators, judge, budget, keys, options }
    }

    /// All that one exchange can tell. `observed` is what a run over time knows of the peer.
    pub fn assess(&self, exchange: &Exchange, observed: &Observed) -> Assessment {
        let placement = self.locators.place(&exchange.destination, &exchange.tls, observed, exchange.started_at);
        let Inspected { inspection, unread, bytes_by_format, findings } = self.inspect(exchange);
        let Judgement { categories, verdicts, contributions } =
            self.judge.judge(exchange, &findings, &placement, inspection, &unread);
        Assessment { inspection, unread, bytes_by_format, placement, findings, categories, verdicts, contributions }
    }

    /// The same for a connection that was not opened: where it went, and that nobody knows what it carried.
    pub fn assess_connection(&self, connection: &Connection, observed: &Observed) -> (Placement, Vec<Verdict>) {
        let placement = self.locators.place(&connection.destination, &connection.tls, observed, connection.started_at);
        let verdicts = self.judge.judge_opaque(connection, &placement);
        (placement, verdicts)
    }

    pub fn judge(&self) -> &Arc<Judge> {
        &self.judge
    }

    pub fn locators(&self) -> &Locators {
        &self.locators
    }

    fn inspect(&self, exchange: &Exchange) -> Inspected {
        if !self.options.inspect {
            return Inspected {
                inspection: Inspection::None,
                unread: Vec::new(),
                bytes_by_format: BTreeMap::new(),
                findings: Vec::new(),
            };
        }
        let arena = Arena::default();
        let decoded = decode(exchange, &arena, &self.budget);
        let findings = self.detectors.detect(exchange, &decoded, &self.keys, self.options.reveal);
        Inspected {
            inspection: decoded.inspection(),
            findings,
            unread: decoded.unread,
            bytes_by_format: decoded.bytes_by_format,
        }
    }
}
