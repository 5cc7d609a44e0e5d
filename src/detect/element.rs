//! The form of `rules/elements/*.yaml`: what one element of personal data looks like, before it is compiled.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, SeqAccess, Visitor};

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
/// name; `=name` only the whole name; `blood pressure *` anywhere in it. A list may stand under headings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ElementRule {
    pub id: String,
    /// Family: the taxonomy's category.
    pub class: String,
    pub title: String,
    /// Names that say it by themselves.
    #[serde(default)]
    pub keys: Words,
    /// Names that say it only in a supporting context.
    #[serde(default)]
    pub weak_keys: Words,
    /// Names that say it, of a part of the identifier only (last four digits).
    #[serde(default)]
    pub truncated_keys: Words,
    /// Names shared with other elements; a narrower pattern tells them apart.
    #[serde(default)]
    pub shared: Option<SharedRule>,
    #[serde(default)]
    pub context: ContextRule,
    #[serde(default)]
    pub value: ValueRule,
    /// Forms that need no name: proof by themselves, or together with the words of the text around them.
    #[serde(default)]
    pub forms: Vec<FormRule>,
    /// How much of what follows `name:` or "my name is" inside running text is the value.
    #[serde(default)]
    pub labelled: Labelled,
    #[serde(default)]
    pub side: Side,
    /// In a response, only a supporting context makes it the user's: a firm's phone is not.
    #[serde(default)]
    pub response_needs_support: bool,
    /// In a response, an address at the server's own domain is its operator's, not the user's.
    #[serde(default)]
    pub not_of_host: bool,
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
    pub keys: Words,
    /// Anchored at both ends when compiled; beyond the element's own pattern.
    pub pattern: String,
}

/// Words around a field that speak for or against an element.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ContextRule {
    /// Words of parent keys, of the key itself, or of the request's path that support.
    #[serde(default)]
    pub support: Words,
    /// Words of keys in the same object that support.
    #[serde(default)]
    pub siblings: Words,
    /// Words of keys in the same object that veto: a thing with `width` and `depth` is no body.
    #[serde(default)]
    pub veto_siblings: Words,
    /// Words that veto, in the same places as `support`; the nearest word decides.
    #[serde(default)]
    pub veto: Words,
    /// Whether a vetoing word in the path of a request counts, too: what goes to `/shipments` has the weight of a parcel.
    #[serde(default)]
    pub path_vetoes: bool,
    /// Words of the key itself that veto.
    #[serde(default)]
    pub veto_key: Words,
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
pub(super) struct FormRule {
    /// Matched against the whole value, or, with `in_text`, anywhere in it. A group named `v` is the value.
    pub pattern: String,
    /// Texts (in any case) of which one must occur before the pattern is tried.
    #[serde(default)]
    pub gates: Vec<String>,
    #[serde(default)]
    pub in_text: bool,
    /// Validators beyond those of `value`.
    #[serde(default)]
    pub validators: Vec<String>,
    /// Whether the validators of `value` are tried too.
    #[serde(default = "yes")]
    pub checked: bool,
    /// Where it counts: `path`, `query`, `header`, `cookie`, `body`, `message`. Anywhere if empty.
    #[serde(default)]
    pub places: Vec<String>,
    /// Whether it is only a hint: a statement rather than an identifier.
    #[serde(default)]
    pub hint: bool,
}

/// An element that only several fields of one object make together.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordRule {
    /// Keys of each member. The first one present is the one that is shown.
    pub members: BTreeMap<String, Words>,
    /// What the value of a member must look like, whole; any value if it is not named here.
    #[serde(default)]
    pub patterns: BTreeMap<String, String>,
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
    /// Member to show where that one is a finding of its own.
    #[serde(default)]
    pub show_else: Option<String>,
}

/// Keys by which positions are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PositionRule {
    /// Element that a position worse than 1,000 m is.
    pub coarse: String,
    pub latitude: Words,
    pub longitude: Words,
    /// Latitude first, as text or array.
    pub pair: Words,
    /// Longitude first.
    pub reversed_pair: Words,
    pub geohash: Words,
    pub plus_code: Words,
    pub accuracy: Words,
}

/// What counts as the value after its name in running text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Labelled {
    /// Nothing: the name is too common a word.
    Never,
    /// The first word.
    Word,
    /// As many words as the value's own test accepts.
    #[default]
    Longest,
    /// All words up to the end of the clause.
    Phrase,
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

/// Word sequences: a list, or lists under headings (languages, say) that only help the reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words(pub Vec<String>);

impl Words {
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordsVisitor)
    }
}

struct WordsVisitor;

impl<'de> Visitor<'de> for WordsVisitor {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of words, or headings with a list under each")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some(word) = list.next_element()? {
            words.push(word);
        }
        Ok(Words(words))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut headings: A) -> Result<Words, A::Error> {
        let mut words = Vec::new();
        while let Some((_, list)) = headings.next_entry::<String, Vec<String>>()? {
            words.extend(list);
        }
        Ok(Words(words))
    }
}

fn yes() -> bool {
    true
}

fn exact() -> String {
    "exact".to_owned()
}

fn hidden() -> String {
    "hidden".to_owned()
}
