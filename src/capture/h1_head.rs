//! One HTTP/1.1 head, read strictly: what two readers may read in two ways is refused, whatever a lenient one would make of
//! it (RFC 9112 sections 2.2, 3, 5 and 6.3). What passes here is read by hyper exactly as it was read here.

use std::fmt;

use http::{StatusCode, Uri};
use memchr::{memchr, memmem};

/// Why a head is not taken. The reason is for the peer and the log: fixed words, never the peer's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub status: StatusCode,
    pub reason: &'static str,
}

impl Fault {
    pub const fn bad(reason: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason)
    }
}

impl std::error::Error for Fault {}

/// How the body after a head is framed (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// What decides how the answer to a request is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Head,
    Connect,
    /// With an `Upgrade` that `Connection` names.
    Switch,
    Other,
}

/// What a request's head says of the bytes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHead {
    pub asked: Asked,
    pub framing: Framing,
    /// `OPTIONS` for an absolute target without a path: it asks about the server as a whole (RFC 9112 section 3.2.4).
    pub of_server: bool,
}

/// Read a request's head: everything up to and with the empty line. `None` for `fields`: as many as there are.
pub fn request(head: &[u8], fields: usize) -> Result<RequestHead, Fault> {
    let (line, rest) = first_line(head)?;
    let (method, target, version) = request_line(line)?;
    let said = Fields::read(rest, fields)?;
    let connect = method == b"CONNECT";
    match said.hosts {
        0 if version == 1 && !connect => return Err(Fault::bad("an HTTP/1.1 request needs a `Host` field")),
        0 | 1 => {}
        _ => return Err(Fault::bad("the request names more than one host")),
    }
    if said.bad_host {
        return Err(Fault::bad("the `Host` field names no host"));
    }
    let framing = match (said.coding, said.length) {
        (Some(_), Some(_)) => return Err(Fault::bad("the request has both a length and a transfer coding")),
        (Some(_), None) if version == 0 => return Err(Fault::bad("HTTP/1.0 has no transfer codings")),
        (Some(Coding::Chunked), None) => Framing::Chunked,
        (Some(Coding::Other), None) => {
            return Err(Fault::bad("a transfer coding other than `chunked` alone is not supported"));
        }
        (None, length) => Framing::Length(length.unwrap_or(0)),
    };
    if connect && framing != Framing::Length(0) {
        return Err(Fault::bad("a `CONNECT` request has no body"));
    }
    if target == b"*" && method != b"OPTIONS" {
        return Err(Fault::bad("only `OPTIONS` may ask for `*`"));
    }
    let asked = match method {
        b"CONNECT" => Asked::Connect,
        b"HEAD" => Asked::Head,
        _ if said.upgrade && said.connection_upgrade => Asked::Switch,
        _ => Asked::Other,
    };
    let of_server =
        method == b"OPTIONS" && memmem::find(target, b"://").is_some_and(|at| !target[at + 3..].contains(&b'/'));
    Ok(RequestHead { asked, framing, of_server })
}

/// Read a response's head; the status and how its body is framed.
pub fn response(head: &[u8], fields: usize, asked: Asked) -> Result<(u16, Framing), Fault> {
    let (line, rest) = first_line(head)?;
    let (status, version) = status_line(line)?;
    let said = Fields::read(rest, fields)?;
    let bodiless = asked == Asked::Head || matches!(status, 100..=199 | 204 | 304);
    if asked == Asked::Connect && (200..300).contains(&status) {
        return Ok((status, Framing::Length(0)));
    }
    let framing = match (said.coding, said.length) {
        (Some(_), Some(_)) => return Err(Fault::bad("the response has both a length and a transfer coding")),
        (Some(_), None) if version == 0 => return Err(Fault::bad("HTTP/1.0 has no transfer codings")),
        (Some(Coding::Other), None) => {
            return Err(Fault::bad("a transfer coding other than `chunked` alone is not supported"));
        }
        _ if bodiless => Framing::Length(0),
        (Some(Coding::Chunked), None) => Framing::Chunked,
        (None, Some(length)) => Framing::Length(length),
        (None, None) => Framing::UntilClose,
    };
    Ok((status, framing))
}

