//! Where the request went: the name asked for, and the peer that answered.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A host as the client named it, and who turned out to be there.
#[derive(Debug, Clone)]
pub struct Destination {
    /// Lower-case A-label without trailing dot, or an IP literal without brackets.
    pub host: String,
    pub port: u16,
    pub peer: Result<Peer, NoPeer>,
}

/// The host that answered.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The address that carried the bytes.
    pub address: SocketAddr,
    /// Canonical names met on the way from the host to the address, in order.
    pub cname: Vec<String>,
    /// Time the TCP connection took, as this proxy measured it; `None` for imports, and where it was to an exit.
    pub connect_time: Option<Duration>,
    /// All addresses that the name stood for when it was resolved, in the order in which they were to be tried.
    pub candidates: Vec<IpAddr>,
    /// How long the name servers let the answer be kept; `None` where they were not asked.
    pub ttl: Option<Duration>,
    /// The address is that of an upstream proxy: which one the server has, and where it stands, was not seen.
    pub exit: bool,
}

impl Peer {
    /// A peer of which nothing but the address is known.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, cname: Vec::new(), connect_time: None, candidates: Vec::new(), ttl: None, exit: false }
    }
}

/// Why no peer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoPeer {
    /// The name did not resolve.
    Unresolved,
    /// The name resolved, but no address accepted the connection.
    Unreachable,
    /// Landfall refused to go there.
    Refused,
    /// The imported file does not say which address answered.
    NotRecorded,
}
