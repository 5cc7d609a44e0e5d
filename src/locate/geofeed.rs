//! Geofeeds (RFC 8805) that the user named: a network operator's own word on where its ranges are used.

use super::mmdb::sha256_hex;
use super::prefix::{self, PrefixMap};
use super::testimony::{Opinion, Origin};
use super::{
    Claim, Country, Dataset, DatasetInfo, Effect, Evidence, EvidenceKind, LocateError, Locator, Provenance, Subject,
    Testimony,
};

pub(super) struct Geofeed {
    /// No country: the operator asks not to place the range (RFC 8805, 2.1.1.2).
    ranges: PrefixMap<Option<Country>>,
    pub info: DatasetInfo,
    provenance: Provenance,
}

impl Geofeed {
    /// Read lines `prefix,country,region,city,…`; `#` begins a comment line. Any other line is an error.
    pub fn new(dataset: &Dataset) -> Result<Self, LocateError> {
        let mut ranges = PrefixMap::default();
        let text = String::from_utf8_lossy(&dataset.bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        for (line, number) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let error =
                |(reason, help)| LocateError::Geofeed { name: dataset.name.clone(), line: number, reason, help };
            let (range, country) = entry(line).map_err(error)?;
            if ranges.insert(range, country).is_some_and(|other| other != country) {
                return Err(error((format!("`{range}` is placed twice"), "keep one of the lines")));
            }
        }
        let info = DatasetInfo { name: dataset.stem().into(), built: None, digest: sha256_hex(&dataset.bytes).into() };
        let provenance = Provenance { dataset: info.name.clone(), digest: Some(info.digest.clone()) };
        Ok(Self { ranges, info, provenance })
    }
}

type Problem = (String, &'static str);

fn entry(line: &str) -> Result<(ipnet::IpNet, Option<Country>), Problem> {
    let mut fields = line.split(',').map(str::trim);
    let range = fields.next().unwrap_or_default();
    let range =
        prefix::parse(range).map_err(|reason| (format!("`{range}`: {reason}"), "write it as `192.0.2.0/24`"))?;
    let code = fields.next().ok_or_else(|| ("no country field".to_owned(), "write `prefix,country,region,city,`"))?;
    if code.is_empty() {
        return Ok((range, None));
    }
    let country = Country::assigned(code)
        .ok_or_else(|| (format!("`{code}` is no country"), "use an ISO 3166-1 alpha-2 code, or leave it empty"))?;
    Ok((range, Some(country)))
}

impl Locator for Geofeed {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some((range, country)) = subject.address.and_then(|address| self.ranges.get(address)) else { return };
        let claim = match country {
            Some(country) => Claim::Within(vec![*country]),
            None => Claim::Says(format!("{range} is not to be placed")),
        };
        testimony.opinions.push(Opinion {
            evidence: Evidence {
                kind: EvidenceKind::Geofeed,
                claim,
                effect: Effect::Neutral,
                source: self.provenance.clone(),
                raw: None,
                ms: None,
            },
            country: *country,
            anycast: false,
            satellite: false,
            vague: false,
            origin: Origin::Geofeed,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(text: &str) -> Result<Geofeed, LocateError> {
        Geofeed::new(&Dataset { name: "feed.csv".to_owned(), bytes: text.as_bytes().to_vec() })
    }

    #[test]
    fn lines_are_read_as_rfc_8805_writes_them() {
        let feed = feed(
            "\u{feff}# comment\r\n\r\n192.0.2.0/24,us,US-AL,Alabaster,\r\n192.0.2.5,CH\n2001:db8::/32,PL,,,\n198.51.100.0/24,,,,\n",
        )
        .expect("a valid feed");
        let check = |address: &str, expect: Option<Option<&str>>| {
            let found = feed.ranges.get(address.parse().expect("test address")).map(|(_, country)| *country);
            assert_eq!(found, expect.map(|code| code.and_then(Country::new)), "{address}");
        };
        check("192.0.2.1", Some(Some("US")));
        check("192.0.2.5", Some(Some("CH")));
        check("2001:db8:1::1", Some(Some("PL")));
        check("198.51.100.7", Some(None));
        check("203.0.113.1", None);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let check = |text: &str, expect: &str| {
            let error = feed(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(error, expect);
        };
        check(
            "192.0.2.0/24,US\n192.0.2.0/24x,US",
            "geofeed `feed.csv` line 2: `192.0.2.0/24x`: no address range; write it as `192.0.2.0/24`",
        );
        check(
            "192.0.2.0/24,UK,,,",
            "geofeed `feed.csv` line 1: `UK` is no country; use an ISO 3166-1 alpha-2 code, or leave it empty",
        );
        check("192.0.2.0/24", "geofeed `feed.csv` line 1: no country field; write `prefix,country,region,city,`");
        check(
            "192.0.2.0/24,US\n192.0.2.0/24,CN",
            "geofeed `feed.csv` line 2: `192.0.2.0/24` is placed twice; keep one of the lines",
        );
    }
}
