//! One exchange through the whole core: decode, detect, locate, judge.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Assessment;
use crate::decode::{Arena, Budget, Inspection, Unread, UnreadReason, decode};
use crate::detect::{Detected, Detectors, Explanation, Finding, Keys};
use crate::exchange::{Client, Connection, Exchange};
use crate::judge::{Circumstances, Judge, Judgement, Sender, Verdict};
use crate::locate::{Locators, Observed, Placement};

/// Everything that an audit needs, read and understood before. Shared by the workers; a reload makes a new one. Only the
/// sources of places are exchanged in it, when one of their files has changed.
pub struct Auditor {
    detectors: Detectors,
    locators: ArcSwap<Locators>,
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
        let locators = ArcSwap::from_pointee(locators);
        Self { detectors, locators, judge, budget, keys, options }
    }

    /// All that one exchange can tell. `observed` is what a run over time knows of the peer.
    pub fn assess(&self, exchange: &Exchange, observed: &Observed) -> Assessment {
        let answer = exchange.response.as_ref().ok().map(|response| &response.message.headers);
        let placement =
            self.locators.load().place(&exchange.destination, &exchange.tls, answer, observed, exchange.started_at);
        let Inspected { inspection, unread, bytes_by_format, findings } = self.inspect(exchange);
        let about = Circumstances::of(exchange, inspection, &unread, self.sender(&exchange.client));
        let Judgement { categories, verdicts, contributions, people } = self.judge.judge(&about, &findings, &placement);
        Assessment {
            inspection,
            unread,
            bytes_by_format,
            placement,
            findings,
            categories,
            verdicts,
            contributions,
            people,
            about,
        }
    }

    fn sender(&self, client: &Client) -> Sender {
        let id = |family: &str, text: &str| self.keys.subject.subject(family, text);
        let user = client.user.as_deref().map(|user| id("client_user", user));
        let device = || client.device.as_deref().map(|device| id("client_device", device));
        let address = client.address.filter(|_| self.judge.options().count_implicit_client_ip);
        Sender {
            known: user.or_else(device),
            address: address.map(|address| id("client_address", &address.to_string())),
        }
    }

    /// The same for a connection that was not opened: where it went, and that nobody knows what it carried.
    pub fn assess_connection(&self, connection: &Connection, observed: &Observed) -> (Arc<Placement>, Vec<Verdict>) {
        let placement =
            self.locators.load().place(&connection.destination, &connection.tls, None, observed, connection.started_at);
        let verdicts = self.judge.judge_opaque(connection, &placement);
        (placement, verdicts)
    }

    /// Why a finding of [`assess`](Self::assess) is one.
    pub fn explain(&self, finding: &Finding) -> Explanation {
        self.detectors.explain(finding)
    }

    pub fn judge(&self) -> &Arc<Judge> {
        &self.judge
    }

    /// The sources that destinations are placed by, at this moment.
    pub fn locators(&self) -> Arc<Locators> {
        self.locators.load_full()
    }

    /// Place by other sources from now on. What is being placed is placed by the old ones to its end.
    pub fn replace_locators(&self, locators: Locators) {
        self.locators.store(Arc::new(locators));
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
        let mut decoded = decode(exchange, &arena, &self.budget);
        let Detected { findings, beyond } = self.detectors.detect(exchange, &decoded, &self.keys, self.options.reveal);
        // What was found and not kept is as good as unread.
        let more = beyond.into_iter().map(|part| Unread { part, path: "$".to_owned(), reason: UnreadReason::Budget });
        decoded.unread.extend(more);
        Inspected {
            inspection: decoded.inspection(),
            findings,
            unread: decoded.unread,
            bytes_by_format: decoded.bytes_by_format,
        }
    }
}
