//! The smallest HTTP client there is, for the admin listener: one request, one connection.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Status and body of a GET.
pub fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = memchr::memmem::find(&answer, b"\r\n\r\n").unwrap_or(answer.len());
    let status = std::str::from_utf8(&answer[..head]).ok().and_then(|head| head.split(' ').nth(1)?.parse().ok());
    let body = answer.get(head + 4..).unwrap_or_default().to_vec();
    Ok((status.unwrap_or_default(), body))
}
