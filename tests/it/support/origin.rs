//! Origins on loopback: hyper behind rustls, on any address of 127.0.0.0/8, that remember exactly what they received.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::digest;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::authority::Authority;
use super::pattern;

/// One runtime for all origins of the test process.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
});

type Body = BoxBody<Bytes, Infallible>;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub version: Version,
    pub headers: HeaderMap,
    pub length: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// What one origin remembers, and what tests feed it.
#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    /// The body of the next `/slow` answer: a channel that the test holds the other end of.
    slow: Mutex<Option<mpsc::Receiver<Bytes>>>,
}

pub struct Origin {
    pub host: String,
    pub address: SocketAddr,
    state: Arc<State>,
    stop: tokio::task::AbortHandle,
}

impl Origin {
    /// Serve this host on a free port of this address. `alpn` as in TLS; empty for plain HTTP.
    pub fn start(authority: &Authority, host: &str, address: &str, alpn: &[&str]) -> Self {
        let tls = (!alpn.is_empty()).then(|| TlsAcceptor::from(authority.server(&[host], alpn)));
        let state = Arc::new(State::default());
        let listener = RUNTIME.block_on(TcpListener::bind((address, 0))).expect("loopback can be bound");
        let address = listener.local_addr().expect("an address");
        let task = RUNTIME.spawn(accept(listener, tls, Arc::clone(&state)));
        Self { host: host.to_owned(), address, state, stop: task.abort_handle() }
    }

    /// For `--resolve`: the host's usual port leads here.
    pub fn resolve(&self, port: u16) -> String {
        format!("{}:{port}:{}", self.host, self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().expect("no panic").clone()
    }

    /// The one request for this path.
    #[track_caller]
    pub fn request(&self, path: &str) -> Received {
        let of_path = |r: &Received| r.target.split('?').next() == Some(path);
        let mut found: Vec<_> = self.received().into_iter().filter(of_path).collect();
        assert_eq!(found.len(), 1, "requests for {path}: {found:?}");
        found.remove(0)
    }

    /// Hold the body of the next `/slow` answer.
    pub fn slow(&self) -> mpsc::Sender<Bytes> {
        let (sender, receiver) = mpsc::channel(1);
        *self.state.slow.lock().expect("no panic") = Some(receiver);
        sender
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            // A client that goes away, or does not trust the certificate, is its own affair.
            match tls {
                Some(tls) => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                    serve(stream, h2, state).await;
                }
                None => serve(stream, false, state).await,
            }
        });
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, h2: bool, state: Arc<State>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&state)));
    let io = TokioIo::new(stream);
    if h2 {
        drop(http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await);
    } else {
        drop(http1::Builder::new().serve_connection(io, service).await);
    }
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Infallible> {
    let (head, mut body) = request.into_parts();
    let keep = head.uri.path() == "/echo";
    let (mut digest, mut length) = (digest::Context::new(&digest::SHA256), 0);
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            length += data.len() as u64;
            digest.update(&data);
            if keep {
                kept.extend_from_slice(&data);
            }
        }
    }
    let sha256 = pattern::hex(digest.finish().as_ref());
    let received = Received {
        method: head.method.to_string(),
        target: head.uri.path_and_query().map_or("/".to_owned(), ToString::to_string),
        version: head.version,
        headers: head.headers.clone(),
        length,
        sha256: sha256.clone(),
    };
    state.received.lock().expect("no panic").push(received);
    let route: Vec<&str> = head.uri.path().trim_start_matches('/').split('/').collect();
    Ok(match route.as_slice() {
        ["echo"] => {
            let mut response = whole("application/octet-stream", kept);
            if let Some(kind) = head.headers.get(http::header::CONTENT_TYPE) {
                response.headers_mut().insert(http::header::CONTENT_TYPE, kind.clone());
            }
            let anyone = HeaderValue::from_static("*");
            response.headers_mut().insert(http::header::ACCESS_CONTROL_ALLOW_ORIGIN, anyone);
            response
        }
        ["upload"] => whole("application/json", format!(r#"{{"bytes":{length},"sha256":"{sha256}"}}"#)),
        ["bytes", length] => {
            let length: u64 = length.parse().expect("a length");
            let mut response = stream(pattern::blocks(length).map(Frame::data));
            response.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
            response
        }
        ["chunked", length] => stream(pattern::blocks(length.parse().expect("a length")).map(Frame::data)),
        ["trailers"] => {
            let mut fields = HeaderMap::new();
            fields.insert(HeaderName::from_static("x-checksum"), HeaderValue::from_static("7"));
            stream([Frame::data(Bytes::from_static(b"body")), Frame::trailers(fields)].into_iter())
        }
        ["status", code] => {
            let mut response = whole("text/plain", "status");
            *response.status_mut() = StatusCode::from_bytes(code.as_bytes()).expect("a status");
            response
        }
        ["gzip"] => {
            let mut response = whole("application/json", gzip(br#"{"greeting":"hello from a gzip body"}"#));
            response.headers_mut().insert(http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        ["slow"] => slow(state.slow.lock().expect("no panic").take().expect("a test feeds it")),
        ["page"] => whole("text/html", include_str!("../clients/page.html")),
        ["style.css"] => whole("text/css", "p { color: green }"),
        ["app.js"] => whole("text/javascript", include_str!("../clients/page.js")),
        ["image.svg"] => whole("image/svg+xml", r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>"#),
        _ => whole("text/plain", "ok"),
    })
}

fn whole(kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn stream(frames: impl Iterator<Item = Frame<Bytes>> + Send + Sync + 'static) -> Response<Body> {
    let frames = futures_util::stream::iter(frames.map(Ok));
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

fn slow(mut feed: mpsc::Receiver<Bytes>) -> Response<Body> {
    let frames =
        futures_util::stream::poll_fn(move |context| feed.poll_recv(context).map(|b| b.map(Frame::data).map(Ok)));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}
