//! Names without values: path templates, query keys, header names, hosts, media types.
//!
//! A name is let through only when it looks like one; whatever looks like a value, or like nothing known, becomes a word
//! in braces that says what kind of thing stood there.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;

use crate::decode::PartKind;
use crate::detect::Finding;
use crate::exchange::Headers;

/// Segments, keys and names of one message that are written; what is left becomes `{more}`.
const MAX_NAMES: usize = 64;
/// Longer words are no names, in bytes.
const MAX_WORD: usize = 48;
/// Most digits that a name has.
const MAX_DIGITS: usize = 3;

/// `/v1/users/4711/loc` becomes `/v1/users/{id}/loc`. A segment in which something was found is replaced by the element's id.
pub fn path(path: &str, findings: &[Finding]) -> String {
    let found: BTreeMap<usize, &str> = findings
        .iter()
        .filter(|finding| finding.part.kind == PartKind::Path)
        .filter_map(|finding| Some((segment_index(&finding.path)?, finding.element.as_ref())))
        .collect();
    let Some(segments) = path.strip_prefix('/') else { return if path == "*" { "*" } else { "{path}" }.to_owned() };
    let mut out = String::new();
    // Empty segments have no number, as in `decode`.
    let mut index = 0;
    for (position, segment) in segments.split('/').enumerate() {
        out.push('/');
        if position == MAX_NAMES {
            out.push_str("{more}");
            break;
        }
        match found.get(&index).filter(|_| !segment.is_empty()) {
            Some(element) => out.extend(["{", element, "}"]),
            None => out.push_str(&name(segment, "-_.~")),
        }
        index += usize::from(!segment.is_empty());
    }
    out
}

/// Keys of a query in the order of their first appearance.
pub fn query_keys(query: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let key = name(&pair.split('=').next().unwrap_or_default().replace('+', " "), "-_.~:$[]");
        if keys.contains(&key) {
            continue;
        }
        if keys.len() == MAX_NAMES {
            keys.push("{more}".to_owned());
            break;
        }
        keys.push(key);
    }
    keys
}

/// Lower-case names, sorted, each once.
pub fn header_names(headers: &Headers) -> Vec<String> {
    let names: BTreeSet<_> = headers.iter().map(|(header, _)| name(&header.to_ascii_lowercase(), "-_.")).collect();
    let more = names.len() > MAX_NAMES;
    names.into_iter().take(MAX_NAMES).chain(more.then(|| "{more}".to_owned())).collect()
}

/// The method, if it could be one.
pub fn method(method: &str) -> String {
    let word = !method.is_empty() && method.len() <= 24 && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
    if word { method.to_owned() } else { "{other}".to_owned() }
}

/// A host with each label replaced that is a value itself. Hosts are evidence, so that only what is plainly somebody's
/// number goes: numbers of nine digits and more, with or without separators, UUIDs and long hex.
pub fn host(host: &str) -> String {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return host.to_owned();
    }
    let mut labels: Vec<&str> = host.split('.').map(host_label).collect();
    if host.len() > 255 {
        labels = vec!["{host}"];
    }
    labels.join(".")
}

fn host_label(label: &str) -> &str {
    const PERSONAL_NUMBER: usize = 9;
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_');
    let longest = label
        .split(|c| !is_part(c))
        .map(|run| run.bytes().filter(u8::is_ascii_digit).count())
        .max()
        .unwrap_or_default();
    // An address spelt in a label (`ec2-203-0-113-9`) belongs to the network, not to a person.
    let numbers: Vec<_> = label.split('-').filter(|part| part.bytes().all(|b| b.is_ascii_digit())).collect();
    let address = numbers.len() == 4 && numbers.iter().all(|part| part.parse::<u8>().is_ok());
    match kind(label) {
        Some("{uuid}") => "{uuid}",
        Some("{hex}") if label.len() >= 16 => "{hex}",
        _ if longest >= PERSONAL_NUMBER && !address => "{id}",
        _ if label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) => label,
        _ => "{label}",
    }
}

/// `type/subtype` in lower case without parameters; `None` where it is no media type that could be registered.
pub fn media_type(value: &str) -> Option<String> {
    const TYPES: [&str; 11] = [
        "application",
        "audio",
        "binary",
        "font",
        "haptics",
        "image",
        "message",
        "model",
        "multipart",
        "text",
        "video",
    ];
    let essence = value.split(';').next()?.trim().to_ascii_lowercase();
    let (top, sub) = essence.split_once('/')?;
    let digits = sub.bytes().filter(u8::is_ascii_digit).count();
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-' | b'_');
    let fine = TYPES.contains(&top) && !sub.is_empty() && sub.len() <= 80 && digits <= 4 && sub.bytes().all(token);
    fine.then_some(essence)
}

/// A content coding, if it is one that anybody uses.
pub fn coding(coding: &[u8]) -> &'static str {
    const CODINGS: [&str; 10] =
        ["aes128gcm", "br", "compress", "dcb", "dcz", "deflate", "gzip", "identity", "x-gzip", "zstd"];
    CODINGS.into_iter().find(|known| coding.eq_ignore_ascii_case(known.as_bytes())).unwrap_or("{other}")
}

