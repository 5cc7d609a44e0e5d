//! Stands between an HTTP/1.1 connection and hyper, on either side. What comes in is read strictly before hyper sees it;
//! what goes out gets the informational responses and trailers that hyper cannot write.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::StatusCode;
use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::h1_frame::{Chunk, Flow, Place, switches};
use super::h1_head::{self, Asked, Fault, TOO_LARGE};
use super::h1_wire::Wire;
use super::patience::Patience;

/// What the guard holds to.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimits {
    /// Bytes and fields of one head.
    pub head: usize,
    pub fields: usize,
    /// From a head's first byte to its last.
    pub head_time: Duration,
    /// Between messages.
    pub idle: Duration,
}

/// Which side the peer is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Requests come in.
    Client,
    /// Responses come in.
    Server,
}

pub struct Guard<S> {
    io: S,
    peer: Peer,
    limits: GuardLimits,
    wire: Arc<Wire>,
    inbound: Flow,
    outbound: Flow,
    /// Came in; the first `cleared` bytes may go to hyper.
    buffer: BytesMut,
    cleared: usize,
    /// How far the buffer has been searched for the end of a head.
    searched: usize,
    /// Requests whose final response has not passed.
    asked: VecDeque<Asked>,
    /// The newest request may change the protocol: what follows it is not looked at before the answer is known.
    held: Option<Waker>,
    holds: bool,
    /// Heads of requests that passed, and final responses' that did.
    requests: u64,
    responses: u64,
    /// The head that is going out.
    head_out: Vec<u8>,
    /// The guard's own bytes on their way out.
    own: BytesMut,
    ended: Option<Ended>,
    patience: Patience,
}

/// Nothing more is taken in.
#[derive(Debug, Clone, Copy)]
enum Ended {
    Fault(Fault),
    /// A client's request was refused; what it still sends is read off, up to this many bytes.
    Refused(usize),
    Idle,
}

/// Read at a time while a head is put together.
const READ: usize = 8 << 10;
/// What a client may still send after it was refused, so that its answer is not lost to a reset.
const READ_OFF: usize = 1 << 20;
const READ_OFF_TIME: Duration = Duration::from_secs(2);

impl<S> Guard<S> {
    pub fn new(io: S, peer: Peer, limits: GuardLimits, wire: Arc<Wire>) -> Self {
        Self {
            io,
            peer,
            limits,
            wire,
            inbound: Flow::new(limits.head),
            outbound: Flow::new(usize::MAX),
            buffer: BytesMut::new(),
            cleared: 0,
            searched: 0,
            asked: VecDeque::new(),
            held: None,
            holds: false,
            requests: 0,
            responses: 0,
            head_out: Vec::new(),
            own: BytesMut::new(),
            ended: None,
            patience: Patience::default(),
        }
    }

    /// Look at what is in the buffer: clear what may pass.
    fn look(&mut self) -> Result<(), Fault> {
        if self.inbound.at_head() && !self.holds {
            if self.peer == Peer::Client && self.buffer.starts_with(b"\r\n") && self.searched == 0 {
                // One empty line before a request is forgiven (RFC 9112 section 2.2), and goes no further.
                self.buffer.advance(2);
            }
            if self.buffer.is_empty() {
                return Ok(());
            }
            if self.peer == Peer::Server && self.asked.is_empty() {
                return Err(Fault::bad("the server answers what it was not asked"));
            }
            let Some(end) = self.head_end()? else { return Ok(()) };
            self.take_head(end)?;
            self.cleared = end;
        }
        if !self.inbound.at_head() {
            self.cleared += self.inbound.pass(&self.buffer[self.cleared..], false)?;
        }
        Ok(())
    }

    /// Where the head at the buffer's start ends, if it is there. Lines are looked at as they come, so that a bare LF is not
    /// waited behind.
    fn head_end(&mut self) -> Result<Option<usize>, Fault> {
        let mut line = self.searched;
        while let Some(at) = memchr::memchr(b'\n', &self.buffer[line..]) {
            let end = line + at + 1;
            if !self.buffer[..end].ends_with(b"\r\n") {
                return Err(Fault::bad("a line ends in a bare LF"));
            }
            if end > self.limits.head {
                break;
            }
            if self.buffer[..end].ends_with(b"\r\n\r\n") || end == 2 {
                self.searched = 0;
                return Ok(Some(end));
            }
            line = end;
        }
        self.searched = line;
        if self.buffer.len() <= self.limits.head {
            return Ok(None);
        }
        if self.searched == 0 {
            return Err(Fault { status: StatusCode::URI_TOO_LONG, reason: "the first line is longer than is taken" });
        }
        Err(Fault { status: TOO_LARGE, reason: "the header block is longer than is taken" })
    }

