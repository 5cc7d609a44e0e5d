//! How long a connection took, and which countries that rules out: nothing travels faster than light does in glass.
//!
//! It rules out, and never says that a host is where it is claimed to be; only where no other country is left over does it
//! decide. It speaks only with a stated vantage, and never where the way may end at a middlebox.

use super::reach::{Feasible, Path};
use super::{Claim, Effect, Evidence, EvidenceKind, Locator, Provenance, Subject, Testimony};

pub(super) struct ConnectTime;

/// So many connections at least: one may have waited in a queue, and the least of several is near to what the way takes.
const LEAST_SAMPLES: u32 = 3;
/// So many countries are named as what is left.
pub(super) const FEW: usize = 5;

impl Locator for ConnectTime {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let (Some(time), Some(_)) = (subject.connect_time, subject.address) else { return };
        let claim = match (subject.interception, subject.samples) {
            (Some(why), _) => format!("{why}: it bounds no distance"),
            (None, 0 | 1) => "one connection".to_owned(),
            (None, 2) => "shortest of 2 connections".to_owned(),
            (None, _) => match subject.reach {
                Some(reach) => {
                    let path = path(subject, testimony);
                    let km = reach.feasible(time, path).km;
                    let (latitude, longitude) = (reach.vantage.latitude, reach.vantage.longitude);
                    format!("shortest of at least three connections: within {km:.0} km of {latitude},{longitude}")
                }
                None => "shortest of at least three connections; no vantage is stated, so that it bounds no place"
                    .to_owned(),
            },
        };
        let ms = Some(time.as_secs_f64() * 1000.0);
        testimony.notes.push(Evidence { ms, ..evidence(Claim::Says(claim), Effect::Neutral) });
    }
}

/// What the connect time leaves possible; `None` where it shows nothing.
pub(super) fn feasible<'a>(subject: &Subject<'a>, testimony: &Testimony) -> Option<Feasible<'a>> {
    let usable = subject.samples >= LEAST_SAMPLES && subject.interception.is_none() && subject.address.is_some();
    let (time, reach) = subject.connect_time.zip(subject.reach).filter(|_| usable)?;
    Some(reach.feasible(time, path(subject, testimony)))
}

/// The stated path, or a radio link where a source knows of one.
fn path(subject: &Subject<'_>, testimony: &Testimony) -> Path {
    let satellite = testimony.opinions.iter().any(|opinion| opinion.satellite);
    if satellite { Path::Radio } else { subject.reach.map(|reach| reach.path).unwrap_or_default() }
}

pub(super) fn evidence(claim: Claim, effect: Effect) -> Evidence {
    Evidence {
        kind: EvidenceKind::ConnectTime,
        claim,
        effect,
        source: Provenance { dataset: "proxy".into(), digest: None },
        raw: None,
        ms: None,
    }
}
