//! What is where.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};

use super::guard::{API, RELOAD, guard};
use super::page::{STYLE, page};
use super::{Admin, api};

type Typed<B> = ([(HeaderName, &'static str); 1], B);

pub(super) fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/", get(async |State(admin): State<Arc<Admin>>| Html(page(&admin).into_string())))
        .route("/style.css", get(async || typed("text/css; charset=utf-8", STYLE)))
        .route("/metrics", get(async |State(admin): State<Arc<Admin>>| typed(TEXT_0_0_4, (admin.metrics)())))
        .route("/-/healthy", get(async || "healthy\n"))
        .route("/-/ready", get(ready))
        .route(RELOAD, post(api::reload))
        .route(
            "/ca.pem",
            get(async |State(admin): State<Arc<Admin>>| typed("application/x-pem-file", admin.ca.pem.clone())),
        )
        .route(
            "/ca.crt",
            get(async |State(admin): State<Arc<Admin>>| typed("application/x-x509-ca-cert", admin.ca.der.clone())),
        )
        .route("/proxy.pac", get(proxy_pac))
        .nest(API, api::routes())
        .fallback(async || (StatusCode::NOT_FOUND, "404: there is nothing here; `/` says what is\n"))
        .method_not_allowed_fallback(async || {
            (
                StatusCode::METHOD_NOT_ALLOWED,
                [(header::ALLOW, "GET, HEAD")],
                "405: only GET and HEAD, DELETE below `/api/v1`, and POST to `/-/reload`\n",
            )
        })
        .layer(from_fn_with_state(Arc::clone(&admin), guard))
        .with_state(admin)
}

/// The text exposition format of Prometheus.
const TEXT_0_0_4: &str = "text/plain; version=0.0.4; charset=utf-8";

fn typed<B>(content_type: &'static str, body: B) -> Typed<B> {
    ([(CONTENT_TYPE, content_type)], body)
}

async fn ready(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    match (admin.ready)() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
    }
}

/// No `DIRECT` behind it: traffic that quietly goes around the proxy is what an audit must not have.
async fn proxy_pac(State(admin): State<Arc<Admin>>, headers: HeaderMap) -> impl IntoResponse {
    let proxy = reachable(admin.proxy, &headers);
    let script = format!("function FindProxyForURL(url, host) {{\n  return \"PROXY {proxy}\";\n}}\n");
    typed("application/x-ns-proxy-autoconfig", script)
}

/// The proxy's address as the asking client can reach it: a proxy bound to every address is where the admin listener was
/// found. The guard has let only own names through, so that the header carries nothing a script could be hurt by.
fn reachable(proxy: SocketAddr, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<axum::http::uri::Authority>().ok());
    match host {
        Some(host) if proxy.ip().is_unspecified() => format!("{}:{}", host.host(), proxy.port()),
        _ => proxy.to_string(),
    }
}
