//! What a configuration means: one section per stage, with the defaults.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use super::value::{many, maybe, one, overrides, size};
use super::{BypassRule, Device, Https, Listener};
use crate::capture::{HostSuffix, LeafName, OnBadUpstream, OnPinned, PinningOptions, ProxyUrl, ResolveOverride};
use crate::decode::Budget;
use crate::ledger::{OnTrouble, Sync, WriterOptions};
use crate::locate::{Override, Path, Vantage};

/// All sections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub capture: Capture,
    pub decode: Decode,
    pub detect: Detect,
    pub locate: Locate,
    pub judge: Judge,
    pub ledger: Ledger,
    /// By name, `[export.NAME]`.
    pub export: BTreeMap<String, Export>,
    pub console: Console,
}

/// Where traffic comes in and who may send it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capture {
    #[serde(deserialize_with = "one")]
    pub listen: SocketAddr,
    /// Further addresses.
    pub listeners: Vec<Listener>,
    /// Clients that may use the proxy. Empty: everyone when bound to loopback, else clients from private ranges.
    #[serde(deserialize_with = "many")]
    pub allow_clients: Vec<IpNet>,
    /// File of users and hashed passwords; naming one makes the proxy ask for them.
    pub accounts: Option<PathBuf>,
    /// Devices with a name in the record.
    pub devices: Vec<Device>,
    /// Destinations reached although the rules that hold without a word say no.
    #[serde(deserialize_with = "many")]
    pub allow: Vec<IpNet>,
    /// Destinations never reached.
    #[serde(deserialize_with = "many")]
    pub deny: Vec<IpNet>,
    /// Destinations that are tunnelled unopened.
    #[serde(deserialize_with = "many")]
    pub bypass: Vec<HostSuffix>,
    /// The same by client, or by the name in the hello alone.
    pub bypass_rules: Vec<BypassRule>,
    /// PEM files of roots that upstream certificates may chain to, beside the platform's.
    pub upstream_ca: Vec<PathBuf>,
    /// Destinations whose certificates are not verified.
    #[serde(deserialize_with = "many")]
    pub unverified: Vec<HostSuffix>,
    #[serde(deserialize_with = "one")]
    pub on_bad_upstream: OnBadUpstream,
    /// Certificates for servers that want one.
    pub client_certificates: Vec<ClientCertificate>,
    #[serde(deserialize_with = "many")]
    pub resolve: Vec<ResolveOverride>,
    /// Offers of HTTP/3 are taken out of responses.
    pub strip_alt_svc: bool,
    #[serde(deserialize_with = "one")]
    pub on_pinned: OnPinned,
    pub pinning: Pinning,
    /// `None`: destinations are dialled directly.
    pub upstream_proxy: Option<UpstreamProxy>,
    /// TLS to the proxy itself.
    pub https: Https,
    pub limits: Limits,
}

/// A certificate that servers of a host are shown when they want one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificate {
    #[serde(deserialize_with = "one")]
    pub host: HostSuffix,
    /// PEM files; the key may stand in the certificate's.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// When a client counts as not accepting Landfall's certificate for a host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pinning {
    pub rejections: u32,
    pub of: u32,
    #[serde(deserialize_with = "one")]
    pub ttl: Duration,
}

/// A proxy behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamProxy {
    #[serde(deserialize_with = "one")]
    pub url: ProxyUrl,
    /// File with `user:password`.
    pub credentials: Option<PathBuf>,
    /// Destinations that are dialled directly.
    #[serde(default, deserialize_with = "many")]
    pub bypass: Vec<HostSuffix>,
}

/// What one peer may cost. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Client connections at once, and tunnels; more are answered 503.
    pub connections: usize,
    /// Request line or status line and all header fields.
    #[serde(deserialize_with = "size")]
    pub header_block: usize,
    pub header_fields: usize,
    /// A TLS handshake, or a client's first bytes.
    #[serde(deserialize_with = "one")]
    pub handshake: Duration,
    /// From a request's first byte to the end of its header block.
    #[serde(deserialize_with = "one")]
    pub header_read: Duration,
    /// Name resolution and TCP connection to the upstream.
    #[serde(deserialize_with = "one")]
    pub connect: Duration,
    /// No byte in either direction.
    #[serde(deserialize_with = "one")]
    pub idle: Duration,
    /// From a request to the head of its response, while nothing passes.
    #[serde(deserialize_with = "one")]
    pub response: Duration,
    /// Wait for a place among `slots` before a request is answered 503.
    #[serde(deserialize_with = "one")]
    pub slot_wait: Duration,
    /// Concurrent streams of one HTTP/2 connection.
    pub h2_streams: u32,
    /// HTTP/2 frames without content at once on one connection; a tenth of it each second. A reset counts as four.
    pub h2_control_frames: u32,
    /// A stream's first part is recorded this long after its first bytes.
    #[serde(deserialize_with = "one")]
    pub segment_first: Duration,
    /// Later parts, other bodies that are long under way, and requests that wait for their answer.
    #[serde(deserialize_with = "one")]
    pub segment_every: Duration,
    /// Bytes of a part of a stream; other bodies are cut at `body`.
    #[serde(deserialize_with = "size")]
    pub segment_bytes: usize,
    /// Copy kept of one body, or of one part of it: a longer one is recorded in parts.
    #[serde(deserialize_with = "size")]
    pub body: usize,
    /// Copies kept of all bodies at once.
    #[serde(deserialize_with = "size")]
    pub body_budget: usize,
    /// Exchanges under way or waiting for their audit.
    pub slots: usize,
    /// Time to finish what is under way at the end.
    #[serde(deserialize_with = "one")]
    pub drain: Duration,
}

