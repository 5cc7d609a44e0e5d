//! The two messages of an exchange, with their bytes as they stood on the wire.

use bytes::Bytes;
use jiff::Timestamp;

use super::Body;

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub scheme: Scheme,
    /// Host (and port) the request names: `Host`, `:authority` or the absolute target.
    pub authority: String,
    /// Path without the query, percent-encoding untouched; starts with `/`, or is `*`.
    pub path: String,
    /// Query without the `?`, percent-encoding untouched.
    pub query: Option<String>,
    pub message: Message,
}

/// A final response; informational ones are counted in the exchange's notes.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub message: Message,
}

/// What request and response have in common.
#[derive(Debug, Clone)]
pub struct Message {
    pub version: Version,
    pub headers: Headers,
    pub body: Body,
    pub trailers: Headers,
}

/// Header fields in the order received. Names keep the case of the wire where it has one.
#[derive(Debug, Clone, Default)]
pub struct Headers(pub Vec<(String, Bytes)>);

impl Headers {
    /// Values of a field, whatever the case of its name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Bytes> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// First value of a field, if it is text.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &(String, Bytes)> {
        self.0.iter()
    }
}

/// Scheme of the request's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// HTTP version of a message as the client's leg spoke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    Http09,
    Http10,
    Http11,
    Http2,
    Http3,
}

impl Version {
    /// `1.1`, `2`: as in the event's `http.version` (OpenTelemetry `network.protocol.version`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http09 => "0.9",
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Http2 => "2",
            Self::Http3 => "3",
        }
    }
}

/// One message of a WebSocket, put together from its frames.
#[derive(Debug, Clone)]
pub struct SocketMessage {
    pub direction: SocketDirection,
    /// 1 text, 2 binary (RFC 6455 section 5.2).
    pub opcode: u8,
    pub payload: Bytes,
    pub at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketDirection {
    /// From the client.
    Sent,
    /// From the server.
    Received,
}
