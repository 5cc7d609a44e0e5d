//! A stream whose first bytes were looked at: they are read again before the rest.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use pin_project_lite::pin_project;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pin_project! {
    /// Yields the bytes given, then what the stream yields. Writes go straight to the stream.
    #[derive(Debug)]
    pub struct Replayed<S> {
        pending: Bytes,
        #[pin]
        stream: S,
    }
}

impl<S> Replayed<S> {
    pub fn new(pending: impl Into<Bytes>, stream: S) -> Self {
        Self { pending: pending.into(), stream }
    }

    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Bytes not read yet, and the stream.
    pub fn into_parts(self) -> (Bytes, S) {
        (self.pending, self.stream)
    }
}

impl<S: AsyncRead> AsyncRead for Replayed<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.project();
        if this.pending.is_empty() {
            return this.stream.poll_read(cx, buffer);
        }
        let length = this.pending.len().min(buffer.remaining());
        buffer.put_slice(&this.pending[..length]);
        this.pending.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite> AsyncWrite for Replayed<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn the_first_bytes_come_again_and_writes_pass() {
        let (mut client, server) = tokio::io::duplex(64);
        let mut replayed = Replayed::new(&b"hello "[..], server);
        client.write_all(b"world").await.unwrap();
        client.shutdown().await.unwrap();
        let mut small = [0; 2];
        replayed.read_exact(&mut small).await.unwrap();
        let mut rest = String::new();
        replayed.read_to_string(&mut rest).await.unwrap();
        assert_eq!((&small, rest.as_str()), (b"he", "llo world"));
        replayed.write_all(b"back").await.unwrap();
        let mut back = [0; 4];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"back");
    }

    #[test]
    fn what_was_not_read_is_handed_back() {
        let (pending, ()) = Replayed::new(&b"left"[..], ()).into_parts();
        assert_eq!(pending, &b"left"[..]);
    }
}
