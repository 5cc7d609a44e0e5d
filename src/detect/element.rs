//! The form of `rules/elements/*.yaml`: what one element of personal data looks like, before it is compiled.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One file: a family of elements.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementFile {
    pub elements: Vec<ElementRule>,
}

/// One element as an author writes it.
///
/// Keys are word sequences, compared with the word pieces of a field's name (see [`words`](super::words)):
/// `first name` matches `firstName`, `user.first_name`, `FIRST-NAME` and `firstname`. A sequence matches at the end of a
/// name; `=name` only the whole name; `blood pressure *` anywhere in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementRule {
    pub id: String,
    /// Family: the taxonomy's category.
    pub class: String,
    pub title: String,
    /// Names that say it by themselves.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Names that say it only in a supporting context.
    #[serde(default)]
    pub weak_keys: Vec<String>,
    /// Names that say it, of a part of the identifier only (last four digits).
    #[serde(default)]
    pub truncated_keys: Vec<String>,
    /// Names shared with other elements; a narrower pattern tells them apart.
    #[serde(default)]
    pub shared: Option<SharedRule>,
    #[serde(default)]
    pub context: ContextRule,
    #[serde(default)]
    pub value: ValueRule,
    /// Set where the form alone is proof.
    #[serde(default)]
    pub unkeyed: Option<UnkeyedRule>,
    #[serde(default)]
    pub side: Side,
    /// In a response, only a supporting context makes it the user's: a firm's phone is not.
    #[serde(default)]
    pub response_needs_support: bool,
    /// Whether all values of one array are one finding.
    #[serde(default)]
    pub series: bool,
    #[serde(default)]
    pub record: Option<RecordRule>,
    #[serde(default)]
    pub position: Option<PositionRule>,
    /// Family of the subject id, where the value names a person or device.
    #[serde(default)]
    pub subject: Option<String>,
    /// Name of a normal form.
    #[serde(default = "exact")]
    pub normal: String,
    /// Name of a mask for previews.
    #[serde(default = "hidden")]
    pub mask: String,
    pub examples: Examples,
}

/// Names that several elements claim.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedRule {
    pub keys: Vec<String>,
    /// Anchored at both ends when compiled; beyond the element's own pattern.
    pub pattern: String,
}

/// Words around a field that speak for or against an element.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextRule {
    /// Words of parent keys, of the key itself, or of the request's path that support.
    #[serde(default)]
    pub support: Vec<String>,
    /// Words of keys in the same object that support.
    #[serde(default)]
    pub siblings: Vec<String>,
    /// Words that veto, in the same places as `support`; the nearest word decides.
    #[serde(default)]
    pub veto: Vec<String>,
    /// Words of the key itself that veto.
    #[serde(default)]
    pub veto_key: Vec<String>,
}

/// What a value has to look like once its name has spoken. Everything here can only veto.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueRule {
    /// Anchored at both ends when compiled. A group named `v` is the value; without it, all of it is.
    #[serde(default)]
    pub pattern: Option<String>,
    /// Anchored at both ends when compiled.
    #[serde(default)]
    pub not: Option<String>,
    /// Names from the validators' registry.
    #[serde(default)]
    pub validators: Vec<String>,
    /// Length in characters, both ends included.
    #[serde(default)]
    pub length: Option<[usize; 2]>,
    /// The value is a number within these bounds.
    #[serde(default)]
    pub range: Option<[f64; 2]>,
    /// Whether `true` and `false` can be values.
    #[serde(default)]
    pub bool: bool,
}

/// How the element is recognised without a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnkeyedRule {
    /// Matched against the whole value, or, with `in_text`, anywhere in it.
    pub pattern: String,
    /// Texts of which one must occur before the pattern is tried.
    #[serde(default)]
    pub gates: Vec<String>,
    #[serde(default)]
    pub in_text: bool,
    /// Validators beyond those of `value`.
    #[serde(default)]
    pub validators: Vec<String>,
    /// Where it counts: `path`, `query`, `header`, `cookie`, `body`, `message`. Anywhere if empty.
    #[serde(default)]
    pub places: Vec<String>,
}

/// An element that only several fields of one object make together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordRule {
    /// Keys of each member. The first one present is the one that is shown.
    pub members: BTreeMap<String, Vec<String>>,
    /// Members that must be there.
    #[serde(default)]
    pub required: Vec<String>,
    /// Members that must be there too where no context supports.
    #[serde(default)]
    pub required_alone: Vec<String>,
    /// How many different members must be there.
    pub min: usize,
    /// How many are enough in a supporting context.
    #[serde(default)]
    pub min_supported: Option<usize>,
    /// Member to show.
    pub show: String,
}

/// Keys by which positions are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PositionRule {
    /// Element that a position worse than 1,000 m is.
    pub coarse: String,
    pub latitude: Vec<String>,
    pub longitude: Vec<String>,
    /// Latitude first, as text or array.
    pub pair: Vec<String>,
    /// Longitude first.
    pub reversed_pair: Vec<String>,
    pub geohash: Vec<String>,
    pub plus_code: Vec<String>,
    pub accuracy: Vec<String>,
}

/// On which side of an exchange an element counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    Request,
    Response,
    #[default]
    Both,
}

/// What is tried by `rules check` and by the tests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Examples {
    pub hits: Vec<Example>,
    pub non_hits: Vec<Example>,
}

/// One field, and its neighbours where they matter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    /// Keys from the outside in, with dots between them; a number is an array index. Empty for bare text.
    #[serde(default)]
    pub key: String,
    pub value: Scalar,
    /// As in the event, `request.body` if left out.
    #[serde(default, rename = "where")]
    pub place: Option<String>,
    /// Other members of the same object.
    #[serde(default)]
    pub with: BTreeMap<String, Scalar>,
    /// Path of the request, `/` if left out.
    #[serde(default)]
    pub url: Option<String>,
}

/// A YAML scalar that keeps whether it was written as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
}

fn exact() -> String {
    "exact".to_owned()
}

fn hidden() -> String {
    "hidden".to_owned()
}
