//! Regions of clouds in the names that led to the address.

use std::sync::Arc;

use super::regions::{Named, Regions, serves_from};
use super::testimony::{Opinion, Origin};
use super::{Claim, Effect, Evidence, EvidenceKind, Locator, Provenance, Subject, Testimony};

pub(super) struct RegionNames(pub Arc<Regions>);

impl Locator for RegionNames {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        if subject.address.is_none() || subject.host_is_address {
            return;
        }
        // The name nearest to the address tells most of it.
        let names = subject.aliases.iter().rev().map(String::as_str).chain([subject.host]);
        let mut hint = None;
        for name in names {
            match self.0.named(name) {
                Some(named) if named.by_provider => return self.testify_of(&named, testimony),
                Some(named) => hint = hint.or(Some(named)),
                None => {}
            }
        }
        if let Some(named) = hint {
            let says = format!(
                "a label of the name reads like {}'s region {} ({}); whoever holds the name chose it",
                named.provider, named.region, named.country
            );
            testimony.notes.push(evidence(&named, Claim::Says(says)));
        }
    }
}

impl RegionNames {
    fn testify_of(&self, named: &Named<'_>, testimony: &mut Testimony) {
        let network = testimony.network.as_ref().map(|network| network.asn);
        if network.is_some_and(|asn| !serves_from(named.provider, asn)) {
            let says =
                format!("the name is of {}'s region {}, but the address is not {0}'s", named.provider, named.region);
            testimony.notes.push(evidence(named, Claim::Says(says)));
            return;
        }
        testimony.opinions.push(Opinion {
            evidence: evidence(named, Claim::Within(vec![named.country])),
            country: Some(named.country),
            anycast: false,
            satellite: false,
            vague: false,
            origin: Origin::Region,
        });
    }
}

fn evidence(named: &Named<'_>, claim: Claim) -> Evidence {
    Evidence {
        kind: EvidenceKind::RegionName,
        claim,
        effect: Effect::Neutral,
        source: Provenance { dataset: "names of cloud regions".into(), digest: None },
        raw: Some(format!("{} {}", named.provider, named.region).into()),
        ms: None,
    }
}
