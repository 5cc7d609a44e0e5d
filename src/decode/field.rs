//! What decoding yields.

use std::collections::BTreeMap;

use super::Path;
use crate::exchange::SocketDirection;

/// Owns every text that decoding made; fields borrow from it and from the exchange.
#[derive(Default)]
pub struct Arena(bumpalo::Bump);

impl Arena {
    pub fn bump(&self) -> &bumpalo::Bump {
        &self.0
    }

    pub fn text(&self, text: &str) -> &str {
        self.0.alloc_str(text)
    }

    pub fn bytes(&self, bytes: &[u8]) -> &[u8] {
        self.0.alloc_slice_copy(bytes)
    }

    /// Forget everything, keep the memory for the next exchange.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

/// One scalar, where it stood and what had to be undone to read it.
#[derive(Debug, Clone, Copy)]
pub struct Field<'x> {
    pub part: Part,
    pub path: Path<'x>,
    /// Nearest name above the value: its key, header, cookie or parameter; `None` for bare text.
    pub key: Option<&'x str>,
    pub value: &'x str,
    pub kind: ValueKind,
    pub layers: Layers<'x>,
}

/// Bytes that no format explains. What somebody knows to look for may still be in them.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'x> {
    pub part: Part,
    pub path: Path<'x>,
    pub key: Option<&'x str>,
    pub bytes: &'x [u8],
    pub layers: Layers<'x>,
}

/// What the value was in its format: a number in JSON tells more than a digit string in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    Text,
    Number,
    Bool,
}

/// The side and region of an exchange that a field comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Part {
    /// `Sent` is the request (from the client), `Received` the response.
    pub direction: Direction,
    pub kind: PartKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    Request,
    Response,
}

impl Direction {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

impl From<SocketDirection> for Direction {
    fn from(direction: SocketDirection) -> Self {
        match direction {
            SocketDirection::Sent => Self::Request,
            SocketDirection::Received => Self::Response,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartKind {
    Path,
    Query,
    Header,
    Cookie,
    Body,
    /// A WebSocket message.
    Message,
}

impl Part {
    pub fn request(kind: PartKind) -> Self {
        Self { direction: Direction::Request, kind }
    }

    pub fn response(kind: PartKind) -> Self {
        Self { direction: Direction::Response, kind }
    }

    /// `request.body` and so on: `findings[].where` of the event.
    pub fn as_str(self) -> &'static str {
        use Direction::{Request, Response};
        match (self.direction, self.kind) {
            (Request, PartKind::Path) => "request.path",
            (Request, PartKind::Query) => "request.query",
            (Request, PartKind::Header) => "request.header",
            (Request, PartKind::Cookie) => "request.cookie",
            (Request, PartKind::Body) => "request.body",
            (Request, PartKind::Message) => "request.message",
            (Response, PartKind::Path) => "response.path",
            (Response, PartKind::Query) => "response.query",
            (Response, PartKind::Header) => "response.header",
            (Response, PartKind::Cookie) => "response.cookie",
            (Response, PartKind::Body) => "response.body",
            (Response, PartKind::Message) => "response.message",
        }
    }
}

/// One encoding that was undone on the way to a value.
#[derive(Debug, Clone, Copy)]
pub struct Layer<'x> {
    outer: Layers<'x>,
    name: &'static str,
}

/// The encodings around a value. Copying copies one reference.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'x>(Option<&'x Layer<'x>>);

impl<'x> Layers<'x> {
    pub const NONE: Layers<'static> = Layers(None);

    /// These layers with one more inside. `name` is a word of the event: `gzip`, `json`, `base64`, …
    pub fn within(self, arena: &'x Arena, name: &'static str) -> Layers<'x> {
        Layers(Some(arena.bump().alloc(Layer { outer: self, name })))
    }

    /// Names from the outside in.
    pub fn names(self) -> Vec<&'static str> {
        let mut names: Vec<_> = std::iter::successors(self.0, |layer| layer.outer.0).map(|layer| layer.name).collect();
        names.reverse();
        names
    }

    pub fn depth(self) -> usize {
        std::iter::successors(self.0, |layer| layer.outer.0).count()
    }
}

/// Something that was there and could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub part: Part,
    /// Rendered path inside the part. Never holds a value: keys are masked like those of findings.
    pub path: String,
    pub reason: UnreadReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnreadReason {
    /// Decoding would have cost more than the budget, or capture kept only a prefix.
    Budget,
    Malformed,
    Truncated,
    Unsupported,
    Aborted,
}

impl UnreadReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::Unsupported => "unsupported",
            Self::Aborted => "aborted",
        }
    }
}

/// Everything decoding could tell of one exchange.
#[derive(Debug, Default)]
pub struct Decoded<'x> {
    pub fields: Vec<Field<'x>>,
    pub unread: Vec<Unread>,
    /// What the unread places hold, as far as it is there.
    pub blobs: Vec<Blob<'x>>,
    /// Decoded bytes by format name, for `landfall_inspected_bytes_total`.
    pub bytes_by_format: BTreeMap<&'static str, u64>,
}

/// How much of an exchange was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Inspection {
    /// Everything captured was decoded.
    Full,
    /// Some of it is unread.
    Partial,
    /// Nothing was looked at: opaque, or inspection is off.
    None,
}

impl Inspection {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }
}

impl Decoded<'_> {
    pub fn inspection(&self) -> Inspection {
        if self.unread.is_empty() { Inspection::Full } else { Inspection::Partial }
    }
}
