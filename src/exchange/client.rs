//! Who sent the request: the tester's own side of the connection.

use std::net::IpAddr;
use std::sync::Arc;

/// The client as the listener saw it. `None` for what could not be told.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// Source address of the connection; `None` for imports that do not carry one.
    pub address: Option<IpAddr>,
    /// Name the client proved by proxy authentication, or else its listener's.
    pub user: Option<Arc<str>>,
    /// Configured name of the device, else its hardware address, else the product its requests name.
    pub device: Option<Arc<str>>,
}
