//! `CONNECT`: dial first, answer 200 only then, and let the tunnel's first bytes decide what becomes of it. The other ways to
//! ask for a tunnel come here, too.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;

use super::answer::{refusal, status_for};
use super::authority::parse_authority;
use super::body::Outgoing;
use super::dial::Dialled;
use super::duplex::ClientStream;
use super::first_word::{FirstWord, first_word};
use super::forward::{OWN_NAME, own_page};
use super::hello::ClientHello;
use super::host::LeafName;
use super::intercept::{Tunnel, intercept, serve_plain};
use super::learnt::Way;
use super::peek::{Opening, peek};
use super::proxy::{ClientConnection, Proxy};
use super::replay::Replayed;
use super::serve_http::serve_http;
use super::tunnel::ConnectionRecord;
use super::upstream::{LinkError, Protocol, plain_facts};
use crate::exchange::{NoPeer, Opaque, Trouble};

/// Answer a `CONNECT` request, and see its tunnel through in a task of its own.
pub async fn connect(
    proxy: &Arc<Proxy>,
    connection: &ClientConnection,
    request: Request<Incoming>,
) -> Response<Outgoing> {
    let (host, port) = match target(&request) {
        Ok(target) => target,
        Err(reason) => return refusal(StatusCode::BAD_REQUEST, Trouble::HttpRequestError, &reason),
    };
    let host = host.to_string();
    let reached = if is_own_name(&host, port) {
        None
    } else {
        match reach(proxy, connection, &host, port).await {
            Ok(reached) => Some(reached),
            Err(error) => return refusal(status_for(error.trouble), error.trouble, &error.reason),
        }
    };
    let upgrade = hyper::upgrade::on(request);
    let (deadline, own) = (proxy.deadline.clone(), Arc::clone(proxy));
    let tunnel = async move {
        match (upgrade.await, reached) {
            (Ok(client), Some((tunnel, dialled))) => {
                Box::pin(open(tunnel, Box::new(TokioIo::new(client)), dialled)).await;
            }
            (Ok(client), None) => {
                if let Err(error) = serve_own_name(&own, Box::new(TokioIo::new(client))).await {
                    tracing::debug!(%error, "a client left Landfall's own page");
                }
            }
            (Err(error), reached) => {
                tracing::debug!(%error, "a client left after `CONNECT`");
                if let Some((tunnel, _)) = reached {
                    tunnel.record.client_ended(Trouble::ConnectionTerminated);
                }
            }
        }
    };
    proxy.tasks.spawn(async move {
        // What is dropped at the deadline records itself.
        tokio::select! {
            biased;
            () = tunnel => {}
            () = deadline.cancelled() => {}
        }
    });
    Response::new(Outgoing::Own { body: Full::default() })
}

/// Host and port of an authority-form target (RFC 9112 section 3.2.3): both must be there, and nothing else.
fn target(request: &Request<Incoming>) -> Result<(LeafName, u16), String> {
    let uri = request.uri();
    let authority = uri.authority().ok_or("`CONNECT` needs a target of the form `host:port`")?;
    if uri.scheme().is_some() || uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err("a `CONNECT` target is `host:port` and nothing else".to_owned());
    }
    match parse_authority(authority.as_str())? {
        (_, None) => Err("a `CONNECT` target needs a port from 1 to 65535".to_owned()),
        (host, Some(port)) => Ok((host, port)),
    }
}

/// Whether a tunnel to Landfall itself is asked for: its own name leads nowhere else.
pub fn is_own_name(host: &str, port: u16) -> bool {
    host == OWN_NAME && port == 80
}

/// Serve Landfall's own pages through a tunnel.
pub async fn serve_own_name(proxy: &Arc<Proxy>, client: ClientStream) -> io::Result<()> {
    let own = Arc::clone(proxy);
    let served = serve_http(proxy, client, Protocol::Http1, true, move |request| {
        let page = own_page(&own, request.uri().path());
        async move { Ok(page) }
    });
    served.await.map_err(io::Error::other)
}

/// Take a place for a tunnel and connect to its destination. A failure is recorded here, and is for the caller to tell.
pub async fn reach(
    proxy: &Arc<Proxy>,
    connection: &ClientConnection,
    host: &str,
    port: u16,
) -> Result<(Tunnel, Dialled), LinkError> {
    let Some(slot) = proxy.entry.tunnel(&connection.slot) else {
        let reason = "as many tunnels are open as `capture.limits.connections` allows".to_owned();
        return Err(LinkError::new(Trouble::ConnectionLimitReached, reason, Err(NoPeer::Refused)));
    };
    let connection = ClientConnection { slot, ..connection.clone() };
    let mut record = ConnectionRecord::start(proxy, &connection, host, port);
    match proxy.dial(&connection.client, host, port).await {
        Ok(dialled) => {
            record.dialled(&dialled);
            let tunnel = Tunnel { proxy: Arc::clone(proxy), connection, host: host.to_owned(), port, record };
            Ok((tunnel, dialled))
        }
        Err(error) => {
            record.unreachable(&error);
            Err(error)
        }
    }
}

