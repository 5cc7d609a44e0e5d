//! Puts an exchange together while it passes. The last holder to let go hands it on, so that no ending of the two bodies,
//! of the handler or of the connection can lose it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, response, uri};
use http_body::Frame;
use jiff::Timestamp;
use ulid::Ulid;

use super::body::Ending;
use super::boundary::Boundary;
use super::identity::product;
use super::keep::Keeper;
use super::proxy::Proxy;
use super::segment::{Kind, Parts, Segment, Told};
use super::sink::{Captured, RawExchange, Sink, Slot};
use super::stream_reader::StreamReader;
use super::upstream::LinkFacts;
use crate::exchange::{
    Body, CaptureMode, Client, Coverage, Destination, Exchange, ExchangeId, Headers, Message, NoPeer, NoResponse, Note,
    Outcome, Peer, Request, Response, Scheme, Side, StreamSegment, Timings, TlsFacts, TlsFault, Trouble,
    UpstreamCertificate, Version, WireBytes,
};

/// Which of the two bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    Request,
    Response,
}

/// What is known of a request when it starts.
pub struct Opening<'a> {
    pub client: Client,
    pub mode: CaptureMode,
    pub coverage: Coverage,
    pub scheme: Scheme,
    pub host: String,
    pub port: u16,
    /// Facts of the client's handshake; `certificate` and `upstream` come with the link.
    pub tls: TlsFacts,
    pub head: &'a http::request::Parts,
    pub authority: String,
}

/// One exchange in the making.
pub struct Recorder {
    proxy: Arc<Proxy>,
    state: Mutex<State>,
}

struct State {
    /// Taken when it is handed on.
    open: Option<Box<Open>>,
}

struct Open {
    exchange: Exchange,
    request: Keeper,
    response: Keeper,
    request_ending: Option<Ending>,
    response_ending: Option<Ending>,
    /// Set where the outcome is known better than the endings tell.
    decided: Option<Outcome>,
    started: Instant,
    /// Landfall's own time so far, and since when it runs again.
    overhead: Duration,
    own_since: Option<Instant>,
    /// When a frame passed last, on either leg.
    heard: Instant,
    slot: Option<Slot>,
    /// Not so: it passes unrecorded, and only its pace is watched.
    recorded: bool,
    kind: Kind,
    /// Set once a part of it has been handed on.
    parts: Option<Parts>,
    /// Since when bytes, or the request itself, wait to be recorded.
    waits_since: Option<Instant>,
    /// Turns of a WebSocket's two sides in this part.
    order: Vec<(Leg, usize)>,
}

impl Recorder {
    pub fn start(proxy: &Arc<Proxy>, slot: Option<Slot>, opening: Opening<'_>) -> Arc<Self> {
        let started = Instant::now();
        let started_at = Timestamp::now();
        proxy.counters.requests_seen.inc();
        let recorded = slot.is_some();
        // Nothing is kept of what goes unrecorded.
        let cap = if slot.is_some() { proxy.config.limits.body } else { 0 };
        let mut client = opening.client;
        if client.device.is_none() {
            let agent = opening.head.headers.get(http::header::USER_AGENT);
            client.device = agent.and_then(|agent| product(agent.as_bytes())).map(Into::into);
        }
        let asked_type = opening.head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = if Boundary::of(asked_type).is_stream() { Kind::Stream } else { Kind::Plain };
        let exchange = Exchange {
            id: ExchangeId::new(Ulid::generate()),
            import: None,
            session: Arc::clone(&proxy.session),
            started_at,
            client,
            mode: opening.mode,
            coverage: opening.coverage,
            destination: Destination { host: opening.host, port: opening.port, peer: Err(NoPeer::Unreachable) },
            tls: opening.tls,
            request: request_of(opening.head, opening.scheme, opening.authority),
            response: Err(NoResponse::UpstreamFailed),
            messages: Vec::new(),
            outcome: Outcome::Open,
            bytes: WireBytes::default(),
            timings: Timings::default(),
            stream: None,
            notes: Vec::new(),
        };
        let open = Open {
            exchange,
            request: Keeper::new(&proxy.keep, cap),
            response: Keeper::new(&proxy.keep, cap),
            request_ending: None,
            response_ending: None,
            decided: None,
            started,
            overhead: Duration::ZERO,
            own_since: Some(started),
            heard: started,
            slot,
            recorded,
            kind,
            parts: None,
            waits_since: Some(started),
            order: Vec::new(),
        };
        let recorder =
            Arc::new(Self { proxy: Arc::clone(proxy), state: Mutex::new(State { open: Some(Box::new(open)) }) });
        if recorded {
            proxy.watch.add(&recorder);
        }
        recorder
    }

