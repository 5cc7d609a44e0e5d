//! `--explain`: each finding in plain words, for the reader who has to sign it. Values are masked.

use std::fmt::Write;

use crate::audit::Auditor;
use crate::detect::Finding;
use crate::exchange::Exchange;

/// The findings of one exchange, explained; empty if it has none.
pub fn text(auditor: &Auditor, exchange: &Exchange, findings: &[Finding]) -> String {
    let mut out = String::new();
    if findings.is_empty() {
        return out;
    }
    let own = exchange.import.as_ref().and_then(|import| import.id.clone());
    let id = own.unwrap_or_else(|| exchange.id.to_string());
    // The path is left out: it may hold what was found.
    line(&mut out, format_args!("exchange {id} {} {}", exchange.request.method, exchange.destination.host));
    for finding in findings {
        let explanation = auditor.explain(finding);
        line(&mut out, format_args!("  {} ({}) {}", finding.element, explanation.title, finding.preview));
        line(&mut out, format_args!("    where: {}", explanation.path));
        line(&mut out, format_args!("    found by: {}", finding.detector.as_str()));
        line(&mut out, format_args!("    confidence: {}", explanation.confidence));
        for because in &explanation.because {
            line(&mut out, format_args!("    because {because}"));
        }
        for unless in &explanation.unless {
            line(&mut out, format_args!("    vetoed if {unless}"));
        }
    }
    out.push('\n');
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a text cannot fail.
    out.write_fmt(text).unwrap_or_default();
    out.push('\n');
}
