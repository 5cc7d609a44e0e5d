//! Bodies, queries and cookies put together again where a HAR holds only their parameters.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::wire::{Pair, Param};
use crate::capture::import::lenient::Text;
use crate::exchange::Headers;

/// What WHATWG's `application/x-www-form-urlencoded` leaves as it is.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

pub fn urlencoded<'a>(pairs: impl Iterator<Item = (&'a Text, &'a Text)>) -> String {
    let encode = |text: &Text| percent_encode(&text.0, FORM).to_string();
    pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// A body of these parameters, in the form that the `Content-Type` names.
pub fn body(params: &[Param], headers: &mut Headers) -> Vec<u8> {
    let content_type = headers.get("content-type").unwrap_or_default().to_owned();
    if !content_type.to_ascii_lowercase().starts_with("multipart/") {
        return urlencoded(params.iter().map(|param| (&param.name, &param.value))).into_bytes();
    }
    let boundary = match content_type.split_once("boundary=") {
        Some((_, boundary)) => boundary.split(';').next().unwrap_or_default().trim_matches('"').to_owned(),
        None => {
            let boundary = "landfall-import-boundary";
            headers.0.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            headers.0.push(("Content-Type".to_owned(), format!("{content_type}; boundary={boundary}").into()));
            boundary.to_owned()
        }
    };
    multipart(params, &boundary)
}

pub fn cookies(pairs: &[Pair]) -> Vec<u8> {
    pairs.iter().map(cookie).collect::<Vec<_>>().join(&b"; "[..])
}

pub fn cookie(pair: &Pair) -> Vec<u8> {
    [&pair.name.0[..], b"=", &pair.value.0].concat()
}

fn multipart(params: &[Param], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for param in params {
        body.extend_from_slice(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"").as_bytes());
        body.extend_from_slice(&quoted(&param.name));
        if let Some(file_name) = &param.file_name {
            body.extend_from_slice(b"\"; filename=\"");
            body.extend_from_slice(&quoted(file_name));
        }
        body.extend_from_slice(b"\"\r\n");
        if let Some(content_type) = &param.content_type {
            body.extend_from_slice(b"Content-Type: ");
            body.extend(content_type.0.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')));
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"\r\n");
        body.extend_from_slice(&param.value.0);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

/// RFC 7578 section 4.2 leaves quoting to HTML, which percent-encodes these three.
fn quoted(text: &Text) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.0.len());
    for byte in &text.0 {
        match byte {
            b'"' => quoted.extend_from_slice(b"%22"),
            b'\r' => quoted.extend_from_slice(b"%0D"),
            b'\n' => quoted.extend_from_slice(b"%0A"),
            other => quoted.push(*other),
        }
    }
    quoted
}
