//! A file of entities as written: the schema, and what can be wrong with a value in it.

use jiff::civil::Date;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

use super::{Candidate, Country, Review};
use crate::rules::RuleError;

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
    pub basis: String,
    pub certainty: Option<Certainty>,
    pub pppaus_candidate: Option<Hint>,
    #[serde(rename = "padfa_candidate")]
    _padfa_candidate: Option<Hint>,
    pub review: Option<ReviewKind>,
    #[serde(default)]
    pub alternatives: Vec<Alternative>,
    #[serde(default)]
    pub services: Vec<String>,
    #[serde(default)]
    pub domains: Vec<Spanned<String>>,
    /// Those of the domains whose tenants are somebody else.
    #[serde(default)]
    pub domains_shared_hosting: Vec<Spanned<String>>,
    /// Believed by nobody but the writer: never matched.
    #[serde(default)]
    pub domains_unverified: Vec<Spanned<String>>,
    /// Names that a delivery network gives to what this entity serves for others.
    #[serde(default)]
    pub cname_suffixes: Vec<Spanned<String>>,
    #[serde(default)]
    pub asns: Vec<Asn>,
    #[serde(default)]
    pub legal_entities: Vec<LegalEntity>,
    pub control_pct: Option<f64>,
    pub as_of: Option<Spanned<String>>,
    pub valid_from: Option<Spanned<String>>,
    pub valid_to: Option<Spanned<String>>,
    /// For the reader of the file.
    #[serde(default, rename = "domain_evidence")]
    _domain_evidence: serde::de::IgnoredAny,
    #[serde(default, rename = "source")]
    _source: serde::de::IgnoredAny,
    #[serde(default, rename = "sources")]
    _sources: serde::de::IgnoredAny,
    #[serde(default, rename = "note")]
    _note: serde::de::IgnoredAny,
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
    #[serde(rename = "name")]
    _name: String,
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

/// Problems with values, collected over one file so that all of them can be shown at once.
pub(super) struct Checks<'a> {
    pub file: &'a str,
    pub errors: &'a mut Vec<RuleError>,
}

impl Checks<'_> {
    pub fn fail(&mut self, at: Location, message: String, help: impl Into<String>) {
        self.errors.push(RuleError::in_file(self.file, message).at(at).help(help));
    }

    pub fn country(&mut self, entity: &str, code: &str, at: Location) -> Option<Country> {
        let country = Country::assigned(code);
        if country.is_none() {
            let help = match code {
                "UK" => "did you mean `GB`?",
                _ => "use an ISO 3166-1 alpha-2 code such as `DE`",
            };
            self.fail(at, format!("entity `{entity}`: `{code}` is no country"), help);
        }
        country
    }

    pub fn date(&mut self, text: &Spanned<String>) -> Option<Date> {
        let date = text.value.parse().ok();
        if date.is_none() {
            self.fail(text.referenced, format!("`{}` is no date", text.value), "write it as `2026-11-24`");
        }
        date
    }

    /// A domain in lower case; only host-name characters, since it will be compared with host names label by label.
    pub fn domain(&mut self, entity: &str, text: &Spanned<String>) -> Option<String> {
        let domain = text.value.to_ascii_lowercase();
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if domain.len() <= 253 && domain.split('.').all(label) && domain.parse::<std::net::IpAddr>().is_err() {
            return Some(domain);
        }
        let help = if domain.starts_with("*.") || domain.starts_with('.') {
            "leave out what stands before the name: subdomains always match"
        } else if !domain.is_ascii() {
            "write the A-label (`xn--…`)"
        } else {
            "write the bare name, such as `example.com`"
        };
        self.fail(text.referenced, format!("entity `{entity}`: `{}` is no domain", text.value), help);
        None
    }
}
