//! Names to addresses: the operator's overrides, then the hosts file, then DNS, with the chain of canonical names.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver};
use tokio::time::timeout;

use super::host::{HostError, LeafName};
use super::resolve_override::{ResolveOverride, lookup};
use crate::exchange::Trouble;

/// Longest wait for an answer, all retries included.
const DNS_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer chains are cut: no honest one is.
const MAX_CHAIN: usize = 16;

/// Where a name's addresses came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Override,
    /// The host is an address itself.
    Literal,
    /// `localhost`, or a name under it (RFC 6761 section 6.3).
    Localhost,
    HostsFile,
    Dns,
}

/// A destination's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// In the order to try them; never empty. Families alternate, save for overrides, whose order is the operator's.
    pub candidates: Vec<SocketAddr>,
    /// Canonical names met on the way, in order.
    pub cname: Vec<String>,
    /// The least time to live of the answer's records; `None` where DNS was not asked.
    pub ttl: Option<Duration>,
    pub source: Source,
}

/// Canonical names on the way to the addresses, and how long they hold.
type Chain = (Vec<String>, Option<Duration>);

/// Why a name has no address.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResolveError {
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("the name does not exist, or has no address")]
    NotFound,
    #[error("the name servers did not answer in time")]
    Timeout,
    #[error("the name servers could not answer: {0}")]
    Failed(String),
    #[error("no name server is configured: {0}; use `--resolve` or the hosts file, or set one up")]
    NoNameServer(String),
    #[error("cannot read the hosts file `{}`: {reason}", path.display())]
    HostsFile { path: PathBuf, reason: String },
}

impl ResolveError {
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Timeout => Trouble::DnsTimeout,
            _ => Trouble::DnsError,
        }
    }
}

/// Resolves names as the system it runs on does. hickory keeps a small cache, by the records' times to live.
pub struct Resolver {
    overrides: Vec<ResolveOverride>,
    hosts: HostsFile,
    /// Made when a name first needs it, so that a system without name servers can do without.
    dns: Mutex<Option<TokioResolver>>,
}

impl Resolver {
    pub fn new(overrides: Vec<ResolveOverride>) -> Self {
        Self { overrides, hosts: HostsFile::new("/etc/hosts".into()), dns: Mutex::new(None) }
    }

    /// Addresses of `host` as a client names it (see [`LeafName::parse`]).
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Resolved, ResolveError> {
        let host = LeafName::parse(host)?;
        if let Some(resolved) = self.without_dns(&host, port) {
            return Ok(resolved);
        }
        let name = host.dns().ok_or(ResolveError::NotFound)?;
        let found = |addresses, chain, source| Ok(resolved(addresses, port, chain, source));
        let mut dns_name = Name::from_ascii(name).map_err(|_| HostError::Label)?;
        let listed = self.hosts.lookup(&dns_name)?;
        if !listed.is_empty() {
            return found(listed, (Vec::new(), None), Source::HostsFile);
        }
        // Search domains are for single labels only: a name with a dot must never turn into another one.
        dns_name.set_fqdn(name.contains('.'));
        let (addresses, chain) = self.ask_dns(dns_name).await?;
        if addresses.is_empty() { Err(ResolveError::NotFound) } else { found(addresses, chain, Source::Dns) }
    }

    /// What is known without asking anybody: the operator's overrides, addresses, `localhost`.
    pub fn without_dns(&self, host: &LeafName, port: u16) -> Option<Resolved> {
        if let Some(candidates) = lookup(&self.overrides, host, port) {
            return Some(Resolved { candidates, cname: Vec::new(), ttl: None, source: Source::Override });
        }
        let Some(name) = host.dns() else {
            return Some(resolved(host.ip().into_iter().collect(), port, Chain::default(), Source::Literal));
        };
        let addresses = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        let local = name == "localhost" || name.ends_with(".localhost");
        local.then(|| resolved(addresses, port, Chain::default(), Source::Localhost))
    }

    /// The name that an address's own holder gives to it (PTR); `None` where there is none, or nobody could tell.
    pub async fn name_of(&self, address: IpAddr) -> Option<String> {
        let answer = timeout(DNS_TIMEOUT, self.dns().ok()?.reverse_lookup(address)).await.ok()?.ok()?;
        let name =
            |data: &RData| if let RData::PTR(name) = data { Some(name.0.to_lowercase().to_ascii()) } else { None };
        let name = answer.answers().iter().find_map(|record| name(&record.data))?;
        Some(name.trim_end_matches('.').to_owned())
    }

