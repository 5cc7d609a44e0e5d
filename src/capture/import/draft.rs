//! What every file format yields alike, and how an exchange is made of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::digest;
use jiff::Timestamp;
use ulid::Ulid;

use super::target::{NoTarget, Target};
use crate::exchange::{
    CaptureMode, Client, Coverage, Cut, Destination, Exchange, ExchangeId, Import, Message, NoPeer, NoResponse,
    Outcome, Peer, Request, Response, Session, Side, SocketDirection, SocketMessage, Timings, TlsFacts, Trouble,
    Version, WireBytes,
};

/// What is the same for all exchanges of one file.
pub struct Origin {
    pub session: Arc<Session>,
    pub file_sha256: Arc<str>,
}

/// One exchange as its file tells it.
pub struct Draft {
    pub index: u64,
    pub id: Option<String>,
    /// `None` where the file does not say: then the session's own start stands in.
    pub started_at: Option<Timestamp>,
    pub target: Target,
    pub method: String,
    pub request: Message,
    pub response: Result<Response, NoResponse>,
    /// `None` where the file has no room for them, so that whether there were any is not known.
    pub messages: Option<Vec<SocketMessage>>,
    pub peer: Result<IpAddr, NoPeer>,
    pub outcome: Outcome,
    pub timings: Timings,
}

/// Why an entry is no exchange.
#[derive(Debug)]
pub enum NoExchange {
    /// Nothing of it went over the network: the scheme of its URL.
    Local(&'static str),
    /// Path inside the entry, and what is wrong there.
    Malformed(String),
}

impl From<NoTarget> for NoExchange {
    fn from(error: NoTarget) -> Self {
        match error {
            NoTarget::Local(scheme) => Self::Local(scheme),
            NoTarget::Malformed(problem) => Self::Malformed(format!("request.url {problem}")),
        }
    }
}

impl Draft {
    pub fn finish(mut self, origin: &Origin) -> Exchange {
        if self.messages.is_none() {
            self.note_switch();
        }
        let started_at = self.started_at.unwrap_or(origin.session.started_at);
        let port = self.target.port;
        let peer = self.peer.map(|address| Peer::at(SocketAddr::new(address, port)));
        let messages = self.messages.unwrap_or_default();
        let bytes = weigh(&self.request, self.response.as_ref().ok(), &messages);
        Exchange {
            id: identity(started_at, &origin.file_sha256, self.index),
            import: Some(Import {
                file_sha256: Arc::clone(&origin.file_sha256),
                index: self.index,
                id: self.id.filter(|id| is_id(id)),
            }),
            session: Arc::clone(&origin.session),
            started_at,
            client: Client::default(),
            mode: CaptureMode::Import,
            coverage: Coverage::Imported,
            destination: Destination { host: self.target.host, port, peer },
            tls: TlsFacts::default(),
            request: Request {
                method: self.method,
                scheme: self.target.scheme,
                authority: self.target.authority,
                path: self.target.path,
                query: self.target.query,
                message: self.request,
            },
            response: self.response,
            messages,
            outcome: self.outcome,
            bytes,
            timings: self.timings,
            stream: None,
            notes: Vec::new(),
        }
    }

    /// After `101 Switching Protocols` both sides may have said anything: without their messages, that is unread.
    fn note_switch(&mut self) {
        if let Ok(response) = &mut self.response
            && response.status == 101
        {
            self.request.body.cut.get_or_insert(Cut::NotRecorded);
            response.message.body.cut.get_or_insert(Cut::NotRecorded);
        }
    }
}

/// How an exchange without any response ended, as far as a file can tell.
pub fn unanswered() -> Outcome {
    Outcome::Failed { side: Side::Upstream, error: Trouble::HttpResponseIncomplete }
}

/// `HTTP/2`, `http/2.0`, `h2`: exporters spell it in many ways. What they leave out is taken for HTTP/1.1.
pub fn version(text: &str) -> Version {
    let text = text.to_ascii_lowercase();
    let number = text.strip_prefix("http/").unwrap_or(&text);
    match number {
        "2" | "2.0" | "h2" | "h2c" | "spdy" => Version::Http2,
        "1.0" => Version::Http10,
        "0.9" => Version::Http09,
        _ if number.starts_with('3') || number.starts_with("h3") || number.contains("quic") => Version::Http3,
        _ => Version::Http11,
    }
}

/// An id that sorts by the exchange's own time, and is the same whenever the same file is read.
/// Whether a text is an id and not a remark: a remark may say anything, and the id stands in every record.
fn is_id(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'#');
    (1..=MAX_ID).contains(&text.len()) && text.bytes().all(known)
}

/// Bytes of an id.
const MAX_ID: usize = 128;

fn identity(started_at: Timestamp, file_sha256: &str, index: u64) -> ExchangeId {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(file_sha256.as_bytes());
    context.update(&index.to_be_bytes());
    let mut random = [0; 16];
    random.copy_from_slice(&context.finish().as_ref()[..16]);
    let milliseconds = u64::try_from(started_at.as_millisecond()).unwrap_or(0);
    ExchangeId::new(Ulid::from_parts(milliseconds, u128::from_be_bytes(random)))
}

fn weigh(request: &Message, response: Option<&Response>, messages: &[SocketMessage]) -> WireBytes {
    let mut bytes = WireBytes {
        up: request.body.observed_bytes,
        down: response.map_or(0, |response| response.message.body.observed_bytes),
    };
    for message in messages {
        let length = message.payload.len() as u64;
        match message.direction {
            SocketDirection::Sent => bytes.up += length,
            SocketDirection::Received => bytes.down += length,
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_and_a_remark_is_not() {
        for id in ["dev-0017", "page_1#3", "9f0c2b1e-6a57-4f0e-9a77-1c2d3e4f5a6b", "a/b:2"] {
            assert!(is_id(id), "{id}");
        }
        for remark in ["", "call bob@example.com", "two words", "naïve", &"x".repeat(129)] {
            assert!(!is_id(remark), "{remark}");
        }
    }
}
