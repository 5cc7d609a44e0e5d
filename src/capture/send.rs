//! Sending one request: on the link that is there, on a fresh one if that has died, and what went wrong if neither worked.

use std::convert::Infallible;
use std::error::Error;
use std::task::Poll;
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body::Body;
use hyper::body::Incoming;

use super::body::Tee;
use super::h1_head::Fault;
use super::h1_wire::OnWire;
use super::h2_guard::Flood;
use super::recorder::Recorder;
use super::upstream::{LinkError, Ready, Sender, Upstream};
use super::upstream_proxy::Forward;
use crate::exchange::{Note, Trouble};

/// Why there is no response.
pub enum Failure {
    Link(Box<LinkError>),
    /// `reset`: the server reset the request's stream with this code.
    Sent {
        trouble: Trouble,
        certificate_asked: bool,
        reset: Option<h2::Reason>,
    },
}

/// Send on the link that is there. If that turns out dead before anything went out, or before anything came back to a
/// request that may be repeated (RFC 9110 section 9.2.2), once more on a fresh one.
pub async fn send(
    upstream: &Upstream,
    mut request: Request<Tee>,
    recorder: &Recorder,
    client: Option<&OnWire>,
    idle: Duration,
) -> Result<Response<Incoming>, Failure> {
    let mut fresh = false;
    loop {
        recorder.waiting();
        let Ready { sender, facts, reused } =
            upstream.ready(fresh).await.map_err(|error| Failure::Link(Box::new(error)))?;
        recorder.linked(&facts, !reused);
        let certificate_asked = facts.certificate_asked;
        if let Some(forward) = &facts.forward {
            in_absolute_form(&mut request, forward);
        }
        let mut again = (!fresh).then(|| repeatable(&request)).flatten();
        let sending = async {
            match sender {
                Sender::Http1(mut sender, wire) => {
                    let message = wire.next();
                    let request = request.map(|body| body.on_wire(message));
                    let result = sender.try_send_request(request).await;
                    upstream.put_back(sender, wire, facts).await;
                    result
                }
                Sender::Http2(mut sender) => sender.try_send_request(request).await,
            }
        };
        let result = tokio::select! {
            result = sending => result,
            never = informing(client) => match never {},
            () = silence(recorder, idle) => {
                let trouble = Trouble::HttpResponseTimeout;
                return Err(Failure::Sent { trouble, certificate_asked, reset: None });
            }
        };
        match result {
            Ok(response) => {
                if let Some(client) = client {
                    std::future::poll_fn(|cx| client.poll_informed(cx)).await;
                }
                recorder.resumed();
                return Ok(response);
            }
            Err(mut error) => {
                let unprocessed = is_unprocessed(error.error());
                let next = error.take_message().filter(|_| !fresh && (reused || unprocessed));
                match next.or_else(|| again.take().filter(|_| reused || unprocessed)) {
                    Some(next) => {
                        fresh = true;
                        request = next;
                        recorder.note(Note::Retried);
                    }
                    None => {
                        let (trouble, reset) = (trouble_of(error.error()), reset_of(error.error()));
                        return Err(Failure::Sent { trouble, certificate_asked, reset });
                    }
                }
            }
        }
    }
}

/// To an upstream proxy goes the whole target, and what authenticates Landfall there (RFC 9112 section 3.2.2).
fn in_absolute_form(request: &mut Request<Tee>, forward: &Forward) {
    let host = request.headers().get(HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let path = request.uri().path_and_query().cloned();
    let path = path.filter(|path| path.as_str().starts_with('/')).unwrap_or_else(|| PathAndQuery::from_static("/"));
    if let Some(authority) = host {
        let whole = Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path).build();
        if let Ok(whole) = whole {
            *request.uri_mut() = whole;
        }
    }
    if let Some(value) = &forward.authorization {
        request.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
    }
}

/// Lets the client's connection write an informational response as soon as there is one: it does so whenever this wakes it.
async fn informing(client: Option<&OnWire>) -> Infallible {
    std::future::poll_fn(|cx| {
        if let Some(client) = client {
            let _ready_or_not: Poll<()> = client.poll_informed(cx);
        }
        Poll::Pending
    })
    .await
}

/// The same request again, where sending it twice does what sending it once does, and there is no body to have back.
fn repeatable(request: &Request<Tee>) -> Option<Request<Tee>> {
    let may =
        request.method().is_idempotent() && request.body().is_end_stream() && !request.headers().contains_key(UPGRADE);
    may.then(|| {
        let mut copy = Request::new(Tee::empty());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        copy
    })
}

/// Ends when nothing has passed on either leg for the limit.
async fn silence(recorder: &Recorder, limit: Duration) {
    loop {
        match limit.checked_sub(recorder.silent_for()) {
            Some(rest) if !rest.is_zero() => tokio::time::sleep(rest).await,
            _ => return,
        }
    }
}

/// The server says that it has done nothing of the request (RFC 9113 sections 6.8 and 8.7).
fn is_unprocessed(error: &hyper::Error) -> bool {
    let cause = h2_cause(error);
    cause.is_some_and(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR))
    })
}

/// The code with which the server reset the stream.
fn reset_of(error: &hyper::Error) -> Option<h2::Reason> {
    h2_cause(error).filter(|error| error.is_reset() && error.is_remote()).and_then(h2::Error::reason)
}

fn h2_cause(error: &hyper::Error) -> Option<&h2::Error> {
    std::iter::successors(error.source(), |cause| (*cause).source()).find_map(|cause| cause.downcast_ref())
}

fn trouble_of(error: &hyper::Error) -> Trouble {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<h2::Error>().is_some_and(|error| error.is_library()) {
            return Trouble::HttpProtocolError;
        }
        if let Some(rustls::Error::AlertReceived(_)) = cause.downcast_ref::<rustls::Error>() {
            return Trouble::TlsAlertReceived;
        }
        if cause.is::<Fault>() || cause.is::<Flood>() {
            return Trouble::HttpProtocolError;
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
