//! The proxy port: accept, check who it is, and see each connection to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::abortable::Broken;
use super::counters::{ConnectionResult, LISTENER};
use super::forward::serve_proxy;
use super::proxy::{ClientConnection, Proxy};
use crate::exchange::Client;

/// Pause after the system could not give another descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accept connections until shutdown. Those under way are in `proxy.tasks`.
pub async fn listen(proxy: Arc<Proxy>, listener: TcpListener) {
    let open = Arc::new(Semaphore::new(proxy.config.limits.connections));
    loop {
        let slot = tokio::select! {
            slot = Arc::clone(&open).acquire_owned() => slot,
            () = proxy.shutdown.cancelled() => return,
        };
        let Ok(slot) = slot else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = proxy.shutdown.cancelled() => return,
        };
        match accepted {
            Ok((stream, address)) => {
                let task_proxy = Arc::clone(&proxy);
                let deadline = proxy.deadline.clone();
                proxy.tasks.spawn(async move {
                    tokio::select! {
                        biased;
                        () = serve_client(task_proxy, stream, address, Arc::new(slot)) => {}
                        () = deadline.cancelled() => {}
                    }
                });
            }
            Err(error) => pause_after(&error).await,
        }
    }
}

async fn serve_client(proxy: Arc<Proxy>, stream: TcpStream, address: SocketAddr, slot: super::sink::ConnectionSlot) {
    let active = proxy.counters.active.with_label_values(&[LISTENER]);
    active.inc();
    let result = match proxy.admits(address.ip()) {
        Ok(()) => {
            let client = Client { address: Some(address.ip().to_canonical()), user: None, device: None };
            let connection = ClientConnection { client, broken: Broken::default(), slot };
            match serve_proxy(Arc::clone(&proxy), connection, stream).await {
                Ok(()) => ConnectionResult::Closed,
                Err(error) => {
                    tracing::debug!(%error, "client connection ended");
                    ConnectionResult::Failed
                }
            }
        }
        Err(refusal) => {
            tracing::warn!(client = %address.ip(), "{refusal}");
            ConnectionResult::Denied
        }
    };
    active.dec();
    proxy.counters.connections.with_label_values(&[LISTENER, result.as_str()]).inc();
}

/// A failed accept is the system's trouble (no descriptors) or the client's (gone already); only the first needs a rest.
async fn pause_after(error: &io::Error) {
    let gone = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    );
    if !gone {
        tracing::error!(%error, "could not accept a connection; raise the limit on open files if this goes on");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
