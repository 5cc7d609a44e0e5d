//! A HAR entry to an exchange.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::form;
use super::wire::{Content, Entry, Frame, Pair, PostData, Request, Response, Timings};
use crate::capture::import::body::Told;
use crate::capture::import::draft::{Draft, NoExchange, unanswered, version};
use crate::capture::import::lenient::{Measure, base64};
use crate::capture::import::target::Target;
use crate::exchange::{
    self, Headers, Message, NoPeer, NoResponse, Outcome, Side, SocketDirection, SocketMessage, Trouble,
};

pub fn draft(entry: Entry, index: u64) -> Result<Draft, NoExchange> {
    let started_at = entry.started_date_time.as_deref().map(timestamp).transpose()?;
    let error = entry.response.as_ref().and_then(|response| response.error.clone());
    let (target, method, request) = request(entry.request)?;
    let response = match entry.response {
        Some(response) if response.status != 0 => Ok(answer(response, &method)?),
        Some(_) => Err(no_response(error.as_deref())),
        None => Err(NoResponse::NotRecorded),
    };
    let outcome = if response.is_ok() { Outcome::Completed } else { failure(error.as_deref()) };
    let messages = entry.web_socket_messages.map(|frames| {
        let frames = frames.into_iter().enumerate();
        frames.filter_map(|(n, frame)| message(frame, n).transpose()).collect::<Result<_, _>>()
    });
    let messages = messages.transpose()?;
    let peer = match error.as_deref() {
        Some("net::ERR_NAME_NOT_RESOLVED") => Err(NoPeer::Unresolved),
        _ => address(entry.server_ip_address.as_deref()).ok_or(NoPeer::NotRecorded),
    };
    Ok(Draft {
        index,
        id: entry.comment,
        started_at,
        target,
        method,
        request,
        response,
        messages,
        peer,
        outcome,
        timings: timings(&entry.timings, entry.time),
    })
}

fn request(from: Request) -> Result<(Target, String, Message), NoExchange> {
    let mut target = Target::parse(&from.url.into_string())?;
    if target.query.is_none() && !from.query_string.is_empty() {
        target.query = Some(form::urlencoded(from.query_string.iter().map(|pair| (&pair.name, &pair.value))));
    }
    let mime_type = from.post_data.as_ref().map_or("", |data| data.mime_type.as_str());
    let mut headers = headers(from.headers, mime_type);
    if headers.get("cookie").is_none() && !from.cookies.is_empty() {
        headers.0.push(("Cookie".to_owned(), form::cookies(&from.cookies).into()));
    }
    let (bytes, from_text) = match from.post_data {
        Some(data) => posted(data, &mut headers)?,
        None => (None, false),
    };
    let told = Told { bytes, from_text, wire_size: from.body_size.bytes(), decoded_size: None, allowed: true };
    let body = told.into_body(&headers);
    let message = Message { version: version(&from.http_version), headers, body, trailers: Headers::default() };
    Ok((target, from.method, message))
}

/// The request's body, put together from its parameters where the entry holds no text.
fn posted(data: PostData, headers: &mut Headers) -> Result<(Option<Vec<u8>>, bool), NoExchange> {
    match data.text {
        Some(text) if !text.0.is_empty() || data.params.is_empty() => {
            let (bytes, from_text) = content_bytes(text.0, data.encoding.as_deref(), "request.postData.text")?;
            Ok((Some(bytes), from_text))
        }
        _ if data.params.is_empty() => Ok((None, false)),
        _ => Ok((Some(form::body(&data.params, headers)), true)),
    }
}

fn answer(from: Response, method: &str) -> Result<exchange::Response, NoExchange> {
    let Content { size, mime_type, text, encoding } = from.content;
    let mut headers = headers(from.headers, if text.is_some() { &mime_type } else { "" });
    if headers.get("set-cookie").is_none() {
        let lines = from.cookies.iter().map(|cookie| ("Set-Cookie".to_owned(), form::cookie(cookie).into()));
        headers.0.extend(lines);
    }
    let (bytes, from_text) = match text {
        Some(text) => {
            let (bytes, from_text) = content_bytes(text.0, encoding.as_deref(), "response.content.text")?;
            (Some(bytes), from_text)
        }
        None => (None, false),
    };
    let allowed = method != "HEAD" && from.status >= 200 && !matches!(from.status, 204 | 304);
    let told = Told { bytes, from_text, wire_size: from.body_size.bytes(), decoded_size: size.bytes(), allowed };
    let body = told.into_body(&headers);
    let message = Message { version: version(&from.http_version), headers, body, trailers: Headers::default() };
    Ok(exchange::Response { status: from.status, message })
}

