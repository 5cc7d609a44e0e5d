//! What a client's first bytes are: TLS, HTTP, HTTP/2 without TLS, something else, or a wait for the server.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::hello::{self, ClientHello, may_be_tls};

/// What every HTTP/2 connection starts with (RFC 9113 section 3.4).
pub(super) const H2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// No registered method is longer than 16.
const MAX_METHOD: usize = 32;
/// More empty lines than this begin no request.
const MAX_EMPTY_LINES: usize = 8;
/// A longer request line is left to the HTTP parser to refuse.
const MAX_LINE: usize = 16 * 1024;

/// How a connection opens. The bytes are all that was read, to be replayed to whoever reads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// A whole ClientHello.
    Tls(Box<ClientHello>, Vec<u8>),
    /// An HTTP/1 request line, whatever its method, or a good part of one.
    Http(Vec<u8>),
    /// The HTTP/2 preface.
    H2Preface(Vec<u8>),
    /// Anything else, a broken ClientHello included.
    Other(Vec<u8>),
}

/// Reads as little as tells what a connection carries, from its first bytes on, which are there. Fails when the connection
/// does, and with `TimedOut` when a ClientHello was begun but not finished within `patience`.
pub async fn peek<S: AsyncRead + Unpin>(stream: &mut S, first: Vec<u8>, patience: Duration) -> io::Result<Opening> {
    let mut bytes = first;
    let hello = match timeout(patience, decide(stream, &mut bytes)).await {
        Ok(decided) => decided?,
        Err(_) if may_be_tls(&bytes) => {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the client did not finish its ClientHello in time"));
        }
        Err(_) if has_known_method(&bytes) => Decided::Http,
        Err(_) => Decided::Other,
    };
    Ok(match hello {
        Decided::Tls(hello) => Opening::Tls(hello, bytes),
        Decided::Http => Opening::Http(bytes),
        Decided::H2Preface => Opening::H2Preface(bytes),
        Decided::Other => Opening::Other(bytes),
    })
}

enum Decided {
    Tls(Box<ClientHello>),
    Http,
    H2Preface,
    Other,
}

async fn decide<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) -> io::Result<Decided> {
    loop {
        match guess(bytes) {
            Guess::Tls => {
                let hello = hello::read(stream, bytes).await?;
                return Ok(hello.map_or(Decided::Other, |hello| Decided::Tls(Box::new(hello))));
            }
            Guess::Http => return Ok(Decided::Http),
            Guess::H2Preface => return Ok(Decided::H2Preface),
            Guess::Other => return Ok(Decided::Other),
            Guess::Unclear => {}
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(Decided::Other);
        }
    }
}

/// What the first bytes of a connection look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    Tls,
    Http,
    H2Preface,
    Other,
    /// More bytes are needed.
    Unclear,
}

/// What these bytes look like; `None`: more are needed.
pub fn looks_like(bytes: &[u8]) -> Option<Guess> {
    Some(guess(bytes)).filter(|guess| *guess != Guess::Unclear)
}

fn guess(mut bytes: &[u8]) -> Guess {
    // Empty lines before a request are for the HTTP side to judge, a few of them.
    let mut empty = 0;
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
        empty += 1;
    }
    match (empty, bytes) {
        (MAX_EMPTY_LINES.., _) => return Guess::Other,
        (_, b"\r") => return Guess::Unclear,
        _ => {}
    }
    if may_be_tls(bytes) {
        return if bytes.len() >= 5 { Guess::Tls } else { Guess::Unclear };
    }
    if bytes.starts_with(H2_PREFACE) {
        return Guess::H2Preface;
    }
    if H2_PREFACE.starts_with(bytes) {
        return Guess::Unclear;
    }
    let method = method_length(bytes);
    match memchr::memchr(b'\n', bytes) {
        _ if method > MAX_METHOD => Guess::Other,
        None if method == bytes.len() => Guess::Unclear,
        _ if method == 0 || bytes[method..].first() != Some(&b' ') => Guess::Other,
        Some(end) if is_meant_as_http(&bytes[..end]) => Guess::Http,
        Some(_) => Guess::Other,
        None if bytes.len() > MAX_LINE => Guess::Http,
        None => Guess::Unclear,
    }
}

/// Bytes at the start that a method can hold (RFC 9110 section 5.6.2, `token`).
fn method_length(bytes: &[u8]) -> usize {
    let in_token = |byte: &&u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    bytes.iter().take(MAX_METHOD + 1).take_while(in_token).count()
}

/// A request line, or something that is none for HTTP to refuse rather than for a server to make what it likes of.
fn is_meant_as_http(line: &[u8]) -> bool {
    let last = line.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    // `SIP/2.0`, `RTSP/1.0`: protocols that share methods with HTTP.
    let other = matches!(last, [name @ .., b'/', major, b'.', minor]
        if major.is_ascii_digit() && minor.is_ascii_digit() && name.iter().all(u8::is_ascii_alphabetic));
    is_request_line(line) || memchr::memmem::find(line, b" HTTP/").is_some() || has_known_method(line) && !other
}

