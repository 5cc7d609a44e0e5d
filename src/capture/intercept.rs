//! Interception: TLS to the server first, with the client's own offer; then TLS to the client, with exactly what the
//! server chose.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::alert;
use super::client_ending::{ClientEnding, after_handshake, within_handshake};
use super::crypto::tls_side;
use super::dial::Dialled;
use super::hello::ClientHello;
use super::host::LeafName;
use super::options::OnBadUpstream;
use super::peek::{Opening, peek};
use super::proxy::{ClientConnection, Proxy};
use super::relay::{Scene, relay};
use super::replay::Replayed;
use super::serve_http::serve_http;
use super::tunnel::ConnectionRecord;
use super::upstream::{LinkError, LinkFacts, Protocol, Route, TlsRoute, Upstream, protocol_of};
use super::upstream_tls::Secured;
use super::wire::Wire;
use crate::exchange::{Coverage, Note, Opaque, Scheme, TlsFacts, TlsFault, TlsSide, Trouble};

/// One `CONNECT` tunnel on its way to being opened.
pub struct Tunnel {
    pub proxy: Arc<Proxy>,
    pub connection: ClientConnection,
    /// The name the client wants: of its hello if it has one, else of its `CONNECT`.
    pub host: String,
    pub port: u16,
    pub record: ConnectionRecord,
}

impl Tunnel {
    /// The hello names a host; if it is another than the one in `CONNECT`, that is worth a note.
    pub fn name(&mut self, host: &str, ech: bool) {
        let dialled_by_address = LeafName::parse(&self.host).is_ok_and(|name| name.ip().is_some());
        if host != self.host && !dialled_by_address {
            self.record.note(Note::NameMismatch);
            // GREASE carries the name that is wanted. Another one beside an ECH extension is most likely the public name of
            // whoever can read the rest, and the name in `CONNECT` the one that it hides.
            if ech {
                self.record.note(Note::EchOffered);
            }
        }
        host.clone_into(&mut self.host);
        self.record.named(host);
    }

    pub fn hello_facts(&self, hello: &ClientHello) -> TlsFacts {
        TlsFacts { sni: hello.sni.clone(), ja4: Some(hello.ja4.clone()), ..TlsFacts::default() }
    }
}

/// Open a TLS tunnel.
pub async fn intercept<C>(mut tunnel: Tunnel, client: C, hello: ClientHello, dialled: Dialled)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tls = TlsRoute { sni: hello.sni.clone(), verify: tunnel.host.clone(), alpn: hello.alpn.clone() };
    // The address that was dialled stays the one to dial: the hello's name is never resolved instead of it.
    let route = Route { host: tunnel.record.dialled_host().to_owned(), port: tunnel.port, tls: Some(tls.clone()) };
    match tunnel.proxy.secure(&tunnel.connection.client, dialled, &tls).await {
        Ok((secured, facts)) => {
            tunnel.record.linked(&facts);
            let alpn = secured.alpn.clone();
            let Some((tunnel, client, side)) = accept(tunnel, client, alpn.as_deref()).await else { return };
            let facts_of_client = TlsFacts { client: side, ..tunnel.hello_facts(&hello) };
            carry(tunnel, client, Far { secured, facts, route }, facts_of_client).await;
        }
        Err(error) if error.wants_certificate => {
            tunnel.proxy.learnt.certificate_wanted(&tunnel.host);
            match tunnel.proxy.dial(&tunnel.connection.client, &route.host, tunnel.port).await {
                Ok(dialled) => tunnel.record.tunnel(client, dialled.stream, Opaque::MtlsRequired).await,
                Err(error) => tunnel.record.unreachable(&error),
            }
        }
        Err(error) if tunnel.proxy.config.on_bad_upstream == OnBadUpstream::Alert => {
            mirror(tunnel, client, &error).await;
        }
        Err(error) => {
            // A page can only be read by whoever speaks HTTP.
            let Some(alpn) = own_choice(&hello.alpn) else { return mirror(tunnel, client, &error).await };
            let Some((tunnel, client, side)) = accept(tunnel, client, alpn).await else { return };
            let facts = TlsFacts { client: side, ..tunnel.hello_facts(&hello) };
            let protocol = protocol_of(alpn).unwrap_or(Protocol::Http1);
            // Whoever asks again speaks what was agreed with the client.
            let tls = TlsRoute { alpn: alpn.map(<[u8]>::to_vec).into_iter().collect(), ..tls };
            let route = Route { tls: Some(tls), ..route };
            let upstream = Upstream::new(Arc::clone(&tunnel.proxy), tunnel.connection.client.clone(), route, protocol);
            let upstream = Ok(Arc::new(upstream.after(error.clone())));
            serve(tunnel, client, Near::intercepted(facts, protocol), upstream, Some(error)).await;
        }
    }
}

