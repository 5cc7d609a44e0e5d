//! Where the request went: the name asked for, and the peer that answered.

use std::net::SocketAddr;
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
    /// Time the TCP connection took, as this proxy measured it; `None` for imports.
    pub connect_time: Option<Duration>,
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
