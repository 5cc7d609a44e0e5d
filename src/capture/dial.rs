//! The upstream's TCP connection: every address is checked against the policy, then the candidates race a little.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::policy::{Policy, Refusal};
use super::resolve::{ResolveError, Resolved, Resolver, Source};
use super::upstream_proxy::{Exit, Forward};
use super::wire::Wire;
use crate::exchange::{NoPeer, Peer, Trouble};

/// A slow candidate's start before the next is tried too (RFC 8305 section 5).
const STAGGER: Duration = Duration::from_millis(250);
/// Candidates that a record lists; answers with more are abuse.
const MAX_CANDIDATES: usize = 32;

/// A connection that stands.
#[derive(Debug)]
pub struct Dialled {
    pub stream: Wire,
    /// The address that carries the bytes, the chain of names that led to it, and how long its connection took.
    pub peer: Peer,
    /// Time the name servers took; `None` when they were not asked.
    pub dns: Option<Duration>,
    /// Set where requests go to an upstream proxy in absolute form.
    pub forward: Option<Forward>,
}

/// Why no connection stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DialError {
    pub trouble: Trouble,
    pub no_peer: NoPeer,
    /// In plain English, without names that the client did not give itself.
    pub reason: String,
    pub dns: Option<Duration>,
}

/// Connects to upstreams.
pub struct Dialer {
    pub(super) resolver: Resolver,
    pub(super) policy: Arc<Policy>,
    pub(super) connect_timeout: Duration,
    exit: Option<Exit>,
}

impl Dialer {
    /// `connect_timeout` is for all candidates of a destination together. `exit`: the upstream proxy, where there is one.
    pub fn new(resolver: Resolver, policy: Arc<Policy>, connect_timeout: Duration, exit: Option<Exit>) -> Self {
        Self { resolver, policy, connect_timeout, exit }
    }

    /// Connects to `host` and `port`, as the client named them, on behalf of `client`.
    pub async fn dial(&self, client: IpAddr, host: &str, port: u16) -> Result<Dialled, DialError> {
        match self.exit_for(host) {
            Some(exit) => Box::pin(self.dial_through(exit, client, (host, port), false)).await,
            None => self.dial_direct(client, host, port).await,
        }
    }

    /// The same for requests without TLS, which an upstream HTTP proxy takes as they are.
    pub async fn dial_for_requests(&self, client: IpAddr, host: &str, port: u16) -> Result<Dialled, DialError> {
        match self.exit_for(host) {
            Some(exit) => Box::pin(self.dial_through(exit, client, (host, port), true)).await,
            None => self.dial_direct(client, host, port).await,
        }
    }

    fn exit_for(&self, host: &str) -> Option<&Exit> {
        self.exit.as_ref().filter(|exit| exit.proxy.takes(host))
    }

    async fn dial_direct(&self, client: IpAddr, host: &str, port: u16) -> Result<Dialled, DialError> {
        let asked = Instant::now();
        let resolved = self.resolver.resolve(host, port).await.map_err(|error| unresolved(&error, asked.elapsed()))?;
        let dns = (resolved.source == Source::Dns).then(|| asked.elapsed());
        let error = |(trouble, no_peer, reason)| DialError { trouble, no_peer, reason, dns };
        let refused = |refusal: Refusal| error((refusal.trouble(), NoPeer::Refused, refusal.to_string()));
        let (allowed, refusal) = self.allowed(client, &resolved);
        if let (Some(refusal), true) = (refusal, allowed.is_empty()) {
            return Err(refused(refusal));
        }
        match timeout(self.connect_timeout, race(&allowed)).await {
            Ok(Ok((stream, connect_time))) => {
                // The address of the socket itself, not of the candidate: they agree, and this one is the evidence.
                let address = stream.peer_addr().map_err(|e| error(unreachable(&allowed, &e)))?;
                let address = SocketAddr::new(address.ip().to_canonical(), address.port());
                let peer = Peer {
                    cname: resolved.cname,
                    connect_time: Some(connect_time),
                    candidates: resolved
                        .candidates
                        .iter()
                        .map(|at| at.ip().to_canonical())
                        .take(MAX_CANDIDATES)
                        .collect(),
                    ttl: resolved.ttl,
                    ..Peer::at(address)
                };
                Ok(Dialled { stream: Wire::tcp(stream), peer, dns, forward: None })
            }
            Ok(Err(failure)) => match refusal {
                // Of `localhost` and Landfall's own port the other family's address is closed, which tells nothing.
                Some(refusal) => Err(refused(refusal)),
                None => Err(error(unreachable(&allowed, &failure))),
            },
            Err(_) => Err(error(unreachable(&allowed, &io::ErrorKind::TimedOut.into()))),
        }
    }

    /// The candidates that the client may reach, and why it may not reach the first of the others.
    fn allowed(&self, client: IpAddr, resolved: &Resolved) -> (Vec<SocketAddr>, Option<Refusal>) {
        let by_override = resolved.source == Source::Override;
        let mut refusal = None;
        let mut allowed = Vec::with_capacity(resolved.candidates.len());
        for candidate in &resolved.candidates {
            match self.policy.may_reach(client, *candidate, by_override) {
                Ok(()) => allowed.push(*candidate),
                Err(reason) => refusal = refusal.or(Some(reason)),
            }
        }
        (allowed, refusal)
    }
}

