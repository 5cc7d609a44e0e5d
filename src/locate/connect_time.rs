//! How long a connection took: a fact beside the others. It bounds nothing until the vantage point is known.

use super::{Claim, Effect, Evidence, EvidenceKind, Locator, Provenance, Subject, Testimony};

pub(super) struct ConnectTime;

impl Locator for ConnectTime {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let (Some(time), Some(_)) = (subject.connect_time, subject.address) else { return };
        let claim = match subject.samples {
            0 | 1 => "one connection".to_owned(),
            samples => format!("shortest of {samples} connections"),
        };
        testimony.notes.push(Evidence {
            kind: EvidenceKind::ConnectTime,
            claim: Claim::Says(claim),
            effect: Effect::Neutral,
            source: Provenance { dataset: "proxy".into(), digest: None },
            raw: None,
            ms: Some(time.as_secs_f64() * 1000.0),
        });
    }
}
