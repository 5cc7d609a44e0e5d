//! Rule files to a form that fields can be compared with: words numbered, patterns built, names resolved.

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use super::element::{ElementFile, ElementRule, Examples, FormRule, Labelled, Side, ValueRule, Words};
use super::gates::Gates;
use super::lexicon::{Lexicon, Role, WordId};
use super::mask::{self, Mask};
use super::normal::{self, Normal};
use super::surroundings::Context;
use super::validate::{self, VALIDATORS, Validator};
use super::words;
use crate::decode::PartKind;
use crate::rules::{RuleError, Source, near_miss};

/// All elements, ready for use. Built once.
#[derive(Debug)]
pub(super) struct Compiled {
    pub elements: Vec<Element>,
    pub lexicon: Lexicon,
    /// Forms that need no name, and what must occur before one is tried.
    pub forms: Vec<Form>,
    pub gates: Gates,
}

#[derive(Debug)]
pub(super) struct Element {
    pub id: Arc<str>,
    pub class: Arc<str>,
    /// Whether its class is one that 28 CFR Part 202 knows.
    pub listed: bool,
    pub title: String,
    pub support: WordSet,
    pub siblings: WordSet,
    pub veto_siblings: WordSet,
    pub veto: WordSet,
    pub veto_key: WordSet,
    pub value: ValueTest,
    /// The form that tells this element from others that share its names.
    pub shared: Option<Regex>,
    /// What counts as its value after a label in running text.
    pub labelled: Labelled,
    pub side: Side,
    pub response_needs_support: bool,
    pub path_vetoes: bool,
    pub not_of_host: bool,
    pub series: bool,
    pub record: Option<Record>,
    /// Index of the element that a coarse position is.
    pub coarse: Option<u16>,
    pub subject: Option<Arc<str>>,
    pub normal: Normal,
    pub mask: Mask,
    pub examples: Examples,
    pub file: String,
}

#[derive(Debug)]
pub(super) struct ValueTest {
    pub pattern: Option<Regex>,
    pub not: Option<Regex>,
    pub validators: Vec<Validator>,
    pub length: [usize; 2],
    pub range: Option<[f64; 2]>,
    pub bool: bool,
}

impl ValueTest {
    /// Whether it looks at more than length.
    pub fn is_strict(&self) -> bool {
        self.pattern.is_some() || !self.validators.is_empty()
    }
}

impl Compiled {
    /// The word by which surroundings speak for an element.
    pub fn support(&self, context: Context) -> Option<Arc<str>> {
        match context {
            Context::Supported(word) => word.and_then(|word| self.lexicon.text(word)),
            Context::Vetoed | Context::Neutral => None,
        }
    }
}

/// A form that needs no name.
#[derive(Debug)]
pub(super) struct Form {
    pub element: u16,
    pub pattern: Regex,
    pub validators: Vec<Validator>,
    pub in_text: bool,
    pub places: Vec<PartKind>,
    pub hint: bool,
}

#[derive(Debug)]
pub(super) struct Record {
    /// Names of the members, by their numbers.
    pub names: Vec<Arc<str>>,
    /// What a member's value must look like, by its number.
    pub patterns: Vec<Option<Regex>>,
    pub required: Vec<u8>,
    /// Beyond these, where no context supports.
    pub required_alone: Vec<u8>,
    pub min: u32,
    pub min_supported: u32,
    pub show: u8,
    pub show_else: Option<u8>,
}

/// Numbers of words, sorted.
#[derive(Debug, Default)]
pub(super) struct WordSet(Vec<WordId>);

impl WordSet {
    fn new(mut ids: Vec<WordId>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        Self(ids)
    }

