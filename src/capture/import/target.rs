//! A request's URL, taken apart without touching its percent-encoding.

use crate::capture::LeafName;
use crate::exchange::Scheme;

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    pub scheme: Scheme,
    /// Lower-case A-label without trailing dot, or an IP literal without brackets.
    pub host: String,
    pub port: u16,
    /// As written, without user information.
    pub authority: String,
    pub path: String,
    pub query: Option<String>,
}

/// Why a URL leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub enum NoTarget {
    /// Nothing goes over the network: `data:`, `blob:` and the like.
    Local(&'static str),
    Malformed(&'static str),
}

/// Schemes that browsers list among their requests although nothing leaves the machine.
const LOCAL: &[&str] = &["about", "blob", "chrome", "chrome-extension", "data", "file", "moz-extension"];

impl Target {
    pub fn parse(url: &str) -> Result<Self, NoTarget> {
        let url = url.trim();
        let (scheme, rest) = url.split_once(':').ok_or(NoTarget::Malformed("is not absolute"))?;
        let scheme = scheme.to_ascii_lowercase();
        let scheme = match scheme.as_str() {
            "http" | "ws" => Scheme::Http,
            "https" | "wss" => Scheme::Https,
            other => {
                return Err(match LOCAL.iter().find(|known| **known == other) {
                    Some(known) => NoTarget::Local(known),
                    None => NoTarget::Malformed("is neither of http, https, ws nor wss"),
                });
            }
        };
        let rest = rest.strip_prefix("//").ok_or(NoTarget::Malformed("has no host"))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = host_and_port(authority, scheme.default_port())?;
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        Ok(Self { scheme, host, port, authority: authority.to_owned(), path, query })
    }
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), NoTarget> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(literal) => {
            let (host, port) = literal.split_once(']').ok_or(NoTarget::Malformed("has an unclosed IPv6 literal"))?;
            (host, port.strip_prefix(':'))
        }
        None => match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = match port {
        None | Some("") => default,
        Some(port) => port.parse().map_err(|_| NoTarget::Malformed("has a port that is not a number up to 65535"))?,
    };
    if host.is_empty() {
        return Err(NoTarget::Malformed("has no host"));
    }
    // `idna` also lower-cases; ASCII names go by unchanged, so that underscores stay.
    let host = if host.is_ascii() { Ok(host.to_owned()) } else { idna::domain_to_ascii(host) };
    let host = host.ok().and_then(|host| LeafName::parse(&host).ok());
    let host = host.ok_or(NoTarget::Malformed("has a host that is neither a name nor an address"))?.to_string();
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scheme host port authority path query` of a URL, or what is wrong with it.
    #[track_caller]
    fn check(url: &str, expect: &str) {
        let got = match Target::parse(url) {
            Ok(t) => format!(
                "{} {} {} {} {} {}",
                t.scheme.as_str(),
                t.host,
                t.port,
                t.authority,
                t.path,
                t.query.as_deref().unwrap_or("-")
            ),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(got, expect, "{url}");
    }

    #[test]
    fn takes_urls_apart() {
        check("https://A.Example./x%2Fy?q=%20&a#f?g", "https a.example 443 A.Example. /x%2Fy q=%20&a");
        check("HTTP://u:p@h:8080?x", "http h 8080 h:8080 / x");
        check("wss://[2001:DB8::1]:444/s", "https 2001:db8::1 444 [2001:DB8::1]:444 /s -");
        check("ws://h:", "http h 80 h: / -");
        check("https://bücher.example/", "https xn--bcher-kva.example 443 bücher.example / -");
    }

    #[test]
    fn says_why_a_url_leads_nowhere() {
        check("data:text/plain,a@b.c", "Local(\"data\")");
        check("blob:https://a.example/1", "Local(\"blob\")");
        check("/x", "Malformed(\"is not absolute\")");
        check("ftp://h/", "Malformed(\"is neither of http, https, ws nor wss\")");
        check("https://h:99999/", "Malformed(\"has a port that is not a number up to 65535\")");
        check("https://a b/", "Malformed(\"has a host that is neither a name nor an address\")");
        check("https:///x", "Malformed(\"has no host\")");
        check("https://[::1/x", "Malformed(\"has an unclosed IPv6 literal\")");
    }
}
