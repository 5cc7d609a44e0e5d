//! TLS that begins in the middle of a tunnel (STARTTLS): it stays closed, and the record says that it was there.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pin_project! {
    /// A client's connection, watched for a read that begins like a TLS handshake record (RFC 8446 section 5.1).
    pub struct Watched<'a, S> {
        #[pin]
        stream: S,
        seen: &'a mut bool,
    }
}

impl<'a, S> Watched<'a, S> {
    pub fn new(stream: S, seen: &'a mut bool) -> Self {
        Self { stream, seen }
    }
}

impl<S: AsyncRead> AsyncRead for Watched<'_, S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        let before = buffer.filled().len();
        ready!(this.stream.poll_read(cx, buffer))?;
        **this.seen |= matches!(buffer.filled()[before..], [0x16, 3, 0..=4, ..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite> AsyncWrite for Watched<'_, S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}
