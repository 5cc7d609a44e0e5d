//! The admin listener: metrics, health, the CA to trust, a page that says what is here.
//!
//! Every request passes the `guard` first: a foreign `Host` is answered 421, and what is not open wants the token when the
//! listener is bound elsewhere than loopback. Only `/api/v1` changes anything, and it wants the token always.

mod api;
mod guard;
mod page;
mod routes;
mod server;
mod token;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::capture::LeafName;

pub use api::{Api, Audit, Reload};
pub use server::serve;
pub use token::{TOKEN_FILE, Token, TokenError};

/// What the listener tells.
pub struct Admin {
    /// Where the proxy listens, for the PAC file and the page.
    pub proxy: SocketAddr,
    /// Host names under which it may be asked, beside loopback's and the address bound.
    pub hosts: Vec<LeafName>,
    /// `None` only for a listener on loopback: elsewhere, nobody gets past without one.
    pub token: Option<Token>,
    /// Text exposition of all metrics, made on every scrape.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Whether exchanges can be taken and recorded now; else the reason.
    pub ready: Arc<dyn Fn() -> Result<(), String> + Send + Sync>,
    pub ca: CaFacts,
    pub api: Api,
}

/// The certificate authority as it is shown; never the key.
#[derive(Debug, Clone)]
pub struct CaFacts {
    pub pem: String,
    pub der: Vec<u8>,
    /// SHA-256 as people compare it.
    pub fingerprint: String,
    pub path: PathBuf,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").field("proxy", &self.proxy).field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
