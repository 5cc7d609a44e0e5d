//! An operator's own mapping of destinations, as curl's `--resolve` and `--connect-to` do.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::host::{HostError, LeafName};

const SHAPE: &str = "it is written `HOST:PORT:ADDR[:PORT][,ADDR[:PORT]]…`";

/// `HOST:PORT:ADDR[:PORT]`: connections to the host and port go to the addresses instead, in their order, and to
/// another port where one is given. `*` (or nothing) stands for any host or port; IPv6 stands in brackets where a port
/// could follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveOverride {
    /// `None`: any.
    host: Option<LeafName>,
    /// `None`: any.
    port: Option<u16>,
    /// Address, and the port to use instead.
    targets: Vec<(IpAddr, Option<u16>)>,
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    #[error("`{0}` lacks a part; {SHAPE}")]
    Shape(String),
    #[error("`{text}` is not a host: {source}; {SHAPE}")]
    Host { text: String, source: HostError },
    #[error("`{0}` is not a port from 1 to 65535; {SHAPE}")]
    Port(String),
    #[error("`{0}` is not an IP address; {SHAPE}, with IPv6 addresses in brackets")]
    Address(String),
}

impl ResolveOverride {
    /// Where to go instead; `None` when the mapping is for others.
    fn apply(&self, host: &LeafName, port: u16) -> Option<Vec<SocketAddr>> {
        let matches = self.host.as_ref().is_none_or(|it| it == host) && self.port.is_none_or(|it| it == port);
        let target = |(address, other): &(IpAddr, Option<u16>)| SocketAddr::new(*address, other.unwrap_or(port));
        matches.then(|| self.targets.iter().map(target).collect())
    }

    fn rank(&self) -> (bool, bool) {
        (self.host.is_some(), self.port.is_some())
    }
}

/// The addresses that the most specific mapping gives: a named host before any host, then a named port before any;
/// among equals the last one given.
pub(super) fn lookup(overrides: &[ResolveOverride], host: &LeafName, port: u16) -> Option<Vec<SocketAddr>> {
    let matching = overrides.iter().filter_map(|it| Some((it.rank(), it.apply(host, port)?)));
    matching.max_by_key(|(rank, _)| *rank).map(|(_, targets)| targets)
}

impl FromStr for ResolveOverride {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || OverrideError::Shape(text.to_owned());
        // A bracketed host holds colons of its own.
        let host_end = if text.starts_with('[') {
            text.find("]:").ok_or_else(shape)? + 1
        } else {
            text.find(':').ok_or_else(shape)?
        };
        let (host, rest) = (&text[..host_end], &text[host_end + 1..]);
        let (port, targets) = rest.split_once(':').ok_or_else(shape)?;
        let host = match host {
            "" | "*" => None,
            _ => Some(LeafName::parse(host).map_err(|source| OverrideError::Host { text: host.to_owned(), source })?),
        };
        let port = match port {
            "" | "*" => None,
            _ => Some(parse_port(port)?),
        };
        let targets = targets.split(',').map(parse_target).collect::<Result<_, _>>()?;
        Ok(Self { host, port, targets })
    }
}

fn parse_target(text: &str) -> Result<(IpAddr, Option<u16>), OverrideError> {
    let wrong = || OverrideError::Address(text.to_owned());
    if let Ok(address) = text.parse() {
        return Ok((address, None));
    }
    if let Some((address, rest)) = text.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
        let port = match rest.strip_prefix(':') {
            Some(port) => Some(parse_port(port)?),
            None if rest.is_empty() => None,
            None => return Err(wrong()),
        };
        return Ok((address.into(), port));
    }
    let (address, port) = text.split_once(':').ok_or_else(wrong)?;
    Ok((address.parse().map_err(|_| wrong())?, Some(parse_port(port)?)))
}

fn parse_port(text: &str) -> Result<u16, OverrideError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port != 0);
    port.ok_or_else(|| OverrideError::Port(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_lead_elsewhere() {
        #[track_caller]
        fn check(mappings: &[&str], host: &str, port: u16, expect: Option<&[&str]>) {
            let overrides: Vec<ResolveOverride> = mappings.iter().map(|it| it.parse().unwrap()).collect();
            let got = lookup(&overrides, &LeafName::parse(host).unwrap(), port);
            let expect = expect.map(|list| list.iter().map(|it| it.parse().unwrap()).collect::<Vec<SocketAddr>>());
            assert_eq!(got, expect, "{mappings:?} {host}:{port}");
        }
        check(&["a.example:443:127.0.0.1"], "A.Example.", 443, Some(&["127.0.0.1:443"]));
        check(&["a.example:443:127.0.0.1"], "a.example", 80, None);
        check(&["a.example:443:127.0.0.1"], "b.a.example", 443, None);
        check(&["a.example:443:127.0.0.1:9443"], "a.example", 443, Some(&["127.0.0.1:9443"]));
        check(
            &["a.example:443:127.0.0.1,[::1],::2"],
            "a.example",
            443,
            Some(&["127.0.0.1:443", "[::1]:443", "[::2]:443"]),
        );
        check(&["a.example:443:[::1]:9443,127.0.0.2:1"], "a.example", 443, Some(&["[::1]:9443", "127.0.0.2:1"]));
        check(&["*:443:127.0.0.1"], "any.example", 443, Some(&["127.0.0.1:443"]));
        check(&["::127.0.0.1"], "any.example", 81, Some(&["127.0.0.1:81"]));
        check(&["[2001:db8::1]:443:127.0.0.1"], "2001:db8::1", 443, Some(&["127.0.0.1:443"]));
        check(&["192.0.2.1:443:127.0.0.1"], "192.0.2.1", 443, Some(&["127.0.0.1:443"]));
        let several = &[
            "a.example:443:127.0.0.1",
            "*:443:127.0.0.2",
            "a.example:*:127.0.0.3",
            "b.example:1:127.0.0.4",
            "b.example:1:127.0.0.5",
        ];
        check(several, "a.example", 443, Some(&["127.0.0.1:443"]));
        check(several, "c.example", 443, Some(&["127.0.0.2:443"]));
        check(several, "a.example", 80, Some(&["127.0.0.3:80"]));
        check(several, "b.example", 1, Some(&["127.0.0.5:1"]));
    }

    #[test]
    fn errors_say_which_part_is_wrong() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let error = text.parse::<ResolveOverride>().unwrap_err().to_string();
            assert!(error.starts_with(expect) && error.contains("HOST:PORT:ADDR"), "{error}");
        }
        check("", "`` lacks a part");
        check("a.example", "`a.example` lacks a part");
        check("a.example:443", "`a.example:443` lacks a part");
        check("[::1]", "`[::1]` lacks a part");
        check("a.example:443:", "`` is not an IP address");
        check("a.example:443:b.example", "`b.example` is not an IP address");
        check("a.example:443:1.2.3.4,", "`` is not an IP address");
        check("a.example:0:1.2.3.4", "`0` is not a port");
        check("a.example:x:1.2.3.4", "`x` is not a port");
        check("a.example:+1:1.2.3.4", "`+1` is not a port");
        check("a.example:443:1.2.3.4:65536", "`65536` is not a port");
        check("a.example:443:[::1]9", "`[::1]9` is not an IP address");
        check("a b:443:1.2.3.4", "`a b` is not a host");
    }
}