/// `method SP target SP HTTP/d.d`, without its line feed. Other line protocols (`EHLO x`, `OPTIONS sip:… SIP/2.0`) fail here.
fn is_request_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut parts = line.split(|byte| *byte == b' ');
    let (_method, target, version, rest) = (parts.next(), parts.next(), parts.next(), parts.next());
    let is_version = |text: &[u8]| matches!(text, [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit());
    target.is_some_and(|target| !target.is_empty()) && version.is_some_and(is_version) && rest.is_none()
}

/// Tells a slow HTTP client from another line protocol's when the line's end does not come.
fn has_known_method(bytes: &[u8]) -> bool {
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ", b"TRACE ", b"CONNECT "];
    METHODS.iter().any(|method| bytes.starts_with(method))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::super::hello::tests::rustls_hello;
    use super::*;

    #[test]
    fn first_bytes_are_told_apart() {
        #[track_caller]
        fn check(bytes: &[u8], expect: Guess) {
            assert_eq!(guess(bytes), expect, "{:?}", String::from_utf8_lossy(bytes));
        }
        check(b"", Guess::Unclear);
        check(b"\x16", Guess::Unclear);
        check(b"\x16\x03", Guess::Unclear);
        check(b"\x16\x03\x01\x02", Guess::Unclear);
        check(b"\x16\x03\x01\x02\x00", Guess::Tls);
        check(b"\x16\x02", Guess::Other);
        check(b"\x80\x2e\x01", Guess::Other); // SSL 2 hello
        check(b"G", Guess::Unclear);
        check(b"GET ", Guess::Unclear);
        check(b"GET / HTTP/1.1\r\n", Guess::Http);
        check(b"get /x HTTP/1.0\nHost: a\n", Guess::Http);
        check(b"M-SEARCH * HTTP/1.1\r\n", Guess::Http);
        check(b"OPTIONS sip:a@b SIP/2.0\r\n", Guess::Other);
        // Meant as HTTP, and refused as such: it must not pass unread.
        check(b"GET /\r\n", Guess::Http);
        check(b"GET  HTTP/1.1\r\n", Guess::Http);
        check(b"GET /a b HTTP/1.1\r\n", Guess::Http);
        check(b"EHLO a.example\r\n", Guess::Other);
        check(b"SSH-2.0-OpenSSH_9.9\r\n", Guess::Other);
        check(b"PRI", Guess::Unclear);
        check(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Guess::Unclear);
        check(H2_PREFACE, Guess::H2Preface);
        check(b"PRINT /x HTTP/1.1\r\n", Guess::Http);
        check(b"\x10\x0c\x00\x04MQTT", Guess::Other);
        check(b"\r\n", Guess::Unclear);
        check(b"\n", Guess::Other);
        check(b" ", Guess::Other);
        check(&[b'A'; 33], Guess::Other);
        check(&[b"GET /".as_slice(), &[b'a'; MAX_LINE]].concat(), Guess::Http);
    }

    #[tokio::test]
    async fn a_client_is_waited_for_byte_by_byte() {
        for sent in [rustls_hello("a.example", &[b"h2"]), b"POST /x HTTP/1.1\r\n".to_vec(), H2_PREFACE.to_vec()] {
            let (mut client, mut server) = tokio::io::duplex(64);
            let write = async {
                for byte in &sent {
                    client.write_all(&[*byte]).await.unwrap();
                    tokio::task::yield_now().await;
                }
                client
            };
            let patience = Duration::from_secs(10);
            let (opening, _client) = tokio::join!(peek(&mut server, Vec::new(), patience), write);
            let bytes = match opening.unwrap() {
                Opening::Tls(hello, bytes) => {
                    assert_eq!(hello.sni.as_deref(), Some("a.example"));
                    bytes
                }
                Opening::Http(bytes) | Opening::H2Preface(bytes) => bytes,
                other => panic!("{other:?}"),
            };
            assert_eq!(bytes, sent);
        }
    }

    /// Sends, then stays or closes. What was sent is read before the first look at a clock.
    async fn opening(sent: &[u8], close: bool) -> io::Result<Opening> {
        let (mut client, mut server) = tokio::io::duplex(64);
        client.write_all(sent).await.unwrap();
        let client = (!close).then_some(client);
        let opening = peek(&mut server, Vec::new(), Duration::from_millis(5)).await;
        drop(client);
        opening
    }

    #[tokio::test]
    async fn ends_and_stalls_have_their_own_outcomes() {
        assert_eq!(opening(b"\x16\x03\x01", false).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(opening(b"\x16\x03\x01", true).await.unwrap(), Opening::Other(b"\x16\x03\x01".to_vec()));
        let stray = b"\x16\x03\x01\x00\x04\x02\x00\x00\x00";
        assert_eq!(opening(stray, false).await.unwrap(), Opening::Other(stray.to_vec()));
        assert_eq!(opening(b"GET /slow", false).await.unwrap(), Opening::Http(b"GET /slow".to_vec()));
        assert_eq!(opening(b"HELO me", false).await.unwrap(), Opening::Other(b"HELO me".to_vec()));
    }
}
