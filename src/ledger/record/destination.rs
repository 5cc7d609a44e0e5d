//! Where it went: `destination` of exchange and connection lines, and the objects of `landfall locate --json`.

use serde::Serialize;

use super::rounded;
use super::template;
use super::unknown::{OrUnknown, Unknown, codes};
use crate::exchange::Destination;
use crate::locate::{Claim, Evidence, Location, Network, Owner, Placement, Processor};

/// `destination` of a line.
#[derive(Debug, Serialize)]
pub struct DestinationRecord<'a> {
    host: String,
    port: u16,
    address: OrUnknown<String>,
    registrable_domain: Option<String>,
    cname: Vec<String>,
    /// Addresses that the name stood for, in the order in which they were to be tried.
    candidates: Vec<String>,
    /// Seconds that the name servers let the answer be kept.
    dns_ttl: Option<u64>,
    #[serde(flatten)]
    placement: PlacementRecord<'a>,
}

/// The answers, who else handles the traffic, what all rests on, and what nothing shows: `location`, `network`, `owner`,
/// `processors`, `evidence`, `refuted`, `anycast`, `unseen`.
#[derive(Debug, Serialize)]
pub struct PlacementRecord<'a> {
    location: OrUnknown<LocationRecord>,
    network: OrUnknown<NetworkRecord<'a>>,
    owner: OrUnknown<OwnerRecord<'a>>,
    processors: Vec<ProcessorRecord<'a>>,
    evidence: Vec<EvidenceRecord<'a>>,
    refuted: Vec<RefutedRecord>,
    anycast: bool,
    unseen: Vec<&'static str>,
}

/// A destination as the line shows it. Labels of hosts that are values themselves are masked.
pub fn destination<'a>(destination: &'a Destination, place: &'a Placement) -> DestinationRecord<'a> {
    let peer = destination.peer.as_ref();
    DestinationRecord {
        host: template::host(&destination.host),
        port: destination.port,
        address: match &destination.peer {
            Ok(peer) => OrUnknown::Known(peer.address.ip().to_canonical().to_string()),
            Err(reason) => OrUnknown::Unknown(Unknown::from(*reason)),
        },
        registrable_domain: place.registrable_domain.as_deref().map(template::host),
        cname: peer.map(|peer| peer.cname.iter().map(|name| template::host(name)).collect()).unwrap_or_default(),
        candidates: peer
            .map(|peer| peer.candidates.iter().map(|address| address.to_canonical().to_string()).collect())
            .unwrap_or_default(),
        dns_ttl: peer.ok().and_then(|peer| peer.ttl).map(|ttl| ttl.as_secs()),
        placement: placement(place),
    }
}

/// A placement as the line and `landfall locate --json` show it.
pub fn placement(place: &Placement) -> PlacementRecord<'_> {
    PlacementRecord {
        location: known(&place.location),
        network: known(&place.network),
        owner: match &place.owner {
            Ok(owner) => OrUnknown::Known(owner.as_ref().into()),
            Err(unplaced) => OrUnknown::Unknown(unplaced.into()),
        },
        processors: place.processors.iter().map(ProcessorRecord::from).collect(),
        evidence: place.evidence.iter().map(EvidenceRecord::from).collect(),
        refuted: place
            .refuted
            .iter()
            .map(|refuted| RefutedRecord { country: refuted.country.to_string(), by: refuted.by.as_str() })
            .collect(),
        anycast: place.anycast,
        unseen: place.unseen.iter().map(|unseen| unseen.as_str()).collect(),
    }
}

fn known<'a, T, R: From<&'a T>>(answer: &'a Result<T, crate::locate::Unplaced>) -> OrUnknown<R> {
    match answer {
        Ok(answer) => OrUnknown::Known(answer.into()),
        Err(unplaced) => OrUnknown::Unknown(unplaced.into()),
    }
}

#[derive(Debug, Serialize)]
struct LocationRecord {
    country: String,
    standing: &'static str,
}

impl From<&Location> for LocationRecord {
    fn from(location: &Location) -> Self {
        Self { country: location.country.to_string(), standing: location.standing.as_str() }
    }
}

