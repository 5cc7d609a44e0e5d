//! Accepting connections under limits, and ending in order.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::guard::Local;
use super::{Admin, routes};

/// Connections at once; the next ones wait in the listener's backlog.
const CONNECTIONS: usize = 128;
/// Request line and header fields, in bytes, and their number.
const HEADER_BLOCK: usize = 16 << 10;
const HEADER_FIELDS: usize = 64;
/// To send a header block; also how long a kept connection may be idle.
const HEADER_READ: Duration = Duration::from_secs(10);
/// Whatever a connection does, it ends after this.
const CONNECTION_LIFE: Duration = Duration::from_secs(300);
/// To finish the answers under way at the end.
const DRAIN: Duration = Duration::from_secs(5);

/// Serve until `shutdown` is cancelled, then finish what is under way. A listener that is not on loopback has to come with
/// a token, else everything but health and the CA is refused.
pub async fn serve(listener: TcpListener, admin: Admin, shutdown: CancellationToken) -> io::Result<()> {
    let router = routes::router(Arc::new(admin));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, router.clone(), shutdown.clone()));
            }
            Err(error) => {
                // Out of descriptors, mostly: wait for some to come back rather than spin.
                warn!(%error, "cannot accept a connection on the admin listener");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    if timeout(DRAIN, async { while connections.join_next().await.is_some() {} }).await.is_err() {
        debug!("admin connections were cut at the end of their time");
    }
    Ok(())
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, shutdown: CancellationToken) {
    let local = match stream.local_addr() {
        Ok(local) => local,
        Err(error) => return debug!(%peer, %error, "an admin connection ended before it was served"),
    };
    let service = TowerToHyperService::new(router.layer(Extension(Local(local))));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ)
        .max_buf_size(HEADER_BLOCK)
        .max_headers(HEADER_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let outcome = timeout(CONNECTION_LIFE, async {
        tokio::select! {
            done = serving.as_mut() => done,
            () = shutdown.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.as_mut().await
            }
        }
    });
    match outcome.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%peer, %error, "an admin connection broke"),
        Err(_) => debug!(%peer, "an admin connection was cut at the end of its time"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::path::PathBuf;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::{Api, CaFacts, Token};
    use super::*;
    use crate::capture::{Learnt, PinningOptions};

    fn admin(token: Option<Token>) -> Admin {
        Admin {
            proxy: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            hosts: Vec::new(),
            token,
            metrics: Arc::new(|| "landfall_build_info 1\n".to_owned()),
            ready: Arc::new(|| Err("the ledger cannot be written".to_owned())),
            ca: CaFacts {
                pem: "PEM".to_owned(),
                der: vec![0x30, 0x82],
                fingerprint: "AB:CD".to_owned(),
                path: PathBuf::from("/data/ca.pem"),
            },
            api: Api {
                token: Token::open_or_create(tempfile::tempdir().expect("a directory").path()).expect("a token"),
                learnt: Arc::new(Learnt::new(PinningOptions::default())),
                audit: Arc::new(|_, _| ()),
                reload: Arc::new(|| Err("a pack does not hold".to_owned())),
            },
        }
    }

    /// Send each raw request on a connection of its own; the raw answers.
    async fn ask(admin: Admin, requests: &[String]) -> Vec<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, admin, shutdown.clone()));
        let mut answers = Vec::new();
        for request in requests {
            let mut stream = TcpStream::connect(address).await.expect("a connection");
            stream.write_all(request.as_bytes()).await.expect("the request is sent");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("an answer");
            answers.push(String::from_utf8_lossy(&answer).into_owned());
        }
        shutdown.cancel();
        server.await.expect("no panic").expect("it ended in order");
        answers
    }

    fn get(path: &str, more: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n")
    }

    async fn check(admin: Admin, cases: &[(String, u16, &str)]) {
        let requests: Vec<_> = cases.iter().map(|(request, ..)| request.clone()).collect();
        for ((request, status, body), answer) in cases.iter().zip(ask(admin, &requests).await) {
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}\n{answer}");
            assert!(answer.contains(body), "{request}\n{answer}");
            for header in ["frame-ancestors 'none'", "x-content-type-options: nosniff", "cache-control: no-store"] {
                assert!(answer.contains(header), "`{header}` is missing\n{answer}");
            }
        }
    }

    #[tokio::test]
    async fn on_loopback_everything_is_open_to_its_own_names() {
        let foreign = get("/metrics", "").replace("localhost", "evil.example");
        let cases = [
            (get("/metrics", ""), 200, "landfall_build_info 1"),
            (get("/-/healthy", ""), 200, "healthy"),
            (get("/-/ready", ""), 503, "not ready: the ledger cannot be written"),
            (get("/ca.pem", ""), 200, "application/x-pem-file"),
            (get("/ca.crt", ""), 200, "application/x-x509-ca-cert"),
            (get("/proxy.pac", ""), 200, "return \"PROXY 127.0.0.1:8080\";"),
            (get("/", ""), 200, "AB:CD"),
            (get("/style.css", ""), 200, "text/css"),
            (get("/nothing", ""), 404, "404"),
            (get("/metrics", "").replace("GET", "POST"), 405, "allow: GET, HEAD"),
            (get("/metrics", "").replace("GET", "DELETE"), 405, "allow: GET, HEAD"),
            (foreign.clone(), 421, "Landfall's admin listener"),
            (foreign.replace("/metrics", "/nothing"), 421, "Landfall's admin listener"),
        ];
        check(admin(None), &cases).await;
    }

    #[tokio::test]
    async fn with_a_token_only_health_and_the_ca_are_open() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let token = Token::open_or_create(dir.path()).expect("a token");
        let text = std::fs::read_to_string(dir.path().join(super::super::TOKEN_FILE)).expect("its file");
        let bearer = format!("Authorization: Bearer {}\r\n", text.trim());
        let cases = [
            (get("/-/healthy", ""), 200, "healthy"),
            (get("/-/ready", ""), 503, "not ready"),
            (get("/ca.pem", ""), 200, "PEM"),
            (get("/ca.crt", ""), 200, ""),
            (get("/metrics", ""), 401, "www-authenticate: Bearer"),
            (get("/", ""), 401, "admin.token"),
            (get("/proxy.pac", ""), 401, ""),
            (get("/nothing", ""), 401, ""),
            (get("/metrics", "Authorization: Bearer 0000\r\n"), 401, ""),
            (get("/metrics", &bearer.replace("Bearer", "Basic")), 401, ""),
            (get("/metrics", &bearer), 200, "landfall_build_info"),
        ];
        check(admin(Some(token)), &cases).await;
    }

    #[tokio::test]
    async fn a_head_request_gets_no_body_and_a_huge_header_is_refused() {
        let head = get("/metrics", "").replace("GET", "HEAD");
        let huge = get("/metrics", &format!("X: {}\r\n", "x".repeat(2 * HEADER_BLOCK)));
        let answers = ask(admin(None), &[head, huge]).await;
        assert!(answers[0].starts_with("HTTP/1.1 200 ") && answers[0].ends_with("\r\n\r\n"), "{}", answers[0]);
        assert!(answers[1].starts_with("HTTP/1.1 431 "), "{}", answers[1]);
    }
}
