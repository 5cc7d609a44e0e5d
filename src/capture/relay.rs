//! One exchange: the request to the server, the answer back, each frame as it comes.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;

use super::answer::{refusal, status_for};
use super::body::{Outgoing, Tee};
use super::fields::{join_cookies, strip_hop_by_hop};
use super::proxy::{ClientConnection, Proxy};
use super::recorder::{Leg, Opening, Recorder};
use super::sink::Admission;
use super::splice::splice;
use super::upstream::{LinkError, Protocol, Ready, Sender, Upstream};
use crate::exchange::{Coverage, NoPeer, Note, Scheme, Side, TlsFacts, Trouble};

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
    let recorder_slot = match scene.proxy.sink.admit().await {
        Admission::Recorded(slot) => Some(slot),
        Admission::Unrecorded => None,
        Admission::Refused => {
            let reason = "it cannot record traffic at the moment, and is told not to relay what it cannot record";
            return Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, Trouble::LedgerUnavailable, reason));
        }
    };
    let (head, body) = request.into_parts();
    let authority = authority_of(&head, &scene);
    let recorder = recorder_slot.map(|slot| {
        let opening = Opening {
            client: scene.connection.client.clone(),
            coverage: scene.coverage,
            scheme: scene.scheme,
            host: scene.host.clone(),
            port: scene.port,
            tls: scene.tls.clone(),
            head: &head,
            authority: authority.clone(),
        };
        Recorder::start(&scene.proxy, slot, opening)
    });
    if let Some(recorder) = recorder.as_ref().filter(|_| !names_host(&authority, &scene.host)) {
        recorder.note(Note::NameMismatch);
    }
    if head.method == Method::CONNECT {
        read_off(&head, body).await;
        return Ok(refuse(
            recorder.as_deref(),
            Trouble::HttpRequestError,
            "`CONNECT` inside a tunnel is not supported",
        ));
    }
    let upstream = match &scene.upstream {
        Ok(upstream) => Arc::clone(upstream),
        Err(error) => {
            read_off(&head, body).await;
            return Ok(unreachable(recorder.as_deref(), error));
        }
    };
    Ok(forward(&scene, &upstream, head, body, recorder).await)
}

async fn forward(
    scene: &Scene,
    upstream: &Upstream,
    mut head: http::request::Parts,
    body: Incoming,
    recorder: Option<Arc<Recorder>>,
) -> Response<Outgoing> {
    let idle = scene.proxy.config.limits.idle;
    let client_upgrade = head.extensions.remove::<OnUpgrade>();
    let protocol = strip_hop_by_hop(&mut head.headers, upstream.protocol() == Protocol::Http1);
    if let Err(reason) = address(&mut head, upstream.protocol(), scene) {
        return refuse(recorder.as_deref(), Trouble::HttpRequestError, reason);
    }
    let expects = head.headers.get(header::EXPECT).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let mut body = Tee::new(body, Leg::Request, recorder.clone(), idle);
    let continued = Arc::new(Notify::new());
    if expects {
        body = body.gated(Arc::clone(&continued), EXPECT_WAIT);
    }
    let mut request = Request::from_parts(head, body);
    if upstream.protocol() == Protocol::Http1 {
        listen_for_informational(&mut request, continued, recorder.clone());
    }
    let response = match send(upstream, request, recorder.as_ref(), idle).await {
        Ok(response) => response,
        Err(Failure::Link(error)) => return unreachable(recorder.as_deref(), &error),
        Err(Failure::Sent { trouble, certificate_asked }) => {
            if certificate_asked && trouble == Trouble::TlsAlertReceived {
                scene.proxy.learnt.certificate_wanted(&scene.host);
            }
            return broken(recorder.as_deref(), trouble, &scene.host);
        }
    };
    respond(scene, response, recorder, client_upgrade.filter(|_| protocol.is_some()))
}

/// How long a body is held back for `100 Continue` before it is sent anyway, as RFC 9110 section 10.1.1 has clients do.
const EXPECT_WAIT: Duration = Duration::from_secs(1);

enum Failure {
    Link(LinkError),
    Sent { trouble: Trouble, certificate_asked: bool },
}

