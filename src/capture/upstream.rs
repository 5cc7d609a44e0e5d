//! The server's side of one client connection: dialled first, kept while it lives, dialled again when it is gone.
//!
//! A link belongs to one client connection and is never shared between clients, so no two clients' credentials meet.

use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Mutex;

use super::abortable::Broken;
use super::body::Tee;
use super::dial::{DialError, Dialled};
use super::executor::Tracked;
use super::h1_guard::{Guard, Peer as GuardedPeer};
use super::h1_wire::Wire as Http1Wire;
use super::h2_guard::H2Guard;
use super::proxy::Proxy;
use super::upstream_proxy::Forward;
use super::upstream_tls::Secured;
use super::wire::Wire;
use crate::exchange::{Client, NoPeer, Peer, TlsFault, TlsSide, Trouble, UpstreamCertificate};

/// Where a client connection's requests go.
#[derive(Debug, Clone)]
pub struct Route {
    /// Host and port to dial.
    pub host: String,
    pub port: u16,
    /// `None`: without TLS.
    pub tls: Option<TlsRoute>,
}

/// How TLS towards the server is asked for: as the client asked for it.
#[derive(Debug, Clone)]
pub struct TlsRoute {
    /// Sent only if the client sent one.
    pub sni: Option<String>,
    /// Name or address that the certificate must be for.
    pub verify: String,
    /// The client's own list, in its order.
    pub alpn: Vec<Vec<u8>>,
}

/// What is known of a link; every exchange on it inherits it.
#[derive(Debug, Clone)]
pub struct LinkFacts {
    pub peer: Peer,
    pub dns: Option<Duration>,
    pub handshake: Option<Duration>,
    pub tls: Option<TlsSide>,
    pub certificate: Option<UpstreamCertificate>,
    /// The server asked for a client certificate; with TLS 1.3 it may still refuse at the first read.
    pub certificate_asked: bool,
    /// The certificate is accepted by an exception, and what was wrong with it, if anything was.
    pub unverified: bool,
    pub fault: Option<TlsFault>,
    /// Set where requests go to an upstream proxy in absolute form.
    pub forward: Option<Forward>,
    /// Set to end the connection with a reset.
    pub broken: Broken,
}

/// Why no link could be had. `reason` is for the client: one plain sentence without a final period.
#[derive(Debug, Clone)]
pub struct LinkError {
    pub trouble: Trouble,
    pub reason: String,
    /// The peer, where the connection stood and what came after it failed.
    pub peer: Result<Peer, NoPeer>,
    /// The server asked for a client certificate, and Landfall has none.
    pub wants_certificate: bool,
    /// What a handshake failed of.
    pub fault: Option<TlsFault>,
    /// The certificate that was not acceptable.
    pub certificate: Option<UpstreamCertificate>,
}

impl LinkError {
    /// Without anything of TLS.
    pub fn new(trouble: Trouble, reason: String, peer: Result<Peer, NoPeer>) -> Self {
        Self { trouble, reason, peer, wants_certificate: false, fault: None, certificate: None }
    }
}

impl From<DialError> for LinkError {
    fn from(error: DialError) -> Self {
        Self::new(error.trouble, error.reason, Err(error.no_peer))
    }
}

/// The protocol of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

/// A link's sending half.
pub enum Sender {
    Http1(http1::SendRequest<Tee>, Arc<Http1Wire>),
    Http2(http2::SendRequest<Tee>),
}

/// A sender that is ready, and how it came about.
pub struct Ready {
    pub sender: Sender,
    pub facts: Arc<LinkFacts>,
    /// It was there before: if it turns out dead before a byte went out, a fresh one may be tried.
    pub reused: bool,
}

/// The links of one client connection to one route.
pub struct Upstream {
    proxy: Arc<Proxy>,
    client: Client,
    route: Route,
    protocol: Protocol,
    state: Mutex<Option<Link>>,
    /// What the first request is told, instead of another try.
    met: Mutex<Option<LinkError>>,
}

struct Link {
    sender: Sender,
    facts: Arc<LinkFacts>,
}

impl Upstream {
    /// An upstream that has no link yet.
    pub fn new(proxy: Arc<Proxy>, client: Client, route: Route, protocol: Protocol) -> Self {
        Self { proxy, client, route, protocol, state: Mutex::new(None), met: Mutex::new(None) }
    }

    /// An upstream that could not be had when its client shook hands: the first request is told why. The next ones may find
    /// it mended, for as long as the client keeps its connection.
    pub fn after(mut self, error: LinkError) -> Self {
        self.met = Mutex::new(Some(error));
        self
    }

