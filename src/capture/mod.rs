//! Traffic to exchanges: the only asynchronous data path.
//!
//! A connection is looked at before it is believed: `peek` tells TLS from HTTP from anything else, `hello` reads what the
//! client asked for. `policy` says who may go where, `resolve` and `dial` find and reach the upstream, `upstream_tls`
//! shakes hands with it and verifies it. Only then does `leaf` make, from Landfall's own `ca`, the certificate the client
//! sees. `crypto` is the one place that says which TLS is spoken, on both sides.
//!
//! `import` reads what somebody else captured.

mod ca;
mod ca_create;
mod crypto;
mod dial;
mod embedded;
mod hello;
mod host;
mod host_suffix;
pub mod import;
mod ja4;
mod leaf;
mod peek;
mod policy;
mod replay;
mod resolve;
mod resolve_override;
mod roots;
mod tls_trouble;
mod upstream_certificate;
mod upstream_tls;

pub use ca::{Ca, CaError};
pub use crypto::{provider, tls_side};
pub use dial::{DialError, Dialer, Dialled};
pub use hello::{ClientHello, HelloError};
pub use host::{HostError, LeafName, ip_literal};
pub use host_suffix::HostSuffix;
pub use leaf::{LeafError, LeafIssuer};
pub use peek::{Opening, PeekLimits, peek};
pub use policy::{Policy, Refusal};
pub use replay::Replayed;
pub use resolve::{ResolveError, Resolved, Resolver, Source};
pub use resolve_override::{OverrideError, ResolveOverride};
pub use roots::{ExtraRoots, RootsError};
pub use upstream_tls::{SecureError, Secured, UpstreamTls};