#[derive(Debug, Serialize)]
struct NetworkRecord<'a> {
    asn: u32,
    name: OrUnknown<&'a str>,
    registered: OrUnknown<String>,
    operator: OrUnknown<&'a str>,
    country: OrUnknown<String>,
    standing: &'static str,
}

impl<'a> From<&'a Network> for NetworkRecord<'a> {
    fn from(network: &'a Network) -> Self {
        Self {
            asn: network.asn,
            name: OrUnknown::evident(network.name.as_deref()),
            registered: OrUnknown::evident(network.registered.map(|country| country.to_string())),
            operator: OrUnknown::evident(network.operator.as_deref()),
            country: OrUnknown::evident(network.country.map(|country| country.to_string())),
            standing: network.standing.as_str(),
        }
    }
}

#[derive(Debug, Serialize)]
struct OwnerRecord<'a> {
    entity: &'a str,
    name: &'a str,
    group: &'a str,
    parent: Option<&'a str>,
    country: String,
    domicile: Option<String>,
    standing: &'static str,
    basis: &'a str,
    control_pct: Option<f64>,
    review: Option<&'static str>,
    alternatives: Vec<AlternativeRecord<'a>>,
    as_of: &'a str,
}

/// Who hosts or delivers the service for its owner.
#[derive(Debug, Serialize)]
struct ProcessorRecord<'a> {
    entity: &'a str,
    name: &'a str,
    country: String,
}

impl<'a> From<&'a Processor> for ProcessorRecord<'a> {
    fn from(processor: &'a Processor) -> Self {
        Self { entity: &processor.entity, name: &processor.name, country: processor.country.to_string() }
    }
}

#[derive(Debug, Serialize)]
struct AlternativeRecord<'a> {
    country: String,
    basis: &'a str,
}

impl<'a> From<&'a Owner> for OwnerRecord<'a> {
    fn from(owner: &'a Owner) -> Self {
        Self {
            entity: &owner.entity,
            name: &owner.name,
            group: &owner.group,
            parent: owner.parent.as_deref(),
            country: owner.country.to_string(),
            domicile: owner.domicile.map(|country| country.to_string()),
            standing: owner.standing.as_str(),
            basis: &owner.basis,
            control_pct: owner.control_pct,
            review: owner.review.map(|review| review.as_str()),
            alternatives: owner
                .alternatives
                .iter()
                .map(|other| AlternativeRecord { country: other.country.to_string(), basis: &other.basis })
                .collect(),
            as_of: &owner.as_of,
        }
    }
}

/// One piece of evidence. It has a `claim` or `excludes`, and `ms` where it was measured: the keys say what it is.
#[derive(Debug, Serialize)]
struct EvidenceRecord<'a> {
    kind: &'static str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<ClaimRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excludes: Option<Vec<String>>,
    effect: &'static str,
}

/// One country stands alone, several stand as a list, anything else is a statement.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ClaimRecord<'a> {
    Country(String),
    Countries(Vec<String>),
    Says(&'a str),
}

impl<'a> From<&'a Evidence> for EvidenceRecord<'a> {
    fn from(evidence: &'a Evidence) -> Self {
        let (claim, excludes) = match &evidence.claim {
            Claim::Within(countries) => match countries.as_slice() {
                [country] => (Some(ClaimRecord::Country(country.to_string())), None),
                countries => (Some(ClaimRecord::Countries(codes(countries))), None),
            },
            Claim::Excludes(countries) => (None, Some(codes(countries))),
            Claim::Says(statement) => (Some(ClaimRecord::Says(statement)), None),
        };
        Self {
            kind: evidence.kind.as_str(),
            source: &evidence.source.dataset,
            raw: evidence.raw.as_deref(),
            digest: evidence.source.digest.as_deref(),
            ms: evidence.ms.map(|ms| rounded(ms, 10.0)),
            claim,
            excludes,
            effect: evidence.effect.as_str(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RefutedRecord {
    country: String,
    by: &'static str,
}
