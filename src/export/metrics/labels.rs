//! Closed label sets.

use crate::decode::{Inspection, Unread, UnreadReason};
use crate::exchange::{Exchange, Version};
use crate::ledger::GapReason;
use crate::locate::{Country, Effect, EvidenceKind, Placement, Standing, Unplaced};

/// Label values in the order of their labels.
type Sets = Vec<Vec<&'static str>>;

const VERSIONS: [Version; 5] = [Version::Http09, Version::Http10, Version::Http11, Version::Http2, Version::Http3];
const STATUS_CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];
const OUTCOMES: [&str; 5] = ["completed", "aborted", "refused", "failed", "open"];
const UNREAD: [UnreadReason; 5] = [
    UnreadReason::Budget,
    UnreadReason::Malformed,
    UnreadReason::Truncated,
    UnreadReason::Unsupported,
    UnreadReason::Aborted,
];
/// What can decide about a location.
const BASES: [EvidenceKind; 8] = [
    EvidenceKind::CountryDb,
    EvidenceKind::Override,
    EvidenceKind::Geofeed,
    EvidenceKind::CloudRange,
    EvidenceKind::RegionName,
    EvidenceKind::PopHeader,
    EvidenceKind::ReverseName,
    EvidenceKind::ConnectTime,
];

/// `protocol`, `status_class`, `outcome`.
pub(super) fn exchange(exchange: &Exchange) -> [&'static str; 3] {
    let class = exchange.response.as_ref().ok().map(|response| usize::from(response.status / 100));
    let status = class.and_then(|class| STATUS_CLASSES.get(class.checked_sub(1)?)).unwrap_or(&"none");
    [exchange.request.message.version.as_str(), status, exchange.outcome.as_str()]
}

pub(super) fn exchanges() -> Sets {
    let mut sets = Vec::new();
    for version in VERSIONS {
        for status in STATUS_CLASSES {
            sets.extend(OUTCOMES.map(|outcome| vec![version.as_str(), status, outcome]));
        }
    }
    sets
}

/// `result`, `reason`: of several reasons the first.
pub(super) fn inspection(result: Inspection, unread: &[Unread]) -> [&'static str; 2] {
    let reason = match result {
        Inspection::Full => "none",
        Inspection::Partial => unread.first().map_or("none", |unread| unread.reason.as_str()),
        Inspection::None => "not_inspected",
    };
    [result.as_str(), reason]
}

pub(super) fn inspections() -> Sets {
    let partial = UNREAD.map(|reason| vec!["partial", reason.as_str()]);
    [vec!["full", "none"], vec!["none", "not_inspected"]].into_iter().chain(partial).collect()
}

/// `basis`, `result`: the first evidence that supports the location, and how it stands or why there is none.
pub(super) fn location(placement: &Placement) -> [&'static str; 2] {
    let basis = placement
        .evidence
        .iter()
        .find(|evidence| evidence.effect == Effect::Supports && BASES.contains(&evidence.kind))
        .map_or("none", |evidence| evidence.kind.as_str());
    let result = match &placement.location {
        Ok(location) => location.standing.as_str(),
        Err(unplaced) => unplaced.as_str(),
    };
    [basis, result]
}

pub(super) fn locations() -> Sets {
    let standings = [Standing::Claimed, Standing::WellSupported, Standing::Established].map(Standing::as_str);
    let unplaced = [
        Unplaced::Disputed(Vec::new()),
        Unplaced::Anycast,
        Unplaced::NoEvidence,
        Unplaced::NotApplicable,
        Unplaced::NoPeer,
        Unplaced::UpstreamProxy,
    ];
    let results: Vec<_> = standings.into_iter().chain(unplaced.iter().map(Unplaced::as_str)).collect();
    let bases = BASES.map(EvidenceKind::as_str).into_iter().chain(["none"]);
    bases.flat_map(|basis| results.iter().map(move |result| vec![basis, *result])).collect()
}

pub(super) fn gaps() -> Sets {
    GapReason::ALL.iter().map(|reason| vec![reason.as_str()]).collect()
}

/// Country of an answer as a label: alpha-2, `private` where none can apply, else `unknown`.
pub(super) fn country<'a, T>(answer: &'a Result<T, Unplaced>, country: impl Fn(&'a T) -> &'a Country) -> &'a str {
    match answer {
        Ok(answer) => country(answer).as_str(),
        Err(Unplaced::NotApplicable) => "private",
        Err(_) => "unknown",
    }
}
