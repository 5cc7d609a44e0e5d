//! Ranges that cloud operators publish with their regions, from files that the user named: the operator's own statement.

use std::sync::Arc;

use super::carrier::{Carrier, Spread};
use super::cloud_file::{self, CloudFile};
use super::mmdb::sha256_hex;
use super::prefix::PrefixMap;
use super::regions::Regions;
use super::testimony::{Opinion, Origin};
use super::{
    Claim, Country, Dataset, DatasetInfo, Effect, Evidence, EvidenceKind, LocateError, Locator, Provenance, Subject,
    Testimony,
};

pub(super) struct CloudRanges {
    provider: &'static str,
    ranges: PrefixMap<Place>,
    pub info: DatasetInfo,
    provenance: Provenance,
}

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Region(Arc<str>, Country),
    /// A region that this build has no country for.
    Unknown(Arc<str>),
    /// The file names one range in several countries.
    Several,
    /// The operator's, without a place.
    Unnamed,
}

impl CloudRanges {
    /// Read a file of any known operator.
    pub fn new(dataset: &Dataset, regions: &Regions) -> Result<Self, LocateError> {
        let file = cloud_file::read(&dataset.bytes).map_err(|(reason, help)| LocateError::CloudRanges {
            name: dataset.name.clone(),
            reason,
            help,
        })?;
        let CloudFile { provider, date, ranges } = file;
        let mut map: PrefixMap<Place> = PrefixMap::default();
        for range in ranges {
            let place = match range.region {
                None => Place::Unnamed,
                Some(region) => match regions.country(provider, &region) {
                    Some(country) => Place::Region(region.into(), country),
                    None => Place::Unknown(region.into()),
                },
            };
            let country = |place: &Place| if let Place::Region(_, country) = place { Some(*country) } else { None };
            let conflict =
                map.insert(range.range, place.clone()).is_some_and(|earlier| country(&earlier) != country(&place));
            if conflict {
                map.insert(range.range, Place::Several);
            }
        }
        let built = date.as_ref().and_then(|date| format!("{date}T00:00:00Z").parse().ok());
        let info = DatasetInfo { name: dataset.stem().into(), built, digest: sha256_hex(&dataset.bytes).into() };
        let provenance = super::mmdb::provenance(&info);
        Ok(Self { provider, ranges: map, info, provenance })
    }

    fn evidence(&self, claim: Claim) -> Evidence {
        Evidence {
            kind: EvidenceKind::CloudRange,
            claim,
            effect: Effect::Neutral,
            source: self.provenance.clone(),
            raw: None,
            ms: None,
        }
    }
}

