//! The shapes of a pack's YAML files, before anything in them is understood.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Severity, VerdictClass};

type Word = Spanned<String>;

/// `pack.yaml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackFile {
    pub id: String,
    pub title: String,
    pub version: String,
    pub as_of: Word,
    pub in_force: Word,
    pub cites: Vec<String>,
    pub population: String,
    pub recipients: RecipientsFile,
    pub window: WindowFile,
    pub identifiers: BTreeMap<String, Vec<Word>>,
    /// Kinds of identifier, the one that names a subject best first.
    pub subject_order: Vec<Word>,
    pub units: Vec<UnitFile>,
    #[serde(default)]
    pub listed_identifiers: Vec<ListedFile>,
    pub combination: Option<CombinationFile>,
    #[serde(default)]
    pub exemptions: Vec<ExemptionFile>,
    pub categories: Vec<CategoryFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecipientsFile {
    /// Whose owners are candidates; left out: everybody outside `home_set`.
    pub country_set: Option<Word>,
    pub home_set: Word,
    pub cite: String,
    pub home_cite: String,
    /// What an owner at home is, in the words of the law.
    pub home_means: String,
    /// Whether an owner organised at home is at home whoever controls it.
    #[serde(default = "yes")]
    pub home_protects: bool,
    /// Whether the entity list's hint (`pppaus_candidate`) speaks for this pack too.
    #[serde(default)]
    pub candidate_hint: bool,
    pub adequacy: Option<AdequacyFile>,
}

/// Countries to which data may go, some of them on a condition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdequacyFile {
    pub country_set: Word,
    pub cite: String,
    /// Condition by country code.
    #[serde(default)]
    pub conditions: BTreeMap<String, String>,
    /// The fact that decides where there is a condition.
    pub missing: String,
}

/// An exemption that covers some categories only, whatever rides along.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExemptionFile {
    pub section: String,
    pub categories: Vec<Word>,
}

/// A category that the recipient alone forms: its component is there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresenceFile {
    /// Owner groups; empty: every candidate.
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub except_groups: Vec<String>,
    /// The fact that decides.
    pub missing: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowFile {
    /// Calendar months back from the exchange's day.
    pub months: Option<Spanned<i32>>,
    /// `calendar_year`: from 1 January of the exchange's year.
    pub since: Option<Word>,
    pub cite: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnitFile {
    pub id: String,
    /// Kinds of identifier that name a device, where devices are counted.
    pub devices: Option<Vec<Word>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedFile {
    pub id: String,
    pub section: String,
    #[serde(default = "yes")]
    pub truncated_counts: bool,
    pub elements: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CombinationFile {
    pub excluded_alone: ClassesFile,
    pub excluded_if_necessary: NecessityFile,
    pub with_sensitive_data: ClassesFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassesFile {
    pub classes: Vec<Word>,
    pub cite: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NecessityFile {
    pub classes: Vec<Word>,
    pub cite: String,
    pub missing: String,
    pub counts_towards: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryFile {
    pub id: Word,
    pub title: String,
    pub section: String,
    pub threshold_section: String,
    pub unit: Word,
    pub threshold: Spanned<ThresholdFile>,
    pub precision_m: Option<f64>,
    pub elements: Option<Vec<Word>>,
    pub uncertain: Option<UncertainFile>,
    pub form: Option<Word>,
    pub inside_areas_of: Option<AreasFile>,
    pub presence: Option<PresenceFile>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ThresholdFile {
    Number(u64),
    AtLeast { at_least: u64 },
    Word(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UncertainFile {
    pub elements: Vec<Word>,
    pub missing: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreasFile {
    pub category: Word,
    pub missing: String,
}

/// `rules.yaml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesFile {
    pub rules: Vec<RuleFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub id: Word,
    pub title: String,
    pub status: Maturity,
    pub references: Vec<String>,
    pub as_of: Word,
    pub when: WhenFile,
    pub class: Option<VerdictClass>,
    #[serde(default)]
    pub needs: Vec<String>,
    pub severity: SeverityFile,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhenFile {
    Category(Word),
    UnreadRequest,
    OtherForeignRecipient,
}

/// How settled a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Maturity {
    Experimental,
    Stable,
    Deprecated,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeverityFile {
    pub in_scope: Severity,
    pub undetermined: Severity,
}

fn yes() -> bool {
    true
}
