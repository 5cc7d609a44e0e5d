//! A file of entities as written: the schema.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Candidate, Review};

/// A whole file. `version` and the date may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityFile {
    pub version: Option<u32>,
    /// Date of every entry that has none of its own.
    #[serde(alias = "as_of")]
    pub generated: Option<Spanned<String>>,
    pub entities: Vec<Spanned<Entry>>,
}

/// One entity. Fields beyond `id`, `name`, `country` and `basis` may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub id: String,
    pub name: String,
    /// Country of ultimate control or principal place of business.
    pub country: Spanned<String>,
    /// Country of incorporation, where it differs.
    pub domicile: Option<Spanned<String>>,
    /// Id of the entity that controls this one.
    pub parent: Option<Spanned<String>>,
    /// Percentage that the parent or the controlling owner holds.
    pub control_pct: Option<f64>,
    pub basis: String,
    pub certainty: Option<Certainty>,
    pub pppaus_candidate: Option<Hint>,
    #[serde(rename = "padfa_candidate")]
    _padfa_candidate: Option<Hint>,
    pub review: Option<ReviewKind>,
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    #[serde(default)]
    pub services: Vec<Spanned<String>>,
    #[serde(default)]
    pub domains: Vec<Spanned<String>>,
    /// Those of the domains whose tenants are somebody else.
    #[serde(default)]
    pub domains_shared_hosting: Vec<Spanned<String>>,
    /// Believed by nobody but the writer: never matched.
    #[serde(default)]
    pub domains_unverified: Vec<Spanned<String>>,
    /// Names that this entity gives to what it serves for others: an alias that ends in one makes it a processor.
    #[serde(default)]
    pub cname_suffixes: Vec<Spanned<String>>,
    #[serde(default)]
    pub asns: Vec<Asn>,
    /// Names that the entity's certificates and contracts carry.
    #[serde(default)]
    pub legal_entities: Vec<LegalEntity>,
    pub as_of: Option<Spanned<String>>,
    /// First day on which the entry holds.
    pub valid_from: Option<Spanned<String>>,
    /// Last day on which the entry holds.
    pub valid_to: Option<Spanned<String>>,
    #[serde(default)]
    pub sources: Vec<Reference>,
    /// For the reader of the file.
    #[serde(default, rename = "domain_evidence")]
    _domain_evidence: serde::de::IgnoredAny,
    #[serde(default, rename = "source")]
    _source: serde::de::IgnoredAny,
    #[serde(default, rename = "note")]
    _note: serde::de::IgnoredAny,
}

/// What an entry rests on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    pub url: Spanned<String>,
    /// What it backs.
    #[serde(rename = "what")]
    _what: String,
    /// When it was read; left out where it is known of, but was not read for this entry.
    pub accessed: Option<Spanned<String>>,
    /// The domains it backs, where not all of the entry's or none.
    #[serde(default)]
    pub domains: Vec<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Certainty {
    High,
    Medium,
    Low,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hint {
    Likely,
    Review,
    NoIndication,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReviewKind {
    UsSubsidiaryOfForeignParent,
    MinorityControl,
    Contested,
    Branch,
}

/// A country that could be defended too; the bare code, or with its basis.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Alternative {
    Bare(String),
    Founded(FoundedAlternative),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FoundedAlternative {
    pub country: String,
    pub basis: String,
}

/// An AS number, alone or with the name it is registered under.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Asn {
    Bare(u32),
    Named(NamedAsn),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedAsn {
    pub asn: u32,
    #[serde(default, rename = "org")]
    _org: serde::de::IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LegalEntity {
    pub name: Spanned<String>,
    pub country: Spanned<String>,
}

impl Asn {
    pub fn number(&self) -> u32 {
        match self {
            Self::Bare(asn) => *asn,
            Self::Named(named) => named.asn,
        }
    }
}

impl From<Hint> for Candidate {
    fn from(hint: Hint) -> Self {
        match hint {
            Hint::Likely => Self::Likely,
            Hint::Review => Self::Review,
            Hint::NoIndication => Self::NoIndication,
        }
    }
}

impl From<ReviewKind> for Review {
    fn from(kind: ReviewKind) -> Self {
        match kind {
            ReviewKind::UsSubsidiaryOfForeignParent => Self::UsSubsidiaryOfForeignParent,
            ReviewKind::MinorityControl => Self::MinorityControl,
            ReviewKind::Contested => Self::Contested,
            ReviewKind::Branch => Self::Branch,
        }
    }
}