    /// A frame passed on this leg.
    pub fn frame(&self, leg: Leg, frame: &Frame<Bytes>) {
        self.with(|open| {
            open.heard = Instant::now();
            if let Some(data) = frame.data_ref() {
                self.see(open, leg, data);
            } else if let Some(trailers) = frame.trailers_ref() {
                open.note(Note::Trailers);
                let trailers = headers_of(trailers);
                match leg {
                    Leg::Request => open.exchange.request.message.trailers = trailers,
                    Leg::Response => {
                        if let Ok(response) = &mut open.exchange.response {
                            response.message.trailers = trailers;
                        }
                    }
                }
            }
        });
    }

    /// A body ended, one way or the other.
    pub fn ended(&self, leg: Leg, ending: Ending) {
        self.with(|open| {
            open.heard = Instant::now();
            if ending != Ending::Whole {
                open.keeper(leg).abort();
            }
            match leg {
                Leg::Request => open.request_ending = Some(ending),
                Leg::Response => {
                    open.response_ending = Some(ending);
                    open.exchange.timings.total = Some(open.started.elapsed());
                }
            }
        });
    }

    /// The connection that carries the exchange.
    pub fn linked(&self, facts: &LinkFacts, fresh: bool) {
        self.with(|open| {
            open.exchange.destination.peer = Ok(facts.peer.clone());
            open.exchange.tls.upstream.clone_from(&facts.tls);
            open.exchange.tls.certificate.clone_from(&facts.certificate);
            open.exchange.tls.fault = facts.fault;
            for (told, note) in [
                (facts.certificate_asked, Note::Mtls),
                (facts.unverified, Note::UnverifiedUpstream),
                (facts.peer.exit, Note::UpstreamProxy),
            ] {
                if told {
                    open.note(note);
                }
            }
            if fresh {
                open.exchange.timings.dns = facts.dns;
                open.exchange.timings.connect = facts.peer.connect_time;
                open.exchange.timings.tls = facts.handshake;
            }
        });
    }

    /// Time from now on is spent waiting for a peer, not in Landfall.
    pub fn waiting(&self) {
        self.with(|open| {
            if let Some(since) = open.own_since.take() {
                open.overhead += since.elapsed();
            }
        });
    }

    /// Time from now on is Landfall's own again.
    pub fn resumed(&self) {
        self.with(|open| open.own_since = Some(Instant::now()));
    }

    /// How long nothing has passed on either leg.
    pub fn silent_for(&self) -> Duration {
        self.with(|open| open.heard.elapsed()).unwrap_or_default()
    }

    /// Whether the client stopped in the middle of its request.
    pub fn client_failed(&self) -> bool {
        self.with(|open| matches!(open.request_ending, Some(Ending::SenderFailed | Ending::SenderSilent)))
            .unwrap_or_default()
    }

    /// The final response's head came.
    pub fn responded(&self, head: &response::Parts) {
        self.with(|open| {
            open.exchange.timings.first_byte = Some(open.started.elapsed());
            open.exchange.response = Ok(Response {
                status: head.status.as_u16(),
                message: Message {
                    version: version_of(head.version),
                    headers: headers_of(&head.headers),
                    body: Body::default(),
                    trailers: Headers::default(),
                },
            });
            let content_type = head.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if Boundary::of(content_type).is_stream() {
                open.kind = Kind::Stream;
            }
        });
    }

    /// Whether the whole request has come.
    pub fn has_request(&self) -> bool {
        self.with(|open| open.request_ending == Some(Ending::Whole)).unwrap_or_default()
    }

    /// Whether the final response's head has come.
    pub fn has_response(&self) -> bool {
        self.with(|open| open.exchange.response.is_ok()).unwrap_or_default()
    }

    /// After `101 Switching Protocols` this is a WebSocket.
    pub fn is_socket(&self) {
        self.with(|open| open.kind = Kind::Socket);
    }

    /// Bytes of a WebSocket passed on this leg.
    pub fn socket(&self, leg: Leg, bytes: Bytes) {
        self.with(|open| {
            open.heard = Instant::now();
            self.see(open, leg, &bytes);
            match open.order.last_mut() {
                Some((before, length)) if *before == leg => *length += bytes.len(),
                _ => open.order.push((leg, bytes.len())),
            }
        });
    }

    /// Keep these bytes; what is full is handed on first.
    fn see(&self, open: &mut Open, leg: Leg, bytes: &Bytes) {
        let direction = if leg == Leg::Request { "up" } else { "down" };
        self.proxy.counters.bytes_seen.with_label_values(&[direction]).inc_by(bytes.len() as u64);
        let limits = &self.proxy.config.limits;
        let full = open.keeper(leg).is_full_for(bytes.len())
            || open.kind != Kind::Plain && open.keeper(leg).kept() + bytes.len() > limits.segments.bytes
            || open.order.len() >= MOST_TURNS;
        if full && open.keeper(leg).kept() > 0 {
            self.cut(open);
        }
        open.waits_since.get_or_insert_with(Instant::now);
        open.keeper(leg).see(bytes);
    }

