//! A guard between a peer that misbehaves and a reader that would believe it.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

const LIMITS: GuardLimits =
    GuardLimits { head: 1 << 10, fields: 8, head_time: Duration::from_secs(30), idle: Duration::from_secs(300) };

fn guarded(peer: Peer) -> (DuplexStream, Guard<DuplexStream>, Arc<Wire>) {
    let (outside, inside) = duplex(1 << 16);
    let wire = Arc::<Wire>::default();
    (outside, Guard::new(inside, peer, LIMITS, Arc::clone(&wire)), wire)
}

/// Everything that gets through to the reader.
async fn through(guard: &mut Guard<DuplexStream>) -> (String, Option<io::ErrorKind>) {
    let mut got = Vec::new();
    let ended = guard.read_to_end(&mut got).await.err().map(|error| error.kind());
    (String::from_utf8_lossy(&got).into_owned(), ended)
}

#[tokio::test]
async fn whole_requests_pass_and_a_bad_one_becomes_a_refusal() {
    let (mut client, mut guard, wire) = guarded(Peer::Client);
    let good = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let bad = "GET /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    client.write_all(format!("{good}{bad}").as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let (got, ended) = through(&mut guard).await;
    assert_eq!((got.as_str(), ended), (&*format!("{good}GET /b HTTP/1.1\r\nConnection: close\r\n\r\n"), None));
    assert_eq!(wire.next().fault(), None);
    assert_eq!(wire.next().fault().map(|fault| fault.status), Some(StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn a_bad_chunk_ends_the_body_with_an_error() {
    let (mut client, mut guard, wire) = guarded(Peer::Client);
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut got = vec![0; head.len()];
    guard.read_exact(&mut got).await.unwrap();
    client.write_all(b"3\nabc\r\n").await.unwrap();
    assert_eq!(through(&mut guard).await.1, Some(io::ErrorKind::InvalidData));
    assert!(wire.next().fault().is_some());
}

#[tokio::test]
async fn what_follows_a_switch_is_not_read_before_the_answer() {
    let (mut client, mut guard, _wire) = guarded(Peer::Client);
    let connect = "CONNECT a:443 HTTP/1.1\r\n\r\n";
    client.write_all(format!("{connect}\x16\x03\x01 not a head \n").as_bytes()).await.unwrap();
    let mut got = vec![0; connect.len()];
    guard.read_exact(&mut got).await.unwrap();
    let mut more = [0; 32];
    assert!(tokio::time::timeout(Duration::ZERO, guard.read(&mut more)).await.is_err());
    guard.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let read = guard.read(&mut more).await.unwrap();
    assert_eq!(&more[..read], b"\x16\x03\x01 not a head \n");
}

#[tokio::test]
async fn trailers_and_informational_responses_go_where_they_belong() {
    let (mut client, mut guard, wire) = guarded(Peer::Client);
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    guard.read_exact(&mut [0; 27]).await.unwrap();
    let message = wire.next();
    let fields: http::HeaderMap = [(http::header::LINK, http::HeaderValue::from_static("</a>"))].into_iter().collect();
    assert!(message.inform(103, &fields));
    guard.flush().await.unwrap();
    message.trailers(&fields);
    let body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n";
    guard.write_all(body).await.unwrap();
    guard.shutdown().await.unwrap();
    drop(guard);
    let mut got = String::new();
    client.read_to_string(&mut got).await.unwrap();
    let expect = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nlink: </a>\r\n\r\n";
    assert_eq!(got, expect);
}

#[tokio::test]
async fn a_server_that_answers_twice_is_not_believed() {
    let (mut server, mut guard, _wire) = guarded(Peer::Server);
    guard.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
    server.write_all(format!("{answer}{answer}").as_bytes()).await.unwrap();
    let mut got = vec![0; answer.len()];
    guard.read_exact(&mut got).await.unwrap();
    assert!(guard.write_all(b"GET /next HTTP/1.1\r\n").await.is_err());
}