impl Locator for CloudRanges {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some((range, place)) = subject.address.and_then(|address| self.ranges.get(address)) else { return };
        let provider = self.provider;
        let (country, says) = match place {
            Place::Region(region, country) => (Some(*country), format!("{range} is {provider}'s region {region}")),
            Place::Unknown(region) => {
                (None, format!("{range} is {provider}'s region {region}, whose country is not known here"))
            }
            Place::Several => (None, format!("{provider} lists {range} in several countries")),
            Place::Unnamed => {
                let whose = if provider == "fastly" { Carrier::Fastly } else { Carrier::Cloudflare };
                testimony.carrier = Some(whose);
                testimony.spread = Some(Spread::Anycast);
                (None, format!("{range} is {provider}'s and announced from many places"))
            }
        };
        testimony.notes.push(self.evidence(Claim::Says(says)));
        let Some(country) = country else { return };
        testimony.opinions.push(Opinion {
            evidence: self.evidence(Claim::Within(vec![country])),
            country: Some(country),
            anycast: false,
            satellite: false,
            vague: false,
            origin: Origin::Region,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CloudRanges, LocateError> {
        let dataset = Dataset { name: "dir/ranges.json".to_owned(), bytes: text.as_bytes().to_vec() };
        CloudRanges::new(&dataset, &Regions::default())
    }

    fn check(text: &str, address: &str, expect: &str) {
        let ranges = read(text).unwrap_or_else(|error| panic!("{error}"));
        let found = ranges.ranges.get(address.parse().expect("a test address"));
        let found = found.map_or("-".to_owned(), |(_, place)| match place {
            Place::Region(region, country) => format!("{} {region} {country}", ranges.provider),
            Place::Unknown(region) => format!("{} {region} ?", ranges.provider),
            Place::Several => "several".to_owned(),
            Place::Unnamed => ranges.provider.to_owned(),
        });
        assert_eq!(found, expect, "{address}");
    }

    #[test]
    fn each_operators_own_form_is_read() {
        let aws = r#"{"syncToken":"1","createDate":"2025-07-24-20-23-14","prefixes":[
            {"ip_prefix":"15.220.0.0/20","region":"us-east-1","service":"EC2","network_border_group":"us-east-1-scl-1"},
            {"ip_prefix":"3.120.0.0/14","region":"eu-central-1","service":"AMAZON","network_border_group":"eu-central-1"},
            {"ip_prefix":"13.32.0.0/15","region":"GLOBAL","service":"CLOUDFRONT","network_border_group":"GLOBAL"},
            {"ip_prefix":"192.0.2.0/24","region":"xx-new-1","service":"EC2","network_border_group":"xx-new-1"}],
            "ipv6_prefixes":[{"ipv6_prefix":"2a05:d014::/36","region":"eu-central-1","service":"EC2","network_border_group":"eu-central-1"}]}"#;
        check(aws, "15.220.1.1", "aws us-east-1-scl-1 CL");
        check(aws, "3.121.0.1", "aws eu-central-1 DE");
        check(aws, "2a05:d014::1", "aws eu-central-1 DE");
        check(aws, "13.32.0.1", "-");
        check(aws, "192.0.2.1", "aws xx-new-1 ?");
        assert_eq!(read(aws).map(|ranges| ranges.provenance.dataset).ok().as_deref(), Some("ranges@2025-07-24"));
        let google = r#"{"syncToken":"1","creationTime":"2025-07-24T19:16:28","prefixes":[
            {"ipv4Prefix":"34.1.208.0/20","service":"Google Cloud","scope":"africa-south1"},
            {"ipv6Prefix":"2600:1900:4010::/44","service":"Google Cloud","scope":"europe-west1"},
            {"ipv4Prefix":"34.36.0.0/16","service":"Google Cloud","scope":"global"}]}"#;
        check(google, "34.1.208.9", "google africa-south1 ZA");
        check(google, "2600:1900:4010::9", "google europe-west1 BE");
        check(google, "34.36.0.1", "-");
        let oracle = r#"{"last_updated_timestamp":"2025-07-21T07:13:25","regions":[
            {"region":"eu-zurich-1","cidrs":[{"cidr":"140.238.0.0/20","tags":["OCI"]}]}]}"#;
        check(oracle, "140.238.1.1", "oracle eu-zurich-1 CH");
        let azure = r#"{"changeNumber":363,"cloud":"Public","values":[
            {"name":"ActionGroup","properties":{"region":"","addressPrefixes":["4.1.0.0/16"]}},
            {"name":"AzureCloud.germanywc","properties":{"region":"germanywc","addressPrefixes":["20.52.0.0/16","2603:1020::/40"]}}]}"#;
        check(azure, "20.52.3.4", "azure germanywc DE");
        check(azure, "4.1.0.1", "-");
        let cloudflare = r#"{"result":{"ipv4_cidrs":["173.245.48.0/20"],"ipv6_cidrs":["2400:cb00::/32"],"etag":"x"},"success":true}"#;
        check(cloudflare, "173.245.48.1", "cloudflare");
        check("173.245.48.0/20\n103.21.244.0/22\n", "103.21.244.1", "cloudflare");
        check(r#"{"addresses":["151.101.0.0/16"],"ipv6_addresses":[]}"#, "151.101.1.1", "fastly");
    }

    #[test]
    fn a_file_that_is_none_is_refused_with_the_remedy() {
        let refuse = |text: &str| read(text).err().map(|error| error.to_string()).unwrap_or_default();
        for text in ["", "{}", "[]", "{\"prefixes\":[]}", "10.0.0.0/8", "\u{0}"] {
            assert!(refuse(text).starts_with("cloud ranges `dir/ranges.json`: it "), "{text}: {}", refuse(text));
        }
        assert!(refuse("192.0.2.0/24,US,,,").contains("geofeed"));
        let broken = r#"{"addresses":["151.101.0.0/33"],"ipv6_addresses":[]}"#;
        assert!(refuse(broken).contains("`151.101.0.0/33`"), "{}", refuse(broken));
        let twice = r#"{"last_updated_timestamp":"2025-07-21","regions":[
            {"region":"eu-zurich-1","cidrs":[{"cidr":"140.238.0.0/20"}]},{"region":"us-ashburn-1","cidrs":[{"cidr":"140.238.0.0/20"}]}]}"#;
        check(twice, "140.238.0.1", "several");
    }
}
