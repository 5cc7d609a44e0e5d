//! Points of presence that a response names, believed only from the addresses of the network whose field it is.

use std::sync::Arc;

use super::airports::{Airports, near_a_border};
use super::carrier::{Carrier, Spread};
use super::pop::{Pop, PopField};
use super::testimony::{Opinion, Origin};
use super::{Claim, Effect, Evidence, EvidenceKind, Locator, Provenance, Subject, Testimony};

pub(super) struct PopHeaders(pub Arc<Airports>);

impl PopHeaders {
    fn opinion(&self, pop: &Pop, carrier: Carrier) -> Option<Opinion> {
        let country = pop.country(&self.0)?;
        // Any server at Amazon may pass on a field that CloudFront gave to it.
        let sure = carrier != Carrier::Amazon;
        let mut evidence = evidence(pop, Claim::Within(vec![country]));
        evidence.effect = Effect::Neutral;
        Some(Opinion {
            evidence,
            country: Some(country),
            anycast: false,
            satellite: false,
            vague: pop.airport().is_some_and(near_a_border),
            origin: Origin::Pop { strong: pop.field.is_strong() && sure, sure },
        })
    }
}

impl Locator for PopHeaders {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        for pop in subject.pops {
            let field = pop.field.name();
            let believed = testimony.carrier.filter(|carrier| pop.field.is_of(*carrier));
            let Some(carrier) = believed else {
                if pop.field != PopField::AlibabaVia {
                    let says =
                        format!("{field} names {}, but the address is not that network's: not believed", pop.token());
                    testimony.notes.push(evidence(pop, Claim::Says(says)));
                }
                continue;
            };
            match self.opinion(pop, carrier) {
                Some(opinion) => testimony.opinions.push(opinion),
                None => {
                    let says = format!("{field} names {}, which stands for no known place", pop.token());
                    testimony.notes.push(evidence(pop, Claim::Says(says)));
                }
            }
            testimony.spread = testimony.spread.or(Some(Spread::Delivery));
            if let Some(shield) = pop.shield() {
                let says = match self.0.country(shield) {
                    Some(country) => format!("passed on through a shield at {shield} ({country})"),
                    None => format!("passed on through a shield at {shield}"),
                };
                testimony.notes.push(evidence(pop, Claim::Says(says)));
            }
        }
    }
}

fn evidence(pop: &Pop, claim: Claim) -> Evidence {
    Evidence {
        kind: EvidenceKind::PopHeader,
        claim,
        effect: Effect::Neutral,
        source: Provenance { dataset: pop.field.name().into(), digest: None },
        raw: Some(pop.token().into()),
        ms: None,
    }
}
