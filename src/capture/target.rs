//! Where a request is for, in the form each hop writes it (RFC 9112 section 3.2, RFC 9113 section 8.3.1).

use http::{HeaderMap, HeaderValue, Uri, Version, header};

use super::authority::parse_authority;
use super::fields::join_cookies;
use super::host::LeafName;
use super::relay::Scene;
use super::upstream::Protocol;
use crate::exchange::Scheme;

/// Put the target into the form that the next hop expects.
pub fn address(head: &mut http::request::Parts, protocol: Protocol, scene: &Scene) -> Result<(), &'static str> {
    match protocol {
        Protocol::Http1 => {
            // RFC 9112 section 3.2: whoever reads the other one serves another site.
            if head.headers.get_all(header::HOST).iter().count() > 1 {
                return Err("the request names more than one host");
            }
            // An absolute target decides over the field (RFC 9112 section 3.2.2).
            let named = head.uri.authority().and_then(|named| HeaderValue::from_str(named.as_str()).ok());
            match named {
                Some(host) if head.headers.contains_key(header::HOST) => {
                    head.headers.insert(header::HOST, host);
                }
                Some(host) => host_first(&mut head.headers, host),
                None if head.headers.contains_key(header::HOST) => {}
                None => {
                    let host = HeaderValue::from_str(&host_field(scene)).map_err(|_| "the request names no host")?;
                    host_first(&mut head.headers, host);
                }
            }
            if head.uri.authority().is_some() {
                let target = head.uri.path_and_query().map_or("/", |p| p.as_str());
                let root = if target.starts_with('?') { "/" } else { "" };
                head.uri = format!("{root}{target}").parse().map_err(|_| "the request's target cannot be read")?;
            }
            join_cookies(&mut head.headers);
            head.version = Version::HTTP_11;
        }
        Protocol::Http2 => {
            if head.uri.authority().is_none() {
                let authority = head
                    .headers
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok())
                    .map_or_else(|| host_field(scene), str::to_owned);
                let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
                head.uri = Uri::builder()
                    .scheme(scene.scheme.as_str())
                    .authority(authority)
                    .path_and_query(path)
                    .build()
                    .map_err(|_| "the request's target cannot be read")?;
            }
            head.version = Version::HTTP_2;
        }
    }
    Ok(())
}

/// Where a request has no `Host` yet, it goes first, as most senders put it.
fn host_first(headers: &mut HeaderMap, host: HeaderValue) {
    let rest = std::mem::replace(headers, HeaderMap::with_capacity(headers.len() + 1));
    headers.insert(header::HOST, host);
    let mut name = header::HOST;
    for (next, value) in rest {
        name = next.unwrap_or(name);
        headers.append(name.clone(), value);
    }
}

fn host_field(scene: &Scene) -> String {
    let host = if scene.host.contains(':') { format!("[{}]", scene.host) } else { scene.host.clone() };
    if scene.port == scene.scheme.default_port() { host } else { format!("{host}:{}", scene.port) }
}

/// The host, and port where it is not the scheme's own, that a request names.
pub fn authority_of(head: &http::request::Parts, scene: &Scene) -> String {
    let named = head.uri.authority().map(|authority| authority.as_str().to_owned());
    named
        .or_else(|| head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned))
        .unwrap_or_else(|| host_field(scene))
}

/// The host as records carry it. Who dials an address and then asks for a name, as redirected clients do, wants the name;
/// the address is where it was sent all the same.
pub fn named_host(scene: &Scene, authority: &str) -> String {
    let by_address = || LeafName::parse(&scene.host).is_ok_and(|host| host.ip().is_some());
    if scene.scheme == Scheme::Http
        && by_address()
        && let Ok((name, _)) = parse_authority(authority)
        && name.dns().is_some()
    {
        return name.to_string();
    }
    scene.host.clone()
}

/// Whether an authority is of this host.
pub fn names_host(authority: &str, host: &str) -> bool {
    let name = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(authority, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_names_a_host_whatever_its_spelling() {
        for authority in ["A.Example", "a.example:443", "a.example.", "a.example.:8443"] {
            assert!(names_host(authority, "a.example"), "{authority}");
        }
        assert!(names_host("[2001:db8::1]:443", "2001:db8::1"));
        assert!(!names_host("b.example", "a.example"));
    }
}
