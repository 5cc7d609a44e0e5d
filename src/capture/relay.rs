//! One exchange: the request to the server, the answer back, each frame as it comes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;

use super::alt_svc::offers_h3;
use super::answer::refusal;
use super::body::{Outgoing, Tee};
use super::failed::{broken, faulty, read_off, refuse, reset, unreachable};
use super::fields::{is_transfer_coded, strip_hop_by_hop};
use super::h1_head::{Fault, TOO_LARGE};
use super::h1_wire::OnWire;
use super::h2_request;
use super::max_forwards;
use super::proxy::{ClientConnection, Proxy};
use super::recorder::{Leg, Opening, Recorder};
use super::send::{Failure, send};
use super::sink::Admission;
use super::splice::{Resets, splice};
use super::tap::Tap;
use super::target::{address, authority_of, named_host, names_host};
use super::upstream::{LinkError, Protocol, Upstream};
use crate::exchange::{Coverage, NoPeer, Note, Scheme, TlsFacts, Trouble};

/// What the requests of one client leg have in common.
#[derive(Clone)]
pub struct Scene {
    pub proxy: Arc<Proxy>,
    pub connection: ClientConnection,
    pub coverage: Coverage,
    pub scheme: Scheme,
    /// The name the client asked for, as records carry it.
    pub host: String,
    pub port: u16,
    pub tls: TlsFacts,
    pub upstream: Result<Arc<Upstream>, LinkError>,
}

/// Relay one request. Whatever happens, the client gets an answer, and the recorder hands the exchange on.
pub async fn relay(scene: Scene, request: Request<Incoming>) -> Result<Response<Outgoing>, Infallible> {
    let slot = match scene.proxy.sink.admit().await {
        Admission::Recorded(slot) => Some(slot),
        Admission::Unrecorded => None,
        Admission::Refused => {
            scene.proxy.counters.refused.inc();
            tracing::warn!("a request was answered 503: it could not have been recorded");
            let reason = "it cannot record traffic at the moment, and is told not to relay what it cannot record";
            return Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, Trouble::LedgerUnavailable, reason));
        }
    };
    let (mut head, body) = request.into_parts();
    let message = head.extensions.remove::<OnWire>();
    if message.as_ref().is_some_and(OnWire::is_of_server) {
        whole_server(&mut head);
    }
    let authority = authority_of(&head, &scene);
    let named = named_host(&scene, &authority);
    let recorder = {
        let opening = Opening {
            client: scene.connection.client.clone(),
            mode: scene.connection.mode,
            coverage: scene.coverage,
            scheme: scene.scheme,
            host: named.clone(),
            port: scene.port,
            tls: scene.tls.clone(),
            head: &head,
            authority: authority.clone(),
        };
        Recorder::start(&scene.proxy, slot, opening)
    };
    if let Some(fault) = message.as_ref().and_then(OnWire::fault) {
        return Ok(faulty(&recorder, fault));
    }
    if head.version == Version::HTTP_2 {
        if head.headers.len() > scene.proxy.config.limits.header_fields {
            return Ok(faulty(
                &recorder,
                Fault { status: TOO_LARGE, reason: "there are more header fields than are taken" },
            ));
        }
        if let Err(reason) = h2_request::check(&head) {
            return Ok(reset(faulty(&recorder, Fault::bad(reason)), h2::Reason::PROTOCOL_ERROR));
        }
    }
    if let Err(answer) = max_forwards::count(&head.method, &mut head.headers) {
        recorder.refused(Trouble::HttpRequestDenied, NoPeer::Refused);
        return Ok(*answer);
    }
    if !names_host(&authority, &named) {
        recorder.note(Note::NameMismatch);
    }
    if head.method == Method::CONNECT {
        read_off(&head, body).await;
        return Ok(refuse(&recorder, Trouble::HttpRequestError, "`CONNECT` inside a tunnel is not supported"));
    }
    let upstream = match &scene.upstream {
        Ok(upstream) => Arc::clone(upstream),
        Err(error) => {
            read_off(&head, body).await;
            return Ok(unreachable(&recorder, error));
        }
    };
    Ok(forward(&scene, &upstream, head, body, (recorder, message)).await)
}