fn content_bytes(text: Vec<u8>, encoding: Option<&str>, place: &str) -> Result<(Vec<u8>, bool), NoExchange> {
    match encoding {
        Some(name) if name.eq_ignore_ascii_case("base64") => {
            let bytes =
                base64(&text).map_err(|_| NoExchange::Malformed(format!("{place} is not the base64 it says")))?;
            Ok((bytes, false))
        }
        _ => Ok((text, true)),
    }
}

/// Header fields without HTTP/2's pseudo-fields; the type of the content is added where the list lacks it.
fn headers(pairs: Vec<Pair>, mime_type: &str) -> Headers {
    let fields = pairs.into_iter().map(|pair| (pair.name.into_string(), pair.value.0.into()));
    let mut headers = Headers(fields.filter(|(name, _): &(String, _)| !name.starts_with(':')).collect());
    if headers.get("content-type").is_none() && !mime_type.is_empty() && mime_type != "x-unknown" {
        headers.0.push(("Content-Type".to_owned(), mime_type.to_owned().into()));
    }
    headers
}

fn message(frame: Frame, number: usize) -> Result<Option<SocketMessage>, NoExchange> {
    let place = || format!("_webSocketMessages[{number}]");
    let Ok(opcode) = u8::try_from(frame.opcode) else { return Ok(None) };
    let direction = match frame.kind.as_str() {
        "send" | "request" => SocketDirection::Sent,
        "receive" | "response" => SocketDirection::Received,
        "error" => return Ok(None),
        _ => return Err(NoExchange::Malformed(format!("{}.type is neither `send` nor `receive`", place()))),
    };
    let payload = match opcode {
        2 => base64(&frame.data.0).map_err(|_| NoExchange::Malformed(format!("{}.data is not base64", place())))?,
        _ => frame.data.0,
    };
    let seconds = frame.time.0.filter(|&seconds| seconds > 0.0 && seconds < 1e11);
    let at = seconds.and_then(|seconds| Timestamp::from_millisecond((seconds * 1e3) as i64).ok());
    Ok(Some(SocketMessage { direction, opcode, payload: payload.into(), at }))
}

fn timestamp(text: &str) -> Result<Timestamp, NoExchange> {
    text.parse().map_err(|_| NoExchange::Malformed("startedDateTime is not an ISO 8601 time with an offset".to_owned()))
}

/// Chrome puts IPv6 addresses in brackets, and leaves the text empty for what came from its cache.
fn address(text: Option<&str>) -> Option<IpAddr> {
    let text = text?.trim();
    text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok()
}

fn no_response(error: Option<&str>) -> NoResponse {
    match error {
        Some("net::ERR_ABORTED") => NoResponse::ClientAborted,
        Some(error) if error.starts_with("net::ERR_BLOCKED") => NoResponse::ClientAborted,
        Some(error) if error.starts_with("net::") => NoResponse::UpstreamFailed,
        _ => NoResponse::NotRecorded,
    }
}

fn failure(error: Option<&str>) -> Outcome {
    let trouble = match error {
        Some(error) if error == "net::ERR_ABORTED" || error.starts_with("net::ERR_BLOCKED") => {
            return Outcome::Aborted { side: Side::Client, error: Trouble::ConnectionTerminated };
        }
        Some("net::ERR_NAME_NOT_RESOLVED") => Trouble::DnsError,
        Some("net::ERR_CONNECTION_REFUSED") => Trouble::ConnectionRefused,
        Some("net::ERR_CONNECTION_TIMED_OUT") => Trouble::ConnectionTimeout,
        Some("net::ERR_TIMED_OUT") => Trouble::HttpResponseTimeout,
        Some(error) if error.starts_with("net::ERR_CERT_") => Trouble::TlsCertificateError,
        Some(error) if error.starts_with("net::ERR_SSL_") => Trouble::TlsProtocolError,
        _ => return unanswered(),
    };
    Outcome::Failed { side: Side::Upstream, error: trouble }
}

fn timings(from: &Timings, time: Measure) -> exchange::Timings {
    let add = |a: Measure, b: Measure| match (a.0, b.0) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
    };
    let connect = from.connect.0.map(|connect| (connect - from.ssl.0.unwrap_or(0.0)).max(0.0));
    exchange::Timings {
        dns: milliseconds(from.dns.0),
        connect: milliseconds(connect),
        tls: milliseconds(from.ssl.0),
        first_byte: milliseconds(add(from.send, from.wait)),
        total: milliseconds(time.0),
        overhead: None,
    }
}

fn milliseconds(number: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(number? / 1e3).ok()
}
