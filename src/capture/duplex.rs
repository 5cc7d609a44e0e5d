//! Any client's connection: TCP, TLS to the proxy, or a stream of HTTP/2.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What reads and writes bytes.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// One type for all of them, so that what follows is compiled once.
pub type ClientStream = Box<dyn Duplex>;

/// What a client that was refused may still be sending is read off for this long, up to this many bytes: a close before that
/// would be a reset, which may overtake the answer.
const READ_OFF: (Duration, usize) = (Duration::from_millis(500), 64 << 10);

/// Say the last thing and close, so that the client gets to see it.
pub async fn say_goodbye<S: Duplex>(mut stream: S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    let (time, most) = READ_OFF;
    let mut rest = stream.take(most as u64);
    let reading = tokio::time::timeout(time, async { tokio::io::copy(&mut rest, &mut tokio::io::sink()).await });
    // It was only a courtesy: how it ends tells nothing.
    reading.await.map_or(Ok(()), |read| read.map(|_| ()))
}
