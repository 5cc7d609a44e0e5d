//! Exchange JSONL: one exchange a line, bodies as on the wire, in base64.
//!
//! `{id, request: {method, url, http_version, headers: [[name, value], …], body_b64}, response: {status, headers,
//! body_b64} | null, ws?: [{dir: send|recv, opcode, data_b64}], time?, server_ip?}`; other members are passed over.

use std::io::{self, BufRead};
use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::draft::{Draft, NoExchange, Origin, unanswered, version};
use super::error::{ImportError, io_error, problem};
use super::lenient::{Text, base64, null_as_default};
use super::target::Target;
use super::{Imported, LARGEST_EXCHANGE};
use crate::exchange::{
    Body, Headers, Message, NoPeer, NoResponse, Outcome, Response, SocketDirection, SocketMessage, Timings,
};

/// The exchanges of one JSONL file.
pub struct Lines<R> {
    reader: R,
    path: PathBuf,
    origin: Origin,
    position: u64,
    line: u64,
    index: u64,
    whole: u64,
    buffer: Vec<u8>,
    done: bool,
}

#[derive(Deserialize)]
struct Line {
    id: Option<String>,
    request: Sent,
    response: Option<Answer>,
    ws: Option<Vec<Frame>>,
    time: Option<String>,
    server_ip: Option<IpAddr>,
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    url: Text,
    #[serde(default, deserialize_with = "null_as_default")]
    http_version: String,
    #[serde(default, deserialize_with = "null_as_default")]
    headers: Vec<(Text, Text)>,
    #[serde(default, deserialize_with = "null_as_default")]
    body_b64: Text,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "null_as_default")]
    status: u16,
    #[serde(default, deserialize_with = "null_as_default")]
    headers: Vec<(Text, Text)>,
    #[serde(default, deserialize_with = "null_as_default")]
    body_b64: Text,
}

#[derive(Deserialize)]
struct Frame {
    dir: Direction,
    opcode: u8,
    #[serde(default, deserialize_with = "null_as_default")]
    data_b64: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Send,
    Recv,
}

/// How a line was read.
enum Read {
    Whole,
    /// The file ends before the line does.
    Unfinished,
    TooLarge,
    End,
}

impl<R: BufRead> Lines<R> {
    pub fn new(reader: R, path: PathBuf, origin: Origin) -> Self {
        let (buffer, done) = (Vec::new(), false);
        Self { reader, path, origin, position: 0, line: 0, index: 0, whole: 0, buffer, done }
    }

    pub fn position(&self) -> u64 {
        self.position
    }

    /// One line into the buffer, its end passed.
    fn read_line(&mut self) -> io::Result<Read> {
        self.buffer.clear();
        let mut over = false;
        loop {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Ok(match (over, self.buffer.is_empty()) {
                    (true, _) => Read::TooLarge,
                    (false, true) => Read::End,
                    (false, false) => Read::Unfinished,
                });
            }
            let newline = memchr::memchr(b'\n', chunk);
            let text = &chunk[..newline.unwrap_or(chunk.len())];
            if over || self.buffer.len() + text.len() > LARGEST_EXCHANGE {
                over = true;
                self.buffer.clear();
            } else {
                self.buffer.extend_from_slice(text);
            }
            let used = text.len() + usize::from(newline.is_some());
            self.reader.consume(used);
            self.position += used as u64;
            if newline.is_some() {
                return Ok(if over { Read::TooLarge } else { Read::Whole });
            }
        }
    }

    fn understand(&mut self, unfinished: bool) -> Result<Imported, ImportError> {
        let index = self.index;
        self.index += 1;
        let place = format!("line {}", self.line);
        let malformed = |problem| ImportError::Malformed { path: self.path.clone(), place: place.clone(), problem };
        let text = self.buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.buffer);
        let mut json = serde_json::Deserializer::from_slice(text);
        let line = serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().is_eof() {
            true if unfinished => ImportError::Truncated { path: self.path.clone(), whole: self.whole },
            _ => malformed(problem(&error)),
        })?;
        json.end().map_err(|_| malformed("more than one JSON value stands on it".to_owned()))?;
        self.whole += 1;
        match draft(line, index) {
            Ok(draft) => Ok(Imported::Exchange(Box::new(draft.finish(&self.origin)))),
            Err(NoExchange::Local(scheme)) => Ok(Imported::Local { index, scheme }),
            Err(NoExchange::Malformed(problem)) => Err(malformed(problem)),
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            self.line += 1;
            let unfinished = match self.read_line() {
                Ok(Read::Whole) => false,
                Ok(Read::Unfinished) => true,
                Ok(Read::End) => break,
                Ok(Read::TooLarge) => {
                    self.index += 1;
                    let (path, place) = (self.path.clone(), format!("line {}", self.line));
                    return Some(Err(ImportError::TooLarge { path, place, limit: LARGEST_EXCHANGE }));
                }
                Err(error) => {
                    self.done = true;
                    return Some(Err(io_error(&self.path)(error)));
                }
            };
            if !self.buffer.trim_ascii().is_empty() {
                return Some(self.understand(unfinished));
            }
        }
        self.done = true;
        None
    }
}

fn draft(line: Line, index: u64) -> Result<Draft, NoExchange> {
    let target = Target::parse(&line.request.url.into_string())?;
    let started_at = line.time.as_deref().map(str::parse).transpose();
    let started_at =
        started_at.map_err(|_: jiff::Error| NoExchange::Malformed("time is not an RFC 3339 time".to_owned()))?;
    let version = version(&line.request.http_version);
    let message = |headers: Vec<(Text, Text)>, body: Text, place: &str| -> Result<Message, NoExchange> {
        let headers = Headers(headers.into_iter().map(|(n, v)| (n.into_string(), v.0.into())).collect());
        let body = Body::whole(bytes(&body, place)?);
        Ok(Message { version, headers, body, trailers: Headers::default() })
    };
    let request = message(line.request.headers, line.request.body_b64, "request.body_b64")?;
    let response = match line.response {
        Some(answer) if answer.status != 0 => {
            let message = message(answer.headers, answer.body_b64, "response.body_b64")?;
            Ok(Response { status: answer.status, message })
        }
        _ => Err(NoResponse::NotRecorded),
    };
    Ok(Draft {
        index,
        id: line.id,
        started_at,
        target,
        method: line.request.method,
        request,
        outcome: if response.is_ok() { Outcome::Completed } else { unanswered() },
        response,
        messages: line
            .ws
            .map(|ws| ws.into_iter().enumerate().map(socket_message).collect::<Result<_, _>>())
            .transpose()?,
        peer: line.server_ip.ok_or(NoPeer::NotRecorded),
        timings: Timings::default(),
    })
}

fn socket_message((number, frame): (usize, Frame)) -> Result<SocketMessage, NoExchange> {
    let payload = bytes(&frame.data_b64, &format!("ws[{number}].data_b64"))?.into();
    let direction = match frame.dir {
        Direction::Send => SocketDirection::Sent,
        Direction::Recv => SocketDirection::Received,
    };
    Ok(SocketMessage { direction, opcode: frame.opcode, payload, at: None })
}

fn bytes(text: &Text, place: &str) -> Result<Vec<u8>, NoExchange> {
    base64(&text.0).map_err(|_| NoExchange::Malformed(format!("{place} is not base64")))
}

#[cfg(test)]
mod tests;
