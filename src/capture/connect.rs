//! `CONNECT`: dial first, answer 200 only then, and let the tunnel's first bytes decide what becomes of it.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;

use super::answer::{refusal, status_for};
use super::body::Outgoing;
use super::dial::Dialled;
use super::hello::ClientHello;
use super::host::LeafName;
use super::intercept::{Tunnel, intercept, serve_plain};
use super::learnt::Way;
use super::peek::{Opening, PeekLimits, peek};
use super::proxy::{ClientConnection, Proxy};
use super::replay::Replayed;
use super::tunnel::ConnectionRecord;
use super::upstream::{Protocol, plain_facts};
use crate::exchange::{Opaque, Trouble};

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
    let mut record = ConnectionRecord::start(proxy, connection, &host, port);
    let dialled = match proxy.dial(&connection.client, &host, port).await {
        Ok(dialled) => dialled,
        Err(error) => {
            let answer = refusal(status_for(error.trouble), error.trouble, &error.reason);
            record.unreachable(&error);
            return answer;
        }
    };
    record.dialled(&dialled);
    let tunnel_proxy = Arc::clone(proxy);
    let tunnel_connection = connection.clone();
    let upgrade = hyper::upgrade::on(request);
    let deadline = proxy.deadline.clone();
    let tunnel = async move {
        match upgrade.await {
            Ok(client) => {
                let client = TokioIo::new(client);
                let tunnel = Tunnel { proxy: tunnel_proxy, connection: tunnel_connection, host, port, record };
                Box::pin(open(tunnel, client, dialled)).await;
            }
            Err(error) => {
                tracing::debug!(%error, "a client left after `CONNECT`");
                record.client_ended(Trouble::ConnectionTerminated);
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
    if authority.as_str().contains('@') || uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err("a `CONNECT` target is `host:port` and nothing else".to_owned());
    }
    let host = LeafName::parse(authority.host()).map_err(|error| error.to_string())?;
    match authority.port_u16() {
        Some(0) | None => Err("a `CONNECT` target needs a port from 1 to 65535".to_owned()),
        Some(port) => Ok((host, port)),
    }
}

type ClientStream = TokioIo<hyper::upgrade::Upgraded>;

/// Look at the first bytes and decide.
async fn open(tunnel: Tunnel, mut client: ClientStream, dialled: Dialled) {
    if tunnel.proxy.bypasses(&tunnel.host) {
        return tunnel.record.tunnel(client, dialled.stream, Opaque::BypassRule).await;
    }
    let limits = tunnel.proxy.config.limits;
    let mut first = Vec::with_capacity(1 << 10);
    // Whoever speaks first tells much: a server that does is no TLS or HTTP server.
    let spoke = tokio::select! {
        biased;
        read = client.read_buf(&mut first) => match read {
            Ok(bytes) => Spoke::Client(bytes),
            Err(_) => Spoke::Gone,
        },
        _ = dialled.stream.readable() => Spoke::Server,
        () = tokio::time::sleep(limits.first_byte) => Spoke::Nobody,
        () = tunnel.proxy.deadline.cancelled() => Spoke::Nobody,
    };
    match spoke {
        Spoke::Gone => return tunnel.record.client_ended(Trouble::Reset),
        // Opened in advance and never used: it tells nothing.
        Spoke::Client(0) => return tunnel.record.needless(),
        Spoke::Client(_) => {}
        Spoke::Server | Spoke::Nobody => {
            return tunnel.record.tunnel(client, dialled.stream, Opaque::ServerFirst).await;
        }
    }
    let mut client = Replayed::new(first, client);
    let patience = PeekLimits { first_byte: limits.first_byte, opening: limits.handshake };
    match peek(&mut client, patience).await {
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
        // A byte was there before: silence now can only be its end.
        Ok(Opening::Closed | Opening::Silent) => tunnel.record.client_ended(Trouble::FinBeforeFinished),
        Err(error) => {
            tracing::debug!(%error, "a tunnel's first bytes could not be read");
            tunnel.record.client_ended(Trouble::Reset);
        }
    }
}

enum Spoke {
    Client(usize),
    Server,
    Nobody,
    /// The client's connection broke.
    Gone,
}

type Peeked = Replayed<Replayed<ClientStream>>;

async fn open_tls(mut tunnel: Tunnel, client: Peeked, hello: ClientHello, dialled: Dialled) {
    if let Some(name) = hello.sni.as_deref().and_then(|sni| LeafName::parse(sni).ok()) {
        tunnel.name(&name.to_string(), hello.ech);
    }
    tunnel.record.tls(tunnel.hello_facts(&hello));
    let way = |address| tunnel.proxy.learnt.way(address, &tunnel.host);
    let way = tunnel.connection.client.address.map_or(Way::Open, way);
    if tunnel.proxy.bypasses(&tunnel.host) {
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
