//! The bodies that pass: forwarded frame by frame, each frame's handle shown to the recorder on the way.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};

use super::abortable::Broken;
use super::h1_wire::OnWire;
use super::recorder::{Leg, Recorder};

pin_project_lite::pin_project! {
    /// What goes back to the client: the server's body, or one of Landfall's own.
    #[project = OutgoingProjection]
    pub enum Outgoing {
        Relayed { #[pin] body: Tee },
        Own { #[pin] body: Full<Bytes> },
    }
}

/// A body on its way through. It ends exactly as the one it wraps: trailers, error and all.
pub struct Tee {
    /// `None`: there is no body, as there was none in the request that is sent again.
    body: Option<Incoming>,
    leg: Leg,
    /// Let go of at the end, so that the exchange is handed on.
    recorder: Option<Arc<Recorder>>,
    ended: bool,
    silence: Silence,
    /// Set for a request that waits for `100 Continue`.
    gate: Option<Gate>,
    /// Where it is told that the body broke off.
    broken: Option<Broken>,
    /// Where trailers go: towards HTTP/1.1 hyper writes only those that were announced.
    trailers: Option<OnWire>,
    /// The response has no body whatever its fields say of a length, and whether hyper keeps such a field only for a body
    /// that has yet to end.
    bodiless: Option<bool>,
    /// Taken in before it was asked for.
    ahead: VecDeque<Result<Frame<Bytes>, TeeError>>,
}

/// Holds a request body back until the server asks for it, or has been silent for a while (RFC 9110 section 10.1.1).
pub struct Gate {
    opened: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Why a passing body ended before its end.
#[derive(Debug)]
pub enum TeeError {
    Hyper(hyper::Error),
    /// Nothing came for the idle limit.
    Silence,
}

impl Tee {
    pub fn new(body: Incoming, leg: Leg, recorder: Arc<Recorder>, idle: Duration) -> Self {
        let mut tee = Self {
            body: Some(body),
            leg,
            recorder: Some(recorder),
            ended: false,
            silence: Silence::new(idle),
            gate: None,
            broken: None,
            trailers: None,
            bodiless: None,
            ahead: VecDeque::new(),
        };
        if tee.is_end_stream() {
            tee.end(Ending::Whole);
        }
        tee
    }

    /// No body at all.
    pub fn empty() -> Self {
        let silence = Silence::new(Duration::ZERO);
        Self {
            body: None,
            leg: Leg::Request,
            recorder: None,
            ended: true,
            silence,
            gate: None,
            broken: None,
            trailers: None,
            bodiless: None,
            ahead: VecDeque::new(),
        }
    }

    /// This goes out as a message of an HTTP/1.1 connection.
    pub fn on_wire(mut self, message: OnWire) -> Self {
        self.trailers = Some(message);
        self
    }

    /// Take a short body in before its head goes out, for a moment at most: a client that stops its upload at the head of an
    /// early answer, as curl does, would have its stream reset before it saw the rest.
    pub async fn with_head(mut self) -> Self {
        let taking = async {
            let mut bytes = 0;
            while bytes < AHEAD_BYTES {
                let frame = std::future::poll_fn(|cx| Pin::new(&mut self).poll_source(cx)).await;
                let Some(frame) = frame else { return };
                bytes += frame.as_ref().ok().and_then(Frame::data_ref).map_or(0, Bytes::len);
                let failed = frame.is_err();
                self.ahead.push_back(frame);
                if failed || self.ended {
                    return;
                }
            }
        };
        // What has not come by then is waited for by whoever reads on.
        let _in_time = tokio::time::timeout(AHEAD_TIME, taking).await;
        self
    }

    /// The answer to `HEAD`, a 204 or a 304: a length that its fields tell stays as it is (RFC 9110 section 8.6). `http1`:
    /// hyper would leave that field out of an answer whose body has ended.
    pub fn bodiless(mut self, http1: bool) -> Self {
        self.bodiless = Some(http1);
        self
    }

    /// Hold the first byte back until `opened` is notified or the wait is over.
    pub fn gated(mut self, opened: Arc<Notify>, wait: Duration) -> Self {
        let opened = async move {
            // After the wait the body is sent anyway: a server may never say 100.
            let _elapsed = tokio::time::timeout(wait, opened.notified()).await;
        };
        self.gate = Some(Gate { opened: Box::pin(opened) });
        self
    }

    /// Tell the connection this goes to when it breaks off.
    pub fn breaking(mut self, broken: Broken) -> Self {
        self.broken = Some(broken);
        self
    }

    /// A client may keep its side of a stream open and silent once the server has begun to answer.
    fn may_be_silent(&self) -> bool {
        self.leg == Leg::Request && self.recorder.as_ref().is_some_and(|recorder| recorder.has_response())
    }

    fn end(&mut self, ending: Ending) {
        if let (Ending::SenderFailed | Ending::SenderSilent, Some(broken)) = (ending, &self.broken) {
            broken.store(true, Ordering::Relaxed);
        }
        if !std::mem::replace(&mut self.ended, true)
            && let Some(recorder) = self.recorder.take()
        {
            recorder.ended(self.leg, ending);
        }
    }
}

/// How a passing body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Whole,
    /// Whoever sends it stopped in the middle.
    SenderFailed,
    SenderSilent,
    /// Whoever reads it went away.
    ReaderLeft,
}

impl Tee {
    /// The next frame from whoever sends the body.
    fn poll_source(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TeeError>>> {
        let this = &mut *self;
        if let Some(gate) = &mut this.gate {
            ready!(gate.opened.as_mut().poll(cx));
            this.gate = None;
        }
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.silence.heard();
                if let Some(recorder) = &this.recorder {
                    recorder.frame(this.leg, &frame);
                }
                // Nothing comes after trailers, and hyper asks for nothing more once it has them.
                if body.is_end_stream() || frame.is_trailers() {
                    this.end(Ending::Whole);
                }
                if let (Some(message), Some(trailers)) = (&this.trailers, frame.trailers_ref()) {
                    message.trailers(trailers);
                    this.body = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.end(Ending::SenderFailed);
                Poll::Ready(Some(Err(TeeError::Hyper(error))))
            }
            Poll::Ready(None) => {
                this.end(Ending::Whole);
                Poll::Ready(None)
            }
            Poll::Pending => {
                ready!(this.silence.poll(cx));
                if this.may_be_silent() {
                    this.silence.heard();
                    ready!(this.silence.poll(cx));
                }
                this.end(Ending::SenderSilent);
                Poll::Ready(Some(Err(TeeError::Silence)))
            }
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = TeeError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TeeError>>> {
        match self.ahead.pop_front() {
            Some(frame) => Poll::Ready(Some(frame)),
            None => self.poll_source(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ahead.is_empty() && self.bodiless != Some(true) && self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        if self.bodiless.is_some() || !self.ahead.is_empty() {
            return SizeHint::default();
        }
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        let left_over = !self.ended && self.leg == Leg::Request;
        self.end(Ending::ReaderLeft);
        // The server has its answer out and reads no further. A client that is still sending would be reset, and lose the
        // answer with it: what it sends is read off for a moment (RFC 9113 section 8.1 lets it stop by itself).
        if let (true, Some(body), Ok(runtime)) = (left_over, self.body.take(), Handle::try_current()) {
            runtime.spawn(read_off(body));
        }
    }
}

/// Read a body that goes nowhere, within bounds: many clients look for an answer only when they have sent theirs.
pub async fn read_off(mut body: Incoming) {
    let reading = async {
        let mut left = READ_OFF_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                // Hold still rather than hang up: flow control stops the client, and the answer reaches it.
                std::future::pending::<()>().await;
            }
        }
    };
    // What is not read by then, the client has to give up by itself.
    let _in_time = tokio::time::timeout(READ_OFF_TIME, reading).await;
}

const AHEAD_BYTES: usize = 16 << 10;
const AHEAD_TIME: Duration = Duration::from_millis(100);

const READ_OFF_BYTES: usize = 1 << 20;
const READ_OFF_TIME: Duration = Duration::from_secs(2);

impl Outgoing {
    /// See [`Tee::with_head`].
    pub async fn with_head(self) -> Self {
        match self {
            Self::Relayed { body } => Self::Relayed { body: body.with_head().await },
            own @ Self::Own { .. } => own,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = TeeError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TeeError>>> {
        match self.project() {
            OutgoingProjection::Relayed { body } => body.poll_frame(cx),
            OutgoingProjection::Own { body } => body.poll_frame(cx).map_err(|never: Infallible| match never {}),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Relayed { body } => body.is_end_stream(),
            Self::Own { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Relayed { body } => body.size_hint(),
            Self::Own { body } => body.size_hint(),
        }
    }
}

impl fmt::Display for TeeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hyper(error) => error.fmt(f),
            Self::Silence => f.write_str("nothing came for the idle limit"),
        }
    }
}

impl std::error::Error for TeeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Hyper(error) => Some(error),
            Self::Silence => None,
        }
    }
}

/// A clock for silence, armed only while nothing comes.
struct Silence {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Silence {
    fn new(limit: Duration) -> Self {
        Self { limit, sleep: None, armed: false }
    }

    fn heard(&mut self) {
        self.armed = false;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = Instant::now() + self.limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if !std::mem::replace(&mut self.armed, true) {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}
