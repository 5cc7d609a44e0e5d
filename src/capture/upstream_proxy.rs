//! The way out through somebody else's proxy: HTTP, HTTPS or SOCKS5. What is known of a server then is what the proxy tells;
//! the address that carries the bytes is the exit's, and records say so.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use http::HeaderValue;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::abortable::{Abortable, Broken};
use super::dial::{DialError, Dialer, Dialled, race, unreachable};
use super::host::LeafName;
use super::host_suffix::HostSuffix;
use super::resolve::Source;
use super::upstream_tls::{Identity, UpstreamTls};
use super::wire::Wire;
use super::{upstream_proxy_http, upstream_proxy_socks};
use crate::exchange::{NoPeer, Peer, Trouble};

/// What the upstream proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    Http,
    /// HTTP inside of TLS.
    Https,
    /// RFC 1928; names are resolved by the proxy.
    Socks5,
}

/// `http://`, `https://` or `socks5://`, host and port. Credentials have a file of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProxyUrl {
    pub kind: ProxyKind,
    pub host: LeafName,
    pub port: u16,
}

impl ProxyUrl {
    /// `None` for anything else, user information included.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (kind, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
            _ => return None,
        };
        let authority: http::uri::Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let port = match authority.port_u16() {
            None if authority.as_str() == authority.host() => port,
            Some(port) if port != 0 => port,
            _ => return None,
        };
        Some(Self { kind, host: LeafName::parse(authority.host()).ok()?, port })
    }
}

/// User and password for the upstream proxy; shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCredentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyCredentials(hidden)")
    }
}

/// Why a file of credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    #[error("cannot read the upstream proxy's credentials `{}`: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` holds no credentials; its first line should be `user:password`, each of at most 255 bytes", .0.display())]
    Malformed(PathBuf),
}

impl ProxyCredentials {
    /// Reads `user:password` from a file's first line.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| CredentialsError::Read { path: path.to_owned(), source })?;
        let line = text.lines().next().unwrap_or_default();
        let pair = line.split_once(':').filter(|(user, password)| {
            // RFC 1929 has a byte for each length, and the user may not be empty.
            !user.is_empty() && user.len() <= 255 && (1..=255).contains(&password.len())
        });
        let (user, password) = pair.ok_or_else(|| CredentialsError::Malformed(path.to_owned()))?;
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// As `Proxy-Authorization` carries them (RFC 7617).
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let pair = format!("{}:{}", self.user, self.password);
        let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// The upstream proxy as configured.
#[derive(Debug, Clone)]
pub struct UpstreamProxy {
    pub url: ProxyUrl,
    pub credentials: Option<ProxyCredentials>,
    /// Hosts that are dialled directly.
    pub bypass: Vec<HostSuffix>,
}

/// Requests on this link go in absolute form, and with these credentials, to the proxy.
#[derive(Debug, Clone)]
pub struct Forward {
    pub authorization: Option<HeaderValue>,
}

/// Whom the proxy is asked for.
pub(super) struct Wanted {
    pub host: LeafName,
    pub port: u16,
}

/// Why the proxy could not be reached, or did not connect.
pub(super) struct Unreached {
    pub trouble: Trouble,
    /// One plain sentence without a final period.
    pub reason: String,
}

impl Unreached {
    pub fn because(trouble: Trouble, reason: impl Into<String>) -> Self {
        Self { trouble, reason: reason.into() }
    }

    /// The proxy's connection broke, or made no sense.
    pub fn broke(error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            std::io::ErrorKind::InvalidData => "the upstream proxy's answer makes no sense",
            _ => "the upstream proxy closed the connection before it had connected",
        };
        Self::because(Trouble::ConnectionTerminated, reason)
    }
}

impl UpstreamProxy {
    pub fn takes(&self, host: &str) -> bool {
        !LeafName::parse(host).is_ok_and(|host| self.bypass.iter().any(|suffix| suffix.covers(&host)))
    }

    /// Whether requests without TLS can be handed to it as they are.
    fn forwards(&self) -> bool {
        self.url.kind != ProxyKind::Socks5
    }
}

/// A dialer's exit: the proxy, and the TLS to reach it by.
pub struct Exit {
    pub proxy: UpstreamProxy,
    pub tls: Arc<UpstreamTls>,
}

impl Dialer {
    /// Connects through the upstream proxy. `plain`: for requests without TLS, which an HTTP proxy takes in absolute form.
    pub(super) async fn dial_through(
        &self,
        exit: &Exit,
        client: IpAddr,
        (host, port): (&str, u16),
        plain: bool,
    ) -> Result<Dialled, DialError> {
        let fail = |trouble, no_peer, reason| DialError { trouble, no_peer, reason, dns: None };
        let name = LeafName::parse(host).map_err(|e| fail(Trouble::DnsError, NoPeer::Unresolved, e.to_string()))?;
        // What needs no name server is checked here as for a direct dial: an exit must not lead where a client may not go.
        let known = self.resolver.without_dns(&name, port);
        let mut wanted = Wanted { host: name, port };
        let mut mapped = false;
        if let Some(known) = &known {
            mapped = known.source == Source::Override;
            let refusal = known.candidates.iter().find_map(|at| self.policy.may_reach(client, *at, mapped).err());
            if let Some(refusal) = refusal {
                return Err(fail(refusal.trouble(), NoPeer::Refused, refusal.to_string()));
            }
            let first = known.candidates.first().filter(|_| mapped);
            if let Some((first, host)) = first.and_then(|at| Some((at, LeafName::parse(&at.ip().to_string()).ok()?))) {
                wanted = Wanted { host, port: first.port() };
            }
        }
        let forward = plain && exit.proxy.forwards() && !mapped;
        let reached = timeout(self.connect_timeout, self.reach(exit, &wanted, forward)).await;
        let unreached = match reached {
            Ok(Ok(dialled)) => return Ok(dialled),
            Ok(Err(unreached)) => unreached,
            Err(_) => Unreached::because(Trouble::ConnectionTimeout, "the upstream proxy did not connect in time"),
        };
        Err(fail(unreached.trouble, NoPeer::Unreachable, unreached.reason))
    }

