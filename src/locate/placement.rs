//! What locating yields.

use std::sync::Arc;
use std::time::Duration;

use super::{Country, Reach};

/// Everything known of whose jurisdiction a destination stands under.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Where the answering host stands. Never: where data is stored.
    pub location: Result<Location, Unplaced>,
    pub network: Result<Network, Unplaced>,
    pub owner: Result<Arc<Owner>, Unplaced>,
    /// Who hosts or delivers the service for its owner, as far as names tell. Never an owner.
    pub processors: Vec<Processor>,
    /// Registrable domain by the public suffix list; `None` for addresses and bare suffixes.
    pub registrable_domain: Option<String>,
    pub evidence: Vec<Evidence>,
    pub refuted: Vec<Refuted>,
    /// The address is known to be announced from many places.
    pub anycast: bool,
    /// What nothing here can show.
    pub unseen: Vec<Unseen>,
}

/// What stands under a jurisdiction too, and cannot be seen from where the traffic passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unseen {
    /// The server that a delivery network or an upstream proxy asks in its turn.
    Origin,
    /// Where else the answering side keeps what it was sent.
    Replicas,
    /// Who reaches in from elsewhere.
    RemoteAccess,
}

impl Unseen {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Replicas => "replicas",
            Self::RemoteAccess => "remote_access",
        }
    }
}

/// How well an answer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// One source says so.
    Claimed,
    /// Independent sources agree and nothing speaks against it.
    WellSupported,
    /// Measured, or stated by somebody who must know.
    Established,
}

impl Standing {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::WellSupported => "well_supported",
            Self::Established => "established",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unplaced {
    /// Sources that stand differ.
    Disputed(Vec<Country>),
    /// The address is announced from many places.
    Anycast,
    NoEvidence,
    /// A private or reserved address, which has no public location.
    NotApplicable,
    /// It is not known which address answered.
    NoPeer,
    /// It was reached through an upstream proxy: only the exit is known.
    UpstreamProxy,
}

impl Unplaced {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disputed(_) => "disputed",
            Self::Anycast => "anycast",
            Self::NoEvidence => "no_evidence",
            Self::NotApplicable => "not_applicable",
            Self::NoPeer => "no_peer",
            Self::UpstreamProxy => "upstream_proxy",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    pub country: Country,
    pub standing: Standing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub asn: u32,
    pub name: Option<Arc<str>>,
    /// Country in which the AS is registered: neither its location nor its operator's country.
    pub registered: Option<Country>,
    /// Entity that runs the network, and that entity's country.
    pub operator: Option<Arc<str>>,
    pub country: Option<Country>,
    pub standing: Standing,
}

/// Who controls the recipient.
#[derive(Debug, Clone, PartialEq)]
pub struct Owner {
    /// Entity id as in `rules/entities`.
    pub entity: Arc<str>,
    pub name: Arc<str>,
    /// Id of the entity that controls this one.
    pub parent: Option<Arc<str>>,
    /// Id of the top of the entity's chain of parents; its own id where it has none.
    pub group: Arc<str>,
    /// Country of ultimate control or principal place of business.
    pub country: Country,
    /// Country of incorporation, where it differs.
    pub domicile: Option<Country>,
    pub standing: Standing,
    pub basis: Arc<str>,
    /// Share of the entity that its parent or controlling owner holds, in percent, where a source states it.
    pub control_pct: Option<f64>,
    pub review: Option<Review>,
    pub alternatives: Vec<OwnerAlternative>,
    /// Date of the entry, `YYYY-MM-DD`.
    pub as_of: Arc<str>,
    /// Whether the entity list takes it for a covered-person candidate (28 CFR 202.211), by basis and date; a screening hint.
    pub candidate: Candidate,
    /// What the entity does for others: `ads`, `analytics`, `telephony`, …
    pub services: Vec<Arc<str>>,
}

/// Somebody who handles the traffic for the recipient: a delivery network, a platform whose tenant the recipient is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processor {
    /// Entity id as in `rules/entities`.
    pub entity: Arc<str>,
    pub name: Arc<str>,
    pub country: Country,
    /// The listed suffix that the host or an alias of it ends in.
    pub suffix: Arc<str>,
}

