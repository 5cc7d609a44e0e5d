//! `http`: the shape of request and response, without anything that could be a value.

use serde::Serialize;

use super::unknown::OrUnknown;
use super::{exact, template};
use crate::detect::Finding;
use crate::exchange::{Exchange, Message, NoResponse, Response};

#[derive(Serialize)]
pub(super) struct HttpRecord {
    version: &'static str,
    method: String,
    scheme: &'static str,
    path_template: String,
    query_keys: Vec<String>,
    status: Option<OrUnknown<u16>>,
    request: RequestRecord,
    response: Option<OrUnknown<ResponseRecord>>,
}

#[derive(Serialize)]
struct RequestRecord {
    content_type: Option<OrUnknown<String>>,
    content_encoding: Option<String>,
    bytes: u64,
    header_names: Vec<String>,
}

#[derive(Serialize)]
struct ResponseRecord {
    content_type: Option<OrUnknown<String>>,
    bytes: u64,
}

/// Findings say which segments of the path are values although they look like words.
pub(super) fn http(exchange: &Exchange, findings: &[Finding]) -> HttpRecord {
    let request = &exchange.request;
    HttpRecord {
        version: request.message.version.as_str(),
        method: template::method(&request.method),
        scheme: request.scheme.as_str(),
        path_template: template::path(&request.path, findings),
        query_keys: request.query.as_deref().map(template::query_keys).unwrap_or_default(),
        status: answered(&exchange.response, |response| response.status),
        request: RequestRecord {
            content_type: content_type(&request.message),
            content_encoding: content_encoding(&request.message),
            bytes: exact(request.message.body.observed_bytes),
            header_names: template::header_names(&request.message.headers),
        },
        response: answered(&exchange.response, |response| ResponseRecord {
            content_type: content_type(&response.message),
            bytes: exact(response.message.body.observed_bytes),
        }),
    }
}

/// Where the server gave no answer none applies (`null`; the outcome says why); where it may have, it is unknown.
fn answered<T>(response: &Result<Response, NoResponse>, take: impl Fn(&Response) -> T) -> Option<OrUnknown<T>> {
    match response {
        Ok(response) => Some(OrUnknown::Known(take(response))),
        Err(NoResponse::ClientAborted | NoResponse::UpstreamFailed | NoResponse::Refused) => None,
        Err(NoResponse::NotRecorded) => Some(OrUnknown::because("not_recorded")),
        Err(NoResponse::StillOpen) => Some(OrUnknown::because("still_open")),
    }
}

fn content_type(message: &Message) -> Option<OrUnknown<String>> {
    let value = message.headers.all("content-type").next()?;
    let essence = std::str::from_utf8(value).ok().and_then(template::media_type);
    Some(essence.map_or_else(|| OrUnknown::because("unrecognised"), OrUnknown::Known))
}

fn content_encoding(message: &Message) -> Option<String> {
    let codings: Vec<_> = message
        .headers
        .all("content-encoding")
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|coding| template::coding(coding.trim_ascii()))
        .collect();
    (!codings.is_empty()).then(|| codings.join(", "))
}
