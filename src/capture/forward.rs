//! What the proxy port is asked: absolute-form requests, `CONNECT`, and Landfall's own `landfall.test`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use tokio::net::TcpStream;

use super::abortable::Abortable;
use super::answer::{own, refusal};
use super::body::Outgoing;
use super::connect::connect;
use super::host::LeafName;
use super::proxy::{ClientConnection, Proxy};
use super::relay::{Scene, relay};
use super::serve_http::serve_http;
use super::upstream::{Protocol, Route, Upstream};
use crate::exchange::{Coverage, Scheme, TlsFacts, Trouble};

/// Origins that one plain client connection keeps links to.
const KEPT_ORIGINS: usize = 16;

/// The name under which Landfall answers through itself.
const OWN_NAME: &str = "landfall.test";

/// Serve one client of the proxy port.
pub async fn serve_proxy(proxy: Arc<Proxy>, connection: ClientConnection, stream: TcpStream) -> hyper::Result<()> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a client's connection is already gone");
    }
    let stream = Abortable::new(stream, Arc::clone(&connection.broken));
    let origins: Origins = Arc::default();
    let service_proxy = Arc::clone(&proxy);
    serve_http(&proxy, stream, Protocol::Http1, true, move |request| {
        answer(Arc::clone(&service_proxy), connection.clone(), Arc::clone(&origins), request)
    })
    .await
}

type Origins = Arc<Mutex<HashMap<(String, u16), Arc<Upstream>>>>;

async fn answer(
    proxy: Arc<Proxy>,
    connection: ClientConnection,
    origins: Origins,
    mut request: Request<Incoming>,
) -> Result<Response<Outgoing>, Infallible> {
    if request.method() == Method::CONNECT {
        return Ok(connect(&proxy, &connection, request).await);
    }
    let Some(scheme) = request.uri().scheme_str().map(str::to_ascii_lowercase) else {
        return Ok(origin_form(&proxy, &request));
    };
    if scheme != "http" {
        let reason = "an absolute target must be `http://`; for `https://` use `CONNECT`";
        return Ok(refusal(StatusCode::BAD_REQUEST, Trouble::HttpRequestError, reason));
    }
    let (host, port) = match target(&request) {
        Ok(target) => target,
        Err(reason) => return Ok(refusal(StatusCode::BAD_REQUEST, Trouble::HttpRequestError, &reason)),
    };
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

/// Host and port of an absolute target.
fn target(request: &Request<Incoming>) -> Result<(String, u16), String> {
    let authority = request.uri().authority().ok_or("the request's target names no host")?;
    if authority.as_str().contains('@') {
        return Err("a target may not carry user information".to_owned());
    }
    let host = LeafName::parse(authority.host()).map_err(|error| error.to_string())?;
    let port = match (authority.port_u16(), authority.port()) {
        (Some(0), _) | (None, Some(_)) => return Err("the target's port must be 1 to 65535".to_owned()),
        (Some(port), _) => port,
        (None, None) => Scheme::Http.default_port(),
    };
    Ok((host.to_string(), port))
}

fn origin(
    proxy: &Arc<Proxy>,
    connection: &ClientConnection,
    origins: &Origins,
    host: &str,
    port: u16,
) -> Arc<Upstream> {
    let mut origins = origins.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (host.to_owned(), port);
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
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if host.split(':').next() == Some(OWN_NAME) {
        return own_page(proxy, request.uri().path());
    }
    let reason = "this is a forward proxy: set it as the proxy of an app, then open http://landfall.test/";
    refusal(StatusCode::MISDIRECTED_REQUEST, Trouble::HttpRequestError, reason)
}

fn own_page(proxy: &Proxy, path: &str) -> Response<Outgoing> {
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
