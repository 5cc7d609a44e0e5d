//! What the ways in share: listeners, accounts, devices, the proxy's own TLS, and the places that connections take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use prometheus::IntGauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::accounts::Accounts;
use super::https_proxy::OwnTls;
use super::identity::Devices;
use super::options::ListenMode;
use super::redirected::canonical;

/// One address that takes clients.
#[derive(Debug)]
pub struct Listening {
    /// Label of its metrics: one of the few names in the configuration.
    pub name: Arc<str>,
    /// The address that is really bound.
    pub address: SocketAddr,
    pub mode: ListenMode,
    /// Who all its clients are, where the configuration says so.
    pub user: Option<Arc<str>>,
    pub device: Option<Arc<str>>,
}

/// Shared by all listeners.
pub struct Entry {
    pub accounts: Option<Accounts>,
    pub devices: Devices,
    pub tls: OwnTls,
    connections: Arc<Semaphore>,
    tunnels: Arc<Semaphore>,
    dialled: Cache<(SocketAddr, SocketAddr), ()>,
}

/// A place among the open connections. Whoever belongs to the connection keeps a handle; its record keeps one until it is
/// audited, so that records that wait are bounded, too.
pub struct Place {
    _permit: OwnedSemaphorePermit,
    /// The client connection that a tunnel is part of.
    _within: Option<ConnectionSlot>,
    active: Option<IntGauge>,
}

/// A handle on a place.
pub type ConnectionSlot = Arc<Place>;

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(active) = &self.active {
            active.dec();
        }
    }
}

/// How long a connection that Landfall made may take to come back to it.
const LOOP_WINDOW: Duration = Duration::from_secs(30);
const DIALLED: u64 = 16_384;

impl Entry {
    /// `connections`: client connections at once, and as many tunnels.
    pub fn new(connections: usize, accounts: Option<Accounts>, devices: Devices, tls: OwnTls) -> Self {
        Self {
            accounts,
            devices,
            tls,
            connections: Arc::new(Semaphore::new(connections)),
            tunnels: Arc::new(Semaphore::new(connections)),
            dialled: Cache::builder().max_capacity(DIALLED).time_to_live(LOOP_WINDOW).build(),
        }
    }

    /// A place for a client connection, if there is one.
    pub fn place(&self, active: IntGauge) -> Option<ConnectionSlot> {
        let permit = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        active.inc();
        Some(Arc::new(Place { _permit: permit, _within: None, active: Some(active) }))
    }

    /// A place for one of the tunnels of a client connection: one connection may ask for any number of them.
    pub fn tunnel(&self, within: &ConnectionSlot) -> Option<ConnectionSlot> {
        let permit = Arc::clone(&self.tunnels).try_acquire_owned().ok()?;
        Some(Arc::new(Place { _permit: permit, _within: Some(Arc::clone(within)), active: None }))
    }

    /// Remember a connection that Landfall made: a packet filter may send it back here.
    pub fn dialled(&self, from: SocketAddr, to: SocketAddr) {
        self.dialled.insert((canonical(from), canonical(to)), ());
    }

    /// Whether a redirected connection is one that Landfall made itself.
    pub fn is_own(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.dialled.contains_key(&(canonical(from), canonical(to)))
    }
}
