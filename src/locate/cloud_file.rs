//! Range files as cloud operators publish them, told apart by what is in them.

use ipnet::IpNet;
use serde::Deserialize;

use super::prefix;

/// One range of a file.
pub(super) struct CloudRange {
    pub range: IpNet,
    /// The operator's id of the region; `None` where the file names no place.
    pub region: Option<String>,
}

/// What a file holds.
pub(super) struct CloudFile {
    /// As `data/regions.csv` names the operator; `cloudflare` and `fastly` have no regions.
    pub provider: &'static str,
    /// Date of the file, `YYYY-MM-DD`, where it has one.
    pub date: Option<String>,
    pub ranges: Vec<CloudRange>,
}

/// Why it isn't one, and what to do.
pub(super) type Problem = (String, &'static str);

const KNOWN: &str = "name AWS ip-ranges.json, Google cloud.json, Oracle public_ip_ranges.json, Azure ServiceTags, \
                     Fastly public-ip-list or Cloudflare ips";

/// Read a file, whichever operator's it is.
pub(super) fn read(bytes: &[u8]) -> Result<CloudFile, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| ("it is no text".to_owned(), KNOWN))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('{') {
        return plain(text);
    }
    let form: Form = serde_json::from_str(text).map_err(|error| (format!("it can't be read: {error}"), KNOWN))?;
    let file = match form {
        Form::Aws(file) => file.read(),
        Form::Google(file) => file.read(),
        Form::Oracle(file) => file.read(),
        Form::Azure(file) => file.read(),
        Form::Cloudflare { result } => list("cloudflare", result.ipv4_cidrs.iter().chain(&result.ipv6_cidrs)),
        Form::Fastly { addresses, ipv6_addresses } => list("fastly", addresses.iter().chain(&ipv6_addresses)),
    }?;
    if file.ranges.is_empty() {
        return Err(("it holds no ranges".to_owned(), KNOWN));
    }
    Ok(file)
}

/// A form is known by the fields that it alone has.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Aws(Aws),
    Google(Google),
    Oracle(Oracle),
    Azure(Azure),
    Cloudflare { result: CloudflareResult },
    Fastly { addresses: Vec<String>, ipv6_addresses: Vec<String> },
}

#[derive(Deserialize)]
struct Aws {
    #[serde(rename = "createDate")]
    create_date: String,
    prefixes: Vec<AwsV4>,
    #[serde(default)]
    ipv6_prefixes: Vec<AwsV6>,
}

#[derive(Deserialize)]
struct AwsV4 {
    ip_prefix: String,
    network_border_group: String,
    region: String,
}

#[derive(Deserialize)]
struct AwsV6 {
    ipv6_prefix: String,
    network_border_group: String,
    region: String,
}

#[derive(Deserialize)]
struct Google {
    #[serde(rename = "creationTime")]
    creation_time: String,
    prefixes: Vec<GooglePrefix>,
}

#[derive(Deserialize)]
struct GooglePrefix {
    #[serde(rename = "ipv4Prefix")]
    ipv4: Option<String>,
    #[serde(rename = "ipv6Prefix")]
    ipv6: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Oracle {
    last_updated_timestamp: String,
    regions: Vec<OracleRegion>,
}

#[derive(Deserialize)]
struct OracleRegion {
    region: String,
    cidrs: Vec<OracleCidr>,
}

#[derive(Deserialize)]
struct OracleCidr {
    cidr: String,
}

#[derive(Deserialize)]
struct Azure {
    #[serde(rename = "changeNumber")]
    _change_number: u64,
    values: Vec<AzureTag>,
}

#[derive(Deserialize)]
struct AzureTag {
    properties: AzureProperties,
}

#[derive(Deserialize)]
struct AzureProperties {
    region: String,
    #[serde(rename = "addressPrefixes")]
    address_prefixes: Vec<String>,
}

#[derive(Deserialize)]
struct CloudflareResult {
    ipv4_cidrs: Vec<String>,
    ipv6_cidrs: Vec<String>,
}

fn range(text: &str) -> Result<IpNet, Problem> {
    prefix::parse(text).map_err(|reason| (format!("`{text}`: {reason}"), "fetch the file again"))
}

fn in_region(text: &str, region: &str) -> Result<CloudRange, Problem> {
    Ok(CloudRange { range: range(text)?, region: Some(region.to_ascii_lowercase()) })
}

fn date(text: &str) -> Option<String> {
    text.get(..10).map(str::to_owned)
}

impl Aws {
    /// By network border group: a local zone is not where its parent region is. `GLOBAL` is no place.
    fn read(self) -> Result<CloudFile, Problem> {
        let v4 = self.prefixes.iter().map(|p| (&p.ip_prefix, &p.network_border_group, &p.region));
        let v6 = self.ipv6_prefixes.iter().map(|p| (&p.ipv6_prefix, &p.network_border_group, &p.region));
        let somewhere = |(_, group, region): &(&String, &String, &String)| *group != "GLOBAL" && *region != "GLOBAL";
        let ranges = v4
            .chain(v6)
            .filter(somewhere)
            .map(|(range, group, _)| in_region(range, group))
            .collect::<Result<_, _>>()?;
        Ok(CloudFile { provider: "aws", date: date(&self.create_date), ranges })
    }
}

impl Google {
    fn read(self) -> Result<CloudFile, Problem> {
        let place = |p: &GooglePrefix| {
            let scope = p.scope.clone().filter(|scope| scope != "global")?;
            Some((p.ipv4.clone().or(p.ipv6.clone())?, scope))
        };
        let ranges = self.prefixes.iter().filter_map(place).map(|(range, scope)| in_region(&range, &scope));
        Ok(CloudFile { provider: "google", date: date(&self.creation_time), ranges: ranges.collect::<Result<_, _>>()? })
    }
}

impl Oracle {
    fn read(self) -> Result<CloudFile, Problem> {
        let ranges = self.regions.iter().flat_map(|r| r.cidrs.iter().map(|cidr| in_region(&cidr.cidr, &r.region)));
        let date = date(&self.last_updated_timestamp);
        Ok(CloudFile { provider: "oracle", date, ranges: ranges.collect::<Result<_, _>>()? })
    }
}

impl Azure {
    /// Only tags of one region name a place.
    fn read(self) -> Result<CloudFile, Problem> {
        let tags = self.values.iter().map(|tag| &tag.properties).filter(|tag| !tag.region.is_empty());
        let ranges = tags.flat_map(|tag| tag.address_prefixes.iter().map(|range| in_region(range, &tag.region)));
        Ok(CloudFile { provider: "azure", date: None, ranges: ranges.collect::<Result<_, _>>()? })
    }
}

fn list<'a>(provider: &'static str, ranges: impl Iterator<Item = &'a String>) -> Result<CloudFile, Problem> {
    let ranges = ranges.map(|text| Ok(CloudRange { range: range(text)?, region: None })).collect::<Result<_, _>>()?;
    Ok(CloudFile { provider, date: None, ranges })
}

/// Lines of bare ranges: Cloudflare's `ips-v4` and `ips-v6`.
fn plain(text: &str) -> Result<CloudFile, Problem> {
    let lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    if lines.iter().any(|line| line.contains(',')) {
        return Err(("its lines have fields, as a geofeed's do".to_owned(), "name a geofeed under `geofeeds`"));
    }
    if !lines.iter().any(|line| line == "173.245.48.0/20" || line == "2400:cb00::/32") {
        return Err(("it is no list of ranges whose operator can be told".to_owned(), KNOWN));
    }
    list("cloudflare", lines.iter())
}