/// Method and target of a head that was refused for something else, to say in the record what was asked.
pub fn asked_for(head: &[u8]) -> Option<(&str, &str)> {
    let (line, _) = first_line(head).ok()?;
    let (method, target, _) = request_line(line).ok()?;
    Some((std::str::from_utf8(method).ok()?, std::str::from_utf8(target).ok()?))
}

/// The longest length that hyper takes.
const LONGEST: u64 = u64::MAX - 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Chunked,
    Other,
}

/// What the fields say that matters here.
#[derive(Debug, Default)]
struct Fields {
    hosts: usize,
    bad_host: bool,
    length: Option<u64>,
    coding: Option<Coding>,
    upgrade: bool,
    connection_upgrade: bool,
}

impl Fields {
    fn read(mut rest: &[u8], most: usize) -> Result<Self, Fault> {
        let (mut said, mut count) = (Self::default(), 0);
        loop {
            let (line, after) = first_line(rest)?;
            if line.is_empty() {
                return Ok(said);
            }
            rest = after;
            count += 1;
            if count > most {
                return Err(Fault { status: TOO_LARGE, reason: "there are more header fields than are taken" });
            }
            let (name, value) = field(line)?;
            said.see(name, value)?;
        }
    }

    fn see(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => {
                self.hosts += 1;
                self.bad_host |= !is_host(value);
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let before = self.length.replace(length(value)?);
                if before.is_some() {
                    return Err(Fault::bad("there is more than one `Content-Length`"));
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let alone = self.coding.is_none() && value.eq_ignore_ascii_case(b"chunked");
                self.coding = Some(if alone { Coding::Chunked } else { Coding::Other });
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.upgrade = true,
            10 if name.eq_ignore_ascii_case(b"connection") => {
                let mut tokens = value.split(|byte| *byte == b',');
                self.connection_upgrade |= tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"));
            }
            _ => {}
        }
        Ok(())
    }
}

pub const TOO_LARGE: StatusCode = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;

/// The first line without its CRLF, and what follows.
fn first_line(bytes: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let end = memchr(b'\n', bytes).ok_or(Fault::bad("a head without its end"))?;
    let line = bytes[..end].strip_suffix(b"\r").ok_or(Fault::bad("a line ends in a bare LF"))?;
    Ok((line, &bytes[end + 1..]))
}

fn request_line(line: &[u8]) -> Result<(&[u8], &[u8], u8), Fault> {
    let malformed = Fault::bad("the request line cannot be read");
    let space = memchr(b' ', line).ok_or(malformed)?;
    let (method, rest) = (&line[..space], &line[space + 1..]);
    let space = memchr(b' ', rest).ok_or(malformed)?;
    let (target, version) = (&rest[..space], &rest[space + 1..]);
    if !is_token(method) || target.is_empty() {
        return Err(malformed);
    }
    let version = match version {
        b"HTTP/1.1" => 1,
        b"HTTP/1.0" => 0,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            let status = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
            return Err(Fault { status, reason: "this version of HTTP is not spoken here" });
        }
        _ => return Err(malformed),
    };
    let plain = |byte: &u8| (0x21..0x7f).contains(byte) && *byte != b'#' || *byte >= 0x80;
    if !target.iter().all(plain) || Uri::try_from(target).is_err() {
        return Err(Fault::bad("the request's target cannot be read"));
    }
    Ok((method, target, version))
}

fn status_line(line: &[u8]) -> Result<(u16, u8), Fault> {
    let malformed = Fault::bad("the status line cannot be read");
    let (version, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ (b'0' | b'1'), b' ', rest @ ..] => (minor - b'0', rest),
        _ => return Err(malformed),
    };
    let (digits, reason) = rest.split_at_checked(3).ok_or(malformed)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(reason, [] | [b' ', ..]) || !is_value(reason) {
        return Err(malformed);
    }
    let status = digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    if status < 100 { Err(malformed) } else { Ok((status, version)) }
}

/// Name and value of a field; the space around a value is none of it.
pub fn field(line: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    if matches!(line, [b' ' | b'\t', ..]) {
        return Err(Fault::bad("a header field is folded over lines"));
    }
    let colon = memchr(b':', line).ok_or(Fault::bad("a header line has no colon"))?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return Err(Fault::bad("a header field's name is none"));
    }
    if !is_value(value) {
        return Err(Fault::bad("a header field's value has control characters"));
    }
    Ok((name, trim(value)))
}