    /// Time has passed: is a part due? `false`: it has ended, or needs no more looking after.
    pub fn tick(&self, now: Instant) -> bool {
        self.with(|open| {
            let limits = &self.proxy.config.limits.segments;
            let due = match (open.kind, &open.parts) {
                (Kind::Stream | Kind::Socket, None) => limits.first,
                _ => limits.every,
            };
            if open.waits_since.is_some_and(|since| now.saturating_duration_since(since) >= due) {
                self.cut(open);
            }
        })
        .is_some()
    }

    /// Hand on what there is as a part. Without a free slot it stays, up to its cap.
    fn cut(&self, open: &mut Open) {
        if !open.recorded {
            open.waits_since = None;
            return;
        }
        if open.parts.as_ref().is_some_and(|parts| parts.are_behind(open.kind)) {
            return;
        }
        let Some(slot) = open.slot.take().or_else(|| self.proxy.sink.try_slot()) else { return };
        let cap = self.proxy.config.limits.body;
        let fresh = || Keeper::new(&self.proxy.keep, cap);
        let request = std::mem::replace(&mut open.request, fresh());
        let response = std::mem::replace(&mut open.response, fresh());
        let mut exchange = open.exchange.clone();
        exchange.outcome = Outcome::Open;
        if exchange.response.is_err() {
            exchange.response = Err(NoResponse::StillOpen);
        }
        exchange.bytes = WireBytes { up: request.observed(), down: response.observed() };
        exchange.timings.total = Some(open.started.elapsed());
        exchange.timings.overhead = Some(open.overhead);
        let segment = open.part(&mut exchange, false);
        // The next part is an entry of its own.
        open.exchange.id = ExchangeId::new(Ulid::generate());
        open.exchange.started_at = Timestamp::now();
        open.waits_since = None;
        let raw = RawExchange { exchange, request, response, slot, segment: Some(segment) };
        self.proxy.sink.send(Captured::Exchange(Box::new(raw)));
    }

    /// Bytes relayed after `101 Switching Protocols`.
    pub fn passed(&self, up: u64, down: u64) {
        self.with(|open| {
            let seen = &self.proxy.counters.bytes_seen;
            seen.with_label_values(&["up"]).inc_by(up);
            seen.with_label_values(&["down"]).inc_by(down);
            open.request.pass(up);
            open.response.pass(down);
            open.exchange.timings.total = Some(open.started.elapsed());
        });
    }

    pub fn note(&self, note: Note) {
        self.with(|open| open.note(note));
    }

    /// No response could be had from the server.
    pub fn failed(&self, side: Side, error: Trouble, peer: Option<Result<Peer, NoPeer>>) {
        self.with(|open| {
            open.decided = Some(Outcome::Failed { side, error });
            open.exchange.response = Err(NoResponse::UpstreamFailed);
            if let Some(peer) = peer {
                open.exchange.destination.peer = peer;
            }
        });
    }

    /// What a handshake with the server failed of, and the certificate it showed.
    pub fn failed_of(&self, fault: Option<TlsFault>, certificate: Option<UpstreamCertificate>) {
        self.with(|open| {
            open.exchange.tls.fault = fault;
            open.exchange.tls.certificate = certificate;
        });
    }

    /// How what came after `101 Switching Protocols` ended.
    pub fn decide(&self, outcome: Outcome) {
        self.with(|open| open.decided = Some(outcome));
    }

    /// The client went away before there was an answer.
    pub fn client_left(&self) {
        self.with(|open| {
            open.decided = Some(Outcome::Aborted { side: Side::Client, error: Trouble::ConnectionTerminated });
        });
    }

    /// The client's request turned out unreadable in its middle.
    pub fn client_erred(&self) {
        self.with(|open| {
            open.decided = Some(Outcome::Aborted { side: Side::Client, error: Trouble::HttpRequestError });
        });
    }

