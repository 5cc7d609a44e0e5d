//! `findings[]`, `categories[]` and `inspection`: what was found, and whose it is. Values never get here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

use super::rounded;
use super::unknown::OrUnknown;
use crate::decode::{Inspection, Unread};
use crate::detect::{Finding, Ground};
use crate::judge::{Category, CategorySubject};
use crate::ledger::tree::hex;

/// Subjects of one category that get a line each; more are told as a number and a digest.
const MAX_SUBJECTS: usize = 64;
/// Longest preview, in characters.
const MAX_PREVIEW: usize = 24;

#[derive(Serialize)]
pub(super) struct InspectionRecord<'a> {
    result: &'static str,
    unread: Vec<UnreadRecord<'a>>,
}

#[derive(Serialize)]
struct UnreadRecord<'a> {
    r#where: &'static str,
    path: &'a str,
    reason: &'static str,
}

pub(super) fn inspection(result: Inspection, unread: &[Unread]) -> InspectionRecord<'_> {
    let unread = unread
        .iter()
        .map(|unread| UnreadRecord {
            r#where: unread.part.as_str(),
            path: &unread.path,
            reason: unread.reason.as_str(),
        })
        .collect();
    InspectionRecord { result: result.as_str(), unread }
}

#[derive(Serialize)]
pub(super) struct FindingRecord<'a> {
    n: usize,
    element: &'a str,
    class: Option<Arc<str>>,
    direction: &'static str,
    r#where: &'static str,
    path: &'a str,
    detector: &'static str,
    confidence: &'static str,
    encodings: &'a [&'static str],
    attributes: AttributesRecord,
    preview: String,
    fingerprint: String,
    record: &'a str,
}

/// Only what applies to the element.
#[derive(Serialize)]
struct AttributesRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    precision_m: Option<serde_json::Number>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
    /// What a known value was disguised as: `SHA-256 of the e-mail address`.
    #[serde(skip_serializing_if = "Option::is_none")]
    known_as: Option<Arc<str>>,
}

/// Numbered from one, in the order of detection. `class` names the listed-identifier class.
pub(super) fn findings<'a>(
    findings: &'a [Finding],
    class: &dyn Fn(&Finding) -> Option<Arc<str>>,
) -> Vec<FindingRecord<'a>> {
    let record = |(index, finding): (usize, &'a Finding)| FindingRecord {
        n: index + 1,
        element: &finding.element,
        class: class(finding),
        direction: finding.part.direction.as_str(),
        r#where: finding.part.as_str(),
        path: &finding.path,
        detector: finding.detector.as_str(),
        confidence: finding.confidence.as_str(),
        encodings: &finding.layers,
        attributes: attributes(finding),
        preview: finding.preview.chars().take(MAX_PREVIEW).collect(),
        fingerprint: finding.fingerprint.to_string(),
        record: &finding.record,
    };
    findings.iter().enumerate().map(record).collect()
}

fn attributes(finding: &Finding) -> AttributesRecord {
    let attributes = finding.attributes;
    let precision_m = attributes.precision_m.filter(|metres| metres.is_finite() && *metres >= 0.0).and_then(|metres| {
        let tenths = rounded(metres, 10.0);
        if tenths.fract() == 0.0 && tenths < 1e15 {
            Some(serde_json::Number::from(tenths as u64))
        } else {
            serde_json::Number::from_f64(tenths)
        }
    });
    let known_as = match &finding.why.ground {
        Ground::Known(what) => Some(Arc::clone(what)),
        _ => None,
    };
    AttributesRecord { precision_m, truncated: attributes.truncated, known_as }
}

#[derive(Serialize)]
pub(super) struct CategoryRecord<'a> {
    pack: &'a str,
    category: &'a str,
    findings: Vec<u32>,
    subject: Option<OrUnknown<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subjects: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    unit: &'a str,
    linked_by: &'static str,
}

/// One line per category and subject; past [`MAX_SUBJECTS`] subjects of a category one line for all of them.
pub(super) fn categories(categories: &[Category]) -> Vec<CategoryRecord<'_>> {
    let mut by_category: BTreeMap<(&str, &str), Vec<&Category>> = BTreeMap::new();
    for category in categories {
        by_category.entry((&category.pack, &category.category)).or_default().push(category);
    }
    let mut records = Vec::new();
    for lines in by_category.into_values() {
        let subjects: BTreeSet<String> = lines.iter().filter_map(|line| subject(line)).collect();
        if subjects.len() > MAX_SUBJECTS {
            records.push(folded(&lines, &subjects));
            records.extend(lines.into_iter().filter(|line| subject(line).is_none()).map(single));
        } else {
            records.extend(lines.into_iter().map(single));
        }
    }
    records
}

fn single(category: &Category) -> CategoryRecord<'_> {
    CategoryRecord {
        pack: &category.pack,
        category: &category.category,
        findings: category.findings.clone(),
        subject: Some(subject(category).map_or_else(|| OrUnknown::because("unattributed"), OrUnknown::Known)),
        subjects: None,
        digest: None,
        unit: &category.unit,
        linked_by: category.linked_by.as_str(),
    }
}

/// `digest` is SHA-256 over the sorted subject ids, each with a line feed.
fn folded<'a>(lines: &[&'a Category], subjects: &BTreeSet<String>) -> CategoryRecord<'a> {
    let first = lines[0];
    let mut findings: Vec<u32> = lines.iter().flat_map(|line| line.findings.iter().copied()).collect();
    findings.sort_unstable();
    findings.dedup();
    let text: String = subjects.iter().flat_map(|subject| [subject.as_str(), "\n"]).collect();
    CategoryRecord {
        pack: &first.pack,
        category: &first.category,
        findings,
        subject: None,
        subjects: Some(subjects.len()),
        digest: Some(hex(digest(&SHA256, text.as_bytes()).as_ref())),
        unit: &first.unit,
        linked_by: first.linked_by.as_str(),
    }
}

fn subject(category: &Category) -> Option<String> {
    match category.subject {
        CategorySubject::Known(subject) => Some(subject.to_string()),
        CategorySubject::Unattributed => None,
    }
}
