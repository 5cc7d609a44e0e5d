//! How an exchange ended, what it weighed and how long it took.

use std::time::Duration;

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    /// A side went away in the middle.
    Aborted {
        side: Side,
        error: Trouble,
    },
    /// Landfall answered in the upstream's stead because a rule or limit says so.
    Refused {
        error: Trouble,
    },
    /// No (whole) response could be had.
    Failed {
        side: Side,
        error: Trouble,
    },
    /// Recorded while it runs: a segment of a stream.
    Open,
}

impl Outcome {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Aborted { .. } => "aborted",
            Self::Refused { .. } => "refused",
            Self::Failed { .. } => "failed",
            Self::Open => "open",
        }
    }

    pub fn side(&self) -> Option<Side> {
        match self {
            Self::Aborted { side, .. } | Self::Failed { side, .. } => Some(*side),
            Self::Refused { .. } => Some(Side::Landfall),
            Self::Completed | Self::Open => None,
        }
    }

    pub fn error(&self) -> Option<Trouble> {
        match self {
            Self::Aborted { error, .. } | Self::Refused { error } | Self::Failed { error, .. } => Some(*error),
            Self::Completed | Self::Open => None,
        }
    }
}

/// Whose fault an ending was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    Client,
    Upstream,
    Landfall,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
            Self::Landfall => "landfall",
        }
    }
}

/// What went wrong. A closed set, so that it can stand in events and metrics without carrying anybody's data.
/// The words follow RFC 9209 section 2.3 (`Proxy-Status` error types) where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    DnsError,
    DnsTimeout,
    ConnectionRefused,
    ConnectionTimeout,
    /// No route, or another failure to connect.
    DestinationUnavailable,
    DestinationIpProhibited,
    /// Closed, or reset, before the answer was whole.
    ConnectionTerminated,
    TlsProtocolError,
    TlsCertificateError,
    TlsAlertReceived,
    HttpProtocolError,
    HttpResponseTimeout,
    HttpResponseIncomplete,
    HttpRequestError,
    HttpRequestDenied,
    ProxyLoopDetected,
    ConnectionLimitReached,
    /// The ledger or its queue could not take another exchange.
    LedgerUnavailable,
    /// An upstream proxy refuses Landfall's credentials, or wants some that are not configured.
    ProxyConfigurationError,
    /// The client ended a handshake with a certificate alert.
    CertificateRejected,
    /// The client closed after the handshake without a byte.
    SilentClose,
    /// A side reset the connection.
    Reset,
    /// The client closed before its `Finished`.
    FinBeforeFinished,
    /// A TLS 1.3 alert came after the handshake seemed done.
    LateAlert,
    /// The client insists on Encrypted Client Hello, and gave up when it was not accepted.
    Ech,
    /// A wait ended at its limit.
    Timeout,
    Shutdown,
    InternalError,
}

impl Trouble {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DnsError => "dns_error",
            Self::DnsTimeout => "dns_timeout",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionTimeout => "connection_timeout",
            Self::DestinationUnavailable => "destination_unavailable",
            Self::DestinationIpProhibited => "destination_ip_prohibited",
            Self::ConnectionTerminated => "connection_terminated",
            Self::TlsProtocolError => "tls_protocol_error",
            Self::TlsCertificateError => "tls_certificate_error",
            Self::TlsAlertReceived => "tls_alert_received",
            Self::HttpProtocolError => "http_protocol_error",
            Self::HttpResponseTimeout => "http_response_timeout",
            Self::HttpResponseIncomplete => "http_response_incomplete",
            Self::HttpRequestError => "http_request_error",
            Self::HttpRequestDenied => "http_request_denied",
            Self::ProxyLoopDetected => "proxy_loop_detected",
            Self::ConnectionLimitReached => "connection_limit_reached",
            Self::LedgerUnavailable => "ledger_unavailable",
            Self::ProxyConfigurationError => "proxy_configuration_error",
            Self::CertificateRejected => "certificate_rejected",
            Self::SilentClose => "silent_close",
            Self::Reset => "reset",
            Self::FinBeforeFinished => "fin_before_finished",
            Self::LateAlert => "late_alert",
            Self::Ech => "ech",
            Self::Timeout => "timeout",
            Self::Shutdown => "shutdown",
            Self::InternalError => "internal_error",
        }
    }
}

/// Something worth telling about an exchange that is neither an error nor a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Note {
    /// SNI, `CONNECT` host and `Host` do not all name the same host.
    NameMismatch,
    /// Trailer fields were relayed.
    Trailers,
    /// The server offers HTTP/3, which would bypass an explicit proxy.
    AltSvcH3,
    /// An informational response other than `100 Continue` was relayed.
    Informational,
    /// An informational response came that could not be carried to the client.
    InformationalDropped,
    /// The upstream certificate was accepted by a configured exception.
    UnverifiedUpstream,
    /// The request was sent again on a fresh connection after a reused one had died.
    Retried,
    /// TLS began in the middle of a tunnel, and stayed closed.
    LateTls,
    /// The connection went through an upstream proxy: address and location are the exit's, not the server's.
    UpstreamProxy,
    /// The server asked for a client certificate.
    Mtls,
    /// The client's hello carried an ECH extension, real or GREASE.
    EchOffered,
    /// The server's offer of HTTP/3 was taken out of the response.
    AltSvcStripped,
}

impl Note {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NameMismatch => "name_mismatch",
            Self::Trailers => "trailers",
            Self::AltSvcH3 => "alt_svc_h3",
            Self::Informational => "informational",
            Self::InformationalDropped => "informational_dropped",
            Self::UnverifiedUpstream => "unverified_upstream",
            Self::Retried => "retried",
            Self::LateTls => "late_tls",
            Self::UpstreamProxy => "upstream_proxy",
            Self::Mtls => "mtls",
            Self::EchOffered => "ech_offered",
            Self::AltSvcStripped => "alt_svc_stripped",
        }
    }
}

/// Bytes of bodies and messages, by direction. For a tunnel: all bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WireBytes {
    /// Client to server.
    pub up: u64,
    /// Server to client.
    pub down: u64,
}

/// Durations of the steps of an exchange; `None` where the step did not happen or was not recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    pub dns: Option<Duration>,
    pub connect: Option<Duration>,
    pub tls: Option<Duration>,
    /// From the request's first byte to the response's head.
    pub first_byte: Option<Duration>,
    pub total: Option<Duration>,
    /// Time spent in Landfall itself rather than waiting for a peer.
    pub overhead: Option<Duration>,
}

/// Place of a record in a long stream that is recorded in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamSegment {
    /// Id of the stream: the exchange id of its first segment.
    pub id: super::ExchangeId,
    /// Zero-based.
    pub segment: u32,
    pub last: bool,
}
