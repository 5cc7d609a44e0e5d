//! What the relay and an HTTP/1.1 connection's guard tell each other: faults of the peer one way, bytes that hyper has no
//! way to write the other.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use http::HeaderMap;

use super::h1_head::Fault;

/// Shared by one connection's guard and the exchanges on it.
#[derive(Debug, Default)]
pub struct Wire {
    /// Whether there is anything for the guard to write.
    pending: AtomicBool,
    messages: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<(u64, Fault)>,
    interim: Vec<u8>,
    waiting: Option<Waker>,
    trailers: VecDeque<(u64, Vec<u8>)>,
    of_server: VecDeque<u64>,
}

/// Bytes of informational responses that wait for one client.
const INTERIM: usize = 64 << 10;

/// One message on a connection, for what concerns it alone: the `number`th request, counted from 1.
#[derive(Debug, Clone)]
pub struct OnWire {
    pub wire: Arc<Wire>,
    pub number: u64,
}

impl OnWire {
    /// Why this request was not taken, or not taken further.
    pub fn fault(&self) -> Option<Fault> {
        self.wire.lock().fault.filter(|(number, _)| *number == self.number).map(|(_, fault)| fault)
    }

    /// Whether this request asks about the server as a whole, in the form of an absolute target without a path.
    pub fn is_of_server(&self) -> bool {
        let mut state = self.wire.lock();
        state.of_server.retain(|number| *number >= self.number);
        state.of_server.front() == Some(&self.number)
    }

    /// Trailers to write at the end of this message's chunked body.
    pub fn trailers(&self, trailers: &HeaderMap) {
        let mut lines = Vec::new();
        for (name, value) in trailers {
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.extend_from_slice(b": ");
            lines.extend_from_slice(value.as_bytes());
            lines.extend_from_slice(b"\r\n");
        }
        self.wire.lock().trailers.push_back((self.number, lines));
        self.wire.pending.store(true, Ordering::Release);
    }

    /// Write an informational response before the final one. `false`: too many wait already.
    pub fn inform(&self, status: u16, headers: &HeaderMap) -> bool {
        let mut head = format!("HTTP/1.1 {status}");
        let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        // Writing into a string cannot fail.
        let _written = write!(head, " {}\r\n", reason.unwrap_or_default());
        let mut head = head.into_bytes();
        for (name, value) in headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let mut state = self.wire.lock();
        if state.interim.len() + head.len() > INTERIM {
            return false;
        }
        state.interim.extend_from_slice(&head);
        self.wire.pending.store(true, Ordering::Release);
        if let Some(waker) = state.waiting.take() {
            waker.wake();
        }
        true
    }

    /// Ready when every informational response so far has been written; until then the task is woken for each.
    pub fn poll_informed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.wire.lock();
        state.waiting = Some(cx.waker().clone());
        if state.interim.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Wire {
    /// The next request on this connection.
    pub fn next(self: &Arc<Self>) -> OnWire {
        OnWire { wire: Arc::clone(self), number: self.messages.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    /// The `number`th request has this fault.
    pub fn fail(&self, number: u64, fault: Fault) {
        self.lock().fault = Some((number, fault));
    }

    /// The `number`th request asks about the server as a whole.
    pub fn of_server(&self, number: u64) {
        self.lock().of_server.push_back(number);
    }

    /// Whether the guard has something of its own to write.
    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// What informs the client before the final response; the guard calls this between messages.
    pub fn take_interim(&self) -> Vec<u8> {
        let mut state = self.lock();
        let interim = std::mem::take(&mut state.interim);
        if !interim.is_empty()
            && let Some(waker) = state.waiting.take()
        {
            waker.wake();
        }
        self.settle(&state);
        interim
    }

    /// Whether trailers wait for the `number`th message; those of earlier ones are let go of.
    pub fn has_trailers(&self, number: u64) -> bool {
        let mut state = self.lock();
        state.trailers.retain(|(of, _)| *of >= number);
        self.settle(&state);
        state.trailers.front().is_some_and(|(of, _)| *of == number)
    }

    pub fn take_trailers(&self, number: u64) -> Vec<u8> {
        let mut state = self.lock();
        let found = state.trailers.iter().position(|(of, _)| *of == number);
        let trailers = found.and_then(|at| state.trailers.remove(at)).map(|(_, lines)| lines).unwrap_or_default();
        self.settle(&state);
        trailers
    }

    fn settle(&self, state: &State) {
        self.pending.store(!state.interim.is_empty() || !state.trailers.is_empty(), Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
