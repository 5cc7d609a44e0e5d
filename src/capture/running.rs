//! A running capture: started from its parts, ended in order.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ca::Ca;
use super::counters::Counters;
use super::dial::Dialer;
use super::keep::KeepBudget;
use super::leaf::{LeafError, LeafIssuer};
use super::learnt::Learnt;
use super::listener::listen;
use super::options::CaptureConfig;
use super::policy::Policy;
use super::proxy::Proxy;
use super::resolve::Resolver;
use super::sink::Sink;
use super::upstream_tls::UpstreamTls;
use crate::exchange::Session;

/// What a capture is made of.
pub struct Parts {
    pub config: CaptureConfig,
    pub session: Arc<Session>,
    pub ca: Arc<Ca>,
    pub upstream_tls: UpstreamTls,
    pub resolver: Resolver,
    pub policy: Policy,
    pub sink: Arc<Sink>,
    pub counters: Counters,
}

/// The proxy at work.
pub struct Capture {
    proxy: Arc<Proxy>,
}

impl Capture {
    /// Take connections from `listener`. Must be called within a runtime.
    pub fn start(parts: Parts, listener: TcpListener) -> Result<Self, LeafError> {
        let Parts { config, session, ca, upstream_tls, resolver, policy, sink, counters } = parts;
        let policy = Arc::new(policy);
        let proxy = Arc::new(Proxy {
            leaves: LeafIssuer::new(Arc::clone(&ca), counters.leaves_issued.clone())?,
            dialer: Dialer::new(resolver, Arc::clone(&policy), config.limits.connect),
            policy,
            listening: listener.local_addr().unwrap_or(config.listen),
            keep: KeepBudget::new(config.limits.bodies),
            learnt: Learnt::new(config.pinned_after),
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
        proxy.tasks.spawn(listen(Arc::clone(&proxy), listener));
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
