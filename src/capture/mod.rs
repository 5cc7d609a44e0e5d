//! Traffic to exchanges: the only asynchronous data path.
//!
//! A connection is looked at before it is believed: `peek` tells TLS from HTTP from anything else, `hello` reads what the
//! client asked for. `policy` says who may go where, `resolve` and `dial` find and reach the upstream, `upstream_tls`
//! shakes hands with it and verifies it. Only then does `leaf` make, from Landfall's own `ca`, the certificate the client
//! sees. `crypto` is the one place that says which TLS is spoken, on both sides.
//!
//! `import` reads what somebody else captured.

mod abortable;
mod alert;
mod alt_svc;
mod answer;
mod body;
mod ca;
mod ca_create;
mod client_certificate;
mod client_ending;
mod connect;
mod counters;
mod crypto;
mod dial;
mod embedded;
mod executor;
mod failed;
mod fields;
mod forward;
mod hello;
mod host;
mod host_suffix;
pub mod import;
mod intercept;
mod ja4;
mod keep;
mod leaf;
mod learnt;
mod listener;
mod options;
mod peek;
mod pinned_file;
mod policy;
mod proxy;
mod recorder;
mod relay;
mod replay;
mod resolve;
mod resolve_override;
mod roots;
mod running;
mod send;
mod serve_http;
mod sink;
mod splice;
mod target;
mod tls_trouble;
mod tunnel;
mod upstream;
mod upstream_certificate;
mod upstream_proxy;
mod upstream_proxy_http;
mod upstream_proxy_socks;
mod upstream_tls;
mod upstream_verifier;
mod wire;

pub use ca::{CERTIFICATE as CA_CERTIFICATE_FILE, Ca, CaError};
pub use client_certificate::{ClientCertificate, ClientCertificateError};
pub use counters::Counters;
pub use crypto::{provider, tls_side};
pub use dial::{DialError, Dialer, Dialled};
pub use hello::{ClientHello, HelloError};
pub use host::{HostError, LeafName, ip_literal};
pub use host_suffix::HostSuffix;
pub use leaf::{LeafError, LeafIssuer};
pub use learnt::{Learnt, OnPinned, PinnedPair, PinningOptions};
pub use options::{CaptureConfig, Limits, OnBadUpstream, OnTrouble};
pub use peek::{Opening, PeekLimits, peek};
pub use pinned_file::{PINNED_FILE, PinnedFileError, read as read_pinned, write as write_pinned};
pub use policy::{Policy, Refusal};
pub use replay::Replayed;
pub use resolve::{ResolveError, Resolved, Resolver, Source};
pub use resolve_override::{OverrideError, ResolveOverride};
pub use roots::{ExtraRoots, RootsError};
pub use running::{Capture, KeepPinned, Parts};
pub use sink::{Captured, Hold, RawExchange, Shed, Sink, Unrecorded};
pub use upstream_proxy::{CredentialsError, ProxyCredentials, ProxyKind, ProxyUrl, UpstreamProxy};
pub use upstream_tls::{SecureError, Secured, UpstreamTls, UpstreamTrust};