    async fn ask_dns(&self, name: Name) -> Result<(Vec<IpAddr>, Chain), ResolveError> {
        let dns = self.dns()?;
        let answer = timeout(DNS_TIMEOUT, dns.lookup_ip(name)).await.map_err(|_| ResolveError::Timeout)?;
        let answer = answer.map_err(explain)?;
        let mut aliases = HashMap::new();
        for record in answer.as_lookup().answers() {
            if let RData::CNAME(target) = &record.data {
                aliases.insert(record.name.to_lowercase(), target.0.to_lowercase());
            }
        }
        let mut cname = Vec::new();
        let mut at = answer.query().name().to_lowercase();
        while let Some(next) = aliases.remove(&at).filter(|_| cname.len() < MAX_CHAIN) {
            cname.push(next.to_ascii().trim_end_matches('.').to_owned());
            at = next;
        }
        let ttl = answer.as_lookup().answers().iter().map(|record| record.ttl).min();
        Ok((answer.iter().collect(), (cname, ttl.map(|seconds| Duration::from_secs(seconds.into())))))
    }

    fn dns(&self) -> Result<TokioResolver, ResolveError> {
        let mut dns = self.dns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dns) = &*dns {
            return Ok(dns.clone());
        }
        let build = || {
            let mut builder = TokioResolver::builder_tokio()?;
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            // Both families at once; which comes first is `alternate`'s and the race's affair (RFC 8305 section 3).
            builder.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
            builder.build()
        };
        let made = build().map_err(|e: NetError| ResolveError::NoNameServer(e.to_string()))?;
        Ok(dns.insert(made).clone())
    }
}

fn resolved(addresses: Vec<IpAddr>, port: u16, (cname, ttl): Chain, source: Source) -> Resolved {
    let candidates = alternate(addresses).into_iter().map(|address| SocketAddr::new(address, port)).collect();
    Resolved { candidates, cname, ttl, source }
}

fn explain(error: NetError) -> ResolveError {
    match error {
        NetError::Timeout => ResolveError::Timeout,
        NetError::NoConnections => ResolveError::NoNameServer("none is listed, or none can be reached".to_owned()),
        NetError::Dns(DnsError::NoRecordsFound(_)) => ResolveError::NotFound,
        other => ResolveError::Failed(other.to_string()),
    }
}

/// Alternates the families, beginning with the first one's (RFC 8305 section 4).
fn alternate(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return mixed;
        }
        mixed.extend(pair.into_iter().flatten());
    }
}

/// The system's hosts file, read again when it changes.
struct HostsFile {
    path: PathBuf,
    read: Mutex<(Option<SystemTime>, Arc<Hosts>)>,
}

impl HostsFile {
    fn new(path: PathBuf) -> Self {
        Self { path, read: Mutex::new((None, Arc::default())) }
    }

    fn lookup(&self, name: &Name) -> Result<Vec<IpAddr>, ResolveError> {
        let fail = |e: io::Error| ResolveError::HostsFile { path: self.path.clone(), reason: e.to_string() };
        let hosts = self.current().map_err(fail)?;
        let answers = [RecordType::AAAA, RecordType::A].into_iter().filter_map(|kind| {
            let lookup = hosts.lookup_static_host(&Query::query(name.clone(), kind))?;
            Some(lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>())
        });
        Ok(answers.flatten().collect())
    }

