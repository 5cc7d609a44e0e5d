//! The server of the soak: HTTP/1.1, HTTP/2 without TLS, event streams and WebSockets, on one port.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// An exchange tells something, so that there is something to find.
pub const BODY: &[u8] =
    br#"{"user":{"email":"soak@example.com"},"position":{"latitude":37.774929,"longitude":-122.419416}}"#;

/// Events of one stream, and the time between two.
const EVENTS: usize = 8;
const BETWEEN: Duration = Duration::from_millis(300);

pub fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.1.1.20:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A peer that goes away is part of the load.
            std::thread::spawn(move || serve(stream).unwrap_or_default());
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    loop {
        let head = head(&mut stream)?;
        if head.starts_with("PRI ") {
            return http2(&mut stream);
        }
        let length = head
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.split("\r\n").next()?.parse::<usize>().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body)?;
        match head.split(' ').nth(1).unwrap_or_default() {
            "/socket" => return socket(&mut stream),
            "/events" => events(&mut stream)?,
            "/large" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2097152\r\n\r\n")?;
                let block = [b'x'; 16 << 10];
                (0..128).try_for_each(|_| stream.write_all(&block))?;
            }
            "/half" => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")?;
                return Ok(());
            }
            _ => {
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                    BODY.len()
                );
                stream.write_all(&[head.as_bytes(), BODY].concat())?;
            }
        }
    }
}

pub fn head(stream: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn events(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    for number in 0..EVENTS {
        let event = format!("data: {{\"number\":{number},\"email\":\"soak@example.com\"}}\n\n");
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes())?;
        std::thread::sleep(BETWEEN);
    }
    stream.write_all(b"0\r\n\r\n")
}

fn socket(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")?;
    let mut buffer = [0; 16 << 10];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read])?;
    }
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Kind, flags and stream of the next frame; its payload is not needed here.
pub fn next(stream: &mut TcpStream) -> io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [a, b, c, kind, flags, s, t, u, v] = head;
    let length = u64::from(u32::from_be_bytes([0, a, b, c]));
    io::copy(&mut stream.take(length), &mut io::sink())?;
    Ok((kind, flags, u32::from_be_bytes([s & 0x7f, t, u, v])))
}

/// `:status: 200` answers every request (RFC 7541 appendix A).
fn http2(stream: &mut TcpStream) -> io::Result<()> {
    stream.read_exact(&mut [0; 6])?;
    stream.write_all(&[frame(4, 0, 0, b""), frame(4, 1, 0, b"")].concat())?;
    loop {
        let (kind, flags, id) = next(stream)?;
        match (kind, flags & 1) {
            (0 | 1, 1) => stream.write_all(&[frame(1, 4, id, &[0x88]), frame(0, 1, id, BODY)].concat())?,
            (6, 0) => stream.write_all(&frame(6, 1, 0, &[0; 8]))?,
            _ => {}
        }
    }
}
