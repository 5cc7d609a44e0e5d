//! `Proxy-Authorization: Basic` (RFC 7617): read, consumed, and asked for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::answer::refusal;
use super::body::Outgoing;
use super::socks5::Credentials;
use crate::exchange::Trouble;

/// Take the credentials out of a request, whatever becomes of them: they are for this proxy and nobody else. `None` where
/// there are none that can be read, or more than one.
pub fn take_credentials(headers: &mut HeaderMap) -> Option<Credentials> {
    let mut values = headers.get_all(header::PROXY_AUTHORIZATION).iter();
    let credentials = match (values.next(), values.next()) {
        (Some(value), None) => read(value.as_bytes()),
        _ => None,
    };
    headers.remove(header::PROXY_AUTHORIZATION);
    credentials
}

fn read(value: &[u8]) -> Option<Credentials> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let plain = STANDARD.decode(rest.trim_ascii()).ok()?;
    let colon = plain.iter().position(|byte| *byte == b':')?;
    Some(Credentials { user: plain[..colon].to_vec(), password: plain[colon + 1..].to_vec() })
}

/// 407, and how to do better.
pub fn challenge(reason: &str) -> Response<Outgoing> {
    let mut answer = refusal(StatusCode::PROXY_AUTHENTICATION_REQUIRED, Trouble::HttpRequestDenied, reason);
    let value = HeaderValue::from_static(r#"Basic realm="Landfall", charset="UTF-8""#);
    answer.headers_mut().insert(header::PROXY_AUTHENTICATE, value);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_taken_out() {
        #[track_caller]
        fn check(values: &[&str], expect: Option<(&[u8], &[u8])>) {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::PROXY_AUTHORIZATION, value.parse().unwrap());
            }
            let got = take_credentials(&mut headers);
            assert_eq!(got.as_ref().map(|it| (&it.user[..], &it.password[..])), expect, "{values:?}");
            assert!(headers.is_empty());
        }
        check(&["Basic dTpwOnc="], Some((b"u", b"p:w")));
        check(&["bAsIc  dTo= "], Some((b"u", b"")));
        check(&["Basic dQ=="], None);
        check(&["Basic ???"], None);
        check(&["Basic"], None);
        check(&["Bearer dTpwOnc="], None);
        check(&["Basic dTpwOnc=", "Basic dTpwOnc="], None);
        check(&[], None);
    }
}
