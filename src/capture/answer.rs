//! Landfall's own answers: plain, honest, and told apart from the server's by `Proxy-Status` (RFC 9209).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use super::body::Outgoing;
use crate::exchange::Trouble;

/// An answer in the upstream's stead. `reason` is one plain sentence without a final period; it goes to the client that
/// sent the request and nowhere else.
pub fn refusal(status: StatusCode, trouble: Trouble, reason: &str) -> Response<Outgoing> {
    let text = format!("{status}\n\nLandfall, the proxy between this client and the server, says: {reason}.\n");
    let mut response = own(status, "text/plain; charset=utf-8", Bytes::from(text));
    let proxy_status = format!("landfall; error={}", trouble.as_str());
    if let Ok(value) = HeaderValue::from_str(&proxy_status) {
        response.headers_mut().insert("proxy-status", value);
    }
    response
}

/// A response that Landfall makes itself.
pub fn own(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::Own { body: Full::new(body) });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// Landfall's own pages run nothing, load nothing and are framed by nobody.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The status that fits a trouble on the way to the server: 504 for waits that ended, 403 for places that may not be
/// gone to, 502 for the rest (RFC 9209 section 2.3 recommends them).
pub fn status_for(trouble: Trouble) -> StatusCode {
    match trouble {
        Trouble::DnsTimeout | Trouble::ConnectionTimeout | Trouble::HttpResponseTimeout | Trouble::Timeout => {
            StatusCode::GATEWAY_TIMEOUT
        }
        Trouble::DestinationIpProhibited | Trouble::HttpRequestDenied => StatusCode::FORBIDDEN,
        Trouble::HttpRequestError => StatusCode::BAD_REQUEST,
        Trouble::ProxyLoopDetected => StatusCode::LOOP_DETECTED,
        Trouble::LedgerUnavailable | Trouble::ConnectionLimitReached | Trouble::Shutdown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Trouble::InternalError | Trouble::ProxyConfigurationError => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_GATEWAY,
    }
}
