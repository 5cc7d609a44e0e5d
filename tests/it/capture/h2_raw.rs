//! HTTP/2 on a bare socket: frames are written and read as they are (RFC 9113 section 4.1).

use std::io::{Read, Write};
use std::net::TcpStream;

use super::super::support::landfall::Landfall;
use super::raw::tunnel;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn code(&self) -> u8 {
        self.payload.last().copied().unwrap_or_default()
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a frame's length").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields as literals without indexing (RFC 7541 section 6.2.2): any bytes at all.
pub fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let string = |text: &str| {
        let length = text.len();
        let mut bytes = match length {
            0..127 => vec![u8::try_from(length).expect("short")],
            _ => {
                let (mut bytes, mut rest) = (vec![127], length - 127);
                while rest >= 128 {
                    bytes.push(u8::try_from(rest % 128).expect("seven bits") | 0x80);
                    rest /= 128;
                }
                bytes.push(u8::try_from(rest).expect("seven bits"));
                bytes
            }
        };
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    fields.iter().flat_map(|(name, value)| [vec![0], string(name), string(value)].concat()).collect()
}

pub const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":authority", "raw.example"), (":path", "/x")];

/// A client that has said its preface in a tunnel to `raw.example`.
pub fn client(landfall: &Landfall) -> TcpStream {
    let mut stream = tunnel(landfall);
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, b"")].concat();
    stream.write_all(&preface).expect("sent");
    stream
}

/// The next frame; `None` once the connection is closed, by whatever way.
pub fn read(stream: &mut TcpStream) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let [a, b, c, kind, flags, s, t, u, v] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some(Frame { kind, flags, stream: u32::from_be_bytes([s & 0x7f, t, u, v]), payload })
}

/// The first frame that says how this stream, or the whole connection, went on.
pub fn answer(stream: &mut TcpStream, id: u32) -> Option<Frame> {
    loop {
        let frame = read(stream)?;
        if frame.kind == GOAWAY || frame.stream == id && matches!(frame.kind, HEADERS | RST_STREAM) {
            return Some(frame);
        }
    }
}

/// What an HTTP/2 server says first.
pub fn server_preface() -> Vec<u8> {
    [frame(SETTINGS, 0, 0, b""), frame(SETTINGS, 1, 0, b"")].concat()
}
