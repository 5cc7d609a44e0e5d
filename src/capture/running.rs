//! A running capture: started from its parts, ended in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::Accounts;
use super::ca::Ca;
use super::counters::Counters;
use super::dial::Dialer;
use super::entry::{Entry, Listening};
use super::https_proxy::OwnTls;
use super::identity::Devices;
use super::keep::KeepBudget;
use super::leaf::{LeafError, LeafIssuer};
use super::learnt::{Learnt, PinnedPair};
use super::listener::listen;
use super::options::CaptureConfig;
use super::policy::Policy;
use super::proxy::Proxy;
use super::resolve::Resolver;
use super::segment::Watch;
use super::sink::Sink;
use super::upstream_proxy::{Exit, UpstreamProxy};
use super::upstream_tls::UpstreamTls;
use crate::exchange::Session;

/// What a capture is made of.
pub struct Parts {
    pub config: CaptureConfig,
    pub session: Arc<Session>,
    pub ca: Arc<Ca>,
    pub upstream_tls: UpstreamTls,
    pub upstream_proxy: Option<UpstreamProxy>,
    pub learnt: Arc<Learnt>,
    /// Writes pinned pairs down for the next run.
    pub keep_pinned: KeepPinned,
    pub resolver: Resolver,
    pub policy: Policy,
    pub sink: Arc<Sink>,
    pub counters: Counters,
    pub accounts: Option<Accounts>,
    pub devices: Devices,
    pub own_tls: OwnTls,
}

/// Called with all pinned pairs whenever they have changed; it may take its time.
pub type KeepPinned = Arc<dyn Fn(Vec<PinnedPair>) + Send + Sync>;

/// Write pinned pairs down whenever they change, and once more at the end for what passed unopened.
async fn keep(proxy: Arc<Proxy>, keep_pinned: KeepPinned) {
    loop {
        let pairs = proxy.learnt.pinned();
        proxy.counters.pinned.set(i64::try_from(pairs.len()).unwrap_or(i64::MAX));
        let keep_pinned = Arc::clone(&keep_pinned);
        if let Err(error) = tokio::task::spawn_blocking(move || keep_pinned(pairs)).await {
            tracing::warn!(%error, "pinned pairs could not be written down");
        }
        if proxy.shutdown.is_cancelled() {
            return;
        }
        tokio::select! {
            () = proxy.learnt.changed() => {}
            () = proxy.shutdown.cancelled() => {}
        }
    }
}

/// The proxy at work.
pub struct Capture {
    proxy: Arc<Proxy>,
}

impl Capture {
    /// Take connections from these listeners. Must be called within a runtime.
    pub fn start(parts: Parts, listeners: Vec<(Listening, TcpListener)>) -> Result<Self, LeafError> {
        let Parts {
            config,
            session,
            ca,
            upstream_tls,
            upstream_proxy,
            learnt,
            keep_pinned,
            resolver,
            policy,
            sink,
            counters,
            accounts,
            devices,
            own_tls,
        } = parts;
        let (policy, upstream_tls) = (Arc::new(policy), Arc::new(upstream_tls));
        let exit = upstream_proxy.map(|proxy| Exit { proxy, tls: Arc::clone(&upstream_tls) });
        let proxy = Arc::new(Proxy {
            watch: Watch::default(),
            leaves: LeafIssuer::new(Arc::clone(&ca), counters.leaves_issued.clone())?,
            dialer: Dialer::new(resolver, Arc::clone(&policy), config.limits.connect, exit),
            policy,
            entry: Entry::new(config.limits.connections, accounts, devices, own_tls),
            keep: KeepBudget::new(config.limits.bodies),
            learnt,
            ca_pem: Bytes::copy_from_slice(ca.certificate_pem().as_bytes()),
            ca_der: Bytes::copy_from_slice(ca.certificate_der()),
            shutdown: CancellationToken::new(),
            deadline: CancellationToken::new(),
            tasks: TaskTracker::new(),
            config,
            session,
            upstream_tls,
            sink,
            counters,
        });
        let watching = Arc::clone(&proxy);
        proxy.tasks.spawn(async move {
            tokio::select! {
                () = watching.watch.run() => {}
                () = watching.shutdown.cancelled() => {}
            }
        });
        for (at, listener) in listeners {
            proxy.counters.start_listener(&at.name);
            proxy.tasks.spawn(listen(Arc::clone(&proxy), Arc::new(at), listener));
        }
        proxy.tasks.spawn(keep(Arc::clone(&proxy), keep_pinned));
        Ok(Self { proxy })
    }

    /// Take no more connections or requests, let what is under way finish for `patience`, cut the rest. When this returns,
    /// everything capture saw has been handed on.
    pub async fn drain(self, patience: Duration) {
        self.proxy.shutdown.cancel();
        self.proxy.tasks.close();
        if tokio::time::timeout(patience, self.proxy.tasks.wait()).await.is_err() {
            self.proxy.deadline.cancel();
            self.proxy.tasks.wait().await;
        }
    }
}