    pub fn contains(&self, id: WordId) -> bool {
        self.0.binary_search(&id).is_ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = WordId> {
        self.0.iter().copied()
    }
}

/// Family of identifiers that the rule doesn't list and that still tie exchanges together.
const UNLISTED: &str = "unlisted";

/// Compile all files; a later file's element replaces an earlier one of the same id.
pub(super) fn compile(sources: &[Source]) -> Result<Compiled, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut rules: Vec<(ElementRule, &Source)> = Vec::new();
    for source in sources {
        match source.parse::<ElementFile>() {
            Ok(file) => {
                for rule in file.elements {
                    rules.retain(|(known, _)| known.id != rule.id);
                    rules.push((rule, source));
                }
            }
            Err(error) => errors.push(error),
        }
    }
    let mut lexicon = Lexicon::default();
    let index: HashMap<String, u16> =
        rules.iter().enumerate().map(|(i, (rule, _))| (rule.id.clone(), i as u16)).collect();
    let mut elements = Vec::new();
    let mut forms = Vec::new();
    for (i, (rule, source)) in rules.iter().enumerate() {
        learn_keys(&mut lexicon, rule, i as u16);
        match element(rule, source, &mut lexicon, &index) {
            Ok(element) => elements.push(element),
            Err(error) => errors.push(error),
        }
        for form in &rule.forms {
            match (At { rule, source }).form(form, i as u16) {
                Ok(compiled) => forms.push(compiled),
                Err(error) => errors.push(error),
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let gates = Gates::new(rules.iter().flat_map(|(rule, _)| &rule.forms).map(|form| form.gates.as_slice()));
    let gates = gates.map_err(|error| {
        vec![RuleError::in_file("rules/elements", format!("gates of forms cannot be compiled: {error}"))]
    })?;
    Ok(Compiled { elements, lexicon, forms, gates })
}

fn learn_keys(lexicon: &mut Lexicon, rule: &ElementRule, element: u16) {
    let mut learn = |keys: &Words, role, weak| keys.iter().for_each(|key| lexicon.learn(key, element, role, weak));
    learn(&rule.keys, Role::Value, false);
    learn(&rule.weak_keys, Role::Value, true);
    learn(&rule.truncated_keys, Role::Truncated, false);
    if let Some(shared) = &rule.shared {
        learn(&shared.keys, Role::Shared, false);
    }
    if let Some(record) = &rule.record {
        for (i, keys) in record.members.values().enumerate() {
            learn(keys, Role::Member(i as u8), false);
        }
    }
    if let Some(position) = &rule.position {
        learn(&position.latitude, Role::Latitude, false);
        learn(&position.longitude, Role::Longitude, false);
        learn(&position.pair, Role::Pair, false);
        learn(&position.reversed_pair, Role::ReversedPair, false);
        learn(&position.geohash, Role::Geohash, false);
        learn(&position.plus_code, Role::PlusCode, false);
        learn(&position.accuracy, Role::Accuracy, false);
    }
}

fn element(
    rule: &ElementRule,
    source: &Source,
    lexicon: &mut Lexicon,
    index: &HashMap<String, u16>,
) -> Result<Element, RuleError> {
    let at = At { rule, source };
    let mut set = |list: &Words| -> WordSet {
        WordSet::new(list.iter().flat_map(|text| words::split(text)).map(|word| lexicon.word(&word)).collect())
    };
    let context = &rule.context;
    for word in [&context.support, &context.siblings, &context.veto_siblings, &context.veto, &context.veto_key]
        .iter()
        .flat_map(|w| w.iter())
    {
        if words::split(word).len() != 1 {
            return Err(at
                .error(&format!("has `{word}` among its context words, which is not one word"))
                .help("write one word; several words together belong into `keys`"));
        }
    }
    if rule.examples.hits.is_empty() || rule.examples.non_hits.is_empty() {
        return Err(at
            .error("needs at least one example that hits and one that must not")
            .help("add `examples.hits` and `examples.non_hits`"));
    }
    Ok(Element {
        id: rule.id.as_str().into(),
        class: rule.class.as_str().into(),
        listed: rule.class != UNLISTED,
        title: rule.title.clone(),
        support: set(&rule.context.support),
        siblings: set(&rule.context.siblings),
        veto_siblings: set(&rule.context.veto_siblings),
        veto: set(&rule.context.veto),
        veto_key: set(&rule.context.veto_key),
        value: at.value_test(&rule.value)?,
        shared: rule.shared.as_ref().map(|shared| at.anchored(&shared.pattern)).transpose()?,
        labelled: rule.labelled,
        side: rule.side,
        response_needs_support: rule.response_needs_support,
        path_vetoes: rule.context.path_vetoes,
        not_of_host: rule.not_of_host,
        series: rule.series,
        record: at.record()?,
        coarse: match &rule.position {
            Some(position) => Some(
                *index
                    .get(&position.coarse)
                    .ok_or_else(|| at.unknown("element", &position.coarse, index.keys().map(String::as_str)))?,
            ),
            None => None,
        },
        subject: rule.subject.as_deref().map(Into::into),
        normal: normal::by_name(&rule.normal)
            .ok_or_else(|| at.unknown("normal form", &rule.normal, normal::NORMALS.iter().map(|(n, _)| *n)))?,
        mask: mask::by_name(&rule.mask)
            .ok_or_else(|| at.unknown("mask", &rule.mask, mask::MASKS.iter().map(|(n, _)| *n)))?,
        examples: rule.examples.clone(),
        file: source.name.clone(),
    })
}

/// Where errors about a rule point.
struct At<'a> {
    rule: &'a ElementRule,
    source: &'a Source,
}

impl At<'_> {
    fn error(&self, what: &str) -> RuleError {
        let mut error = RuleError::in_file(&self.source.name, format!("element `{}` {what}", self.rule.id));
        let line = self.source.text.lines().position(|line| {
            line.trim_start_matches([' ', '-']).strip_prefix("id:").is_some_and(|id| id.trim() == self.rule.id)
        });
        error.line = line.map(|line| line as u64 + 1);
        error
    }

    fn unknown<'k>(&self, what: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> RuleError {
        let error = self.error(&format!("names an unknown {what} `{word}`"));
        match near_miss(word, known) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    fn value_test(&self, rule: &ValueRule) -> Result<ValueTest, RuleError> {
        Ok(ValueTest {
            pattern: rule.pattern.as_deref().map(|p| self.anchored(p)).transpose()?,
            not: rule.not.as_deref().map(|p| self.anchored(p)).transpose()?,
            validators: self.validators(&rule.validators)?,
            length: rule.length.unwrap_or([1, 512]),
            range: rule.range,
            bool: rule.bool,
        })
    }

    fn form(&self, rule: &FormRule, element: u16) -> Result<Form, RuleError> {
        let pattern = if rule.in_text { self.regex(&rule.pattern)? } else { self.anchored(&rule.pattern)? };
        let places: Result<Vec<PartKind>, RuleError> = rule
            .places
            .iter()
            .map(|place| part_kind(place).ok_or_else(|| self.unknown("place", place, PLACES.iter().map(|(n, _)| *n))))
            .collect();
        // The cheap ones that a form adds come first; those of the value may parse a number plan.
        let mut validators = self.validators(&rule.validators)?;
        if rule.checked {
            validators.extend(self.validators(&self.rule.value.validators)?);
        }
        Ok(Form { element, pattern, validators, in_text: rule.in_text, places: places?, hint: rule.hint })
    }

    fn record(&self) -> Result<Option<Record>, RuleError> {
        let Some(rule) = &self.rule.record else { return Ok(None) };
        let member = |name: &String| {
            let position = rule.members.keys().position(|key| key == name);
            position
                .map(|i| i as u8)
                .ok_or_else(|| self.unknown("member", name, rule.members.keys().map(String::as_str)))
        };
        rule.patterns.keys().try_for_each(|name| member(name).map(drop))?;
        let pattern = |name: &String| rule.patterns.get(name).map(|p| self.anchored(p)).transpose();
        Ok(Some(Record {
            patterns: rule.members.keys().map(pattern).collect::<Result<_, _>>()?,
            names: rule.members.keys().map(|name| name.as_str().into()).collect(),
            required: rule.required.iter().map(member).collect::<Result<_, _>>()?,
            required_alone: rule.required_alone.iter().map(member).collect::<Result<_, _>>()?,
            min: rule.min as u32,
            min_supported: rule.min_supported.unwrap_or(rule.min) as u32,
            show: member(&rule.show)?,
            show_else: rule.show_else.as_ref().map(member).transpose()?,
        }))
    }

    fn anchored(&self, pattern: &str) -> Result<Regex, RuleError> {
        self.regex(&format!("^(?:{pattern})$"))
    }

    fn regex(&self, pattern: &str) -> Result<Regex, RuleError> {
        Regex::new(pattern).map_err(|error| {
            let reason = error.to_string().lines().last().unwrap_or_default().to_owned();
            self.error(&format!("has a pattern that is no regular expression: {reason}"))
        })
    }

    fn validators(&self, names: &[String]) -> Result<Vec<Validator>, RuleError> {
        let known = || VALIDATORS.iter().map(|(name, _)| *name);
        names
            .iter()
            .map(|name| validate::by_name(name).ok_or_else(|| self.unknown("validator", name, known())))
            .collect()
    }
}

const PLACES: &[(&str, PartKind)] = &[
    ("path", PartKind::Path),
    ("query", PartKind::Query),
    ("header", PartKind::Header),
    ("cookie", PartKind::Cookie),
    ("body", PartKind::Body),
    ("message", PartKind::Message),
];

pub(super) fn part_kind(name: &str) -> Option<PartKind> {
    PLACES.iter().find(|(n, _)| *n == name).map(|(_, kind)| *kind)
}
