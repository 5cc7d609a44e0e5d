//! Capture's own metrics. Registered by whoever owns the registry.

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts};

use super::accounts::Attempt;
use super::learnt::Rejection;

/// What capture counts beside the records it makes.
#[derive(Clone)]
pub struct Counters {
    pub connections: IntCounterVec,
    pub active: IntGaugeVec,
    pub tls_handshakes: IntCounterVec,
    pub upstream_connect: Histogram,
    /// Attempts to prove a user, by result.
    pub authentications: IntCounterVec,
    pub leaves_issued: IntCounter,
    /// Requests answered 503 because they could not have been recorded.
    pub refused: IntCounter,
    /// Client connections that ended as if the certificate had not been accepted, by how they did.
    pub rejections: IntCounterVec,
    /// Pairs of client and host that are not opened now.
    pub pinned: IntGauge,
    /// Responses that offered HTTP/3.
    pub alt_svc_h3: IntCounter,
    /// Handshakes with servers whose certificates an exception says not to verify.
    pub unverified: IntCounter,
    /// Requests that capture took on, and bytes of their bodies by direction: what the records must add up to.
    pub requests_seen: IntCounter,
    pub bytes_seen: IntCounterVec,
    /// Requests that named no destination that could be read; they have no record.
    pub unreadable: IntCounter,
}

/// How a client connection ended up; the closed label set of `landfall_connections_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionResult {
    /// It ended in good order, used or not.
    Closed,
    /// Landfall would not serve this client.
    Denied,
    /// It ended with an error.
    Failed,
    /// No place was free.
    Limited,
}

impl ConnectionResult {
    const ALL: [Self; 4] = [Self::Closed, Self::Denied, Self::Failed, Self::Limited];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Limited => "limited",
        }
    }
}

/// Name of the listener that is always there.
pub const LISTENER: &str = "proxy";

/// Results of `landfall_proxy_authentications_total`.
const AUTHENTICATIONS: [&str; 4] = ["ok", "missing", "wrong", "limited"];

impl Counters {
    /// Fails only if a name or label is malformed, which a test would show.
    pub fn new() -> prometheus::Result<Self> {
        let counters = Self {
            connections: IntCounterVec::new(
                Opts::new("landfall_connections_total", "Client connections and how they ended up."),
                &["listener", "result"],
            )?,
            active: IntGaugeVec::new(
                Opts::new("landfall_connections_active", "Client connections open now."),
                &["listener"],
            )?,
            tls_handshakes: IntCounterVec::new(
                Opts::new("landfall_tls_handshakes_total", "TLS handshakes by side and result."),
                &["side", "result"],
            )?,
            upstream_connect: Histogram::with_opts(
                HistogramOpts::new(
                    "landfall_upstream_connect_seconds",
                    "Time a TCP connection to a server took, name resolution not counted.",
                )
                .buckets(vec![0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
            )?,
            authentications: IntCounterVec::new(
                Opts::new(
                    "landfall_proxy_authentications_total",
                    "Clients asked to prove their user, by how that went; with SOCKS5, once a connection.",
                ),
                &["result"],
            )?,
            leaves_issued: IntCounter::new(
                "landfall_leaf_certificates_issued_total",
                "Certificates minted for intercepted hosts.",
            )?,
            refused: IntCounter::new(
                "landfall_unrecordable_requests_total",
                "Requests answered 503, and not relayed, because they could not have been recorded.",
            )?,
            rejections: IntCounterVec::new(
                Opts::new(
                    "landfall_client_rejections_total",
                    "Client connections that ended as if Landfall's certificate had not been accepted.",
                ),
                &["how"],
            )?,
            pinned: IntGauge::new(
                "landfall_pinned_pairs",
                "Pairs of client and host that are not opened now, because the client does not accept it.",
            )?,
            alt_svc_h3: IntCounter::new(
                "landfall_alt_svc_h3_offered_total",
                "Responses that offered HTTP/3, which goes around an explicit proxy.",
            )?,
            unverified: IntCounter::new(
                "landfall_unverified_upstreams_total",
                "Handshakes with servers whose certificates an exception says not to verify.",
            )?,
            requests_seen: IntCounter::new(
                "landfall_requests_seen_total",
                "Requests that capture took on; exchanges that ended, those under way and gaps add up to it.",
            )?,
            bytes_seen: IntCounterVec::new(
                Opts::new("landfall_bytes_seen_total", "Bytes of bodies and messages that capture saw pass."),
                &["direction"],
            )?,
            unreadable: IntCounter::new(
                "landfall_unreadable_requests_total",
                "Requests refused before it could be told where they were for.",
            )?,
        };
        counters.start_at_zero();
        Ok(counters)
    }

    /// For the registry.
    pub fn collectors(&self) -> Vec<Box<dyn Collector>> {
        vec![
            Box::new(self.connections.clone()),
            Box::new(self.active.clone()),
            Box::new(self.tls_handshakes.clone()),
            Box::new(self.upstream_connect.clone()),
            Box::new(self.authentications.clone()),
            Box::new(self.leaves_issued.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.rejections.clone()),
            Box::new(self.pinned.clone()),
            Box::new(self.alt_svc_h3.clone()),
            Box::new(self.unverified.clone()),
            Box::new(self.requests_seen.clone()),
            Box::new(self.bytes_seen.clone()),
            Box::new(self.unreadable.clone()),
        ]
    }

    /// One attempt to prove a user; `result` is one of the closed set.
    pub fn authentication(&self, result: &'static str) {
        self.authentications.with_label_values(&[result]).inc();
    }

    /// The same for one that was looked at.
    pub fn attempted(&self, attempt: &Attempt) {
        self.authentication(match attempt {
            Attempt::Right(_) => "ok",
            Attempt::Wrong => "wrong",
            Attempt::TooMany => "limited",
        });
    }

    /// A listener is there, before its first client.
    pub fn start_listener(&self, name: &str) {
        for result in ConnectionResult::ALL {
            self.connections.with_label_values(&[name, result.as_str()]).inc_by(0);
        }
        self.active.with_label_values(&[name]).set(0);
    }

    fn start_at_zero(&self) {
        self.start_listener(LISTENER);
        for result in AUTHENTICATIONS {
            self.authentications.with_label_values(&[result]).inc_by(0);
        }
        for direction in ["up", "down"] {
            self.bytes_seen.with_label_values(&[direction]).inc_by(0);
        }
        for how in Rejection::WORDS {
            self.rejections.with_label_values(&[how]).inc_by(0);
        }
        for side in ["client", "upstream"] {
            for result in ["ok", "failed"] {
                self.tls_handshakes.with_label_values(&[side, result]).inc_by(0);
            }
        }
    }
}
