//! The name that the address's own holder gives to it (PTR): a hint, and asked for only on request, since it is a query to the
//! outside.

use std::sync::Arc;

use super::airports::Airports;
use super::regions::Regions;
use super::testimony::{Opinion, Origin};
use super::{Claim, Country, Effect, Evidence, EvidenceKind, Locator, Provenance, Subject, Testimony};

pub(super) struct ReverseName {
    pub airports: Arc<Airports>,
    pub regions: Arc<Regions>,
}

impl ReverseName {
    /// A provider's region, or an airport at the head of a label of a network that names its machines so
    /// (`fra16s48-in-f14.1e100.net`).
    fn country(&self, name: &str) -> Option<Country> {
        if let Some(named) = self.regions.named(name) {
            return Some(named.country);
        }
        const NAMED_BY_AIRPORT: &[&str] = &[".1e100.net", ".cloudfront.net", ".facebook.com", ".fbcdn.net"];
        if !NAMED_BY_AIRPORT.iter().any(|suffix| name.ends_with(suffix)) {
            return None;
        }
        let airport = |label: &str| {
            let digits = label.get(3..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            self.airports.country(label.get(..3).filter(|_| digits)?)
        };
        name.split(['.', '-']).find_map(airport)
    }
}

impl Locator for ReverseName {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some(name) = subject.reverse_name else { return };
        let country = self.country(name);
        let claim = match country {
            Some(country) => Claim::Within(vec![country]),
            None => Claim::Says("the address's own name names no known place".to_owned()),
        };
        testimony.opinions.push(Opinion {
            evidence: Evidence {
                kind: EvidenceKind::ReverseName,
                claim,
                effect: Effect::Neutral,
                source: Provenance { dataset: "reverse DNS".into(), digest: None },
                raw: Some(name.into()),
                ms: None,
            },
            country,
            anycast: false,
            satellite: false,
            vague: true,
            origin: Origin::ReverseName,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::Embedded;
    use super::*;

    #[test]
    fn only_names_with_a_known_scheme_are_read() {
        let embedded = Embedded::default();
        let airports = embedded.airports().expect("the embedded table is whole");
        let names = ReverseName { airports, regions: embedded.regions() };
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(names.country(name), expect.and_then(Country::new), "{name}");
        };
        check("fra16s48-in-f14.1e100.net", Some("DE"));
        check("ec2-18-184-0-1.eu-central-1.compute.amazonaws.com", Some("DE"));
        check("server-13-32-99-1.fra56.r.cloudfront.net", Some("DE"));
        check("edge-star-mini-shv-01-ams4.facebook.com", Some("NL"));
        check("fra16.isp.example", None);
        check("dns.google", None);
    }
}
