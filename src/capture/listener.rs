//! A proxy port: accept, check who it is, and see each connection to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::abortable::Broken;
use super::counters::ConnectionResult;
use super::door::{Door, knock};
use super::duplex::say_goodbye;
use super::enter::enter;
use super::entry::{ConnectionSlot, Listening};
use super::proxy::{ClientConnection, Proxy};
use crate::exchange::{CaptureMode, Client};

/// Pause after the system could not give another descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Clients beyond the limit that are told so at once; the next ones only see their connection reset.
const TOLD: usize = 64;
/// How long they have for the first byte, which tells how to say it.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// Accept connections until shutdown. Those under way are in `proxy.tasks`.
pub async fn listen(proxy: Arc<Proxy>, at: Arc<Listening>, listener: TcpListener) {
    let told = Arc::new(Semaphore::new(TOLD));
    let mut limited = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = proxy.shutdown.cancelled() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let place = proxy.entry.place(proxy.counters.active.with_label_values(&[&at.name]));
        if place.is_none() && !limited {
            tracing::warn!(
                "as many connections are open as `capture.limits.connections` allows; more are answered 503"
            );
        }
        limited = place.is_none();
        match place {
            Some(slot) => {
                let deadline = proxy.deadline.clone();
                let (proxy, at) = (Arc::clone(&proxy), Arc::clone(&at));
                proxy.tasks.clone().spawn(async move {
                    tokio::select! {
                        biased;
                        () = serve_client(&proxy, &at, stream, address, slot) => {}
                        () = deadline.cancelled() => {}
                    }
                });
            }
            None => {
                count(&proxy, &at, ConnectionResult::Limited);
                turn_away(&proxy, &told, stream);
            }
        }
    }
}

fn count(proxy: &Proxy, at: &Listening, result: ConnectionResult) {
    proxy.counters.connections.with_label_values(&[&*at.name, result.as_str()]).inc();
}

async fn serve_client(
    proxy: &Arc<Proxy>,
    at: &Listening,
    stream: TcpStream,
    address: SocketAddr,
    slot: ConnectionSlot,
) {
    let from = address.ip().to_canonical();
    let result = match proxy.policy.admit(from, at.address, proxy.entry.accounts.is_some()) {
        Ok(()) => {
            let device = proxy.entry.devices.at(from, at.device.clone()).await;
            let client = Client { address: Some(from), user: at.user.clone(), device };
            let connection = ClientConnection { client, mode: CaptureMode::Forward, broken: Broken::default(), slot };
            match Box::pin(enter(proxy, at, connection, stream)).await {
                Ok(()) => ConnectionResult::Closed,
                Err(error) => {
                    tracing::debug!(%error, "client connection ended");
                    ConnectionResult::Failed
                }
            }
        }
        Err(refusal) => {
            tracing::warn!(client = %from, "{refusal}");
            ConnectionResult::Denied
        }
    };
    count(proxy, at, result);
}

/// Tell a client that there is no place for it, in the words of its protocol.
fn turn_away(proxy: &Arc<Proxy>, told: &Arc<Semaphore>, mut stream: TcpStream) {
    let Ok(turn) = Arc::clone(told).try_acquire_owned() else {
        if let Err(error) = stream.set_zero_linger() {
            tracing::debug!(%error, "a client beyond the limit was gone already");
        }
        return;
    };
    proxy.tasks.spawn(async move {
        let _turn = turn;
        let mut bytes = Vec::new();
        let words: &[u8] = match tokio::time::timeout(TOLD_WITHIN, knock(&mut stream, &mut bytes)).await {
            Ok(Ok(Some(Door::Http1))) => FULL,
            // No method is acceptable now (RFC 1928 section 3).
            Ok(Ok(Some(Door::Socks5))) => &[5, 0xff],
            // TLS and HTTP/2 have nothing to say before a handshake: the close is the answer.
            _ => &[],
        };
        if let Err(error) = say_goodbye(stream, words).await {
            tracing::debug!(%error, "a client beyond the limit did not wait for its answer");
        }
    });
}

const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nproxy-status: landfall; error=connection_limit_reached\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-length: 130\r\nconnection: close\r\nretry-after: 1\r\n\r\n\
    503 Service Unavailable\n\nLandfall, the proxy between this client and the server, says: as many connections are open \
    as it allows.\n";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_one_too_many_is_whole() {
        let text = std::str::from_utf8(FULL).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