/// How deep bodies are looked into.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Decode {
    /// Off: exchanges are relayed and recorded, their bodies are not decoded.
    pub inspect: bool,
    pub depth: u16,
    #[serde(deserialize_with = "size")]
    pub bytes: usize,
    pub ratio: usize,
    pub fields: usize,
}

/// What is looked for: all of it data, in the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detect {
    /// Files of values that a tester knows.
    pub personas: Vec<PathBuf>,
}

/// Where addresses and names are looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Locate {
    /// MMDB files; any replaces the embedded ones.
    pub country_db: Vec<PathBuf>,
    pub asn_db: Option<PathBuf>,
    /// What the operator knows better than any database.
    #[serde(deserialize_with = "overrides")]
    pub overrides: Vec<Override>,
    /// RFC 8805 files.
    pub geofeeds: Vec<PathBuf>,
    /// Range files of cloud operators.
    pub cloud_ranges: Vec<PathBuf>,
    /// Where this Landfall stands, for what connect times bound.
    #[serde(deserialize_with = "maybe")]
    pub vantage: Option<Vantage>,
    /// What the way out of here goes through.
    #[serde(rename = "vantage_path", deserialize_with = "one")]
    pub path: Path,
}

/// Which rules are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Judge {
    /// Directories that add to the built-in rules or override them.
    pub rules: Vec<PathBuf>,
    /// List of government-related locations (28 CFR 202.1401) as GeoJSON or CSV, on top of those in the rule directories.
    pub gov_locations: Option<PathBuf>,
    /// Files of facts that the operator declares of recipients: exemptions, contracts, types of transactions.
    pub facts: Vec<PathBuf>,
    /// Ids of packs; empty: all.
    pub packs: Vec<String>,
    /// Whether the client's own address, which every request shows to its recipient, counts as a listed identifier.
    pub count_implicit_client_ip: bool,
    /// How many users there are, by the operator's own word: each window then says what it would be with as many.
    pub projected_users: Option<u64>,
}

/// Where the record is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ledger {
    /// Data directory; `None`: the default, see [`data_dir`](super::data_dir).
    pub data: Option<PathBuf>,
    #[serde(deserialize_with = "one")]
    pub on_trouble: OnTrouble,
    #[serde(deserialize_with = "one")]
    pub sync: Sync,
    /// Records committed together, at most.
    pub group: usize,
}

/// One output of records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Export {
    /// The event stream as JSON lines, into a file, or to stdout where the path is `-`.
    Events { path: PathBuf },
}

/// The admin listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    #[serde(deserialize_with = "one")]
    pub listen: SocketAddr,
    /// Names under which it may be asked, beside loopback's and the bound address.
    #[serde(deserialize_with = "many")]
    pub hosts: Vec<LeafName>,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            listeners: Vec::new(),
            allow_clients: Vec::new(),
            accounts: None,
            devices: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            bypass: Vec::new(),
            bypass_rules: Vec::new(),
            upstream_ca: Vec::new(),
            unverified: Vec::new(),
            on_bad_upstream: OnBadUpstream::default(),
            client_certificates: Vec::new(),
            resolve: Vec::new(),
            strip_alt_svc: false,
            on_pinned: PinningOptions::default().on_pinned,
            pinning: Pinning::default(),
            upstream_proxy: None,
            https: Https::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for Pinning {
    fn default() -> Self {
        let PinningOptions { rejections, of, ttl, .. } = PinningOptions::default();
        Self { rejections, of, ttl }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header_block: 64 << 10,
            header_fields: 128,
            handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(300),
            response: Duration::from_secs(300),
            slot_wait: Duration::from_secs(10),
            h2_streams: 100,
            h2_control_frames: 2000,
            segment_first: Duration::from_secs(1),
            segment_every: Duration::from_secs(10),
            segment_bytes: 1 << 20,
            body: 8 << 20,
            body_budget: 128 << 20,
            slots: 1024,
            drain: Duration::from_secs(20),
        }
    }
}

impl Default for Decode {
    fn default() -> Self {
        let Budget { depth, bytes, ratio, fields } = Budget::default();
        Self { inspect: true, depth, bytes, ratio, fields }
    }
}

impl Default for Ledger {
    fn default() -> Self {
        let WriterOptions { group, on_trouble, .. } = WriterOptions::default();
        Self { data: None, on_trouble, sync: Sync::default(), group }
    }
}

impl Default for Console {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8090)), hosts: Vec::new() }
    }
}
