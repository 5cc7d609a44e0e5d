//! Interception: TLS to the server first, with the client's own offer; then TLS to the client, with exactly what the
//! server chose.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::crypto::tls_side;
use super::dial::Dialled;
use super::hello::ClientHello;
use super::host::LeafName;
use super::peek::{Opening, PeekLimits, peek};
use super::proxy::{ClientConnection, Proxy};
use super::relay::{Scene, relay};
use super::replay::Replayed;
use super::serve_http::serve_http;
use super::tunnel::ConnectionRecord;
use super::upstream::{LinkError, LinkFacts, Protocol, Route, TlsRoute, Upstream, protocol_of};
use super::upstream_tls::Secured;
use crate::exchange::{Coverage, Note, Opaque, Scheme, TlsFacts, TlsSide, Trouble};

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
    pub fn name(&mut self, host: &str) {
        let dialled_by_address = LeafName::parse(&self.host).is_ok_and(|name| name.ip().is_some());
        if host != self.host && !dialled_by_address {
            self.record.note(Note::NameMismatch);
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
    match tunnel.proxy.secure(dialled, &tls).await {
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
        Err(error) => {
            let alpn = own_choice(&hello.alpn);
            let Some((tunnel, client, side)) = accept(tunnel, client, alpn).await else { return };
            let facts = TlsFacts { client: side, ..tunnel.hello_facts(&hello) };
            let protocol = protocol_of(alpn).unwrap_or(Protocol::Http1);
            serve(tunnel, client, Near::intercepted(facts, protocol), Err(error)).await;
        }
    }
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
    serve(tunnel, client, near, upstream).await;
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
    let error = match accepted {
        Ok(Ok(stream)) => {
            handshakes("ok");
            tunnel.record.shook_hands(began.elapsed());
            let side = tls_side(stream.get_ref().1);
            return Some((tunnel, stream, side));
        }
        Ok(Err(error)) => client_trouble(&error),
        Err(_) => Trouble::Timeout,
    };
    handshakes("failed");
    if error == Trouble::CertificateRejected
        && let Some(address) = tunnel.connection.client.address
    {
        proxy.learnt.rejected(address, &tunnel.host);
    }
    tunnel.record.client_ended(error);
    None
}

/// Both handshakes are done: carry what the chosen protocol is.
async fn carry<C>(mut tunnel: Tunnel, mut client: TlsStream<C>, far: Far, tls: TlsFacts)
where
    C: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tunnel.record.tls(TlsFacts {
        upstream: far.facts.tls.clone(),
        certificate: far.facts.certificate.clone(),
        ..tls.clone()
    });
    let Some(protocol) = protocol_of(far.secured.alpn.as_deref()) else {
        return tunnel.record.tunnel(client, far.secured.stream, Opaque::NotHttp).await;
    };
    if far.secured.alpn.is_some() {
        return carry_http(tunnel, client, far, Near::intercepted(tls, protocol)).await;
    }
    // Nothing was negotiated: it may be HTTP/1.1, or anything else.
    let limits = tunnel.proxy.config.limits;
    let patience = PeekLimits { first_byte: limits.first_byte, opening: limits.handshake };
    match peek(&mut client, patience).await {
        Ok(Opening::Http(bytes)) => {
            carry_http(tunnel, Replayed::new(bytes, client), far, Near::intercepted(tls, protocol)).await;
        }
        Ok(Opening::H2Preface(bytes)) => {
            let near = Near::intercepted(tls, Protocol::Http2);
            carry_http(tunnel, Replayed::new(bytes, client), far, near).await;
        }
        Ok(Opening::Tls(_, bytes) | Opening::Other(bytes)) => {
            tunnel.record.tunnel(Replayed::new(bytes, client), far.secured.stream, Opaque::NotHttp).await;
        }
        Ok(Opening::Silent) => tunnel.record.tunnel(client, far.secured.stream, Opaque::ServerFirst).await,
        Ok(Opening::Closed) => tunnel.record.client_ended(Trouble::SilentClose),
        Err(error) => {
            let trouble = late_trouble(&error);
            tunnel.reject_if(trouble);
            tunnel.record.client_ended(trouble);
        }
    }
}

