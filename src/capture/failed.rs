//! Exchanges that get no answer from the server: what the client is told, and what the record says.

use http::{Response, header};
use hyper::body::Incoming;

use super::answer::{refusal, status_for};
use super::body::{self, Outgoing};
use super::h1_head::Fault;
use super::h2_request::ResetWith;
use super::recorder::Recorder;
use super::upstream::LinkError;
use crate::exchange::{NoPeer, Side, Trouble};

/// Let a client finish sending before it is refused, unless it waits for `100 Continue` and looks at the answer at once.
pub async fn read_off(head: &http::request::Parts, body: Incoming) {
    if !head.headers.contains_key(header::EXPECT) {
        body::read_off(body).await;
    }
}

/// A rule or a limit forbids it.
pub fn refuse(recorder: &Recorder, trouble: Trouble, reason: &str) -> Response<Outgoing> {
    recorder.refused(trouble, NoPeer::Refused);
    refusal(status_for(trouble), trouble, reason)
}

/// It was not read, or not read to its end, for a fault of its own.
pub fn faulty(recorder: &Recorder, fault: Fault) -> Response<Outgoing> {
    recorder.refused(Trouble::HttpRequestError, NoPeer::Refused);
    refusal(fault.status, Trouble::HttpRequestError, fault.reason)
}

/// An HTTP/2 request that is malformed, or that the server wants on another connection: its stream is reset with this code.
pub fn reset(mut answer: Response<Outgoing>, reason: h2::Reason) -> Response<Outgoing> {
    answer.extensions_mut().insert(ResetWith(reason));
    answer
}

/// No link to the server could be had.
pub fn unreachable(recorder: &Recorder, error: &LinkError) -> Response<Outgoing> {
    match &error.peer {
        Err(NoPeer::Refused) => recorder.refused(error.trouble, NoPeer::Refused),
        peer => recorder.failed(Side::Upstream, error.trouble, Some(peer.clone())),
    }
    recorder.failed_of(error.fault, error.certificate.clone());
    refusal(status_for(error.trouble), error.trouble, &error.reason)
}

/// The link was there, and the exchange on it went wrong before a response came.
pub fn broken(recorder: &Recorder, trouble: Trouble, host: &str) -> Response<Outgoing> {
    if recorder.client_failed() {
        recorder.client_left();
    } else {
        recorder.failed(Side::Upstream, trouble, None);
    }
    let reason = match trouble {
        Trouble::HttpResponseTimeout => format!("`{host}` did not answer in time"),
        Trouble::HttpProtocolError => format!("`{host}` answered with something that is not valid HTTP"),
        Trouble::TlsAlertReceived => format!("`{host}` ended the TLS connection with an alert"),
        _ => format!("`{host}` closed the connection before its answer was whole"),
    };
    refusal(status_for(trouble), trouble, &reason)
}
