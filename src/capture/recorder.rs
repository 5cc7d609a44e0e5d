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
use super::identity::product;
use super::keep::Keeper;
use super::proxy::Proxy;
use super::sink::{Captured, RawExchange, Slot};
use super::upstream::LinkFacts;
use crate::exchange::{
    Body, CaptureMode, Client, Coverage, Destination, Exchange, ExchangeId, Headers, Message, NoPeer, NoResponse, Note,
    Outcome, Peer, Request, Response, Scheme, Side, Timings, TlsFacts, TlsFault, Trouble, UpstreamCertificate, Version,
    WireBytes,
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
    open: Option<Open>,
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
    /// `None`: it passes unrecorded, and only its pace is watched.
    slot: Option<Slot>,
}

impl Recorder {
    pub fn start(proxy: &Arc<Proxy>, slot: Option<Slot>, opening: Opening<'_>) -> Arc<Self> {
        let started = Instant::now();
        let started_at = Timestamp::now();
        // Nothing is kept of what goes unrecorded.
        let cap = if slot.is_some() { proxy.config.limits.body } else { 0 };
        let mut client = opening.client;
        if client.device.is_none() {
            let agent = opening.head.headers.get(http::header::USER_AGENT);
            client.device = agent.and_then(|agent| product(agent.as_bytes())).map(Into::into);
        }
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
        };
        Arc::new(Self { proxy: Arc::clone(proxy), state: Mutex::new(State { open: Some(open) }) })
    }

    /// A frame passed on this leg.
    pub fn frame(&self, leg: Leg, frame: &Frame<Bytes>) {
        self.with(|open| {
            open.heard = Instant::now();
            if let Some(data) = frame.data_ref() {
                open.keeper(leg).see(data);
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
        });
    }

    /// Whether the final response's head has come.
    pub fn has_response(&self) -> bool {
        self.with(|open| open.exchange.response.is_ok()).unwrap_or_default()
    }

    /// Bytes relayed after `101 Switching Protocols`.
    pub fn passed(&self, up: u64, down: u64) {
        self.with(|open| {
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

    /// Landfall answered in the server's stead.
    pub fn refused(&self, error: Trouble, peer: NoPeer) {
        self.with(|open| {
            open.decided = Some(Outcome::Refused { error });
            open.exchange.response = Err(NoResponse::Refused);
            open.exchange.destination.peer = Err(peer);
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Open) -> T) -> Option<T> {
        self.lock().open.as_mut().map(f)
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
        let Open { exchange, request, response, slot: Some(slot), .. } = open else { return };
        self.proxy.sink.send(Captured::Exchange(Box::new(RawExchange { exchange, request, response, slot })));
    }
}

impl Open {
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