    fn take_head(&mut self, end: usize) -> Result<(), Fault> {
        let head = &self.buffer[..end];
        if self.peer == Peer::Client {
            let request = h1_head::request(head, self.limits.fields)?;
            self.inbound.begin(request.framing);
            self.asked.push_back(request.asked);
            self.requests += 1;
            if request.of_server {
                self.wire.of_server(self.requests);
            }
            self.holds = matches!(request.asked, Asked::Connect | Asked::Switch);
        } else {
            let asked = self.asked.front().copied().unwrap_or(Asked::Other);
            let (status, framing) = h1_head::response(head, self.limits.fields, asked)?;
            self.answered(asked, status);
            if self.inbound.place != Place::Switched {
                self.inbound.begin(framing);
            }
        }
        Ok(())
    }

    /// A response's head passed, one way or the other.
    fn answered(&mut self, asked: Asked, status: u16) {
        if switches(asked, status) {
            self.inbound.place = Place::Switched;
            self.outbound.place = Place::Switched;
        } else if (100..200).contains(&status) {
            return;
        }
        self.asked.pop_front();
        self.responses += 1;
        self.holds = false;
        if let Some(waker) = self.held.take() {
            waker.wake();
        }
    }

    /// A fault in a client's head: hyper gets a request in its stead that says `close`, and whoever serves it learns why.
    fn refuse(&mut self, fault: Fault) {
        let line = h1_head::asked_for(&self.buffer);
        let known =
            line.filter(|(method, _)| *method != "CONNECT").map(|(method, target)| format!("{method} {target}"));
        let line = known.unwrap_or_else(|| "GET /".to_owned());
        self.requests += 1;
        self.wire.fail(self.requests, fault);
        self.buffer.clear();
        self.buffer.extend_from_slice(format!("{line} HTTP/1.1\r\nConnection: close\r\n\r\n").as_bytes());
        self.cleared = self.buffer.len();
        self.asked.push_back(if line.starts_with("HEAD ") { Asked::Head } else { Asked::Other });
        self.ended = Some(Ended::Refused(READ_OFF));
    }

