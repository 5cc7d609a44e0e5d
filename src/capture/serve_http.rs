//! The client's side of HTTP: one connection, its requests handed to a service, ended in good order at shutdown.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::Outgoing;
use super::executor::Tracked;
use super::h1_guard::{Guard, Peer};
use super::h1_wire::Wire;
use super::h2_guard::H2Guard;
use super::h2_request::{ResetWith, StreamReset};
use super::proxy::Proxy;
use super::upstream::{CONNECTION_WINDOW, Protocol, STREAM_WINDOW};

/// Serve one connection until it ends. `half_close`: the client may close its sending side and still get its answer, as
/// it may without TLS; the price is that its leaving is noticed only on writing.
pub async fn serve_http<S, F, A>(
    proxy: &Proxy,
    stream: S,
    protocol: Protocol,
    half_close: bool,
    service: F,
) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    F: Fn(Request<Incoming>) -> A + Send,
    A: Future<Output = Result<Response<Outgoing>, Infallible>> + Send + 'static,
{
    let limits = &proxy.config.limits;
    match protocol {
        Protocol::Http1 => {
            let wire = Arc::<Wire>::default();
            let io = TokioIo::new(Guard::new(stream, Peer::Client, limits.guard(), Arc::clone(&wire)));
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(wire.next());
                service(request)
            });
            let connection = http1::Builder::new()
                .preserve_header_case(true)
                .auto_date_header(false)
                .half_close(half_close)
                // The guard holds to the limits, and to how long a head may take.
                .max_headers(limits.header_fields + 1)
                .max_header_size(limits.header_block * 2)
                .max_buf_size(limits.header_block.max(8 << 10) * 2)
                .header_read_timeout(None)
                .serve_connection(io, service)
                .with_upgrades();
            tokio::pin!(connection);
            tokio::select! {
                result = connection.as_mut() => return result,
                () = proxy.shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                result = connection => result,
                () = proxy.deadline.cancelled() => Ok(()),
            }
        }
        Protocol::Http2 => {
            let io = TokioIo::new(H2Guard::new(stream, true, limits.h2_control_frames));
            let connection = http2::Builder::new(Tracked(proxy.tasks.clone()))
                .auto_date_header(false)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_concurrent_streams(limits.h2_streams)
                .max_header_list_size(u32::try_from(limits.header_block).unwrap_or(u32::MAX))
                .keep_alive_interval(limits.idle)
                .timer(TokioTimer::new())
                .serve_connection(io, service_fn(move |request| resettable(service(request))));
            tokio::pin!(connection);
            tokio::select! {
                result = connection.as_mut() => return result,
                () = proxy.shutdown.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                result = connection => result,
                () = proxy.deadline.cancelled() => Ok(()),
            }
        }
    }
}

/// A response may stand for the reset of its stream.
async fn resettable<A>(answer: A) -> Result<Response<Outgoing>, StreamReset>
where
    A: Future<Output = Result<Response<Outgoing>, Infallible>>,
{
    let response = answer.await.unwrap_or_else(|never| match never {});
    match response.extensions().get::<ResetWith>() {
        Some(reset) => Err(StreamReset::from(*reset)),
        None => Ok(response),
    }
}
