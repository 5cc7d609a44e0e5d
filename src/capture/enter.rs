//! From an accepted connection to whatever its client speaks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::abortable::Abortable;
use super::door::{Door, is_for_a_proxy, knock};
use super::duplex::ClientStream;
use super::entry::Listening;
use super::forward::serve_proxy;
use super::https_proxy::{OwnTls, Unended, shake_hands};
use super::options::ListenMode;
use super::policy::is_own_address;
use super::proxy::{ClientConnection, Proxy};
use super::redirected::original_destination;
use super::replay::Replayed;
use super::socks::{refuse_socks4, serve_socks};
use super::transparent::serve_redirected;
use super::upstream::Protocol;
use crate::exchange::CaptureMode;

/// How long a client is waited for that was redirected from an address of this very machine: only its first bytes tell
/// whether it knows of the proxy.
const DOUBT: Duration = Duration::from_secs(1);

/// Serve one client to its end.
pub async fn enter(
    proxy: &Arc<Proxy>,
    at: &Listening,
    connection: ClientConnection,
    stream: TcpStream,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let local = stream.local_addr()?;
    let original = original_destination(&stream).filter(|_| at.mode != ListenMode::Explicit);
    let mut stream = Abortable::new(stream, Arc::clone(&connection.broken));
    let mut bytes = Vec::new();
    if let Some(original) = original {
        // A port of this machine's own that leads here is as likely another port for the proxy.
        let explicit = at.mode != ListenMode::Transparent
            && is_own_address(original.ip())
            && timeout(DOUBT, means_a_proxy(&mut stream, &mut bytes)).await.unwrap_or(Ok(false))?;
        if !explicit {
            return serve_redirected(proxy, connection, bytes, stream, original).await;
        }
    } else if at.mode == ListenMode::Transparent {
        return Err(io::Error::other("the connection was not redirected here by a packet filter"));
    }
    serve_door(proxy, connection, bytes, stream, local).await
}

async fn means_a_proxy(stream: &mut Abortable, bytes: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        if let Some(answer) = is_for_a_proxy(bytes) {
            return Ok(answer);
        }
        bytes.reserve(1 << 10);
        if stream.read_buf(bytes).await? == 0 {
            return Ok(false);
        }
    }
}

/// Serve a client that knows of the proxy.
async fn serve_door(
    proxy: &Arc<Proxy>,
    connection: ClientConnection,
    mut bytes: Vec<u8>,
    mut stream: Abortable,
    local: SocketAddr,
) -> io::Result<()> {
    let limits = &proxy.config.limits;
    match found(limits.header_read, knock(&mut stream, &mut bytes)).await? {
        Some(Door::Tls) if !matches!(proxy.entry.tls, OwnTls::Off) => {
            let (tls, agreed) = Box::pin(shake_hands(proxy, stream, bytes, local.ip())).await?;
            let connection = ClientConnection { mode: CaptureMode::HttpsProxy, ..connection };
            let mut inner = Unended::new(tls, Arc::clone(&connection.broken));
            if agreed == Some(Protocol::Http2) {
                return serve_proxy(proxy, connection, Box::new(inner), Protocol::Http2).await;
            }
            let mut bytes = Vec::new();
            let door = found(limits.header_read, knock(&mut inner, &mut bytes)).await?;
            serve_plain_door(proxy, connection, door, bytes, Box::new(inner)).await
        }
        door => serve_plain_door(proxy, connection, door, bytes, Box::new(stream)).await,
    }
}

/// What is behind the last door that needs no TLS.
async fn serve_plain_door(
    proxy: &Arc<Proxy>,
    connection: ClientConnection,
    door: Option<Door>,
    bytes: Vec<u8>,
    stream: ClientStream,
) -> io::Result<()> {
    match door {
        Some(Door::Socks5) => serve_socks(proxy, connection, bytes, stream).await,
        Some(Door::Socks4) => refuse_socks4(stream).await,
        Some(Door::Http2) => {
            serve_proxy(proxy, connection, Box::new(Replayed::new(bytes, stream)), Protocol::Http2).await
        }
        Some(Door::Http1) => {
            serve_proxy(proxy, connection, Box::new(Replayed::new(bytes, stream)), Protocol::Http1).await
        }
        // TLS within TLS, and no `CONNECT` between the two.
        Some(Door::Tls) => Err(io::Error::other("TLS to the proxy is off, or is there already")),
        None => Ok(()),
    }
}

/// A client that opens a connection in advance, and leaves it unused, is no failure.
async fn found(limit: Duration, knocking: impl Future<Output = io::Result<Option<Door>>>) -> io::Result<Option<Door>> {
    timeout(limit, knocking).await.unwrap_or(Ok(None))
}