/// Send on the link that is there; if that turns out dead before anything went out, once more on a fresh one.
async fn send(
    upstream: &Upstream,
    mut request: Request<Tee>,
    recorder: Option<&Arc<Recorder>>,
    idle: Duration,
) -> Result<Response<Incoming>, Failure> {
    let mut fresh = false;
    loop {
        if let Some(recorder) = recorder {
            recorder.waiting();
        }
        let Ready { sender, facts, reused } = upstream.ready(fresh).await.map_err(Failure::Link)?;
        if let Some(recorder) = recorder {
            recorder.linked(&facts, !reused);
        }
        let certificate_asked = facts.certificate_asked;
        let sending = async {
            match sender {
                Sender::Http1(mut sender) => {
                    let result = sender.try_send_request(request).await;
                    upstream.put_back(sender, facts).await;
                    result
                }
                Sender::Http2(mut sender) => sender.try_send_request(request).await,
            }
        };
        let result = tokio::select! {
            result = sending => result,
            () = silence(recorder, idle) => {
                return Err(Failure::Sent { trouble: Trouble::HttpResponseTimeout, certificate_asked });
            }
        };
        match result {
            Ok(response) => {
                if let Some(recorder) = recorder {
                    recorder.resumed();
                }
                return Ok(response);
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) if reused && !fresh => {
                    fresh = true;
                    request = unsent;
                    if let Some(recorder) = recorder {
                        recorder.note(Note::Retried);
                    }
                }
                _ => return Err(Failure::Sent { trouble: trouble_of(error.error()), certificate_asked }),
            },
        }
    }
}

/// Ends when nothing has passed on either leg for the limit.
async fn silence(recorder: Option<&Arc<Recorder>>, limit: Duration) {
    let Some(recorder) = recorder else { return tokio::time::sleep(limit).await };
    loop {
        match limit.checked_sub(recorder.silent_for()) {
            Some(rest) if !rest.is_zero() => tokio::time::sleep(rest).await,
            _ => return,
        }
    }
}

fn respond(
    scene: &Scene,
    response: Response<Incoming>,
    recorder: Option<Arc<Recorder>>,
    client_upgrade: Option<OnUpgrade>,
) -> Response<Outgoing> {
    let idle = scene.proxy.config.limits.idle;
    let (mut head, body) = response.into_parts();
    if let Some(recorder) = &recorder {
        recorder.responded(&head);
    }
    let server_upgrade = head.extensions.remove::<OnUpgrade>();
    strip_hop_by_hop(&mut head.headers, head.status == StatusCode::SWITCHING_PROTOCOLS);
    let body = match (head.status, client_upgrade, server_upgrade) {
        (StatusCode::SWITCHING_PROTOCOLS, Some(client), Some(server)) => {
            switch(scene, client, server, recorder.clone());
            Outgoing::Own { body: Full::default() }
        }
        (StatusCode::SWITCHING_PROTOCOLS, ..) => {
            return broken(recorder.as_deref(), Trouble::HttpProtocolError, &scene.host);
        }
        _ => Outgoing::Relayed { body: Tee::new(body, Leg::Response, recorder.clone(), idle) },
    };
    if let Some(recorder) = &recorder {
        recorder.waiting();
    }
    // The version is the leg's own business; hyper writes the one this connection speaks.
    head.version = Version::default();
    Response::from_parts(head, body)
}

/// After `101 Switching Protocols` both connections carry another protocol, relayed byte for byte.
fn switch(scene: &Scene, client: OnUpgrade, server: OnUpgrade, recorder: Option<Arc<Recorder>>) {
    let proxy = Arc::clone(&scene.proxy);
    let slot = Arc::clone(&scene.connection.slot);
    scene.proxy.tasks.spawn(async move {
        let (client, server) = match tokio::try_join!(client, server) {
            Ok(both) => both,
            Err(error) => return tracing::debug!(%error, "a protocol switch did not come about"),
        };
        let ended = splice(TokioIo::new(client), TokioIo::new(server), proxy.config.limits.idle, &proxy.deadline).await;
        if let Some(recorder) = recorder {
            recorder.passed(ended.up, ended.down);
            recorder.ended(Leg::Request, super::body::Ending::Whole);
            recorder.ended(Leg::Response, super::body::Ending::Whole);
        }
        drop(slot);
    });
}

fn listen_for_informational(request: &mut Request<Tee>, continued: Arc<Notify>, recorder: Option<Arc<Recorder>>) {
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE {
            continued.notify_one();
        } else if let Some(recorder) = &recorder {
            // hyper has no way to send other informational responses on to a client.
            recorder.note(Note::InformationalDropped);
        }
    });
}

