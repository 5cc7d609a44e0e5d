//! What every connection of the proxy shares.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::abortable::Broken;
use super::counters::Counters;
use super::dial::{DialError, Dialer, Dialled};
use super::entry::{ConnectionSlot, Entry};
use super::host::LeafName;
use super::keep::KeepBudget;
use super::leaf::LeafIssuer;
use super::learnt::Learnt;
use super::options::CaptureConfig;
use super::policy::Policy;
use super::segment::Watch;
use super::sink::Sink;
use super::upstream::{LinkError, LinkFacts, TlsRoute, secured_facts};
use super::upstream_tls::{Identity, Secured, UpstreamTls};
use super::wire::Wire;
use crate::exchange::{CaptureMode, Client, Session};

/// The proxy, ready to take connections.
pub struct Proxy {
    pub config: CaptureConfig,
    pub session: Arc<Session>,
    pub leaves: LeafIssuer,
    pub upstream_tls: Arc<UpstreamTls>,
    pub dialer: Dialer,
    pub policy: Arc<Policy>,
    pub entry: Entry,
    pub sink: Arc<Sink>,
    pub keep: Arc<KeepBudget>,
    pub learnt: Arc<Learnt>,
    pub counters: Counters,
    /// Exchanges under way.
    pub watch: Watch,
    /// The CA's certificate, for clients that ask `landfall.test` for it.
    pub ca_pem: Bytes,
    pub ca_der: Bytes,
    /// Cancelled when the proxy stops taking requests.
    pub shutdown: CancellationToken,
    /// Cancelled when what is still open must end.
    pub deadline: CancellationToken,
    pub tasks: TaskTracker,
}

/// One client connection, as its requests see it.
#[derive(Clone)]
pub struct ClientConnection {
    pub client: Client,
    /// The way it came in.
    pub mode: CaptureMode,
    /// Set when a response breaks off.
    pub broken: Broken,
    /// Kept by everything that belongs to this connection, so that the limit counts it as open.
    pub slot: ConnectionSlot,
}

impl ClientConnection {
    /// The same connection once its user is known.
    pub fn of_user(&self, proxy: &Proxy, user: Arc<str>) -> Self {
        Self { client: proxy.entry.devices.with_user(&self.client, user), ..self.clone() }
    }

    /// The same connection once SOCKS5 is spoken on it.
    pub fn by_socks(self) -> Self {
        Self { mode: CaptureMode::Socks5, ..self }
    }
}

impl Proxy {
    /// Whether a configured rule exempts this destination from being opened. `sni`: the name in the client's hello, once
    /// that is known.
    pub fn bypasses(&self, client: &Client, host: &str, sni: Option<&str>) -> bool {
        let sni = sni.and_then(|sni| LeafName::parse(sni).ok());
        LeafName::parse(host)
            .is_ok_and(|host| self.config.bypass.iter().any(|rule| rule.covers(client, &host, sni.as_ref())))
    }

    /// Resolve, check and connect.
    pub async fn dial(&self, client: &Client, host: &str, port: u16) -> Result<Dialled, LinkError> {
        // A live client always has an address; without one it counts as a stranger.
        let address = client.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let dialled = self.dialer.dial(address, host, port).await;
        self.note_dialled(&dialled, host, port);
        dialled.map_err(LinkError::from)
    }

    /// The same for requests without TLS, which an upstream HTTP proxy takes in absolute form.
    pub async fn dial_for_requests(&self, client: &Client, host: &str, port: u16) -> Result<Dialled, LinkError> {
        let address = client.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let dialled = self.dialer.dial_for_requests(address, host, port).await;
        self.note_dialled(&dialled, host, port);
        dialled.map_err(LinkError::from)
    }

    fn note_dialled(&self, dialled: &Result<Dialled, DialError>, host: &str, port: u16) {
        match dialled {
            Ok(dialled) => {
                if let Ok(from) = dialled.stream.local_addr() {
                    self.entry.dialled(from, dialled.peer.address);
                }
                if let Some(time) = dialled.peer.connect_time {
                    self.counters.upstream_connect.observe(time.as_secs_f64());
                }
            }
            Err(error) => tracing::debug!(host, port, error = error.trouble.as_str(), "dial failed"),
        }
    }

    /// TLS to the server over a connection that is there.
    pub async fn secure(
        &self,
        client: &Client,
        dialled: Dialled,
        tls: &TlsRoute,
    ) -> Result<(Secured<Wire>, LinkFacts), LinkError> {
        let began = Instant::now();
        let Dialled { stream, peer, dns, .. } = dialled;
        let identity = Identity::of(client);
        let secured = self.upstream_tls.connect(stream, &identity, tls.sni.as_deref(), &tls.verify, &tls.alpn).await;
        let result = if secured.is_ok() { "ok" } else { "failed" };
        self.counters.tls_handshakes.with_label_values(&["upstream", result]).inc();
        match secured {
            Ok(secured) => {
                if secured.unverified {
                    self.counters.unverified.inc();
                }
                let facts = secured_facts(peer, dns, began.elapsed(), &secured);
                Ok((secured, facts))
            }
            Err(error) => Err(LinkError {
                trouble: error.trouble,
                reason: error.reason,
                peer: Ok(peer),
                wants_certificate: error.client_certificate_asked,
                fault: Some(error.fault),
                certificate: error.certificate,
            }),
        }
    }
}