    /// Landfall answered in the server's stead.
    pub fn refused(&self, error: Trouble, peer: NoPeer) {
        self.with(|open| {
            open.decided = Some(Outcome::Refused { error });
            open.exchange.response = Err(NoResponse::Refused);
            open.exchange.destination.peer = Err(peer);
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Open) -> T) -> Option<T> {
        self.lock().open.as_deref_mut().map(f)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let Some(mut open) = self.lock().open.take() else { return };
        let shutting_down = self.proxy.shutdown.is_cancelled();
        open.exchange.outcome = open.outcome(shutting_down);
        if open.exchange.response.is_err()
            && matches!(open.exchange.outcome, Outcome::Aborted { side: Side::Client, .. })
        {
            open.exchange.response = Err(NoResponse::ClientAborted);
        }
        open.exchange.bytes = WireBytes { up: open.request.observed(), down: open.response.observed() };
        open.exchange.timings.total.get_or_insert_with(|| open.started.elapsed());
        open.exchange.timings.overhead = Some(open.overhead);
        if !open.recorded {
            return;
        }
        let segment = (open.parts.is_some() || open.kind == Kind::Socket).then(|| {
            let mut exchange = open.exchange.clone();
            let segment = open.part(&mut exchange, true);
            open.exchange = exchange;
            segment
        });
        let Open { exchange, request, response, slot, .. } = *open;
        let sink = Arc::clone(&self.proxy.sink);
        let send = move |sink: &Sink, slot| {
            sink.send(Captured::Exchange(Box::new(RawExchange { exchange, request, response, slot, segment })));
        };
        match slot.or_else(|| sink.try_slot()) {
            Some(slot) => send(&sink, slot),
            // Its first part gave the slot back: the last waits for another, and shutdown waits for it.
            None => {
                self.proxy.tasks.spawn(async move {
                    if let Some(slot) = sink.slot().await {
                        send(&sink, slot);
                    }
                });
            }
        }
    }
}

/// Turns of a WebSocket's two sides in one part.
const MOST_TURNS: usize = 16 << 10;

impl Open {
    /// Make this the next part of its stream.
    fn part(&mut self, exchange: &mut Exchange, last: bool) -> Segment {
        let id = self.exchange.id;
        let parts = self.parts.get_or_insert_with(|| Parts {
            stream: id,
            next: 0,
            reader: Arc::new(StreamReader::new()),
            told: Told::default(),
            waiting: Arc::default(),
        });
        // What is recorded whole is no stream.
        if !last || parts.next > 0 {
            exchange.stream = Some(StreamSegment { id: parts.stream, segment: parts.next, last });
        }
        parts.next += 1;
        let now_told = Told { request: true, response: exchange.response.is_ok() };
        let told = std::mem::replace(&mut parts.told, now_told);
        let order = std::mem::take(&mut self.order);
        Segment {
            reader: Arc::clone(&parts.reader),
            order,
            socket: self.kind == Kind::Socket,
            told,
            waiting: Arc::clone(&parts.waiting),
        }
    }

    fn keeper(&mut self, leg: Leg) -> &mut Keeper {
        match leg {
            Leg::Request => &mut self.request,
            Leg::Response => &mut self.response,
        }
    }

    fn note(&mut self, note: Note) {
        if !self.exchange.notes.contains(&note) {
            self.exchange.notes.push(note);
        }
    }

    fn outcome(&mut self, shutting_down: bool) -> Outcome {
        if let Some(decided) = self.decided.take() {
            return decided;
        }
        let left = || match shutting_down {
            true => Outcome::Aborted { side: Side::Landfall, error: Trouble::Shutdown },
            false => Outcome::Aborted { side: Side::Client, error: Trouble::ConnectionTerminated },
        };
        match (self.exchange.response.is_ok(), self.response_ending) {
            (true, Some(Ending::Whole)) => Outcome::Completed,
            (true, Some(Ending::SenderFailed)) => {
                Outcome::Aborted { side: Side::Upstream, error: Trouble::HttpResponseIncomplete }
            }
            (true, Some(Ending::SenderSilent)) => {
                Outcome::Aborted { side: Side::Upstream, error: Trouble::HttpResponseTimeout }
            }
            (_, Some(Ending::ReaderLeft) | None) | (false, _) => left(),
        }
    }
}

fn request_of(head: &http::request::Parts, scheme: Scheme, authority: String) -> Request {
    Request {
        method: head.method.as_str().to_owned(),
        scheme,
        authority,
        path: head.uri.path_and_query().map_or("/", uri::PathAndQuery::path).to_owned(),
        query: head.uri.query().map(str::to_owned),
        message: Message {
            version: version_of(head.version),
            headers: headers_of(&head.headers),
            body: Body::default(),
            trailers: Headers::default(),
        },
    }
}

/// Names keep the wire's lower-cased form here: hyper holds the original case apart, for the relay.
fn headers_of(map: &HeaderMap) -> Headers {
    Headers(
        map.iter().map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes()))).collect(),
    )
}

fn version_of(version: http::Version) -> Version {
    match version {
        http::Version::HTTP_09 => Version::Http09,
        http::Version::HTTP_10 => Version::Http10,
        http::Version::HTTP_2 => Version::Http2,
        http::Version::HTTP_3 => Version::Http3,
        _ => Version::Http11,
    }
}
