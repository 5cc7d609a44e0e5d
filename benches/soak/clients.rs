//! The clients of the soak, each once through; they are run again and again.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::origin::{BODY, frame, head, next};

pub struct Load {
    pub threads: usize,
    pub run: fn(SocketAddr) -> io::Result<()>,
}

pub const LOADS: &[Load] = &[
    Load { threads: 3, run: kept },
    Load { threads: 2, run: multiplexed },
    Load { threads: 4, run: socket },
    Load { threads: 4, run: events },
    Load { threads: 1, run: aborted },
    Load { threads: 1, run: broken },
    Load { threads: 4, run: slow },
    Load { threads: 1, run: malformed },
];

fn connect(proxy: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(proxy)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn request(method: &str, path: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} http://soak.example{path} HTTP/1.1\r\nHost: soak.example\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn read(stream: &mut TcpStream, length: usize) -> io::Result<()> {
    io::copy(&mut stream.take(length as u64), &mut io::sink()).map(drop)
}

fn tunnel(proxy: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = connect(proxy)?;
    stream.write_all(b"CONNECT soak.example:80 HTTP/1.1\r\nHost: soak.example:80\r\n\r\n")?;
    head(&mut stream)?;
    Ok(stream)
}

/// Requests one after the other on one connection.
fn kept(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    for _ in 0..20 {
        stream.write_all(&request("POST", "/told", "Content-Type: application/json\r\n", BODY))?;
        head(&mut stream)?;
        read(&mut stream, BODY.len())?;
    }
    stream.write_all(&request("GET", "/large", "", b""))?;
    head(&mut stream)?;
    read(&mut stream, 2 << 20)
}

/// Requests beside each other on one HTTP/2 connection.
fn multiplexed(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = tunnel(proxy)?;
    stream.write_all(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, b"")].concat())?;
    // `GET`, `http`, `/` from the static table, and the authority as a literal (RFC 7541 appendix A).
    let fields = [&[0x82, 0x86, 0x84, 0x01, 12][..], b"soak.example"].concat();
    let streams = 20;
    for number in 0..streams {
        stream.write_all(&frame(1, 5, 1 + 2 * number, &fields))?;
        if number % 5 == 4 {
            stream.write_all(&frame(3, 0, 1 + 2 * number, &[0, 0, 0, 8]))?;
        }
    }
    let mut ended = 0;
    while ended < streams * 4 / 5 {
        let (kind, flags, _) = next(&mut stream)?;
        ended += u32::from(matches!(kind, 0 | 1) && flags & 1 == 1);
    }
    Ok(())
}

fn socket(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c29ha3NvYWtzb2Frc29hawo=\r\n";
    stream.write_all(
        format!("GET http://soak.example/socket HTTP/1.1\r\nHost: soak.example\r\n{fields}\r\n").as_bytes(),
    )?;
    head(&mut stream)?;
    let length = u8::try_from(BODY.len()).unwrap_or(0);
    let message = [&[0x81, 0x80 | length, 0, 0, 0, 0][..], BODY].concat();
    for _ in 0..15 {
        stream.write_all(&message)?;
        read(&mut stream, message.len())?;
        std::thread::sleep(Duration::from_millis(150));
    }
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

fn events(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    stream.write_all(&request("GET", "/events", "Connection: close\r\n", b""))?;
    io::copy(&mut stream, &mut io::sink()).map(drop)
}

/// Goes away in the middle of an answer.
fn aborted(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    stream.write_all(&request("GET", "/large", "", b""))?;
    head(&mut stream)?;
    read(&mut stream, 100_000)?;
    drop(stream);
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}

/// The server goes away in the middle of its answer.
fn broken(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    stream.write_all(&request("GET", "/half", "", b""))?;
    head(&mut stream)?;
    // It ends early, in whatever way.
    io::copy(&mut stream, &mut io::sink()).map(drop).unwrap_or_default();
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}

/// Sends and reads a little at a time.
fn slow(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = connect(proxy)?;
    for part in request("POST", "/told", "Content-Type: application/json\r\n", BODY).chunks(16) {
        stream.write_all(part)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    head(&mut stream)?;
    for _ in BODY {
        read(&mut stream, 1)?;
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Is refused.
fn malformed(proxy: SocketAddr) -> io::Result<()> {
    let mut stream = tunnel(proxy)?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: soak.example\r\nContent-Length: 1, 1\r\n\r\n")?;
    io::copy(&mut stream, &mut io::sink())?;
    std::thread::sleep(Duration::from_millis(50));
    Ok(())
}