/// The server's side of an opened tunnel.
struct Far {
    secured: Secured<TcpStream>,
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
    serve(tunnel, client, near, upstream).await;
}

/// Serve the client's requests. When it ends without one, its connection is recorded instead.
async fn serve<C>(tunnel: Tunnel, client: C, near: Near, upstream: Result<Arc<Upstream>, LinkError>)
where
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
    let seen = Arc::clone(&requests);
    let served = serve_http(&tunnel.proxy, client, protocol, scheme == Scheme::Http, move |request| {
        seen.fetch_add(1, Ordering::Relaxed);
        relay(scene.clone(), request)
    })
    .await;
    if requests.load(Ordering::Relaxed) > 0 {
        return tunnel.record.needless();
    }
    tunnel.ended_unused(served, began);
}

impl Tunnel {
    /// A client that shakes hands and then asks nothing: a late alert, a silent close, or only a connection in advance.
    fn ended_unused(self, served: hyper::Result<()>, began: Instant) {
        let unreadable = |error: &hyper::Error| error.is_parse() || error.is_parse_too_large();
        if served.as_ref().is_err_and(unreadable) {
            return self.record.client_ended(Trouble::HttpRequestError);
        }
        let alert = served.err().and_then(|error| alert_in(&error)).map(|_| Trouble::LateAlert);
        let quick = self.record.handshake_time() * SILENT_CLOSE_FACTOR;
        match alert {
            Some(trouble) => {
                self.reject_if(trouble);
                self.record.client_ended(trouble);
            }
            None if began.elapsed() < quick => self.record.client_ended(Trouble::SilentClose),
            // A connection opened in advance and never used tells nothing.
            None => self.record.needless(),
        }
    }

    fn reject_if(&self, trouble: Trouble) {
        if let (Trouble::LateAlert, Some(address)) = (trouble, self.connection.client.address) {
            self.proxy.learnt.rejected(address, &self.host);
        }
    }
}

/// A close within this many handshake times is taken for a rejection, as mockttp does.
const SILENT_CLOSE_FACTOR: u32 = 10;

/// For the page that explains why there is no server: the client's first choice that can carry a page.
fn own_choice(offered: &[Vec<u8>]) -> Option<&[u8]> {
    let carries = |alpn: &&Vec<u8>| matches!(alpn.as_slice(), b"h2" | b"http/1.1");
    offered.iter().find(carries).or_else(|| offered.first()).map(Vec::as_slice)
}

/// How a client ended the handshake.
fn client_trouble(error: &io::Error) -> Trouble {
    match alert_in(error) {
        Some(alert) if is_certificate_alert(alert) => Trouble::CertificateRejected,
        Some(_) => Trouble::TlsAlertReceived,
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof => Trouble::FinBeforeFinished,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Trouble::Reset,
            _ => Trouble::TlsProtocolError,
        },
    }
}

fn late_trouble(error: &io::Error) -> Trouble {
    match (alert_in(error), error.kind()) {
        (Some(_), _) => Trouble::LateAlert,
        (None, io::ErrorKind::ConnectionReset) => Trouble::Reset,
        (None, _) => Trouble::SilentClose,
    }
}

/// Alerts that say "I do not accept this certificate" (RFC 8446 section 6.2).
fn is_certificate_alert(alert: rustls::AlertDescription) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
    )
}

/// The TLS alert at the bottom of an error, if there is one.
fn alert_in(error: &(dyn std::error::Error + 'static)) -> Option<rustls::AlertDescription> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::AlertReceived(alert)) = error.downcast_ref::<rustls::Error>() {
            return Some(*alert);
        }
        cause = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        };
    }
    None
}