/// Put the target into the form that the next hop expects (RFC 9112 section 3.2, RFC 9113 section 8.3.1).
fn address(head: &mut http::request::Parts, protocol: Protocol, scene: &Scene) -> Result<(), &'static str> {
    match protocol {
        Protocol::Http1 => {
            if head.uri.authority().is_some() {
                let target = head.uri.path_and_query().map_or("/", |p| p.as_str());
                head.uri = target.parse().map_err(|_| "the request's target cannot be read")?;
            }
            if !head.headers.contains_key(header::HOST) {
                let host = HeaderValue::from_str(&host_field(scene)).map_err(|_| "the request names no host")?;
                head.headers.insert(header::HOST, host);
            }
            join_cookies(&mut head.headers);
            head.version = Version::HTTP_11;
        }
        Protocol::Http2 => {
            if head.uri.authority().is_none() {
                let authority = head
                    .headers
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok())
                    .map_or_else(|| host_field(scene), str::to_owned);
                let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
                head.uri = Uri::builder()
                    .scheme(scene.scheme.as_str())
                    .authority(authority)
                    .path_and_query(path)
                    .build()
                    .map_err(|_| "the request's target cannot be read")?;
            }
            head.version = Version::HTTP_2;
        }
    }
    Ok(())
}

fn host_field(scene: &Scene) -> String {
    let host = if scene.host.contains(':') { format!("[{}]", scene.host) } else { scene.host.clone() };
    if scene.port == scene.scheme.default_port() { host } else { format!("{host}:{}", scene.port) }
}

fn authority_of(head: &http::request::Parts, scene: &Scene) -> String {
    let named = head.uri.authority().map(|authority| authority.as_str().to_owned());
    named
        .or_else(|| head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned))
        .unwrap_or_else(|| host_field(scene))
}

fn names_host(authority: &str, host: &str) -> bool {
    let name = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(authority, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(host)
}

/// Read a body that goes nowhere, within bounds: many clients look for an answer only when they have sent theirs. One that
/// waits for `100 Continue` looks at once.
async fn read_off(head: &http::request::Parts, mut body: Incoming) {
    if head.headers.contains_key(header::EXPECT) {
        return;
    }
    let reading = async {
        let mut left = READ_OFF_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // What is not read by then, the client has to give up by itself.
    let _in_time = tokio::time::timeout(READ_OFF_TIME, reading).await;
}

const READ_OFF_BYTES: usize = 1 << 20;
const READ_OFF_TIME: Duration = Duration::from_secs(2);

fn refuse(recorder: Option<&Recorder>, trouble: Trouble, reason: &str) -> Response<Outgoing> {
    if let Some(recorder) = recorder {
        recorder.refused(trouble, NoPeer::Refused);
    }
    refusal(status_for(trouble), trouble, reason)
}

fn unreachable(recorder: Option<&Recorder>, error: &LinkError) -> Response<Outgoing> {
    if let Some(recorder) = recorder {
        match &error.peer {
            Err(NoPeer::Refused) => recorder.refused(error.trouble, NoPeer::Refused),
            peer => recorder.failed(Side::Upstream, error.trouble, Some(peer.clone())),
        }
    }
    refusal(status_for(error.trouble), error.trouble, &error.reason)
}

/// The link was there, and the exchange on it went wrong before a response came.
fn broken(recorder: Option<&Recorder>, trouble: Trouble, host: &str) -> Response<Outgoing> {
    if let Some(recorder) = recorder {
        if recorder.client_failed() {
            recorder.client_left();
        } else {
            recorder.failed(Side::Upstream, trouble, None);
        }
    }
    let reason = match trouble {
        Trouble::HttpResponseTimeout => format!("`{host}` did not answer in time"),
        Trouble::HttpProtocolError => format!("`{host}` answered with something that is not valid HTTP"),
        Trouble::TlsAlertReceived => format!("`{host}` ended the TLS connection with an alert"),
        _ => format!("`{host}` closed the connection before its answer was whole"),
    };
    refusal(status_for(trouble), trouble, &reason)
}

fn trouble_of(error: &hyper::Error) -> Trouble {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(rustls::Error::AlertReceived(_)) = cause.downcast_ref::<rustls::Error>() {
            return Trouble::TlsAlertReceived;
        }
        // `io::Error::source` leaves out the error it was made from.
        source = match cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        };
    }
    if error.is_parse() || error.is_parse_too_large() {
        Trouble::HttpProtocolError
    } else if error.is_timeout() {
        Trouble::HttpResponseTimeout
    } else {
        Trouble::ConnectionTerminated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_names_a_host_whatever_its_spelling() {
        for authority in ["A.Example", "a.example:443", "a.example.", "a.example.:8443"] {
            assert!(names_host(authority, "a.example"), "{authority}");
        }
        assert!(names_host("[2001:db8::1]:443", "2001:db8::1"));
        assert!(!names_host("b.example", "a.example"));
    }
}
