//! One entry of a HAR 1.2 file as written, with the extensions that browsers and proxies agree on.
//!
//! <http://www.softwareishard.com/blog/har-12-spec/>; members that say nothing of the exchange are left out.

use serde::Deserialize;

use crate::capture::import::lenient::{Measure, Text, null_as_default};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub started_date_time: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub time: Measure,
    pub request: Request,
    pub response: Option<Response>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub timings: Timings,
    #[serde(rename = "serverIPAddress")]
    pub server_ip_address: Option<String>,
    pub comment: Option<String>,
    /// Not every exporter has them.
    #[serde(rename = "_webSocketMessages")]
    pub web_socket_messages: Option<Vec<Frame>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    pub method: String,
    pub url: Text,
    #[serde(default, deserialize_with = "null_as_default")]
    pub http_version: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub cookies: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub query_string: Vec<Pair>,
    pub post_data: Option<PostData>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub body_size: Measure,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    #[serde(default, deserialize_with = "null_as_default")]
    pub status: u16,
    #[serde(default, deserialize_with = "null_as_default")]
    pub http_version: String,
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub cookies: Vec<Pair>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub content: Content,
    #[serde(default, deserialize_with = "null_as_default")]
    pub body_size: Measure,
    /// Chrome's reason where there is no response.
    #[serde(rename = "_error")]
    pub error: Option<String>,
}

#[derive(Deserialize)]
pub struct Pair {
    pub name: Text,
    #[serde(default, deserialize_with = "null_as_default")]
    pub value: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostData {
    #[serde(default, deserialize_with = "null_as_default")]
    pub mime_type: String,
    pub text: Option<Text>,
    /// `base64`: a common extension, in the manner of `content.encoding`.
    pub encoding: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub params: Vec<Param>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Param {
    pub name: Text,
    #[serde(default, deserialize_with = "null_as_default")]
    pub value: Text,
    pub file_name: Option<Text>,
    pub content_type: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    #[serde(default, deserialize_with = "null_as_default")]
    pub size: Measure,
    #[serde(default, deserialize_with = "null_as_default")]
    pub mime_type: String,
    pub text: Option<Text>,
    pub encoding: Option<String>,
}

/// Milliseconds; -1 where a step did not happen.
#[derive(Default, Deserialize)]
pub struct Timings {
    #[serde(default, deserialize_with = "null_as_default")]
    pub dns: Measure,
    /// Holds `ssl` too.
    #[serde(default, deserialize_with = "null_as_default")]
    pub connect: Measure,
    #[serde(default, deserialize_with = "null_as_default")]
    pub ssl: Measure,
    #[serde(default, deserialize_with = "null_as_default")]
    pub send: Measure,
    #[serde(default, deserialize_with = "null_as_default")]
    pub wait: Measure,
}

/// A WebSocket message.
#[derive(Deserialize)]
pub struct Frame {
    #[serde(rename = "type")]
    pub kind: String,
    /// Seconds since the epoch; 0 where it is not known.
    #[serde(default, deserialize_with = "null_as_default")]
    pub time: Measure,
    /// -1 for an error that the browser reports.
    pub opcode: i64,
    #[serde(default, deserialize_with = "null_as_default")]
    pub data: Text,
}