/// How long a client whose server has closed may take to say what it wanted.
const GRACE: Duration = Duration::from_secs(1);

/// Look at the first bytes and decide.
pub async fn open(mut tunnel: Tunnel, mut client: ClientStream, mut dialled: Dialled) {
    if tunnel.proxy.bypasses(&tunnel.connection.client, &tunnel.host, None) {
        return tunnel.record.tunnel(client, dialled.stream, Opaque::BypassRule).await;
    }
    let limits = tunnel.proxy.config.limits;
    let (mut first, mut banner) = (Vec::new(), Vec::new());
    // Whoever speaks first tells much: a server that does is no TLS or HTTP server.
    match first_word(&mut client, &mut first, &mut dialled.stream, &mut banner, limits.idle).await {
        FirstWord::Client => {}
        FirstWord::Server => {
            let server = Replayed::new(banner, dialled.stream);
            return tunnel.record.tunnel(client, server, Opaque::ServerFirst).await;
        }
        // Opened in advance and never used: it tells nothing.
        FirstWord::ClientEnded | FirstWord::Nobody => return tunnel.record.needless(),
        FirstWord::ClientBroke => return tunnel.record.client_ended(Trouble::Reset),
        // A server that gave up waiting can be had anew, if the client was about to speak.
        FirstWord::ServerEnded => match tokio::time::timeout(GRACE, client.read_buf(&mut first)).await {
            Ok(Ok(1..)) => match tunnel.proxy.dial(&tunnel.connection.client, &tunnel.host, tunnel.port).await {
                Ok(again) => {
                    tunnel.record.dialled(&again);
                    dialled = again;
                }
                Err(error) => return tunnel.record.unreachable(&error),
            },
            _ => return tunnel.record.server_ended(),
        },
    }
    match peek(&mut client, first, limits.handshake).await {
        Ok(Opening::Tls(hello, bytes)) => {
            Box::pin(open_tls(tunnel, Replayed::new(bytes, client), *hello, dialled)).await;
        }
        Ok(Opening::Http(bytes)) => {
            open_plain(tunnel, Replayed::new(bytes, client), dialled, Protocol::Http1).await;
        }
        Ok(Opening::H2Preface(bytes)) => {
            open_plain(tunnel, Replayed::new(bytes, client), dialled, Protocol::Http2).await;
        }
        Ok(Opening::Other(bytes)) => {
            tunnel.record.tunnel(Replayed::new(bytes, client), dialled.stream, Opaque::NotTls).await;
        }
        Err(error) => {
            tracing::debug!(%error, "a tunnel's first bytes could not be read");
            let timed_out = error.kind() == io::ErrorKind::TimedOut;
            tunnel.record.client_ended(if timed_out { Trouble::Timeout } else { Trouble::Reset });
        }
    }
}

type Peeked = Replayed<ClientStream>;

async fn open_tls(mut tunnel: Tunnel, client: Peeked, hello: ClientHello, dialled: Dialled) {
    let bypassed = tunnel.proxy.bypasses(&tunnel.connection.client, &tunnel.host, hello.sni.as_deref());
    if let Some(name) = hello.sni.as_deref().and_then(|sni| LeafName::parse(sni).ok()) {
        tunnel.name(&name.to_string(), hello.ech);
    }
    tunnel.record.tls(tunnel.hello_facts(&hello));
    let way = |address| tunnel.proxy.learnt.way(address, &tunnel.host);
    let way = tunnel.connection.client.address.map_or(Way::Open, way);
    if bypassed {
        tunnel.record.tunnel(client, dialled.stream, Opaque::BypassRule).await;
    } else if let Way::Tunnel(why) = way {
        tunnel.relay_pinned(client, dialled.stream, why).await;
    } else if way == Way::Refuse {
        tunnel.refuse_pinned(client).await;
    } else if tunnel.proxy.learnt.wants_certificate(&tunnel.host) {
        tunnel.record.tunnel(client, dialled.stream, Opaque::MtlsRequired).await;
    } else {
        Box::pin(intercept(tunnel, client, hello, dialled)).await;
    }
}

async fn open_plain(tunnel: Tunnel, client: Peeked, dialled: Dialled, protocol: Protocol) {
    let (stream, facts) = plain_facts(dialled);
    serve_plain(tunnel, client, stream, facts, protocol).await;
}