/// The name itself if it looks like one, else what it looks like. `punctuation` is what a name may hold besides letters
/// and digits.
fn name(raw: &str, punctuation: &str) -> String {
    let decoded = percent_decode_str(raw).decode_utf8_lossy();
    if let Some(kind) = kind(&decoded) {
        return kind.to_owned();
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || punctuation.contains(c);
    if decoded.len() <= MAX_WORD && decoded.chars().all(plain) { decoded.into_owned() } else { "{text}".to_owned() }
}

/// What kind of value a word plainly is; `None` where it may be a name.
fn kind(word: &str) -> Option<&'static str> {
    let digits = word.chars().filter(|c| c.is_numeric()).count();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    if word.contains('@') {
        Some("{email}")
    } else if is_uuid(word) {
        Some("{uuid}")
    } else if digits > 0 && letters > 0 && word.len() >= 8 && hex(word) {
        Some("{hex}")
    } else if is_token(word) {
        Some("{token}")
    } else if digits > MAX_DIGITS {
        Some(if word.len() >= 16 && letters > digits { "{token}" } else { "{id}" })
    } else {
        None
    }
}

fn is_uuid(word: &str) -> bool {
    let groups: Vec<_> = word.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Made by a machine: long, and its characters change kind more often than words do, as base64 does.
fn is_token(word: &str) -> bool {
    const SHORTEST: usize = 16;
    let bytes = word.as_bytes();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let upper_runs = bytes.windows(2).filter(|w| w[0].is_ascii_uppercase() && !w[1].is_ascii_lowercase()).count();
    let padded = word.ends_with('=') || word.contains('+');
    word.len() >= SHORTEST && (mixed || padded || (has(u8::is_ascii_lowercase) && upper_runs >= 3))
}

fn segment_index(path: &str) -> Option<usize> {
    path.strip_prefix("$[")?.split(']').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: impl Fn(&str) -> String, cases: &[(&str, &str)]) {
        for (input, expect) in cases {
            assert_eq!(function(input), *expect, "{input}");
        }
    }

    #[test]
    fn paths_keep_their_shape_and_lose_their_values() {
        check(
            |input| path(input, &[]),
            &[
                ("/", "/"),
                ("*", "*"),
                ("/v1/users/48211/loc", "/v1/users/{id}/loc"),
                ("/v2/items/123/", "/v2/items/123/"),
                ("/u/6fa459ea-ee8a-3ca4-894e-db77e160355e", "/u/{uuid}"),
                ("/blob/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "/blob/{hex}"),
                ("/u/zoe%40mail.example", "/u/{email}"),
                ("/u/zoe@mail.example/x", "/u/{email}/x"),
                ("/t/eyJhbGciOiJIUzI1NiJ9.e30.abc", "/t/{token}"),
                ("/ssn/219-09-9999", "/ssn/{id}"),
                ("/n/Zo%C3%AB%20Quack", "/n/{text}"),
                ("/f/37.7749,-122.4194", "/f/{id}"),
                ("/tel/%2B15555550100", "/tel/{id}"),
                ("/a;jsessionid=1", "/{text}"),
                ("/js/jquery-3.6.0.min.js", "/js/jquery-3.6.0.min.js"),
                ("/getUserByID/list_all", "/getUserByID/list_all"),
                ("/d/%D9%A0%D9%A5%D9%A5%D9%A5", "/d/{id}"),
                ("no-slash", "{path}"),
            ],
        );
        let long = format!("/{}", ["x"; 100].join("/"));
        assert!(path(&long, &[]).ends_with("/x/{more}"));
    }

    #[test]
    fn names_are_masked_where_they_are_values() {
        assert_eq!(
            query_keys("k=1&user[name]=x&zoe%40mail.example=1&k=2&4111111111111111&a+b=1"),
            ["k", "user[name]", "{email}", "{id}", "{text}"]
        );
        let names = ["X-User-4111111111111111", "Accept", "accept", "authorization"];
        let headers = Headers(names.iter().map(|name| ((*name).to_owned(), bytes::Bytes::new())).collect());
        assert_eq!(header_names(&headers), ["accept", "authorization", "{id}"]);
        check(method, &[("GET", "GET"), ("M-SEARCH", "M-SEARCH"), ("4111111111111111", "{other}"), ("get", "{other}")]);
    }

    #[test]
    fn hosts_lose_only_labels_that_are_somebodys_number() {
        check(
            host,
            &[
                ("t.ads.example", "t.ads.example"),
                ("203.0.113.9", "203.0.113.9"),
                ("2001:db8::7", "2001:db8::7"),
                ("ec2-203-0-113-219.compute.example", "ec2-203-0-113-219.compute.example"),
                ("d3a2b1c4e5.cdn.example", "d3a2b1c4e5.cdn.example"),
                ("user-4111111111111111.example", "{id}.example"),
                ("219-09-9999.id.example", "{id}.id.example"),
                ("6fa459ea-ee8a-3ca4-894e-db77e160355e.x.example", "{uuid}.x.example"),
                ("xn--bcher-kva.example", "xn--bcher-kva.example"),
                ("a b.example", "{label}.example"),
            ],
        );
    }

    #[test]
    fn media_types_lose_parameters_and_inventions() {
        let check = |input: &str, expect: Option<&str>| assert_eq!(media_type(input).as_deref(), expect, "{input}");
        check("Application/JSON; charset=utf-8", Some("application/json"));
        check("application/vnd.api+json;canary=zoe@mail.example", Some("application/vnd.api+json"));
        check("application/4111111111111111", None);
        check("zoe/quack", None);
        check("text", None);
        assert_eq!((coding(b"GZIP"), coding(b"zoe")), ("gzip", "{other}"));
    }
}
