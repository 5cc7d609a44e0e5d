//! Names inside running text: `SSN: 123-45-6789`, "my date of birth is 12 May 1980", `user=jane ip=10.0.0.7`.

use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

use super::compile::{Compiled, Element};
use super::element::Labelled;
use super::finding::{Confidence, DetectorKind, Ground};
use super::lexicon::Role;
use super::placeholder::is_placeholder;
use super::scan::{self, Candidate};
use super::surroundings::{Context, Reading, Surroundings};
use crate::decode::{Field, ValueKind};

/// Add what labels in a field's text name. `before` is where the field's candidates begin: what its form told already is
/// not told again.
pub(super) fn labelled<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    before: usize,
    out: &mut Vec<Candidate>,
) {
    let text = field.value;
    if text.len() < SHORTEST || text.len() > LONGEST || !may_have_labels(text) || is_code(text) {
        return;
    }
    let first = before;
    let mut label_from = 0;
    for border in BORDER.find_iter(text).take(MOST_LABELS) {
        let Some(before) = text.get(label_from..border.start()) else { continue };
        let Some(label) = label(before, border.as_str()) else { continue };
        let rest = &text[border.end()..];
        let reading = Reading { outer: around.no_name(), own: Rc::new(compiled.lexicon.read(label)) };
        let found = named(compiled, around, i, field, &reading, rest);
        let Some(candidate) = found else { continue };
        label_from = border.end() + candidate.value.len().min(rest.len());
        while !text.is_char_boundary(label_from) {
            label_from += 1;
        }
        let known = |c: &Candidate| {
            c.element == candidate.element && (c.value.contains(&candidate.value) || candidate.value.contains(&c.value))
        };
        if !out[first..].iter().any(known) {
            out.push(candidate);
        }
    }
}

/// Whether a text is a program or a style sheet: its names are not about anybody.
pub(super) fn is_code(text: &str) -> bool {
    const SMALL: usize = 200;
    if text.len() < SMALL {
        return false;
    }
    let marks = text.bytes().filter(|b| matches!(b, b'{' | b'}' | b';' | b'(' | b')' | b'=')).count();
    marks * 25 > text.len()
}

/// Between a name and its value.
static BORDER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"["']?\s{0,3}[:：=]\s{0,3}["']?|\s(?:is|are|was|ist|lautet|es|est|è|é|to|это|jest)\s+(?:now |jetzt |still )?|['’]s\s+|是|は|：|\s#\s?"#;
    Regex::new(pattern).unwrap_or_else(|error| panic!("the border of labels: {error}"))
});

/// Where a clause ends.
const CLAUSE: &[char] = &['\n', ';', '|', '。', '！', '？', '\t', '"'];
const SHORTEST: usize = 8;
const LONGEST: usize = 64 << 10;
const MOST_LABELS: usize = 100;
const MOST_WORDS: usize = 6;

/// Words that make "… is …" a statement about somebody.
const WHOSE: &[&str] = &[
    "my",
    "our",
    "his",
    "her",
    "their",
    "mein",
    "meine",
    "meiner",
    "unsere",
    "mi",
    "mis",
    "mon",
    "ma",
    "mes",
    "mio",
    "mia",
    "meu",
    "minha",
    "mijn",
    "moj",
    "moja",
    "мой",
    "моя",
    "мое",
    "我的",
    "私の",
    "patient",
    "patients",
    "customer",
    "customers",
    "benim",
];

fn may_have_labels(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b':' | b'=' | b' ')) || !text.is_ascii()
}