/// Tell the client by an alert what Landfall met at the server.
async fn mirror<C: AsyncWrite + Unpin>(tunnel: Tunnel, mut client: C, error: &LinkError) {
    alert::send(&mut client, alert::mirroring(error.fault)).await;
    tunnel.record.unreachable(error);
}

/// Serve HTTP that came through `CONNECT` without TLS.
pub async fn serve_plain<C, U>(mut tunnel: Tunnel, client: C, stream: U, facts: LinkFacts, protocol: Protocol)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    U: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tunnel.record.linked(&facts);
    let route = Route { host: tunnel.record.dialled_host().to_owned(), port: tunnel.port, tls: None };
    let upstream = Upstream::new(Arc::clone(&tunnel.proxy), tunnel.connection.client.clone(), route, protocol);
    let upstream = upstream.with_link(stream, facts).await.map(Arc::new);
    let near = Near { coverage: Coverage::Plaintext, scheme: Scheme::Http, tls: TlsFacts::default(), protocol };
    serve(tunnel, client, near, upstream, None).await;
}

/// Finish the client's handshake. A client that ends it is recorded as such; then there is nothing left to do.
async fn accept<C>(
    mut tunnel: Tunnel,
    client: C,
    alpn: Option<&[u8]>,
) -> Option<(Tunnel, TlsStream<C>, Option<TlsSide>)>
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let proxy = Arc::clone(&tunnel.proxy);
    let handshakes = |result| proxy.counters.tls_handshakes.with_label_values(&["client", result]).inc();
    let began = Instant::now();
    let config = LeafName::parse(&tunnel.host)
        .map_err(|error| error.to_string())
        .and_then(|name| proxy.leaves.server_config(&name, alpn).map_err(|error| error.to_string()));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            tracing::warn!(error, "no certificate could be made for a host");
            handshakes("failed");
            tunnel.record.client_ended(Trouble::InternalError);
            return None;
        }
    };
    let accepted = tokio::time::timeout(proxy.config.limits.handshake, TlsAcceptor::from(config).accept(client)).await;
    let ending = match accepted {
        Ok(Ok(stream)) => {
            handshakes("ok");
            let side = tls_side(stream.get_ref().1);
            let sends_tickets = side.as_ref().is_some_and(|side| side.version == "1.3");
            tunnel.record.shook_hands(began.elapsed(), sends_tickets);
            return Some((tunnel, stream, side));
        }
        Ok(Err(error)) => within_handshake(&error),
        Err(_) => ClientEnding { fault: Some(TlsFault::Timeout), ..ClientEnding::of(Trouble::Timeout) },
    };
    handshakes("failed");
    tunnel.ended(ending);
    None
}

