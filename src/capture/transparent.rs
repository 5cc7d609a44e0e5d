//! Clients that know of no proxy: a packet filter redirected them here, and the system remembers where they were going.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::abortable::Abortable;
use super::connect::{open, reach};
use super::policy::Refusal;
use super::proxy::{ClientConnection, Proxy};
use super::replay::Replayed;
use super::tunnel::ConnectionRecord;
use crate::exchange::CaptureMode;

/// Connect to where the client was going and relay, opened where it can be. `bytes` were read of it already.
pub async fn serve_redirected(
    proxy: &Arc<Proxy>,
    connection: ClientConnection,
    bytes: Vec<u8>,
    stream: Abortable,
    original: SocketAddr,
) -> io::Result<()> {
    let connection = ClientConnection { mode: CaptureMode::Transparent, ..connection };
    let (host, port) = (original.ip().to_string(), original.port());
    let client = stream.get_ref().peer_addr()?;
    // Who passes for an account elsewhere has no way to show it here.
    let admitted = proxy.policy.admit(client.ip(), stream.get_ref().local_addr()?, false);
    let loops = || if proxy.entry.is_own(client, original) { Err(Refusal::OwnListener) } else { Ok(()) };
    let (tunnel, dialled) = match admitted.and_then(|()| loops()) {
        Ok(()) => match reach(proxy, &connection, &host, port).await {
            Ok(reached) => reached,
            Err(error) => return turn_away(stream, &error.reason),
        },
        Err(refusal) => {
            ConnectionRecord::start(proxy, &connection, &host, port).forbidden(refusal.trouble());
            return turn_away(stream, &refusal.to_string());
        }
    };
    // The filter may have caught Landfall's own connection, and only now that is certain to be known.
    if let Err(refusal) = loops() {
        tunnel.record.forbidden(refusal.trouble());
        return turn_away(stream, &refusal.to_string());
    }
    Box::pin(open(tunnel, Box::new(Replayed::new(bytes, stream)), dialled)).await;
    Ok(())
}

/// The client thinks that it is connected: a reset is the nearest to the truth that it can be told.
fn turn_away(stream: Abortable, reason: &str) -> io::Result<()> {
    stream.get_ref().set_zero_linger()?;
    Err(io::Error::other(format!("a redirected client was reset: {reason}")))
}
