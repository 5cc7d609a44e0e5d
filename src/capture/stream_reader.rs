//! Segments of one stream on the workers: read in their order, with what the one before left unfinished.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header;

use super::boundary::Boundary;
use super::recorder::Leg;
use super::socket_frames::{Deflate, Frames};
use super::uncoded::Uncoded;
use crate::exchange::{Body, Cut, Exchange, Headers, SocketDirection, SocketMessage};

/// What a stream's segments have in common.
pub struct StreamReader {
    state: Mutex<State>,
    turn: Condvar,
}

struct State {
    next: u32,
    socket: Option<Socket>,
    request: Option<Piecewise>,
    response: Option<Piecewise>,
}

/// Both directions of a WebSocket.
struct Socket {
    up: Frames,
    down: Frames,
}

/// How long a worker waits for the segment before: another worker has it in hand.
const TURN: Duration = Duration::from_secs(30);

impl StreamReader {
    pub fn new() -> Self {
        Self { state: Mutex::new(State { next: 0, socket: None, request: None, response: None }), turn: Condvar::new() }
    }

    /// Read the `number`th segment. `order`: which leg sent how many bytes, one after the other.
    pub fn read(&self, number: u32, last: bool, exchange: &mut Exchange, order: &[(Leg, usize)], socket: bool) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.turn.wait_timeout_while(state, TURN, |state| state.next < number);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Whatever happens below, the next segment has its turn.
        let _done = Done(&self.turn);
        state.next = number + 1;
        if socket {
            state.read_socket(exchange, order);
        } else {
            state.read_bodies(exchange, last);
        }
    }
}

struct Done<'a>(&'a Condvar);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

impl State {
    fn read_bodies(&mut self, exchange: &mut Exchange, last: bool) {
        let message = &mut exchange.request.message;
        let request = self.request.get_or_insert_with(|| Piecewise::of(&message.headers));
        request.read(&mut message.body, last);
        if let Ok(response) = &mut exchange.response {
            let message = &mut response.message;
            let piecewise = self.response.get_or_insert_with(|| Piecewise::of(&message.headers));
            piecewise.read(&mut message.body, last);
        }
    }

    fn read_socket(&mut self, exchange: &mut Exchange, order: &[(Leg, usize)]) {
        let Ok(response) = &mut exchange.response else { return };
        let socket = self.socket.get_or_insert_with(|| Socket::of(&response.message.headers));
        let (up, down) = (&mut exchange.request.message.body, &mut response.message.body);
        let (mut sent, mut received) = (take(up), take(down));
        for (leg, length) in order {
            let (frames, bytes, direction) = match leg {
                Leg::Request => (&mut socket.up, &mut sent, SocketDirection::Sent),
                Leg::Response => (&mut socket.down, &mut received, SocketDirection::Received),
            };
            let part = bytes.split_to((*length).min(bytes.len()));
            let mut whole = true;
            frames.feed(&part, |read| {
                whole &= read.whole;
                let (opcode, payload) = (read.opcode, read.payload);
                exchange.messages.push(SocketMessage { direction, opcode, payload, at: None });
            });
            let body = if *leg == Leg::Request { &mut *up } else { &mut *down };
            if frames.is_lost() {
                body.cut.get_or_insert(Cut::Unopened);
            } else if !whole {
                body.cut.get_or_insert(Cut::Limit);
            }
        }
        // Where bytes were not kept, what follows cannot be told apart from what is missing.
        for (body, frames) in [(up, &mut socket.up), (down, &mut socket.down)] {
            if matches!(body.cut, Some(Cut::Limit | Cut::Budget)) && body.observed_bytes > 0 {
                frames.lose();
            }
        }
    }
}

fn take(body: &mut Body) -> Bytes {
    std::mem::take(&mut body.captured)
}

impl Socket {
    fn of(headers: &Headers) -> Self {
        let extensions: Vec<&str> =
            headers.all("sec-websocket-extensions").filter_map(|value| std::str::from_utf8(value).ok()).collect();
        match Deflate::agreed(&extensions.join(",")) {
            Some([up, down]) => Self { up: Frames::new(up), down: Frames::new(down) },
            None => {
                let mut socket = Self { up: Frames::new(Deflate::default()), down: Frames::new(Deflate::default()) };
                socket.up.lose();
                socket.down.lose();
                socket
            }
        }
    }
}

/// One body that comes in pieces.
struct Piecewise {
    boundary: Boundary,
    coding: Option<Uncoded>,
    coded: bool,
    left_over: Vec<u8>,
}

impl Piecewise {
    fn of(headers: &Headers) -> Self {
        let coding =
            headers.get(header::CONTENT_ENCODING.as_str()).filter(|coding| !coding.eq_ignore_ascii_case("identity"));
        Self {
            boundary: Boundary::of(headers.get(header::CONTENT_TYPE.as_str())),
            coding: coding.and_then(Uncoded::of),
            coded: coding.is_some(),
            left_over: Vec::new(),
        }
    }

    fn read(&mut self, body: &mut Body, last: bool) {
        let lost = matches!(body.cut, Some(Cut::Limit | Cut::Budget));
        if self.coded {
            let plain = self.coding.as_mut().and_then(|coding| coding.feed(&body.captured));
            let Some(plain) = plain else {
                if !body.captured.is_empty() {
                    body.cut.get_or_insert(Cut::Unopened);
                }
                body.captured = Bytes::new();
                return;
            };
            if !plain.is_empty() {
                body.decoded = true;
            }
            self.left_over.extend_from_slice(&plain);
        } else {
            self.left_over.extend_from_slice(&body.captured);
        }
        if lost && let Some(coding) = &mut self.coding {
            coding.lose();
        }
        let whole = if last || lost { self.left_over.len() } else { self.boundary.whole(&self.left_over) };
        let rest = self.left_over.split_off(whole);
        body.captured = std::mem::replace(&mut self.left_over, rest).into();
    }
}