/// Both handshakes are done: carry what the chosen protocol is.
async fn carry<C>(mut tunnel: Tunnel, mut client: TlsStream<C>, mut far: Far, tls: TlsFacts)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tunnel.record.tls(TlsFacts {
        upstream: far.facts.tls.clone(),
        certificate: far.facts.certificate.clone(),
        ..tls.clone()
    });
    let Some(protocol) = protocol_of(far.secured.alpn.as_deref()) else {
        return tunnel.carry_unread(client, far.secured.stream, Opaque::NotHttp).await;
    };
    if far.secured.alpn.is_some() {
        return carry_http(tunnel, client, far, Near::intercepted(tls, protocol)).await;
    }
    // Nothing was negotiated: it may be HTTP/1.1, or anything else. Whoever speaks first tells.
    let (began, mut first, mut last) = (Instant::now(), Vec::new(), Vec::new());
    let limits = tunnel.proxy.config.limits;
    let ended = tokio::select! {
        biased;
        read = client.read_buf(&mut first) => read.map(|read| read == 0),
        read = far.secured.stream.read_buf(&mut last) => match read {
            Ok(1..) => {
                let upstream = Replayed::new(last, far.secured.stream);
                return tunnel.carry_unread(client, upstream, Opaque::ServerFirst).await;
            }
            // The server gave up waiting. Another connection to it can be had when the client asks.
            Ok(_) | Err(_) => match tokio::time::timeout(limits.idle, client.read_buf(&mut first)).await {
                Ok(read) => read.map(|read| read == 0),
                Err(_) => Ok(true),
            },
        },
        () = tokio::time::sleep(limits.idle) => Ok(true),
        () = tunnel.proxy.deadline.cancelled() => Ok(true),
    };
    match ended {
        Ok(false) => carry_peeked(tunnel, client, first, far, tls).await,
        Ok(true) => tunnel.ended_unused(None, began),
        Err(error) => tunnel.ended_unused(Some(&error), began),
    }
}

/// The client has spoken first, and no protocol was negotiated.
async fn carry_peeked<C>(tunnel: Tunnel, mut client: TlsStream<C>, first: Vec<u8>, far: Far, tls: TlsFacts)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = tunnel.proxy.config.limits;
    match peek(&mut client, first, limits.handshake).await {
        Ok(Opening::Http(bytes)) => {
            carry_http(tunnel, Replayed::new(bytes, client), far, Near::intercepted(tls, Protocol::Http1)).await;
        }
        Ok(Opening::H2Preface(bytes)) => {
            let near = Near::intercepted(tls, Protocol::Http2);
            carry_http(tunnel, Replayed::new(bytes, client), far, near).await;
        }
        Ok(Opening::Tls(_, bytes) | Opening::Other(bytes)) => {
            tunnel.carry_unread(Replayed::new(bytes, client), far.secured.stream, Opaque::NotHttp).await;
        }
        Err(_) => tunnel.record.client_ended(Trouble::Reset),
    }
}

/// The server's side of an opened tunnel.
struct Far {
    secured: Secured<Wire>,
    facts: LinkFacts,
    route: Route,
}

/// The client's side of an opened tunnel.
struct Near {
    coverage: Coverage,
    scheme: Scheme,
    tls: TlsFacts,
    protocol: Protocol,
}

impl Near {
    fn intercepted(tls: TlsFacts, protocol: Protocol) -> Self {
        Self { coverage: Coverage::Intercepted, scheme: Scheme::Https, tls, protocol }
    }
}

async fn carry_http<C>(tunnel: Tunnel, client: C, far: Far, near: Near)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let proxy = Arc::clone(&tunnel.proxy);
    let upstream = Upstream::new(proxy, tunnel.connection.client.clone(), far.route, near.protocol);
    let upstream = upstream.with_link(far.secured.stream, far.facts).await.map(Arc::new);
    serve(tunnel, client, near, upstream, None).await;
}

/// Serve the client's requests. When it ends without one, its connection is recorded instead.
/// `met`: what was met at the server, where there is no link to it.
async fn serve<C>(
    tunnel: Tunnel,
    client: C,
    near: Near,
    upstream: Result<Arc<Upstream>, LinkError>,
    met: Option<LinkError>,
) where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Near { coverage, scheme, tls, protocol } = near;
    let began = Instant::now();
    let requests = Arc::new(AtomicU64::new(0));
    let scene = Scene {
        proxy: Arc::clone(&tunnel.proxy),
        connection: tunnel.connection.clone(),
        coverage,
        scheme,
        host: tunnel.host.clone(),
        port: tunnel.port,
        tls,
        upstream,
    };
    let unreachable = met.or_else(|| scene.upstream.as_ref().err().cloned());
    let seen = Arc::clone(&requests);
    let pair = (coverage == Coverage::Intercepted).then(|| (tunnel.connection.client.address, tunnel.host.clone()));
    let served = serve_http(&tunnel.proxy, client, protocol, scheme == Scheme::Http, move |request| {
        if seen.fetch_add(1, Ordering::Relaxed) == 0
            && let Some((Some(client), host)) = &pair
        {
            scene.proxy.learnt.accepted(*client, host);
        }
        relay(scene.clone(), request)
    })
    .await;
    let unreadable = |error: &hyper::Error| error.is_parse() || error.is_parse_too_large();
    if served.as_ref().is_err_and(unreadable) {
        // The requests before it have their records; this one has only the connection's.
        return tunnel.record.client_ended(Trouble::HttpRequestError);
    }
    if requests.load(Ordering::Relaxed) > 0 {
        return tunnel.record.needless();
    }
    if let Some(error) = unreachable {
        // Nobody asked for the page that would have told it.
        return tunnel.record.unreachable(&error);
    }
    match served {
        Err(error) => tunnel.ended_unused(Some(&error), began),
        Ok(()) => tunnel.ended_unused(None, began),
    }
}

