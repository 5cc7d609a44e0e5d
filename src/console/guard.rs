//! What every request and every answer passes: the `Host` allow-list, the token, the headers that keep a browser safe.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Admin, Token};
use crate::capture::LeafName;

/// Paths that are open wherever the listener is bound.
const OPEN: [&str; 4] = ["/-/healthy", "/-/ready", "/ca.pem", "/ca.crt"];

/// Where the interface for programs begins.
pub(super) const API: &str = "/api/v1";

/// Where rules are read again.
pub(super) const RELOAD: &str = "/-/reload";

fn is_api(path: &str) -> bool {
    path.starts_with("/api") || path == RELOAD
}

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// The address that a request's connection was accepted on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Local(pub SocketAddr);

/// Let a request through to its handler, or answer in its stead; dress every answer.
pub(super) async fn guard(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    let local = request.extensions().get::<Local>().map(|Local(address)| address.ip().to_canonical());
    // What can change something wants the token everywhere: anybody's page can send a request to loopback.
    let token = if is_api(request.uri().path()) { Some(&admin.api.token) } else { admin.token.as_ref() };
    let refusal = if !own_host(&request, &admin.hosts, local) {
        Some(misdirected())
    } else if OPEN.contains(&request.uri().path()) || authorised(request.headers(), token, local) {
        None
    } else {
        Some(unauthorised())
    };
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether the request asks for this listener by a name of its own. Anything else may be a page of somebody else's whose
/// name was pointed here (DNS rebinding).
fn own_host(request: &Request, names: &[LeafName], local: Option<IpAddr>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = Authority::try_from(host.as_bytes()) else { return false };
    let own = |authority: &Authority| is_own(authority, names, local);
    own(&host) && request.uri().authority().is_none_or(own)
}

fn is_own(authority: &Authority, names: &[LeafName], local: Option<IpAddr>) -> bool {
    if authority.as_str().contains('@') {
        return false;
    }
    let Ok(host) = LeafName::parse(authority.host()) else { return false };
    let by_address = host.ip().map(|address| address.to_canonical());
    let loopback = by_address.is_some_and(|address| address.is_loopback()) || host.dns() == Some("localhost");
    loopback || (by_address.is_some() && by_address == local) || names.contains(&host)
}

/// Whether the request may see what is not open. A connection to a loopback address needs nothing while the listener has no
/// token, which it lacks only when bound to loopback.
fn authorised(headers: &HeaderMap, token: Option<&Token>, local: Option<IpAddr>) -> bool {
    let Some(token) = token else { return local.is_some_and(|local| local.is_loopback()) };
    let presented = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    match presented.split_at_checked("Bearer ".len()) {
        Some((scheme, presented)) => scheme.eq_ignore_ascii_case(b"Bearer ") && token.matches(presented.trim_ascii()),
        None => false,
    }
}

fn misdirected() -> Response {
    let text = "421: this is Landfall's admin listener, and it was asked for under a name that is not its own.\n\
                Names it should answer to belong into `hosts` in `[console]` of the configuration.\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

fn unauthorised() -> Response {
    let text =
        "401: this wants `Authorization: Bearer TOKEN`, with the token from `admin.token` in the data directory.\n";
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer realm=\"landfall\"")], text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(hosts: &[&str], target: &str, expect: bool) {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let request = request.body(Body::empty()).expect("a request");
        let local = Some("192.168.1.5".parse().expect("an address"));
        assert_eq!(
            own_host(&request, &[LeafName::parse("lab.example").expect("a host")], local),
            expect,
            "{hosts:?} {target}"
        );
    }

    #[test]
    fn it_answers_to_its_own_names_only() {
        for host in
            ["localhost", "LocalHost:8090", "127.0.0.1:8090", "127.9.9.9", "[::1]:8090", "192.168.1.5", "lab.example"]
        {
            check(&[host], "/", true);
        }
        check(&["[::ffff:127.0.0.1]:8090"], "/", true);
        for host in
            ["evil.example", "192.168.1.6", "localhost.evil.example", "lab.example.evil", "x@localhost", "", "a b"]
        {
            check(&[host], "/", false);
        }
        check(&[], "/", false);
        check(&["localhost", "localhost"], "/", false);
        check(&["localhost"], "http://evil.example/", false);
        check(&["localhost"], "http://127.0.0.1:8090/metrics", true);
    }

    #[test]
    fn no_token_is_enough_on_loopback_only() {
        let address = |text: &str| Some(text.parse::<IpAddr>().expect("an address"));
        assert!(authorised(&HeaderMap::new(), None, address("127.0.0.1")));
        assert!(!authorised(&HeaderMap::new(), None, address("10.0.0.1")));
        assert!(!authorised(&HeaderMap::new(), None, None));
    }
}
