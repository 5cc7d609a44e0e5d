//! What an HTTP/2 request must not carry over to HTTP/1.1: its fields are checked where the `h2` crate leaves it to its user
//! (RFC 9113 sections 8.1.1, 8.2.1 and 8.3.1).

use std::fmt;

use http::{HeaderValue, Method, Uri, header};

use super::h1_head::is_host;

/// A stream that is to be reset with this code instead of answered.
#[derive(Debug, Clone, Copy)]
pub struct ResetWith(pub h2::Reason);

/// For hyper, which looks for an `h2::Error` among an error's causes.
#[derive(Debug)]
pub struct StreamReset(h2::Error);

impl From<ResetWith> for StreamReset {
    fn from(ResetWith(reason): ResetWith) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for StreamReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stream is reset")
    }
}

impl std::error::Error for StreamReset {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Whether this request of an HTTP/2 client says one thing only.
pub fn check(head: &http::request::Parts) -> Result<(), &'static str> {
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let any = head.method == Method::OPTIONS && path == "*";
    if head.method != Method::CONNECT && !path.starts_with('/') && !any {
        return Err("the request's path begins with no slash");
    }
    if let Some(authority) = head.uri.authority()
        && !is_host(authority.as_str().as_bytes())
    {
        return Err("the request's authority names no host");
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    if let Some(host) = hosts.next()
        && (hosts.next().is_some() || !agrees(host, &head.uri))
    {
        return Err("`Host` and `:authority` name two hosts");
    }
    let mut lengths = head.headers.get_all(header::CONTENT_LENGTH).iter();
    let number = |length: &HeaderValue| !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit);
    if lengths.next().is_some_and(|length| !number(length)) || lengths.next().is_some() {
        return Err("the request's length is not one number");
    }
    let padded = |value: &HeaderValue| matches!(value.as_bytes(), [b' ' | b'\t', ..] | [.., b' ' | b'\t']);
    if head.headers.values().any(padded) {
        return Err("a field's value begins or ends with white space");
    }
    Ok(())
}

fn agrees(host: &HeaderValue, uri: &Uri) -> bool {
    if !is_host(host.as_bytes()) {
        return false;
    }
    let Some(authority) = uri.authority() else { return true };
    let port = match uri.scheme_str() {
        Some("http") => ":80",
        _ => ":443",
    };
    let bare = |name: &[u8]| name.strip_suffix(port.as_bytes()).unwrap_or(name).to_ascii_lowercase();
    bare(host.as_bytes()) == bare(authority.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(method: &str, uri: &str, fields: &[(&str, &str)]) -> Result<(), &'static str> {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_request_that_says_two_things_is_refused() {
        let at = "https://a.example/x";
        assert_eq!(checked("GET", at, &[("host", "A.example:443"), ("content-length", "3")]), Ok(()));
        assert_eq!(checked("OPTIONS", "https://a.example/", &[]), Ok(()));
        for fields in [
            &[("host", "b.example")][..],
            &[("host", "a.example"), ("host", "a.example")],
            &[("host", "a.example/b")],
            &[("content-length", "3"), ("content-length", "3")],
            &[("content-length", "+3")],
            &[("content-length", "3, 3")],
            &[("x", " a")],
            &[("x", "a\t")],
        ] {
            assert!(checked("GET", at, fields).is_err(), "{fields:?}");
        }
        assert!(checked("GET", "https://u@a.example/x", &[]).is_err());
    }
}