/// The first connection to stand. A new candidate starts when the last one has been slow, or has failed.
pub(super) async fn race(candidates: &[SocketAddr]) -> io::Result<(TcpStream, Duration)> {
    let mut waiting = candidates.iter().copied();
    let mut running = FuturesUnordered::new();
    let mut failure: Option<io::Error> = None;
    running.extend(waiting.next().map(connect));
    loop {
        tokio::select! {
            finished = running.next() => match finished {
                Some(Ok(connected)) => return Ok(connected),
                Some(Err(error)) => {
                    failure = Some(worse(failure, error));
                    running.extend(waiting.next().map(connect));
                }
                None => return Err(failure.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())),
            },
            () = sleep(STAGGER), if waiting.len() > 0 => running.extend(waiting.next().map(connect)),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<(TcpStream, Duration)> {
    let started = Instant::now();
    let stream = TcpStream::connect(address).await?;
    let connect_time = started.elapsed();
    stream.set_nodelay(true)?;
    Ok((stream, connect_time))
}

/// Of two failures the one that tells more: a refusal comes from the host itself.
fn worse(before: Option<io::Error>, after: io::Error) -> io::Error {
    match before {
        Some(before) if before.kind() == io::ErrorKind::ConnectionRefused => before,
        _ => after,
    }
}

fn unresolved(error: &ResolveError, took: Duration) -> DialError {
    let dns = (!matches!(error, ResolveError::Host(_))).then_some(took);
    DialError { trouble: error.trouble(), no_peer: NoPeer::Unresolved, reason: error.to_string(), dns }
}

pub(super) fn unreachable(candidates: &[SocketAddr], error: &io::Error) -> (Trouble, NoPeer, String) {
    let first = candidates.first().map(ToString::to_string).unwrap_or_default();
    let tried = match candidates.len() {
        0 | 1 => format!("`{first}`"),
        count => format!("any of {count} addresses, `{first}` first"),
    };
    let (trouble, what) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (Trouble::ConnectionRefused, "the connection was refused by"),
        io::ErrorKind::TimedOut => (Trouble::ConnectionTimeout, "no connection in time to"),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            (Trouble::DestinationUnavailable, "there is no route to")
        }
        _ => (Trouble::DestinationUnavailable, "cannot connect to"),
    };
    (trouble, NoPeer::Unreachable, format!("{what} {tried}"))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn dialer(overrides: &[String], own: &[SocketAddr]) -> Dialer {
        let overrides = overrides.iter().map(|text| text.parse().unwrap()).collect();
        let policy = Arc::new(Policy::new(own.to_vec(), Vec::new()));
        Dialer::new(Resolver::new(overrides), policy, Duration::from_secs(10), None)
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// A loopback address nobody listens on.
    async fn closed() -> SocketAddr {
        listener().await.1
    }

    #[tokio::test]
    async fn the_peer_is_the_address_that_answered() {
        let (_listener, open) = listener().await;
        let closed = closed().await;
        let dialer = dialer(&[format!("a.example:443:{closed},{open}")], &[]);
        let dialled = dialer.dial(CLIENT, "a.example", 443).await.unwrap();
        assert_eq!(dialled.peer.address, open);
        assert_eq!(dialled.stream.peer_addr().unwrap(), open);
        assert!(dialled.peer.connect_time.is_some() && dialled.dns.is_none());
    }

    #[tokio::test]
    async fn failures_are_told_apart() {
        let closed = closed().await;
        let error = dialer(&[], &[]).dial(CLIENT, "127.0.0.1", closed.port()).await.unwrap_err();
        assert_eq!((error.trouble, error.no_peer), (Trouble::ConnectionRefused, NoPeer::Unreachable));
        assert_eq!(error.reason, format!("the connection was refused by `{closed}`"));

        let error = dialer(&[], &[]).dial(CLIENT, "a..b", 443).await.unwrap_err();
        assert_eq!((error.trouble, error.no_peer, error.dns), (Trouble::DnsError, NoPeer::Unresolved, None));

        let several: Vec<SocketAddr> = vec![closed, closed];
        let (trouble, no_peer, reason) = unreachable(&several, &io::ErrorKind::TimedOut.into());
        assert_eq!((trouble, no_peer), (Trouble::ConnectionTimeout, NoPeer::Unreachable));
        assert_eq!(reason, format!("no connection in time to any of 2 addresses, `{closed}` first"));
    }

    #[tokio::test]
    async fn the_policy_holds_for_the_very_address_dialled() {
        let (_listener, own) = listener().await;
        let (_other, open) = listener().await;
        let mapped = format!("sneaky.example:443:[::ffff:127.0.0.1]:{}", own.port());
        let both = format!("both.example:443:{own},{open}");
        let dialer = dialer(&[mapped, both], &[own]);
        for (host, port) in
            [("sneaky.example", 443), ("localhost", own.port()), ("127.1", own.port()), ("0x7f000001", own.port())]
        {
            match dialer.dial(CLIENT, host, port).await {
                Err(error) => assert_eq!((error.trouble, error.no_peer), (Trouble::ProxyLoopDetected, NoPeer::Refused)),
                Ok(dialled) => panic!("{host} reached {}", dialled.peer.address),
            }
        }
        let dialled = dialer.dial(CLIENT, "both.example", 443).await.unwrap();
        assert_eq!(dialled.peer.address, open, "what is refused is passed over");
        let remote = "192.168.1.50".parse().unwrap();
        let error = dialer.dial(remote, "127.0.0.1", open.port()).await.unwrap_err();
        assert_eq!(error.trouble, Trouble::DestinationIpProhibited);
    }
}