/// Screening hint of an entity list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Candidate {
    Likely,
    Review,
    NoIndication,
}

/// Why a person should look at an owner entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Review {
    UsSubsidiaryOfForeignParent,
    MinorityControl,
    Contested,
    Branch,
}

impl Review {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UsSubsidiaryOfForeignParent => "us_subsidiary_of_foreign_parent",
            Self::MinorityControl => "minority_control",
            Self::Contested => "contested",
            Self::Branch => "branch",
        }
    }
}

/// Another country that could be defended as the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerAlternative {
    pub country: Country,
    pub basis: Arc<str>,
}

/// One observation or record that bears on a placement.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    pub kind: EvidenceKind,
    pub claim: Claim,
    pub effect: Effect,
    pub source: Provenance,
    /// What was matched or observed, where the claim doesn't say: a listed domain, an alias, a certificate's organisation.
    pub raw: Option<Arc<str>>,
    /// Milliseconds, for measured times.
    pub ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceKind {
    CountryDb,
    AsnDb,
    /// A range that the operator of this Landfall placed, in its configuration or an RFC 8805 geofeed.
    Override,
    Geofeed,
    /// A listed domain that the host is or lies under.
    EntityDomain,
    /// A listed suffix that an alias of the host ends in.
    EntityCname,
    EntityNetwork,
    /// The organisation in the server's certificate: a hint.
    Certificate,
    ConnectTime,
    /// The network answers for others from many places.
    Carrier,
    /// A range that a cloud operator publishes with its region.
    CloudRange,
    /// A cloud's region in a name on the way to the address.
    RegionName,
    /// The point of presence that a response names.
    PopHeader,
    /// The address's own name (PTR).
    ReverseName,
    /// Country in which an AS number is registered.
    AsRegistry,
    Reserved,
    /// The connection went through an upstream proxy.
    UpstreamProxy,
}

impl EvidenceKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CountryDb => "country_db",
            Self::AsnDb => "asn_db",
            Self::Override => "override",
            Self::Geofeed => "geofeed",
            Self::EntityDomain => "entity_domain",
            Self::EntityCname => "entity_cname",
            Self::EntityNetwork => "entity_network",
            Self::Certificate => "certificate",
            Self::ConnectTime => "connect_time",
            Self::Carrier => "carrier",
            Self::CloudRange => "cloud_range",
            Self::RegionName => "region_name",
            Self::PopHeader => "pop_header",
            Self::ReverseName => "reverse_name",
            Self::AsRegistry => "as_registry",
            Self::Reserved => "reserved",
            Self::UpstreamProxy => "upstream_proxy",
        }
    }
}

/// What a piece of evidence says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Within(Vec<Country>),
    Excludes(Vec<Country>),
    /// It bears on the question without naming a country (anycast flag, AS number, a time).
    Says(String),
}

/// What a piece of evidence did to the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    Supports,
    Refutes,
    Neutral,
}

impl Effect {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supports => "supports",
            Self::Refutes => "refutes",
            Self::Neutral => "neutral",
        }
    }
}

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Dataset and its date, `country@2026-06-17`; `proxy` for what was measured here.
    pub dataset: Arc<str>,
    /// Hex SHA-256 of the dataset's file.
    pub digest: Option<Arc<str>>,
}

/// A country that was claimed and ruled out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refuted {
    pub country: Country,
    pub by: EvidenceKind,
}

/// What only a run over time, or who recorded it, can know of a peer.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// Shortest TCP connect time to this address so far.
    pub connect_time: Option<Duration>,
    /// How many connections that is the minimum of.
    pub samples: u32,
    /// Why connect times show nothing of the server's place: they end at something nearer.
    pub interception: Option<&'static str>,
    /// Where the time was measured, if not where the configuration says.
    pub reach: Option<Arc<Reach>>,
    /// The address's own name, where it was asked for.
    pub reverse_name: Option<String>,
}