    /// An upstream whose first link was dialled before the client's protocol was known.
    pub async fn with_link<S>(self, stream: S, facts: LinkFacts) -> Result<Self, LinkError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let sender = self.handshake(stream).await?;
        *self.state.lock().await = Some(Link { sender, facts: Arc::new(facts) });
        Ok(self)
    }

    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// A ready sender: the link that is there, or a fresh one. An HTTP/1.1 sender must be given [back](Self::put_back).
    pub async fn ready(&self, fresh: bool) -> Result<Ready, LinkError> {
        let mut state = self.state.lock().await;
        if let Some(error) = self.met.lock().await.take() {
            return Err(error);
        }
        if !fresh && let Some(ready) = take_live(&mut state).await {
            return Ok(ready);
        }
        let (sender, facts) = self.dial().await?;
        let facts = Arc::new(facts);
        if let Sender::Http2(sender) = &sender {
            *state = Some(Link { sender: Sender::Http2(sender.clone()), facts: Arc::clone(&facts) });
        }
        Ok(Ready { sender, facts, reused: false })
    }

    /// Keep a sender for the next request.
    pub async fn put_back(&self, sender: http1::SendRequest<Tee>, wire: Arc<Http1Wire>, facts: Arc<LinkFacts>) {
        if !sender.is_closed() {
            *self.state.lock().await = Some(Link { sender: Sender::Http1(sender, wire), facts });
        }
    }

    async fn dial(&self) -> Result<(Sender, LinkFacts), LinkError> {
        let Some(tls) = &self.route.tls else {
            let dialled = self.proxy.dial_for_requests(&self.client, &self.route.host, self.route.port).await?;
            let (stream, facts) = plain_facts(dialled);
            return Ok((self.handshake(stream).await?, facts));
        };
        let dialled = self.proxy.dial(&self.client, &self.route.host, self.route.port).await?;
        let (secured, facts) = self.proxy.secure(&self.client, dialled, tls).await?;
        if protocol_of(secured.alpn.as_deref()) != Some(self.protocol) {
            let reason = format!("`{}` chose another protocol than on the connection before", self.route.host);
            return Err(LinkError::new(Trouble::TlsProtocolError, reason, Ok(facts.peer)));
        }
        Ok((self.handshake(secured.stream).await?, facts))
    }

    async fn handshake<S>(&self, stream: S) -> Result<Sender, LinkError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.proxy.config.limits;
        let failed = |error: hyper::Error| {
            let reason = format!("the connection to `{}` failed before a request was sent: {error}", self.route.host);
            LinkError::new(Trouble::HttpProtocolError, reason, Err(NoPeer::Unreachable))
        };
        match self.protocol {
            Protocol::Http1 => {
                let wire = Arc::<Http1Wire>::default();
                let io = TokioIo::new(Guard::new(stream, GuardedPeer::Server, limits.guard(), Arc::clone(&wire)));
                let (sender, connection) = http1::Builder::new()
                    .preserve_header_case(true)
                    .max_headers(limits.header_fields + 1)
                    .max_header_size(limits.header_block * 2)
                    .max_buf_size(limits.header_block.max(8 << 10) * 2)
                    .handshake(io)
                    .await
                    .map_err(failed)?;
                let connection = connection.with_upgrades();
                self.proxy.tasks.spawn(async move { note_end(connection.await) });
                Ok(Sender::Http1(sender, wire))
            }
            Protocol::Http2 => {
                let io = TokioIo::new(H2Guard::new(stream, false, limits.h2_control_frames));
                let (sender, connection) = http2::Builder::new(Tracked(self.proxy.tasks.clone()))
                    .timer(TokioTimer::new())
                    .initial_stream_window_size(STREAM_WINDOW)
                    .initial_connection_window_size(CONNECTION_WINDOW)
                    .max_header_list_size(u32::try_from(limits.header_block).unwrap_or(u32::MAX))
                    .handshake(io)
                    .await
                    .map_err(failed)?;
                self.proxy.tasks.spawn(async move { note_end(connection.await) });
                Ok(Sender::Http2(sender))
            }
        }
    }
}

/// Bytes of flow-control credit per HTTP/2 stream and connection, on both legs: enough for a fast path with delay,
/// little enough that a stalled reader pins less than a body's cap.
pub const STREAM_WINDOW: u32 = 1 << 20;
pub const CONNECTION_WINDOW: u32 = 4 << 20;

/// The HTTP version that an ALPN protocol names; nothing negotiated means HTTP/1.1.
pub fn protocol_of(alpn: Option<&[u8]>) -> Option<Protocol> {
    match alpn {
        None | Some(b"http/1.1" | b"http/1.0") => Some(Protocol::Http1),
        Some(b"h2") => Some(Protocol::Http2),
        Some(_) => None,
    }
}

/// Facts of a link without TLS.
pub fn plain_facts(dialled: Dialled) -> (Wire, LinkFacts) {
    let facts = LinkFacts {
        peer: dialled.peer,
        dns: dialled.dns,
        handshake: None,
        tls: None,
        certificate: None,
        certificate_asked: false,
        unverified: false,
        fault: None,
        forward: dialled.forward,
        broken: dialled.stream.broken(),
    };
    (dialled.stream, facts)
}

/// Facts of a link with TLS.
pub fn secured_facts(peer: Peer, dns: Option<Duration>, took: Duration, secured: &Secured<Wire>) -> LinkFacts {
    LinkFacts {
        peer,
        dns,
        handshake: Some(took),
        tls: Some(secured.side.clone()),
        certificate: secured.certificate.clone(),
        certificate_asked: secured.client_certificate_asked,
        unverified: secured.unverified,
        fault: secured.excused,
        forward: None,
        broken: secured.stream.get_ref().0.broken(),
    }
}

async fn take_live(state: &mut Option<Link>) -> Option<Ready> {
    match state {
        Some(Link { sender: Sender::Http2(sender), facts }) => {
            let mut sender = sender.clone();
            let facts = Arc::clone(facts);
            sender.ready().await.ok()?;
            Some(Ready { sender: Sender::Http2(sender), facts, reused: true })
        }
        Some(Link { sender: Sender::Http1(..), .. }) => {
            let Some(Link { sender: Sender::Http1(mut sender, wire), facts }) = state.take() else { return None };
            sender.ready().await.ok()?;
            Some(Ready { sender: Sender::Http1(sender, wire), facts, reused: true })
        }
        None => None,
    }
}

/// An upstream connection's own end tells nothing that its exchanges don't; the level is for diagnosis only.
fn note_end(result: hyper::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "upstream connection ended");
    }
}
