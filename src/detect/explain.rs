//! A finding in plain words: what it rests on, and what would have spoken against it. Masked values only.

use super::compile::{Compiled, Element};
use super::detectors::Detectors;
use super::element::Side;
use super::finding::{Confidence, Finding, Ground};
use super::validate;

/// Why a finding is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Where it stood and what had to be undone to read it: `request.body → gzip → json $.user.mail`.
    pub path: String,
    /// Title of the element.
    pub title: String,
    pub because: Vec<String>,
    /// What would have vetoed it, and did not.
    pub unless: Vec<String>,
    /// What the stated confidence means.
    pub confidence: &'static str,
}

impl Detectors {
    /// Explain a finding that these detectors made.
    pub fn explain(&self, finding: &Finding) -> Explanation {
        let element = self.compiled.elements.iter().find(|element| element.id == finding.element);
        let title = element.map_or_else(|| finding.element.to_string(), |element| element.title.clone());
        let because = because(element, finding);
        let known = matches!(finding.why.ground, Ground::Known(_));
        let unless = element.filter(|_| !known).map(|element| unless(&self.compiled, element)).unwrap_or_default();
        Explanation { path: path(finding), title, because, unless, confidence: meaning(finding.confidence) }
    }
}

fn path(finding: &Finding) -> String {
    let mut path = finding.part.as_str().to_owned();
    for layer in &finding.layers {
        path.push_str(" → ");
        path.push_str(layer);
    }
    path.push(' ');
    path.push_str(&finding.path);
    path
}

fn because(element: Option<&Element>, finding: &Finding) -> Vec<String> {
    let mut lines = vec![match &finding.why.ground {
        Ground::Name(key) => format!("its name has the key words `{key}`"),
        Ground::Label(key) => format!("the text names it by the key words `{key}`"),
        Ground::Form => "its form says so by itself".to_owned(),
        Ground::Statement => "the sentence around it says so".to_owned(),
        Ground::Members(names) => {
            format!("fields of one record stand together: {}", names.join(", "))
        }
        Ground::Known(what) => format!("it is a value that the tester gave: {what}"),
    }];
    lines.extend(finding.why.support.as_ref().map(|word| format!("the word `{word}` near it speaks for it")));
    let value = element.map(|element| &element.value);
    if value.is_some_and(|value| value.pattern.is_some())
        && matches!(finding.why.ground, Ground::Name(_) | Ground::Label(_))
    {
        lines.push("the value has the pattern of the element".to_owned());
    }
    let checks =
        value.map(|value| value.validators.iter().filter_map(|valid| validate::name_of(*valid)).collect::<Vec<_>>());
    if let Some(checks) = checks.filter(|checks| !checks.is_empty() && !matches!(finding.why.ground, Ground::Known(_)))
    {
        lines.push(format!("the value passed these checks: {}", checks.join(", ")));
    }
    if let Some(metres) = finding.attributes.precision_m {
        lines.push(format!("the position is known to {metres:.0} m"));
    }
    if finding.attributes.truncated {
        lines.push("only a part of the identifier is there".to_owned());
    }
    lines
}

fn unless(compiled: &Compiled, element: &Element) -> Vec<String> {
    const SHOWN: usize = 12;
    let mut lines = Vec::new();
    let words = |set: &super::compile::WordSet| {
        let mut words: Vec<_> = set.iter().filter_map(|id| compiled.lexicon.text(id)).collect();
        words.sort_unstable();
        let more = words.len().saturating_sub(SHOWN);
        words.truncate(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", words.join(", "))
    };
    if !element.veto_key.is_empty() {
        lines.push(format!("its own name held one of: {}", words(&element.veto_key)));
    }
    if !element.veto.is_empty() {
        lines.push(format!("the nearest telling word around it were one of: {}", words(&element.veto)));
    }
    if element.value.not.is_some() || !element.value.validators.is_empty() || element.value.pattern.is_some() {
        lines.push("the value had another form, or failed a check".to_owned());
    }
    if element.response_needs_support {
        lines.push("it stood in a response with no word around it that makes it the user's".to_owned());
    }
    match element.side {
        Side::Request => lines.push("it stood in a response".to_owned()),
        Side::Response => lines.push("it stood in a request".to_owned()),
        Side::Both => {}
    }
    lines.push("the value were a placeholder or a template".to_owned());
    lines
}

fn meaning(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "high: name and checked form agree, or the form is proof by itself",
        Confidence::Medium => "medium: a clear name over a free value, or a checked form that needs its surroundings",
        Confidence::Low => "low: plausible by its surroundings only; worth a look, no evidence by itself",
    }
}
