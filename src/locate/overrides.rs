//! Ranges whose country the operator of this Landfall states in its configuration.

use ipnet::IpNet;

use super::prefix::{self, PrefixMap};
use super::testimony::{Opinion, Origin};
use super::{Claim, Country, Effect, Evidence, EvidenceKind, LocateError, Locator, Provenance, Subject, Testimony};

/// One range and its country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Override {
    pub prefix: IpNet,
    pub country: Country,
}

impl Override {
    /// Read a range (CIDR or one address) and an ISO 3166-1 alpha-2 code.
    pub fn parse(prefix: &str, country: &str) -> Result<Self, LocateError> {
        let error = |reason: String, help| LocateError::Override { prefix: prefix.to_owned(), reason, help };
        let range = prefix::parse(prefix).map_err(|reason| error(reason.to_owned(), "write it as `192.0.2.0/24`"))?;
        let country = Country::assigned(country).ok_or_else(|| {
            error(format!("`{country}` is no country"), "use an ISO 3166-1 alpha-2 code such as `DE`")
        })?;
        Ok(Self { prefix: range, country })
    }
}

pub(super) struct Overrides(PrefixMap<Country>);

impl Overrides {
    /// Two countries for the very same range are an error.
    pub fn new(overrides: &[Override]) -> Result<Self, LocateError> {
        let mut map = PrefixMap::default();
        for Override { prefix, country } in overrides {
            if let Some(other) = map.insert(*prefix, *country).filter(|other| other != country) {
                return Err(LocateError::Override {
                    prefix: prefix.to_string(),
                    reason: format!("placed both in {other} and in {country}"),
                    help: "keep one of them",
                });
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
                ms: None,
            },
            country: Some(*country),
            anycast: false,
            vague: false,
            origin: Origin::Override,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_override_names_itself_and_the_remedy() {
        let check = |prefix: &str, country: &str, expect: &str| {
            let error = Override::parse(prefix, country).expect_err("must be refused");
            assert_eq!(error.to_string(), expect);
        };
        check("10.0.0.0/40", "DE", "override `10.0.0.0/40`: no address range; write it as `192.0.2.0/24`");
        check(
            "10.0.0.0/8",
            "UK",
            "override `10.0.0.0/8`: `UK` is no country; use an ISO 3166-1 alpha-2 code such as `DE`",
        );
    }

    #[test]
    fn one_range_has_one_country() {
        let parse = |country| Override::parse("10.0.0.0/8", country).expect("valid");
        assert!(Overrides::new(&[parse("DE"), parse("DE")]).is_ok());
        assert!(Overrides::new(&[parse("DE"), parse("FR")]).is_err());
    }
}
