//! The way out as bytes: a TCP connection to the server or to an upstream proxy, or TLS inside of it to an HTTPS proxy.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::abortable::{Abortable, Broken};

/// A connection towards the server, that can be ended with a reset.
#[derive(Debug)]
pub struct Wire {
    inner: Inner,
    broken: Broken,
}

#[derive(Debug)]
enum Inner {
    Tcp(Abortable),
    /// The proxy's own TLS; what the server is told runs inside of it.
    Tls(Box<TlsStream<Abortable>>),
}

impl Wire {
    pub fn tcp(stream: TcpStream) -> Self {
        let broken = Broken::default();
        Self { inner: Inner::Tcp(Abortable::new(stream, Arc::clone(&broken))), broken }
    }

    pub fn tls(stream: TlsStream<Abortable>, broken: Broken) -> Self {
        Self { inner: Inner::Tls(Box::new(stream)), broken }
    }

    /// Setting this makes the connection end with a reset.
    pub fn broken(&self) -> Broken {
        Arc::clone(&self.broken)
    }

    fn socket(&self) -> &TcpStream {
        match &self.inner {
            Inner::Tcp(stream) => stream.get_ref(),
            Inner::Tls(stream) => stream.get_ref().0.get_ref(),
        }
    }

    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Inner::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Inner::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Inner::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            Inner::Tcp(stream) => stream.is_write_vectored(),
            Inner::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