async fn forward(
    scene: &Scene,
    upstream: &Upstream,
    mut head: http::request::Parts,
    body: Incoming,
    (recorder, message): (Arc<Recorder>, Option<OnWire>),
) -> Response<Outgoing> {
    let idle = scene.proxy.config.limits.idle;
    let (method, version) = (head.method.clone(), head.version);
    let client_upgrade = head.extensions.remove::<OnUpgrade>();
    if is_transfer_coded(&head.headers) {
        read_off(&head, body).await;
        return refuse(&recorder, Trouble::HttpRequestError, "a transfer coding other than `chunked` is not supported");
    }
    let protocol = strip_hop_by_hop(&mut head.headers, upstream.protocol() == Protocol::Http1);
    if let Err(reason) = address(&mut head, upstream.protocol(), scene) {
        return refuse(&recorder, Trouble::HttpRequestError, reason);
    }
    // hyper sends no body with a GET unless told so.
    if upstream.protocol() == Protocol::Http1 && !body.is_end_stream() && body.size_hint().exact().is_none() {
        head.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let expects = head.headers.get(header::EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let mut body = Tee::new(body, Leg::Request, Arc::clone(&recorder), idle);
    let continued = Arc::new(Notify::new());
    if expects {
        body = body.gated(Arc::clone(&continued), EXPECT_WAIT);
    }
    let mut request = Request::from_parts(head, body);
    if upstream.protocol() == Protocol::Http1 {
        let informed = message.clone().filter(|_| version == Version::HTTP_11);
        listen_for_informational(&mut request, continued, Arc::clone(&recorder), informed);
    }
    let patience = scene.proxy.config.limits.response;
    let response = match send(upstream, request, &recorder, message.as_ref(), patience).await {
        Ok(response) => response,
        Err(Failure::Link(error)) => return unreachable(&recorder, &error),
        Err(Failure::Sent { trouble, certificate_asked, reset: code }) => {
            if let Some(fault) = message.as_ref().and_then(OnWire::fault) {
                recorder.client_erred();
                return refusal(fault.status, Trouble::HttpRequestError, fault.reason);
            }
            if certificate_asked && trouble == Trouble::TlsAlertReceived {
                scene.proxy.learnt.certificate_wanted(&scene.host);
            }
            let answer = broken(&recorder, trouble, &scene.host);
            return match code {
                Some(h2::Reason::HTTP_1_1_REQUIRED) if version == Version::HTTP_2 => {
                    reset(answer, h2::Reason::HTTP_1_1_REQUIRED)
                }
                _ => answer,
            };
        }
    };
    let client_upgrade = client_upgrade.filter(|_| protocol.is_some());
    let early = version == Version::HTTP_2 && response.status().as_u16() >= 400 && !recorder.has_request();
    let response = respond(scene, response, recorder, Asked { method, message, client_upgrade });
    if !early {
        return response;
    }
    let (head, body) = response.into_parts();
    Response::from_parts(head, body.with_head().await)
}

/// How long a body is held back for `100 Continue` before it is sent anyway, as RFC 9110 section 10.1.1 has clients do.
const EXPECT_WAIT: Duration = Duration::from_secs(1);

/// What was asked, as far as the answer depends on it.
struct Asked {
    method: Method,
    /// On an HTTP/1.1 connection.
    message: Option<OnWire>,
    client_upgrade: Option<OnUpgrade>,
}

fn respond(scene: &Scene, response: Response<Incoming>, recorder: Arc<Recorder>, asked: Asked) -> Response<Outgoing> {
    let idle = scene.proxy.config.limits.idle;
    let (mut head, body) = response.into_parts();
    recorder.responded(&head);
    let server_upgrade = head.extensions.remove::<OnUpgrade>();
    if is_transfer_coded(&head.headers) {
        return broken(&recorder, Trouble::HttpProtocolError, &scene.host);
    }
    strip_hop_by_hop(&mut head.headers, head.status == StatusCode::SWITCHING_PROTOCOLS);
    if offers_h3(&head.headers) {
        scene.proxy.counters.alt_svc_h3.inc();
        recorder.note(Note::AltSvcH3);
        if scene.proxy.config.strip_alt_svc {
            head.headers.remove(header::ALT_SVC);
            recorder.note(Note::AltSvcStripped);
        }
    }
    let bodiless = asked.method == Method::HEAD || matches!(head.status.as_u16(), 204 | 304);
    let body = match (head.status, asked.client_upgrade, server_upgrade) {
        (StatusCode::SWITCHING_PROTOCOLS, Some(client), Some(server)) => {
            let socket =
                head.headers.get(header::UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
            switch(scene, client, server, Arc::clone(&recorder), socket);
            Outgoing::Own { body: Full::default() }
        }
        (StatusCode::SWITCHING_PROTOCOLS, ..) => {
            return broken(&recorder, Trouble::HttpProtocolError, &scene.host);
        }
        _ => {
            let body = Tee::new(body, Leg::Response, Arc::clone(&recorder), idle);
            let mut body = body.breaking(Arc::clone(&scene.connection.broken));
            if bodiless {
                body = body.bodiless(asked.message.is_some() && head.headers.contains_key(header::CONTENT_LENGTH));
            }
            if let Some(message) = asked.message {
                body = body.on_wire(message);
            }
            Outgoing::Relayed { body }
        }
    };
    recorder.waiting();
    // The version is the leg's own business; hyper writes the one this connection speaks.
    head.version = Version::default();
    Response::from_parts(head, body)
}

/// After `101 Switching Protocols` both connections carry another protocol, relayed byte for byte. A WebSocket is read on a
/// copy.
fn switch(scene: &Scene, client: OnUpgrade, server: OnUpgrade, recorder: Arc<Recorder>, socket: bool) {
    let proxy = Arc::clone(&scene.proxy);
    let slot = Arc::clone(&scene.connection.slot);
    let resets = Resets { client: Arc::clone(&scene.connection.broken), ..Resets::default() };
    scene.proxy.tasks.spawn(async move {
        let (client, server) = match tokio::try_join!(client, server) {
            Ok(both) => both,
            Err(error) => return tracing::debug!(%error, "a protocol switch did not come about"),
        };
        let (client, server) = (TokioIo::new(client), TokioIo::new(server));
        let (idle, deadline) = (proxy.config.limits.idle, &proxy.deadline);
        let ended = if socket {
            recorder.is_socket();
            let client = Tap::new(client, Leg::Request, Arc::clone(&recorder));
            splice(client, Tap::new(server, Leg::Response, Arc::clone(&recorder)), &resets, idle, deadline).await
        } else {
            let ended = splice(client, server, &resets, idle, deadline).await;
            recorder.passed(ended.up, ended.down);
            ended
        };
        recorder.decide(ended.outcome());
        drop(slot);
    });
}

/// `OPTIONS` of the server as a whole (RFC 9112 section 3.2.4).
fn whole_server(head: &mut http::request::Parts) {
    if let Ok(any) = "*".parse() {
        head.uri = any;
    }
}

/// `client`: to whom informational responses can be written; hyper has a way for `100 Continue` only.
fn listen_for_informational(
    request: &mut Request<Tee>,
    continued: Arc<Notify>,
    recorder: Arc<Recorder>,
    client: Option<OnWire>,
) {
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            continued.notify_one();
        } else if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let mut headers = response.headers().clone();
            strip_hop_by_hop(&mut headers, false);
            let told = client.as_ref().is_some_and(|client| client.inform(response.status().as_u16(), &headers));
            recorder.note(if told { Note::Informational } else { Note::InformationalDropped });
        }
    });
}
