//! One side of a WebSocket: what is read from it is shown to the recorder, in passing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::recorder::{Leg, Recorder};

pub struct Tap<S> {
    io: S,
    leg: Leg,
    recorder: Arc<Recorder>,
}

impl<S> Tap<S> {
    /// What comes from `io` goes the way of this leg.
    pub fn new(io: S, leg: Leg, recorder: Arc<Recorder>) -> Self {
        Self { io, leg, recorder }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, out))?;
        let new = &out.filled()[before..];
        if !new.is_empty() {
            // The relay's buffer is used again at once, so this is the one copy of it.
            self.recorder.socket(self.leg, Bytes::copy_from_slice(new));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
