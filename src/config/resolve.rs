//! `HOST:PORT:ADDR[:PORT]`: where a destination is dialled instead, as with curl's `--resolve` and `--connect-to`.

use std::net::{IpAddr, SocketAddr};

use super::Value;

/// One mapping. It changes where is dialled, nothing else: the host stays the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// Lower case, no trailing dot, no brackets.
    pub host: String,
    pub port: u16,
    /// What is dialled; the port is the destination's own where none was given.
    pub dial: SocketAddr,
}

impl Value for Resolve {
    const EXPECTED: &str = "a mapping `HOST:PORT:ADDR[:PORT]`; write `api.example.com:443:127.0.0.1:8443`, an IPv6 address with a port in brackets";

    fn read(text: &str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(literal) => literal.split_once("]:")?,
            None => text.split_once(':')?,
        };
        let (port, target) = rest.split_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let named = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        let dial = target_address(target, port).filter(|dial| dial.port() != 0)?;
        named.then_some(Self { host, port, dial })
    }
}

fn target_address(text: &str, port: u16) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|literal| literal.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(SocketAddr::new(address, port)),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings() {
        let check = |text, expect: Option<(&str, u16, &str)>| {
            let read = Resolve::read(text).map(|r| (r.host, r.port, r.dial.to_string()));
            assert_eq!(read, expect.map(|(host, port, dial)| (host.to_owned(), port, dial.to_owned())), "{text}");
        };
        check("API.example.com.:443:127.0.0.1", Some(("api.example.com", 443, "127.0.0.1:443")));
        check("a.example:443:127.1.2.3:8443", Some(("a.example", 443, "127.1.2.3:8443")));
        check("a.example:443:[::1]:8443", Some(("a.example", 443, "[::1]:8443")));
        check("a.example:443:[::1]", Some(("a.example", 443, "[::1]:443")));
        check("a.example:443:::1", Some(("a.example", 443, "[::1]:443")));
        check("[2001:db8::1]:443:127.0.0.1", Some(("2001:db8::1", 443, "127.0.0.1:443")));
        check("a.example:443", None);
        check("a.example:0:127.0.0.1", None);
        check("a.example:443:127.0.0.1:0", None);
        check("a.example:443:b.example", None);
        check(":443:127.0.0.1", None);
        check("a.example:x:127.0.0.1", None);
    }
}