impl Tunnel {
    /// A client that shakes hands and then asks nothing: a late alert, a silent close, or only a connection in advance.
    fn ended_unused(self, error: Option<&(dyn Error + 'static)>, began: Instant) {
        let quick = began.elapsed() < (self.record.handshake_time() * SILENT_CLOSE_FACTOR).max(QUICK_AT_LEAST);
        match after_handshake(error, quick, self.record.has_sent_tickets()) {
            Some(ending) => self.ended(ending),
            // A connection opened in advance and never used tells nothing.
            None => self.record.needless(),
        }
    }

    /// The client ended it: remembered where it means that the certificate was not accepted.
    fn ended(self, ending: ClientEnding) {
        if let (Some(rejection), Some(client)) = (ending.rejection, self.connection.client.address) {
            self.proxy.counters.rejections.with_label_values(&[rejection.as_str()]).inc();
            if self.proxy.learnt.rejected(client, &self.host, rejection) {
                tracing::warn!(
                    how = rejection.as_str(),
                    "a client does not accept Landfall's certificate for a host; `landfall pinned` lists such pairs"
                );
            }
        }
        self.record.client_ended_by(ending.trouble, ending.fault);
    }

    /// Relay what is inside of TLS, but no HTTP.
    async fn carry_unread<C, U>(self, client: C, upstream: U, why: Opaque)
    where
        C: AsyncRead + AsyncWrite,
        U: AsyncRead + AsyncWrite,
    {
        let (proxy, address, host) = (Arc::clone(&self.proxy), self.connection.client.address, self.host.clone());
        let spliced = self.record.relay(client, upstream, why).await;
        if let (Some(client), true) = (address, spliced.up > 0) {
            proxy.learnt.accepted(client, &host);
        }
    }

    /// Relay unopened what a client would not let be opened.
    pub async fn relay_pinned<C, U>(self, client: C, upstream: U, why: Opaque)
    where
        C: AsyncRead + AsyncWrite,
        U: AsyncRead + AsyncWrite,
    {
        let (proxy, address, host) = (Arc::clone(&self.proxy), self.connection.client.address, self.host.clone());
        let spliced = self.record.relay(client, upstream, why).await;
        if let Some(client) = address {
            proxy.learnt.passed(client, &host, spliced.up, spliced.down);
        }
    }

    /// Refuse what a client would not let be opened.
    pub async fn refuse_pinned<C: AsyncWrite + Unpin>(self, mut client: C) {
        alert::send(&mut client, alert::ACCESS_DENIED).await;
        self.record.refused(Trouble::HttpRequestDenied);
    }
}

/// A close within this many handshake times is taken for a rejection, as mockttp does.
const SILENT_CLOSE_FACTOR: u32 = 10;
/// Shorter times than this say more of how busy a machine is than of what a client thinks.
const QUICK_AT_LEAST: Duration = Duration::from_millis(100);

/// For the page that explains why there is no server: the client's first choice that can carry a page. `None`: it offers
/// only protocols that can't.
fn own_choice(offered: &[Vec<u8>]) -> Option<Option<&[u8]>> {
    let carries = |alpn: &&Vec<u8>| matches!(alpn.as_slice(), b"h2" | b"http/1.1" | b"http/1.0");
    match offered.iter().find(carries) {
        Some(alpn) => Some(Some(alpn.as_slice())),
        None => offered.is_empty().then_some(None),
    }
}
