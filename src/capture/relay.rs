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
use super::failed::{broken, read_off, refuse, unreachable};
use super::fields::{is_transfer_coded, strip_hop_by_hop};
use super::proxy::{ClientConnection, Proxy};
use super::recorder::{Leg, Opening, Recorder};
use super::send::{Failure, send};
use super::sink::Admission;
use super::splice::{Resets, splice};
use super::target::{address, authority_of, named_host, names_host};
use super::upstream::{LinkError, Protocol, Upstream};
use crate::exchange::{Coverage, Note, Scheme, TlsFacts, Trouble};

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
    let (head, body) = request.into_parts();
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
    Ok(forward(&scene, &upstream, head, body, recorder).await)
}

async fn forward(
    scene: &Scene,
    upstream: &Upstream,
    mut head: http::request::Parts,
    body: Incoming,
    recorder: Arc<Recorder>,
) -> Response<Outgoing> {
    let idle = scene.proxy.config.limits.idle;
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
        listen_for_informational(&mut request, continued, Arc::clone(&recorder));
    }
    let response = match send(upstream, request, &recorder, scene.proxy.config.limits.response).await {
        Ok(response) => response,
        Err(Failure::Link(error)) => return unreachable(&recorder, &error),
        Err(Failure::Sent { trouble, certificate_asked }) => {
            if certificate_asked && trouble == Trouble::TlsAlertReceived {
                scene.proxy.learnt.certificate_wanted(&scene.host);
            }
            return broken(&recorder, trouble, &scene.host);
        }
    };
    respond(scene, response, recorder, client_upgrade.filter(|_| protocol.is_some()))
}

/// How long a body is held back for `100 Continue` before it is sent anyway, as RFC 9110 section 10.1.1 has clients do.
const EXPECT_WAIT: Duration = Duration::from_secs(1);

fn respond(
    scene: &Scene,
    response: Response<Incoming>,
    recorder: Arc<Recorder>,
    client_upgrade: Option<OnUpgrade>,
) -> Response<Outgoing> {
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
    let body = match (head.status, client_upgrade, server_upgrade) {
        (StatusCode::SWITCHING_PROTOCOLS, Some(client), Some(server)) => {
            switch(scene, client, server, Arc::clone(&recorder));
            Outgoing::Own { body: Full::default() }
        }
        (StatusCode::SWITCHING_PROTOCOLS, ..) => {
            return broken(&recorder, Trouble::HttpProtocolError, &scene.host);
        }
        _ => {
            let body = Tee::new(body, Leg::Response, Arc::clone(&recorder), idle);
            Outgoing::Relayed { body: body.breaking(Arc::clone(&scene.connection.broken)) }
        }
    };
    recorder.waiting();
    // The version is the leg's own business; hyper writes the one this connection speaks.
    head.version = Version::default();
    Response::from_parts(head, body)
}

/// After `101 Switching Protocols` both connections carry another protocol, relayed byte for byte.
fn switch(scene: &Scene, client: OnUpgrade, server: OnUpgrade, recorder: Arc<Recorder>) {
    let proxy = Arc::clone(&scene.proxy);
    let slot = Arc::clone(&scene.connection.slot);
    let resets = Resets { client: Arc::clone(&scene.connection.broken), ..Resets::default() };
    scene.proxy.tasks.spawn(async move {
        let (client, server) = match tokio::try_join!(client, server) {
            Ok(both) => both,
            Err(error) => return tracing::debug!(%error, "a protocol switch did not come about"),
        };
        let idle = proxy.config.limits.idle;
        let ended = splice(TokioIo::new(client), TokioIo::new(server), &resets, idle, &proxy.deadline).await;
        recorder.passed(ended.up, ended.down);
        recorder.decide(ended.outcome());
        drop(slot);
    });
}

fn listen_for_informational(request: &mut Request<Tee>, continued: Arc<Notify>, recorder: Arc<Recorder>) {
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            continued.notify_one();
        } else {
            // hyper has no way to send other informational responses on to a client.
            recorder.note(Note::InformationalDropped);
        }
    });
}
