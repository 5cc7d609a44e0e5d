//! What the proxy port is asked: absolute-form requests, `CONNECT`, and Landfall's own `landfall.test`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use hyper::body::Incoming;

use super::abortable::Broken;
use super::accounts::Attempt;
use super::answer::{own, refusal};
use super::authority::parse_authority;
use super::basic::{challenge, take_credentials};
use super::body::Outgoing;
use super::connect::connect;
use super::duplex::ClientStream;
use super::failed::read_off;
use super::h1_wire::OnWire;
use super::proxy::{ClientConnection, Proxy};
use super::relay::{Scene, relay};
use super::serve_http::serve_http;
use super::socks5::Credentials;
use super::upstream::{Protocol, Route, Upstream};
use crate::exchange::{Coverage, Scheme, TlsFacts, Trouble};

/// Origins that one plain client connection keeps links to.
const KEPT_ORIGINS: usize = 16;

/// The name under which Landfall answers through itself.
pub const OWN_NAME: &str = "landfall.test";

/// Serve one client of a proxy port that speaks HTTP to it.
pub async fn serve_proxy(
    proxy: &Arc<Proxy>,
    connection: ClientConnection,
    stream: ClientStream,
    protocol: Protocol,
) -> io::Result<()> {
    let origins: Origins = Arc::default();
    let service_proxy = Arc::clone(proxy);
    serve_http(proxy, stream, protocol, true, move |request| {
        // Streams of HTTP/2 break off each by itself.
        let broken = if protocol == Protocol::Http2 { Broken::default() } else { Arc::clone(&connection.broken) };
        let connection = ClientConnection { broken, ..connection.clone() };
        answer(Arc::clone(&service_proxy), connection, Arc::clone(&origins), request)
    })
    .await
    .map_err(io::Error::other)
}

/// Links to the origins of one client connection. Users have links of their own, should several share a connection.
type Origins = Arc<Mutex<HashMap<(Option<Arc<str>>, String, u16), Arc<Upstream>>>>;

async fn answer(
    proxy: Arc<Proxy>,
    connection: ClientConnection,
    origins: Origins,
    mut request: Request<Incoming>,
) -> Result<Response<Outgoing>, Infallible> {
    let credentials = take_credentials(request.headers_mut());
    let connection = match authenticate(&proxy, connection, credentials).await {
        Ok(connection) => connection,
        Err(refusal) => {
            let (head, body) = request.into_parts();
            read_off(&head, body).await;
            return Ok(refusal);
        }
    };
    if request.method() == Method::CONNECT {
        return Ok(connect(&proxy, &connection, request).await);
    }
    name_authority(&mut request);
    let Some(scheme) = request.uri().scheme_str().map(str::to_ascii_lowercase) else {
        return Ok(origin_form(&proxy, &request));
    };
    let fault = request.extensions().get::<OnWire>().and_then(OnWire::fault);
    if scheme != "http" {
        let reason = "an absolute target must be `http://`; for `https://` use `CONNECT`";
        return Ok(refusal(StatusCode::BAD_REQUEST, Trouble::HttpRequestError, reason));
    }
    let (host, port) = match target(&request) {
        Ok(target) => target,
        Err(reason) => return Ok(refusal(StatusCode::BAD_REQUEST, Trouble::HttpRequestError, &reason)),
    };
    if host == OWN_NAME
        && let Some(fault) = fault
    {
        return Ok(refusal(fault.status, Trouble::HttpRequestError, fault.reason));
    }
    if host == OWN_NAME {
        return Ok(own_page(&proxy, request.uri().path()));
    }
    // The target decides, not the field (RFC 9112 section 3.2.2).
    if let Some(field) = request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        request.headers_mut().insert(header::HOST, field);
    }
    let upstream = origin(&proxy, &connection, &origins, &host, port);
    let scene = Scene {
        proxy,
        connection,
        coverage: Coverage::Plaintext,
        scheme: Scheme::Http,
        host,
        port,
        tls: TlsFacts::default(),
        upstream: Ok(upstream),
    };
    relay(scene, request).await
}

