//! By which door a client comes in: the first bytes on the proxy port tell, however they are cut.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::peek::H2_PREFACE;

/// What a client of the proxy port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Also what no other door is for: the HTTP parser refuses what it cannot read.
    Http1,
    /// HTTP/2 with prior knowledge (RFC 9113 section 3.3).
    Http2,
    Socks5,
    Socks4,
    /// TLS to the proxy itself.
    Tls,
}

/// Which door the first bytes mean; `None`: more are needed. Never needs more than the 24 bytes of HTTP/2's preface.
pub fn door(bytes: &[u8]) -> Option<Door> {
    match bytes {
        [] => None,
        [5, ..] => Some(Door::Socks5),
        [4, ..] => Some(Door::Socks4),
        [0x16, ..] => Some(Door::Tls),
        _ if bytes.starts_with(H2_PREFACE) => Some(Door::Http2),
        _ if H2_PREFACE.starts_with(bytes) => None,
        _ => Some(Door::Http1),
    }
}

/// Read until the door is known; what was read is appended to `bytes`. `None`: the client left before.
pub async fn knock<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) -> io::Result<Option<Door>> {
    loop {
        if let Some(door) = door(bytes) {
            return Ok(Some(door));
        }
        bytes.reserve(1 << 10);
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// Whether a redirected client's bytes are for a proxy all the same: a `CONNECT`, an absolute target, HTTP/2 with prior
/// knowledge or SOCKS5. `None`: more are needed; at most `LONGEST_DOUBT` are.
pub fn is_for_a_proxy(bytes: &[u8]) -> Option<bool> {
    match door(bytes)? {
        Door::Socks5 | Door::Http2 => return Some(true),
        Door::Socks4 | Door::Tls => return Some(false),
        Door::Http1 => {}
    }
    match bytes.iter().take(LONGEST_DOUBT).position(|byte| !byte.is_ascii_alphabetic() && *byte != b'-') {
        Some(end) if bytes[end] == b' ' && end > 0 => {
            let target = bytes.get(end + 1)?;
            Some(&bytes[..end] == b"CONNECT" || (*target != b'/' && *target != b'*' && target.is_ascii_graphic()))
        }
        Some(_) => Some(false),
        None if bytes.len() < LONGEST_DOUBT => None,
        None => Some(false),
    }
}

/// Longer methods are nobody's.
pub const LONGEST_DOUBT: usize = 32;

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        for (bytes, expect) in [
            (&b""[..], None),
            (b"\x05", Some(Door::Socks5)),
            (b"\x04\x01", Some(Door::Socks4)),
            (b"\x16", Some(Door::Tls)),
            (b"G", Some(Door::Http1)),
            (b"P", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            (H2_PREFACE, Some(Door::Http2)),
            (b"PRI * HTTP/1", Some(Door::Http1)),
            (b"PO", Some(Door::Http1)),
            (b"\r\nGET", Some(Door::Http1)),
            (b"\x00", Some(Door::Http1)),
        ] {
            assert_eq!(door(bytes), expect, "{bytes:?}");
        }
    }

    #[test]
    fn a_redirected_client_may_mean_a_proxy() {
        for (bytes, expect) in [
            (&b"CONNECT a:443"[..], Some(true)),
            (b"CONNECT ", None),
            (b"CONN", None),
            (b"GET http://a/", Some(true)),
            (b"GET /", Some(false)),
            (b"OPTIONS *", Some(false)),
            (b"GET", None),
            (b"GET \r\n", Some(false)),
            (b"\x16\x03", Some(false)),
            (b"\x05\x01\x00", Some(true)),
            (b"SSH-2.0-x\r\n", Some(false)),
            (&[b'A'; 40], Some(false)),
            (b"P", None),
        ] {
            assert_eq!(is_for_a_proxy(bytes), expect, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[tokio::test]
    async fn a_door_is_found_byte_by_byte() {
        let (mut client, mut server) = tokio::io::duplex(1);
        let mut bytes = Vec::new();
        let (door, ()) = tokio::join!(knock(&mut server, &mut bytes), async {
            client.write_all(H2_PREFACE).await.unwrap();
        });
        assert_eq!((door.unwrap(), bytes.as_slice()), (Some(Door::Http2), H2_PREFACE));
        drop(client);
        assert_eq!(knock(&mut server, &mut Vec::new()).await.unwrap(), None);
    }
}
