//! Header fields that are meant for one hop only, and the few a proxy sets itself (RFC 9110 section 7.6.1).

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Remove what concerns only the hop it came over; what stays keeps its order. A change of protocol that is asked for, or
/// agreed to, stays only where `may_upgrade` says that the relay can carry it; the protocol is returned then.
pub fn strip_hop_by_hop(headers: &mut HeaderMap, may_upgrade: bool) -> Option<HeaderValue> {
    let named: Vec<HeaderName> = connection_tokens(headers).filter_map(|token| token.parse().ok()).collect();
    let upgrade = headers
        .get(header::UPGRADE)
        .filter(|value| {
            may_upgrade && named.contains(&header::UPGRADE) && !value.as_bytes().eq_ignore_ascii_case(b"h2c")
        })
        .cloned();
    // Where both are there `Transfer-Encoding` frames the message, and the length is a trap for whoever reads next (RFC 9112
    // section 6.3).
    let length_lies = headers.contains_key(header::TRANSFER_ENCODING);
    let mut trailers = asks_for_trailers(headers).then(|| HeaderValue::from_static("trailers"));
    let mut connection = upgrade.is_some().then(|| HeaderValue::from_static("Upgrade"));
    let mut name = header::HOST;
    // Removing from a `HeaderMap` moves its last field into the gap, so it is filled anew.
    for (next, value) in std::mem::take(headers) {
        name = next.unwrap_or(name);
        let kept = match &name {
            it if *it == header::CONNECTION => connection.take(),
            it if *it == header::TE => trailers.take(),
            it if *it == header::UPGRADE => Some(value).filter(|_| upgrade.is_some()),
            it if HOP_BY_HOP.contains(it) => None,
            it if *it == header::CONTENT_LENGTH && length_lies => None,
            it if named.contains(it) && !is_end_to_end_for_sure(it) => None,
            _ => Some(value),
        };
        if let Some(value) = kept {
            headers.append(name.clone(), value);
        }
    }
    upgrade
}

const HOP_BY_HOP: [HeaderName; 5] =
    [KEEP_ALIVE, PROXY_CONNECTION, header::TRANSFER_ENCODING, HTTP2_SETTINGS, header::PROXY_AUTHORIZATION];

/// Whether a transfer coding other than `chunked` is on the body: taking the field away would pass coded bytes off as plain.
pub fn is_transfer_coded(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TRANSFER_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.any(|coding| !coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

fn asks_for_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
}

/// Several `cookie` fields of an HTTP/2 request become one towards HTTP/1.1 (RFC 9113 section 8.2.3).
pub fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().count() < 2 {
        return;
    }
    let parts: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&parts.join(b"; ".as_slice())) {
        headers.insert(header::COOKIE, joined);
    }
}

/// Fields that `Connection` must not be able to remove: framing and routing of the request itself.
fn is_end_to_end_for_sure(name: &HeaderName) -> bool {
    [header::HOST, header::CONTENT_LENGTH, header::CONTENT_TYPE, header::AUTHORIZATION, header::COOKIE].contains(name)
}

fn connection_tokens(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::CONNECTION).iter().chain(headers.get_all(PROXY_CONNECTION).iter());
    let tokens: Vec<String> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|token| token.trim().to_ascii_lowercase())
        .filter(|token| !token.is_empty())
        .collect();
    tokens.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn what_belongs_to_the_hop_goes_and_the_rest_stays() {
        let mut headers = map(&[
            ("host", "a"),
            ("connection", "keep-alive, X-Once"),
            ("x-once", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic c2VjcmV0"),
            ("proxy-connection", "keep-alive"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("x-stays", "1"),
        ]);
        assert_eq!(strip_hop_by_hop(&mut headers, true), None);
        let left: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(left, [("host", "a"), ("te", "trailers"), ("x-stays", "1")]);
    }

    #[test]
    fn an_upgrade_counts_only_when_connection_names_it() {
        let websocket = [("upgrade", "websocket"), ("connection", "keep-alive, Upgrade"), ("x", "1")];
        let mut named = map(&websocket);
        assert_eq!(strip_hop_by_hop(&mut named, true).unwrap(), "websocket");
        assert_eq!(named, map(&[("upgrade", "websocket"), ("connection", "Upgrade"), ("x", "1")]));
        let mut not_carried = map(&websocket);
        assert_eq!(strip_hop_by_hop(&mut not_carried, false), None);
        assert_eq!(not_carried, map(&[("x", "1")]));
        assert_eq!(strip_hop_by_hop(&mut map(&[("upgrade", "websocket")]), true), None);
        assert_eq!(strip_hop_by_hop(&mut map(&[("connection", "upgrade"), ("upgrade", "h2c")]), true), None);
    }

    #[test]
    fn a_length_beside_a_transfer_coding_goes() {
        let mut headers = map(&[("content-length", "3"), ("transfer-encoding", "chunked"), ("x", "1")]);
        strip_hop_by_hop(&mut headers, false);
        assert_eq!(headers, map(&[("x", "1")]));
        assert!(!is_transfer_coded(&map(&[("transfer-encoding", "Chunked")])));
        assert!(is_transfer_coded(&map(&[("transfer-encoding", "gzip, chunked")])));
    }

    #[test]
    fn connection_cannot_remove_framing_or_routing() {
        let mut headers = map(&[("connection", "host, content-length"), ("host", "a"), ("content-length", "3")]);
        strip_hop_by_hop(&mut headers, true);
        assert_eq!(headers, map(&[("host", "a"), ("content-length", "3")]));
    }
}
