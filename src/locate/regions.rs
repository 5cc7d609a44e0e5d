//! Which country a cloud's region is in, and which region a host name of a cloud names.

use super::Country;

/// Regions of all clouds.
pub(super) struct Regions {
    /// Sorted by provider and region.
    entries: Vec<(&'static str, &'static str, Country)>,
}

/// Names that a provider gives out itself, and the networks it serves them from.
struct Provider {
    id: &'static str,
    suffixes: &'static [&'static str],
    networks: &'static [u32],
}

const PROVIDERS: &[Provider] = &[
    Provider {
        id: "aws",
        suffixes: &[
            "amazonaws.com",
            "amazonaws.com.cn",
            "on.aws",
            "api.aws",
            "amazonaws.eu",
            "elasticbeanstalk.com",
            "awsapprunner.com",
        ],
        networks: &[16509, 14618, 8987, 55960, 135629, 7224],
    },
    Provider {
        id: "azure",
        suffixes: &[
            "cloudapp.azure.com",
            "cloudapp.net",
            "azurecontainer.io",
            "azurecontainerapps.io",
            "azurewebsites.net",
            "azmk8s.io",
            "cloudapp.chinacloudapi.cn",
        ],
        networks: &[8075, 8069, 8068, 58593, 59067],
    },
    Provider {
        id: "google",
        suffixes: &["run.app", "cloudfunctions.net", "pkg.dev", "rep.googleapis.com", "bc.googleusercontent.com"],
        networks: &[15169, 396982],
    },
    Provider {
        id: "oracle",
        suffixes: &["oraclecloud.com", "oraclecloud.eu", "oci.customer-oci.com"],
        networks: &[31898],
    },
    Provider {
        id: "alibaba",
        suffixes: &["aliyuncs.com", "alibabacloud.com", "alicontainer.com", "fcapp.run"],
        networks: &[37963, 45102, 24429, 134963, 45103],
    },
    Provider {
        id: "tencent",
        suffixes: &["myqcloud.com", "tencentcos.cn", "tencentcos.com", "tencentcs.com", "tencentcloudapi.com"],
        networks: &[132203, 45090, 132591, 133478],
    },
    Provider {
        id: "huawei",
        suffixes: &["myhuaweicloud.com", "myhuaweicloud.cn", "myhuaweicloud.eu", "hwclouds.com"],
        networks: &[55990, 136907, 206204],
    },
    Provider { id: "volcengine", suffixes: &["volces.com", "ivolces.com", "volcengineapi.com"], networks: &[] },
    Provider { id: "baidu", suffixes: &["bcebos.com", "baidubce.com"], networks: &[38365, 55967] },
    Provider { id: "digitalocean", suffixes: &["digitaloceanspaces.com"], networks: &[14061] },
    Provider { id: "linode", suffixes: &["linodeobjects.com"], networks: &[63949] },
    Provider { id: "vultr", suffixes: &["vultrobjects.com"], networks: &[20473] },
    Provider { id: "hetzner", suffixes: &["your-objectstorage.com"], networks: &[24940, 213230] },
    Provider { id: "scaleway", suffixes: &["scw.cloud"], networks: &[12876] },
    Provider { id: "ovh", suffixes: &["cloud.ovh.net", "cloud.ovh.us"], networks: &[16276, 40676] },
    Provider { id: "ibm", suffixes: &["appdomain.cloud", "cloud.ibm.com"], networks: &[36351] },
    Provider { id: "wasabi", suffixes: &["wasabisys.com"], networks: &[395717] },
    Provider { id: "backblaze", suffixes: &["backblazeb2.com"], networks: &[40401] },
];

/// A region that a name names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named<'a> {
    pub provider: &'static str,
    pub region: &'a str,
    pub country: Country,
    /// The name was given by the provider itself, and not chosen by a customer.
    pub by_provider: bool,
}

const TABLE: &str = include_str!("../../data/regions.csv");

impl Default for Regions {
    fn default() -> Self {
        let mut entries: Vec<_> = TABLE.lines().filter_map(entry).collect();
        entries.sort_unstable();
        Self { entries }
    }
}

fn entry(line: &'static str) -> Option<(&'static str, &'static str, Country)> {
    let mut fields = line.split(',');
    let (provider, region, country) = (fields.next()?, fields.next()?, fields.next()?);
    Some((provider, region, Country::assigned(country)?))
}

impl Regions {
    /// The country of a region of a provider, in either case.
    pub fn country(&self, provider: &str, region: &str) -> Option<Country> {
        let region = region.to_ascii_lowercase();
        let at = self.entries.binary_search_by(|(p, r, _)| (*p, *r).cmp(&(provider, region.as_str()))).ok()?;
        self.entries.get(at).map(|(_, _, country)| *country)
    }

