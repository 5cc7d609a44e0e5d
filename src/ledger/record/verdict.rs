//! `verdicts[]`: what each rule says, and the count behind it.

use std::sync::Arc;

use serde::Serialize;

use super::{exact, rounded, template};
use crate::judge::{Verdict, Window};

#[derive(Serialize)]
pub(super) struct VerdictRecord<'a> {
    pack: &'a str,
    rule: &'a str,
    category: Option<&'a str>,
    status: &'static str,
    class: Option<&'static str>,
    severity: &'static str,
    reasons: &'a [String],
    missing: &'a [Arc<str>],
    window: Option<WindowRecord>,
}

#[derive(Serialize)]
struct WindowRecord {
    from: String,
    to: String,
    recipient_group: String,
    subjects: u64,
    threshold: u64,
    ratio: f64,
    state: &'static str,
    coverage: f64,
    lower_bound: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    projection: Option<ProjectionRecord>,
}

/// What the operator's own number of users would make of it.
#[derive(Serialize)]
struct ProjectionRecord {
    source: &'static str,
    users: u64,
    subjects: u64,
    state: &'static str,
}

pub(super) fn verdicts(verdicts: &[Verdict]) -> Vec<VerdictRecord<'_>> {
    verdicts.iter().map(VerdictRecord::from).collect()
}

impl<'a> From<&'a Verdict> for VerdictRecord<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        Self {
            pack: &verdict.pack,
            rule: &verdict.rule,
            category: verdict.category.as_deref(),
            status: verdict.status.as_str(),
            class: verdict.class.map(|class| class.as_str()),
            severity: verdict.severity.as_str(),
            reasons: &verdict.reasons,
            missing: &verdict.missing,
            window: verdict.window.as_ref().map(WindowRecord::from),
        }
    }
}

impl From<&Window> for WindowRecord {
    fn from(window: &Window) -> Self {
        Self {
            from: window.from.to_string(),
            to: window.to.to_string(),
            // Of an owner nobody knows it is a domain.
            recipient_group: template::host(&window.recipient_group),
            subjects: exact(window.subjects),
            threshold: exact(window.threshold),
            ratio: rounded(window.subjects as f64 / window.threshold as f64, 1000.0),
            state: window.state.as_str(),
            coverage: rounded(window.coverage, 1000.0),
            lower_bound: window.lower_bound,
            projection: window.projection.map(|projection| ProjectionRecord {
                source: "operator_input",
                users: exact(projection.users),
                subjects: exact(projection.subjects),
                state: projection.state.as_str(),
            }),
        }
    }
}
