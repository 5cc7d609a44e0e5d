//! `Max-Forwards`: how many proxies an `OPTIONS` or `TRACE` may still pass (RFC 9110 section 7.6.2).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::answer::own;
use super::body::Outgoing;

/// Count this hop. `Err` with the answer, where the request ends here.
pub fn count(method: &Method, headers: &mut HeaderMap) -> Result<(), Box<Response<Outgoing>>> {
    if *method != Method::OPTIONS && *method != Method::TRACE {
        return Ok(());
    }
    let left = headers.get(header::MAX_FORWARDS).and_then(|left| left.to_str().ok()?.parse::<u64>().ok());
    match left {
        None => Ok(()),
        Some(0) => Err(Box::new(answer(method))),
        Some(left) => {
            headers.insert(header::MAX_FORWARDS, HeaderValue::from(left - 1));
            Ok(())
        }
    }
}

/// This proxy is where it ends. What `TRACE` would show of the request is not sent back: it may hold credentials.
fn answer(method: &Method) -> Response<Outgoing> {
    if *method == Method::TRACE {
        return own(StatusCode::OK, "message/http", Bytes::from_static(b"TRACE * HTTP/1.1\r\n\r\n"));
    }
    let mut response = own(StatusCode::OK, "text/plain; charset=utf-8", Bytes::new());
    let allowed = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}
