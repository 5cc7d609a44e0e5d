//! `CONNECT` as an HTTP proxy's client (RFC 9110 section 9.3.6).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::upstream_proxy::{ProxyCredentials, Unreached, Wanted};
use super::wire::Wire;
use crate::exchange::Trouble;

/// Longest answer to `CONNECT` that is read.
const MAX_HEAD: usize = 16 << 10;

pub(super) async fn connect(
    wire: &mut Wire,
    credentials: Option<&ProxyCredentials>,
    wanted: &Wanted,
) -> Result<(), Unreached> {
    let head = ask(wire, credentials, wanted).await.map_err(|error| Unreached::broke(&error))?;
    match status(&head) {
        // A length or transfer coding in a 2xx means nothing here (RFC 9110 section 9.3.6).
        Some(200..=299) => Ok(()),
        Some(status) => Err(refused(status)),
        None => Err(Unreached::broke(&io::ErrorKind::InvalidData.into())),
    }
}

async fn ask(wire: &mut Wire, credentials: Option<&ProxyCredentials>, wanted: &Wanted) -> io::Result<Vec<u8>> {
    let authority = match wanted.host.ip() {
        Some(address) if address.is_ipv6() => format!("[{address}]:{}", wanted.port),
        _ => format!("{}:{}", wanted.host, wanted.port),
    };
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(value) = credentials.and_then(ProxyCredentials::basic) {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    wire.write_all(&request).await?;
    wire.flush().await?;
    // Byte by byte: what follows the head is the server's, and is read by whoever the tunnel is for.
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(wire.read_u8().await?);
    }
    Ok(head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = line.split(|byte| *byte == b' ');
    let version = words.next()?;
    let code = std::str::from_utf8(words.next()?).ok()?;
    (version.starts_with(b"HTTP/1.") && code.len() == 3).then(|| code.parse().ok())?
}

fn refused(status: u16) -> Unreached {
    let trouble = match status {
        407 | 401 => Trouble::ProxyConfigurationError,
        504 => Trouble::ConnectionTimeout,
        _ => Trouble::DestinationUnavailable,
    };
    let hint = if status == 407 { "; check its credentials" } else { "" };
    Unreached::because(trouble, format!("the upstream proxy answered {status} to `CONNECT`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_status_line_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 200 Connection established\r\n\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 407 x\r\n\r\n"), Some(407));
        for wrong in [&b"SSH-2.0-x\r\n\r\n"[..], b"HTTP/1.1 20 x\r\n\r\n", b"HTTP/1.1 2x0\r\n\r\n", b""] {
            assert_eq!(status(wrong), None);
        }
    }
}