    async fn reach(&self, exit: &Exit, wanted: &Wanted, forward: bool) -> Result<Dialled, Unreached> {
        let asked = Instant::now();
        let (stream, address) = self.reach_proxy(exit).await?;
        let mut wire = secure(exit, stream).await?;
        let credentials = exit.proxy.credentials.as_ref();
        match exit.proxy.url.kind {
            ProxyKind::Socks5 => upstream_proxy_socks::connect(&mut wire, credentials, wanted).await?,
            _ if forward => {}
            _ => upstream_proxy_http::connect(&mut wire, credentials, wanted).await?,
        }
        tracing::trace!(took = ?asked.elapsed(), "connected through the upstream proxy");
        let forward = forward.then(|| Forward { authorization: credentials.and_then(ProxyCredentials::basic) });
        // How long it took tells of the way to the proxy, not of the way to the server.
        let peer = Peer { exit: true, ..Peer::at(address) };
        Ok(Dialled { stream: wire, peer, dns: None, forward })
    }

    async fn reach_proxy(&self, exit: &Exit) -> Result<(TcpStream, SocketAddr), Unreached> {
        let url = &exit.proxy.url;
        let resolved = self.resolver.resolve(&url.host.to_string(), url.port).await;
        let resolved = resolved
            .map_err(|error| Unreached::because(error.trouble(), format!("the upstream proxy's name: {error}")))?;
        let mut candidates = resolved.candidates;
        // The operator named it: only a loop is refused.
        candidates.retain(|at| self.policy.may_reach(Ipv4Addr::LOCALHOST.into(), *at, true).is_ok());
        if candidates.is_empty() {
            return Err(Unreached::because(Trouble::ProxyLoopDetected, "the upstream proxy is Landfall itself"));
        }
        let stream = race(&candidates).await.map_err(|error| {
            let (trouble, _, reason) = unreachable(&candidates, &error);
            Unreached::because(trouble, format!("the upstream proxy cannot be reached: {reason}"))
        });
        let (stream, _) = stream?;
        let address = stream.peer_addr().map_err(|error| Unreached::broke(&error))?;
        Ok((stream, SocketAddr::new(address.ip().to_canonical(), address.port())))
    }
}

async fn secure(exit: &Exit, stream: TcpStream) -> Result<Wire, Unreached> {
    if exit.proxy.url.kind != ProxyKind::Https {
        return Ok(Wire::tcp(stream));
    }
    let broken = Broken::default();
    let host = exit.proxy.url.host.to_string();
    let sni = exit.proxy.url.host.dns();
    let stream = Abortable::new(stream, Arc::clone(&broken));
    let secured = exit.tls.connect(stream, &Identity::own(), sni, &host, &[b"http/1.1".to_vec()]).await;
    let secured = secured.map_err(|error| {
        Unreached::because(error.trouble, format!("TLS to the upstream proxy failed: {}", error.reason))
    })?;
    Ok(Wire::tls(secured.stream, broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_kind_host_and_port_and_nothing_else() {
        let parse = |text| ProxyUrl::parse(text).map(|url| (url.kind, url.host.to_string(), url.port));
        assert_eq!(parse("http://Proxy.example:3128"), Some((ProxyKind::Http, "proxy.example".into(), 3128)));
        assert_eq!(parse("https://proxy.example/"), Some((ProxyKind::Https, "proxy.example".into(), 443)));
        assert_eq!(parse("socks5://[::1]:1080"), Some((ProxyKind::Socks5, "::1".into(), 1080)));
        assert_eq!(parse("socks5h://127.0.0.1"), Some((ProxyKind::Socks5, "127.0.0.1".into(), 1080)));
        for wrong in
            ["proxy:3128", "ftp://a", "http://u:p@proxy:1", "http://a:0", "http://a:99999", "http://a/x", "http://"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn credentials_are_read_from_the_first_line_and_never_shown() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            ProxyCredentials::read(file.path())
        };
        let credentials = read("lab:s3cret:x\nmore\n").unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("lab", "s3cret:x"));
        assert!(!format!("{credentials:?} {:?}", credentials.basic()).contains("s3cret"));
        for wrong in ["", "lab", ":x", "lab:", &format!("a:{}", "x".repeat(256))] {
            assert!(matches!(read(wrong), Err(CredentialsError::Malformed(_))), "{wrong}");
        }
    }
}