/// The connection with its user, where accounts are kept; else the answer that asks for one.
async fn authenticate(
    proxy: &Proxy,
    connection: ClientConnection,
    credentials: Option<Credentials>,
) -> Result<ClientConnection, Response<Outgoing>> {
    let Some(accounts) = &proxy.entry.accounts else { return Ok(connection) };
    let Some(Credentials { user, password }) = credentials else {
        proxy.counters.authentication("missing");
        return Err(challenge("this proxy wants a user name and a password"));
    };
    let from = connection.client.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let attempt = accounts.check(from, &user, &password).await;
    proxy.counters.attempted(&attempt);
    match attempt {
        Attempt::Right(name) => Ok(connection.of_user(proxy, name)),
        Attempt::Wrong => Err(challenge("the user name or the password is wrong")),
        Attempt::TooMany => {
            let reason = "too many wrong passwords came from this address; try again in a minute";
            let mut answer = refusal(StatusCode::TOO_MANY_REQUESTS, Trouble::HttpRequestDenied, reason);
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            Err(answer)
        }
    }
}

/// HTTP/2 may name the authority in a `host` field alone (RFC 9113 section 8.3.1).
fn name_authority(request: &mut Request<Incoming>) {
    if request.version() != Version::HTTP_2 || request.uri().authority().is_some() {
        return;
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let named = host.map(|host| Uri::builder().scheme("http").authority(host).path_and_query(path).build());
    if let Some(Ok(uri)) = named {
        *request.uri_mut() = uri;
    }
}

/// Host and port of an absolute target.
fn target(request: &Request<Incoming>) -> Result<(String, u16), String> {
    let authority = request.uri().authority().ok_or("the request's target names no host")?;
    let (host, port) = parse_authority(authority.as_str())?;
    Ok((host.to_string(), port.unwrap_or(Scheme::Http.default_port())))
}

fn origin(
    proxy: &Arc<Proxy>,
    connection: &ClientConnection,
    origins: &Origins,
    host: &str,
    port: u16,
) -> Arc<Upstream> {
    let mut origins = origins.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (connection.client.user.clone(), host.to_owned(), port);
    if let Some(upstream) = origins.get(&key) {
        return Arc::clone(upstream);
    }
    if origins.len() >= KEPT_ORIGINS {
        origins.clear();
    }
    let route = Route { host: host.to_owned(), port, tls: None };
    let upstream = Arc::new(Upstream::new(Arc::clone(proxy), connection.client.clone(), route, Protocol::Http1));
    origins.insert(key, Arc::clone(&upstream));
    upstream
}

/// A request that was not made to a proxy. Only Landfall's own name is answered.
fn origin_form(proxy: &Proxy, request: &Request<Incoming>) -> Response<Outgoing> {
    if let Some(fault) = request.extensions().get::<OnWire>().and_then(OnWire::fault) {
        proxy.counters.unreadable.inc();
        return refusal(fault.status, Trouble::HttpRequestError, fault.reason);
    }
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host.split(':').next() == Some(OWN_NAME) {
        return own_page(proxy, request.uri().path());
    }
    let reason = "this is a forward proxy: set it as the proxy of an app, then open http://landfall.test/";
    refusal(StatusCode::MISDIRECTED_REQUEST, Trouble::HttpRequestError, reason)
}

/// What Landfall says under its own name.
pub fn own_page(proxy: &Proxy, path: &str) -> Response<Outgoing> {
    match path {
        "/ca.pem" => own(StatusCode::OK, "application/x-pem-file", proxy.ca_pem.clone()),
        "/ca.crt" => own(StatusCode::OK, "application/x-x509-ca-cert", proxy.ca_der.clone()),
        "/" => own(StatusCode::OK, "text/html; charset=utf-8", OWN_PAGE.into()),
        _ => {
            own(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "nothing here; see http://landfall.test/\n".into())
        }
    }
}

/// For a phone's browser: what this is, and the certificate to install.
const OWN_PAGE: &str = include_str!("own_page.html");