    /// A fault where a head was expected, or within a body.
    fn fault(&mut self, fault: Fault) -> io::Result<()> {
        if self.peer == Peer::Client && self.inbound.at_head() {
            self.refuse(fault);
            return Ok(());
        }
        if self.peer == Peer::Client {
            self.wire.fail(self.requests, fault);
        }
        self.ended = Some(Ended::Fault(fault));
        // A head that came along with its bad body is read before the error.
        self.buffer.truncate(self.cleared);
        if self.cleared > 0 { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, fault)) }
    }

    /// Bytes went out: keep track of where messages begin and end.
    fn sent(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if !self.outbound.at_head() {
                // What hyper writes is well-formed.
                let passed = self.outbound.pass(bytes, false).unwrap_or(bytes.len());
                bytes = &bytes[passed..];
                continue;
            }
            let before = self.head_out.len();
            self.head_out.extend_from_slice(bytes);
            let from = before.saturating_sub(3);
            let Some(at) = memmem::find(&self.head_out[from..], b"\r\n\r\n") else { return };
            let end = from + at + 4;
            bytes = &bytes[end - before..];
            let head: Vec<u8> = self.head_out.drain(..).take(end).collect();
            self.sent_head(&head);
        }
    }

    fn sent_head(&mut self, head: &[u8]) {
        let framing = if self.peer == Peer::Client {
            let asked = self.asked.front().copied().unwrap_or(Asked::Other);
            h1_head::response(head, usize::MAX, asked).map(|(status, framing)| {
                self.answered(asked, status);
                framing
            })
        } else {
            h1_head::request(head, usize::MAX).map(|request| {
                self.asked.push_back(request.asked);
                self.requests += 1;
                request.framing
            })
        };
        match framing {
            Ok(_) if self.outbound.place == Place::Switched => {}
            Ok(framing) => self.outbound.begin(framing),
            Err(fault) => {
                tracing::debug!(%fault, "a head went out that would not be taken in");
                self.outbound.place = Place::UntilClose;
                self.holds = false;
            }
        }
    }

    /// Number of the message that is going out.
    fn outgoing(&self) -> u64 {
        let passed = if self.peer == Peer::Client { self.responses } else { self.requests };
        // The head that is on its way out has not been counted.
        if self.outbound.at_head() { passed + 1 } else { passed }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    /// Take more in. `Ok(false)`: the peer has ended.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut space = [0; READ];
        let mut space = ReadBuf::new(&mut space);
        match Pin::new(&mut self.io).poll_read(cx, &mut space) {
            Poll::Ready(result) => {
                result?;
                self.buffer.extend_from_slice(space.filled());
                Poll::Ready(Ok(!space.filled().is_empty()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Nothing came: has it been too long?
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.peer == Peer::Server || self.holds {
            return Poll::Pending;
        }
        let within = !self.buffer.is_empty();
        let limit = match (within, self.asked.is_empty(), self.requests) {
            (true, ..) | (false, true, 0) => self.limits.head_time,
            (false, true, _) => self.limits.idle,
            // Whoever waits for an answer may be silent.
            (false, false, _) => return Poll::Pending,
        };
        ready!(self.patience.poll(cx, (within, self.requests), limit));
        if within {
            self.refuse(Fault {
                status: StatusCode::REQUEST_TIMEOUT,
                reason: "the request's head did not come in time",
            });
        } else {
            self.ended = Some(Ended::Idle);
        }
        Poll::Ready(())
    }

    fn poll_write_own(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own.is_empty() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.own))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.own.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Before a request goes out on a link that was idle: has the server said something that nobody asked for?
    fn check_idle(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let begins = self.peer == Peer::Server && self.outbound.at_head() && self.head_out.is_empty();
        if !begins || !self.asked.is_empty() || self.requests == 0 {
            return Ok(());
        }
        if let Poll::Ready(open) = self.poll_fill(cx)
            && !open?
        {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        if self.buffer.is_empty() { Ok(()) } else { self.fault(Fault::bad("the server answers what it was not asked")) }
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>, ended: Ended) -> Poll<io::Result<()>> {
        match ended {
            Ended::Fault(fault) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault))),
            Ended::Idle => Poll::Ready(Ok(())),
            Ended::Refused(mut left) => {
                while left > 0 {
                    let open = ready!(self.poll_fill(cx))?;
                    left = left.saturating_sub(self.buffer.len());
                    self.buffer.clear();
                    self.ended = Some(Ended::Refused(left));
                    if !open {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.cleared > 0 {
                let passed = this.cleared.min(out.remaining());
                out.put_slice(&this.buffer[..passed]);
                this.buffer.advance(passed);
                this.cleared -= passed;
                return Poll::Ready(Ok(()));
            }
            if let Some(ended) = this.ended {
                return this.poll_ended(cx, ended);
            }
            if this.buffer.is_empty() && !this.inbound.at_head() {
                return this.poll_body(cx, out);
            }
            if let Err(fault) = this.look() {
                this.fault(fault)?;
            }
            if this.cleared > 0 {
                continue;
            }
            if this.holds && this.buffer.len() > this.limits.head {
                this.held = Some(cx.waker().clone());
                return Poll::Pending;
            }
            match this.poll_fill(cx)? {
                Poll::Ready(true) => {}
                // An unfinished head is no request; what waits for a change of protocol still gets its turn.
                Poll::Ready(false) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    this.held = this.holds.then(|| cx.waker().clone());
                    ready!(this.poll_patience(cx));
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    /// Body bytes go straight to hyper; what comes after them is kept back.
    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, out))?;
        let new = &out.filled()[before..];
        match self.inbound.pass(new, false) {
            Ok(passed) => {
                self.buffer.extend_from_slice(&new[passed..]);
                out.set_filled(before + passed);
                Poll::Ready(Ok(()))
            }
            Err(fault) => {
                out.set_filled(before);
                Poll::Ready(self.fault(fault))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.check_idle(cx)?;
        let mut most = bytes.len();
        loop {
            ready!(this.poll_write_own(cx))?;
            if !this.wire.is_pending() || !this.wire.has_trailers(this.outgoing()) {
                break;
            }
            if this.outbound.place == Place::Chunk(Chunk::TrailerStart) {
                this.own.extend_from_slice(&this.wire.take_trailers(this.outgoing()));
                continue;
            }
            if matches!(this.outbound.place, Place::Chunk(_)) {
                most = this.outbound.ahead(bytes);
            } else if this.outbound.at_head() {
                // No further than the head: its trailers come after it.
                most = this.head_ahead(bytes);
            }
            break;
        }
        let written = ready!(Pin::new(&mut this.io).poll_write(cx, &bytes[..most]))?;
        this.sent(&bytes[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.wire.is_pending() || !self.own.is_empty() {
            let first = parts.iter().find(|part| !part.is_empty()).map_or(&[][..], |part| part);
            return self.poll_write(cx, first);
        }
        let this = &mut *self;
        this.check_idle(cx)?;
        let written = ready!(Pin::new(&mut this.io).poll_write_vectored(cx, parts))?;
        let mut left = written;
        for part in parts {
            let of_part = left.min(part.len());
            this.sent(&part[..of_part]);
            left -= of_part;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper calls this when it has nothing left to write: here, between messages, is the place for what goes before one.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.wire.is_pending() && this.outbound.at_head() && this.head_out.is_empty() {
            this.own.extend_from_slice(&this.wire.take_interim());
        }
        ready!(this.poll_write_own(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_write_own(cx))?;
        ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        if let Some(ended @ Ended::Refused(1..)) = this.ended {
            let deadline = (false, u64::MAX);
            if this.poll_ended(cx, ended).is_pending() {
                ready!(this.patience.poll(cx, deadline, READ_OFF_TIME));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Guard<S> {
    fn head_ahead(&self, bytes: &[u8]) -> usize {
        let joined = [&self.head_out[self.head_out.len().saturating_sub(3)..], bytes].concat();
        let kept = joined.len() - bytes.len();
        memmem::find(&joined, b"\r\n\r\n").map_or(bytes.len(), |at| at + 4 - kept)
    }
}

#[cfg(test)]
#[path = "h1_guard_tests.rs"]
mod tests;