    /// A system without the file has no entries.
    fn current(&self) -> io::Result<Arc<Hosts>> {
        let changed = match fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata.modified()?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != changed {
            let mut hosts = Hosts::default();
            if changed.is_some() {
                hosts.read_hosts_conf(File::open(&self.path)?)?;
            }
            *read = (changed, Arc::new(hosts));
        }
        Ok(Arc::clone(&read.1))
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
    use hickory_resolver::proto::rr::Record;
    use hickory_resolver::proto::rr::rdata::CNAME;

    use super::*;

    /// Answers every question for `www.example` by way of two canonical names, and no other, until the test ends.
    fn name_server() -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let request = Message::from_vec(&buffer[..length]).unwrap();
                socket.send_to(&answer(&request).to_vec().unwrap(), from).unwrap();
            }
        });
        port
    }

    fn answer(request: &Message) -> Message {
        let mut response = request.clone();
        response.metadata.message_type = MessageType::Response;
        let query = request.queries[0].clone();
        if query.name().to_lowercase() != Name::from_ascii("www.example.").unwrap() {
            response.metadata.response_code = ResponseCode::NXDomain;
            return response;
        }
        let name = |text| Name::from_ascii(text).unwrap();
        let alias = |from, to| Record::from_rdata(name(from), 60, RData::CNAME(CNAME(name(to))));
        response.answers.push(alias("www.example.", "WWW.Cdn.example."));
        response.answers.push(alias("www.cdn.example.", "edge.cdn.example."));
        let addresses: &[&str] = match query.query_type() {
            RecordType::A => &["192.0.2.1", "192.0.2.2"],
            _ => &["2001:db8::1"],
        };
        for address in addresses {
            let address: IpAddr = address.parse().unwrap();
            response.answers.push(Record::from_rdata(name("edge.cdn.example."), 60, RData::from(address)));
        }
        response
    }

    fn with_name_server(port: u16) -> Resolver {
        let mut connection = ConnectionConfig::udp();
        connection.port = port;
        let mut server = NameServerConfig::udp([127, 0, 0, 1].into());
        server.connections = vec![connection];
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let dns = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap();
        Resolver { dns: Mutex::new(Some(dns)), ..lab("", &[]) }
    }

    /// With a hosts file of its own, and the system's name servers.
    fn lab(hosts: &str, overrides: &[&str]) -> Resolver {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), hosts).unwrap();
        let (_, path) = file.keep().unwrap();
        let mut resolver = Resolver::new(overrides.iter().map(|text| text.parse().unwrap()).collect());
        resolver.hosts = HostsFile::new(path.clone());
        resolver.hosts.current().unwrap();
        resolver
    }

    fn addresses(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn dns_answers_keep_their_chain() {
        let resolver = with_name_server(name_server());
        let resolved = resolver.resolve("WWW.example.", 443).await.unwrap();
        assert_eq!(resolved.cname, ["www.cdn.example", "edge.cdn.example"]);
        assert_eq!((resolved.source, resolved.ttl), (Source::Dns, Some(Duration::from_secs(60))));
        let mut candidates = resolved.candidates.clone();
        candidates.sort();
        assert_eq!(candidates, addresses(&["192.0.2.1:443", "192.0.2.2:443", "[2001:db8::1]:443"]));
        assert_ne!(resolved.candidates[0].is_ipv4(), resolved.candidates[1].is_ipv4(), "families alternate");
        let error = resolver.resolve("other.example", 443).await.unwrap_err();
        assert!(matches!(error, ResolveError::NotFound), "{error}");
        assert_eq!(error.trouble(), Trouble::DnsError);
    }

    #[tokio::test]
    async fn what_needs_no_dns_never_asks() {
        let resolver = lab(
            "192.0.2.9 a.example A2.example # c\n::9 a.example\n127.0.0.9 localhost\n",
            &["a.example:80:192.0.2.7:8000"],
        );
        let check = async |host: &str, port: u16, expect: &[&str], source: Source| {
            let got = resolver.resolve(host, port).await.unwrap();
            assert_eq!((got.candidates, got.source), (addresses(expect), source), "{host}");
            assert_eq!(got.cname.len(), 0);
        };
        check("a.example", 80, &["192.0.2.7:8000"], Source::Override).await;
        check("A.example.", 443, &["[::9]:443", "192.0.2.9:443"], Source::HostsFile).await;
        check("a2.example", 443, &["192.0.2.9:443"], Source::HostsFile).await;
        check("localhost", 1, &["127.0.0.1:1", "[::1]:1"], Source::Localhost).await;
        check("api.localhost", 1, &["127.0.0.1:1", "[::1]:1"], Source::Localhost).await;
        check("192.0.2.5", 1, &["192.0.2.5:1"], Source::Literal).await;
        check("[2001:db8::5]", 1, &["[2001:db8::5]:1"], Source::Literal).await;
        check("0xc0000205", 1, &["192.0.2.5:1"], Source::Literal).await;
        assert!(matches!(resolver.resolve("a..b", 1).await, Err(ResolveError::Host(HostError::Label))));
        assert!(resolver.dns.lock().unwrap().is_none());
        fs::remove_file(&resolver.hosts.path).unwrap();
        assert_eq!(
            resolver.hosts.current().unwrap().lookup_static_host(&Query::query(Name::root(), RecordType::A)),
            None
        );
    }

    #[test]
    fn families_alternate() {
        #[track_caller]
        fn check(list: &[&str], expect: &[&str]) {
            let got = alternate(list.iter().map(|text| text.parse().unwrap()).collect());
            let got: Vec<String> = got.iter().map(IpAddr::to_string).collect();
            assert_eq!(got, expect);
        }
        check(&[], &[]);
        check(&["::1", "::2", "::3", "1.1.1.1"], &["::1", "1.1.1.1", "::2", "::3"]);
        check(&["1.1.1.1", "2.2.2.2", "::1"], &["1.1.1.1", "::1", "2.2.2.2"]);
    }
}