/// The words before a border that can be a name: the last few of their clause; before a verb, those after "my".
fn label<'t>(before: &'t str, border: &str) -> Option<&'t str> {
    let clause =
        before.rfind(|c: char| CLAUSE.contains(&c) || matches!(c, ',' | '.' | '!' | '?' | '(' | '{' | '[' | '&'));
    let mut label = before[clause.map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8))..].trim();
    let mark = border.contains([':', '：', '=', '#']);
    if !mark {
        let mut whose = None;
        let mut at = 0;
        for word in label.split_inclusive(char::is_whitespace) {
            at += word.len();
            let small = word.trim().trim_end_matches(['\'', '’', 's']).to_lowercase();
            let exact = word.trim().to_lowercase();
            if WHOSE.contains(&exact.as_str()) || WHOSE.contains(&small.as_str()) {
                whose = Some(at);
            }
        }
        let ideographs = label.find("我的").or_else(|| label.find("私の")).map(|at| at + "我的".len());
        label = &label[whose.or(ideographs)?..];
    }
    const MOST_WORDS_OF_A_LABEL: usize = 4;
    let spaces: Vec<usize> = label.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at).collect();
    if spaces.len() >= MOST_WORDS_OF_A_LABEL {
        if !mark {
            return None;
        }
        label = label[spaces[spaces.len() - MOST_WORDS_OF_A_LABEL + 1]..].trim_start();
    }
    (label.len() >= 2 && label.len() <= 60).then_some(label)
}

fn named<'x>(
    compiled: &Compiled,
    around: &Surroundings<'_, 'x>,
    i: usize,
    field: &Field<'x>,
    reading: &Reading,
    rest: &str,
) -> Option<Candidate> {
    let hits = compiled.lexicon.hits(&reading.outer, &reading.own);
    hits.iter().filter(|hit| hit.meaning.role.is_value() && !hit.meaning.weak).find_map(|hit| {
        let element = &compiled.elements[usize::from(hit.meaning.element)];
        if !scan::on_side(element, field) || (element.labelled == Labelled::Longest && !element.value.is_strict()) {
            return None;
        }
        let value = value(element, rest)?;
        let shared = element.shared.as_ref().is_none_or(|shared| shared.is_match(value));
        if is_placeholder(value) || (hit.meaning.role == Role::Shared && !shared) {
            return None;
        }
        let context = around.weigh(element, field, reading, Some(hit));
        if context == Context::Vetoed {
            return None;
        }
        let confidence = if element.value.is_strict() { Confidence::Medium } else { Confidence::Low };
        let candidate = Candidate::new(hit.meaning.element, i, value, DetectorKind::Pattern, confidence);
        let ground = Ground::Label(compiled.lexicon.key(&hit.meaning));
        let mut candidate = candidate.because(ground, compiled.support(context));
        candidate.truncated = hit.meaning.role == Role::Truncated;
        Some(candidate)
    })
}

/// What of the text after a label is the value.
fn value<'t>(element: &Element, rest: &'t str) -> Option<&'t str> {
    let clause = &rest[..rest.find(CLAUSE).unwrap_or(rest.len())];
    let clause =
        clause.split(". ").next().unwrap_or(clause).trim_end_matches(['.', '!', '?', ',', ')', '\'', ' ']).trim();
    let fits = |text: &str| scan::test(&element.value, text, ValueKind::Text).is_some();
    match element.labelled {
        Labelled::Never => None,
        Labelled::Word => {
            let word = clause
                .split([' ', '&'])
                .next()?
                .trim_matches(|c: char| matches!(c, ',' | '"' | '\'' | '.' | '(' | ')'));
            fits(word).then_some(word)
        }
        Labelled::Phrase => fits(clause).then_some(clause),
        Labelled::Longest => {
            let ends = clause.char_indices().filter(|(_, c)| c.is_whitespace() || matches!(c, ',' | '，' | '&'));
            let ends: Vec<usize> = ends.map(|(at, _)| at).take(MOST_WORDS).chain([clause.len()]).collect();
            let tries = ends.iter().rev().map(|&end| clause[..end].trim_end_matches([',', '.', ' ']).trim());
            tries.filter(|text| text.len() <= 80).find(|text| fits(text))
        }
    }
}