/// Without optional white space, which is spaces and tabs and nothing else (RFC 9110 section 5.6.3).
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn length(value: &[u8]) -> Result<u64, Fault> {
    let fault = Fault::bad("`Content-Length` is no number");
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(fault);
    }
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number.filter(|length| *length <= LONGEST).ok_or(fault)
}

/// Tokens of RFC 9110 section 5.6.2.
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Bytes that may stand in a field's value: visible ones, spaces, tabs, and those beyond ASCII.
fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e | 0x80..))
}

/// `host` or `host:port`, loosely: nothing in it that another reader could take for the end of the host.
pub fn is_host(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(byte) || *byte >= 0x80;
    !value.is_empty() && value.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &str) -> Result<RequestHead, &'static str> {
        raw(format!("POST /x HTTP/1.1\r\nHost: a\r\n{fields}\r\n").as_bytes())
    }

    fn raw(head: &[u8]) -> Result<RequestHead, &'static str> {
        request(head, 128).map_err(|fault| fault.reason)
    }

    #[test]
    fn a_plain_request_says_how_its_body_is_framed() {
        let framing = |fields: &str| told(fields).map(|head| head.framing);
        assert_eq!(framing(""), Ok(Framing::Length(0)));
        assert_eq!(framing("Content-Length: 12 \r\n"), Ok(Framing::Length(12)));
        assert_eq!(framing("transfer-encoding:Chunked\r\n"), Ok(Framing::Chunked));
        let asked = |head: &[u8]| raw(head).map(|head| head.asked);
        assert_eq!(asked(b"CONNECT a:1 HTTP/1.1\r\n\r\n"), Ok(Asked::Connect));
        assert_eq!(asked(b"HEAD http://a/ HTTP/1.0\r\n\r\n"), Ok(Asked::Head));
        let switch = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(asked(switch), Ok(Asked::Switch));
        assert_eq!(asked(b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), Ok(Asked::Other));
    }

    #[test]
    fn framing_that_may_be_read_in_two_ways_is_refused() {
        for fields in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "Content-Length: 5, 5\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: 0x5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 5 5\r\n",
            "Content-Length:\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked\x0b\r\n",
            "Transfer-Encoding:\r\n",
            "Transfer-Encoding : chunked\r\n",
            " Transfer-Encoding: chunked\r\n",
            "X: a\r\n Transfer-Encoding: chunked\r\n",
            "X: a\nTransfer-Encoding: chunked\r\n",
            "X: a\rTransfer-Encoding: chunked\r\n",
            "X: a\0b\r\n",
            "X\0: a\r\n",
            "X(: a\r\n",
            ": a\r\n",
            "no colon\r\n",
            "Host: a\r\n",
        ] {
            assert!(told(fields).is_err(), "{fields:?}");
        }
    }

    #[test]
    fn request_lines_and_hosts_are_read_strictly() {
        for head in [
            "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
            "GET /\r\nHost: a\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
            "GET / http/1.1\r\nHost: a\r\n\r\n",
            "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost:\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\n",
        ] {
            assert!(raw(head.as_bytes()).is_err(), "{head:?}");
        }
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(128));
        assert_eq!(request(many.as_bytes(), 128).map_err(|fault| fault.status), Err(TOO_LARGE));
    }

    #[test]
    fn responses_are_framed_by_what_was_asked() {
        let framing = |asked, head: &str| response(head.as_bytes(), 128, asked).map_err(|fault| fault.reason);
        let with_length = |status| format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\n");
        assert_eq!(framing(Asked::Other, &with_length(200)), Ok((200, Framing::Length(9))));
        assert_eq!(framing(Asked::Head, &with_length(200)), Ok((200, Framing::Length(0))));
        for status in [103, 204, 304] {
            assert_eq!(framing(Asked::Other, &with_length(status)), Ok((status, Framing::Length(0))));
        }
        assert_eq!(framing(Asked::Other, "HTTP/1.0 200\r\n\r\n"), Ok((200, Framing::UntilClose)));
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/2 200 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n",
        ] {
            assert!(framing(Asked::Other, head).is_err(), "{head:?}");
        }
    }
}