    /// The region that a name names; first the one that stands closest before a provider's own suffix.
    pub fn named<'a>(&self, name: &'a str) -> Option<Named<'a>> {
        let provider = PROVIDERS.iter().find_map(|provider| {
            let before = |suffix: &&str| name.strip_suffix(*suffix)?.strip_suffix('.');
            provider.suffixes.iter().find_map(before).map(|labels| (provider, labels))
        });
        match provider {
            Some((provider, labels)) => labels.rsplit('.').find_map(|label| {
                let (region, country) = self.in_label(provider.id, label)?;
                Some(Named { provider: provider.id, region, country, by_provider: true })
            }),
            None => name.split('.').find_map(|label| self.chosen(label)),
        }
    }

    /// The longest region that is the label, or stands in it between hyphens: `s3-eu-west-1`, `oss-cn-hangzhou-internal`.
    fn in_label<'a>(&self, provider: &str, label: &'a str) -> Option<(&'a str, Country)> {
        let first = self.entries.partition_point(|(p, _, _)| *p < provider);
        let of_provider = self.entries.get(first..)?.iter().take_while(|(p, _, _)| *p == provider);
        of_provider
            .filter_map(|(_, region, country)| between_hyphens(label, region).map(|found| (found, *country)))
            .max_by_key(|(found, _)| found.len())
    }

    /// A label that is written like a region of one of the great clouds. Whoever holds the domain chose it.
    fn chosen<'a>(&self, label: &'a str) -> Option<Named<'a>> {
        if !label.contains('-') && !label.ends_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        ["aws", "google", "alibaba", "oracle", "digitalocean"].iter().find_map(|provider| {
            let country = self.country(provider, label)?;
            Some(Named { provider, region: label, country, by_provider: false })
        })
    }
}

fn between_hyphens<'a>(label: &'a str, region: &str) -> Option<&'a str> {
    // Short names only as whole labels: `de` and `sin` stand in many a word.
    if label == region {
        return Some(label);
    }
    if region.len() < 5 {
        return None;
    }
    let (at, found) = label.match_indices(region).last()?;
    let before = label.get(..at).is_none_or(|text| text.is_empty() || text.ends_with('-'));
    let after = label.get(at + region.len()..).is_none_or(|text| text.is_empty() || text.starts_with('-'));
    (before && after).then_some(found)
}

/// Whether the provider serves its names from this network. A provider whose networks aren't listed may serve from any.
pub(super) fn serves_from(provider: &str, asn: u32) -> bool {
    let provider = PROVIDERS.iter().find(|known| known.id == provider);
    provider.is_some_and(|provider| provider.networks.is_empty() || provider.networks.contains(&asn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_found_in_the_names_that_providers_give() {
        let regions = Regions::default();
        let check = |name: &str, expect: &str| {
            let found = regions.named(name).map_or_else(
                || "-".to_owned(),
                |found| {
                    let whose = if found.by_provider { "provider" } else { "chosen" };
                    format!("{} {} {} {whose}", found.provider, found.region, found.country)
                },
            );
            assert_eq!(found, expect, "{name}");
        };
        check("ec2-3-120-1-2.eu-central-1.compute.amazonaws.com", "aws eu-central-1 DE provider");
        check("s3-eu-west-1.amazonaws.com", "aws eu-west-1 IE provider");
        check("eu-central-1.bucket.s3.us-east-2.amazonaws.com", "aws us-east-2 US provider");
        check("x.s3.cn-north-1.amazonaws.com.cn", "aws cn-north-1 CN provider");
        check("x.us-east-1-scl-1.elb.amazonaws.com", "aws us-east-1-scl-1 CL provider");
        check("b.oss-cn-hongkong.aliyuncs.com", "alibaba cn-hongkong HK provider");
        check("b.oss-cn-hangzhou-internal.aliyuncs.com", "alibaba cn-hangzhou CN provider");
        check("b.oss-eu-central-1.aliyuncs.com", "alibaba eu-central-1 DE provider");
        check("b.oss-ap-southeast-5.aliyuncs.com", "alibaba ap-southeast-5 ID provider");
        check("obs.ap-southeast-1.myhuaweicloud.com", "huawei ap-southeast-1 HK provider");
        check("b-125.cos.ap-hongkong.myqcloud.com", "tencent ap-hongkong HK provider");
        check("x.germanywestcentral.cloudapp.azure.com", "azure germanywestcentral DE provider");
        check("europe-west1-proj.cloudfunctions.net", "google europe-west1 BE provider");
        check("b.fra1.digitaloceanspaces.com", "digitalocean fra1 DE provider");
        check("s3.eu-central-1.wasabisys.com", "wasabi eu-central-1 NL provider");
        check("s3.de.io.cloud.ovh.net", "ovh de DE provider");
        check("api.eu-central-1.shop.example", "aws eu-central-1 DE chosen");
        check("img.example", "-");
        check("amazonaws.com", "-");
        check("x.notamazonaws.com", "-");
        check("bucket.s3.amazonaws.com", "-");
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        let regions = Regions::default();
        assert_eq!(regions.entries.len(), lines);
        assert!(regions.entries.windows(2).all(|pair| (pair[0].0, pair[0].1) != (pair[1].0, pair[1].1)));
    }
}
