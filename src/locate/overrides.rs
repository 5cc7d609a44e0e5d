//! Ranges whose country the operator of this Landfall states in its configuration.

use ipnet::IpNet;

use super::prefix::{self, PrefixMap};
use super::testimony::{Opinion, Origin};
use super::{Claim, Country, Effect, Evidence, EvidenceKind, LocateError, Locator, Provenance, Subject, Testimony};

/// One range and its country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    pub network: IpNet,
    pub country: Country,
}

pub(super) struct Overrides(PrefixMap<Country>);

impl Overrides {
    /// A range that could never match, or one range with two countries, is an error.
    pub fn new(overrides: &[Override]) -> Result<Self, LocateError> {
        let mut map = PrefixMap::default();
        for Override { network, country } in overrides {
            let error = |reason: String, help| LocateError::Override { network: network.to_string(), reason, help };
            prefix::check(*network).map_err(|reason| error(reason.to_owned(), "write it as `192.0.2.0/24`"))?;
            if let Some(other) = map.insert(*network, *country).filter(|other| other != country) {
                return Err(error(format!("placed both in {other} and in {country}"), "keep one of them"));
            }
        }
        Ok(Self(map))
    }
}

impl Locator for Overrides {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some((range, country)) = subject.address.and_then(|address| self.0.get(address)) else { return };
        let dataset = format!("configuration {range}, stated by the operator of this Landfall").into();
        testimony.opinions.push(Opinion {
            evidence: Evidence {
                kind: EvidenceKind::Override,
                claim: Claim::Within(vec![*country]),
                effect: Effect::Neutral,
                source: Provenance { dataset, digest: None },
                raw: None,
                ms: None,
            },
            country: Some(*country),
            anycast: false,
            satellite: false,
            vague: false,
            origin: Origin::Override,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(overrides: &[(&str, &str)], expect: &str) {
        let read = |(network, country): &(&str, &str)| Override {
            network: network.parse().expect("a test range"),
            country: Country::new(country).expect("a test country"),
        };
        let overrides: Vec<_> = overrides.iter().map(read).collect();
        let error = Overrides::new(&overrides).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error, expect);
    }

    #[test]
    fn a_wrong_override_names_itself_and_the_remedy() {
        check(&[("10.0.0.0/8", "DE"), ("10.0.0.0/8", "DE"), ("10.0.0.0/16", "FR")], "");
        check(
            &[("10.0.0.0/8", "DE"), ("10.0.0.0/8", "FR")],
            "override `10.0.0.0/8`: placed both in DE and in FR; keep one of them",
        );
        check(
            &[("10.0.0.1/8", "DE")],
            "override `10.0.0.1/8`: the address has bits set beyond the prefix length; write it as `192.0.2.0/24`",
        );
    }
}
