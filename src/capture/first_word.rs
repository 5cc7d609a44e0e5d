//! Who speaks first through a new tunnel. A client that waits for its server is told from one that is only slow by what the
//! server does, not by a clock.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The first thing that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstWord {
    Client,
    Server,
    /// The client sends nothing, and nothing was heard from the server after that.
    ClientEnded,
    /// The client's connection broke.
    ClientBroke,
    /// The server closed or broke before anybody spoke.
    ServerEnded,
    /// Nothing happened within the limit.
    Nobody,
}

/// A server that has something to say to a client that has finished says it within this.
const BANNER: Duration = Duration::from_secs(2);

/// Wait for the first bytes of either side, for `limit` at most. What was read stands in `from_client` or `from_server`.
pub async fn first_word<C, S>(
    client: &mut C,
    from_client: &mut Vec<u8>,
    server: &mut S,
    from_server: &mut Vec<u8>,
    limit: Duration,
) -> FirstWord
where
    C: AsyncRead + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    from_client.reserve(1 << 10);
    from_server.reserve(1 << 10);
    let first = tokio::select! {
        biased;
        read = client.read_buf(from_client) => match read {
            Ok(0) => FirstWord::ClientEnded,
            Ok(_) => FirstWord::Client,
            Err(_) => FirstWord::ClientBroke,
        },
        read = server.read_buf(from_server) => match read {
            Ok(0) | Err(_) => FirstWord::ServerEnded,
            Ok(_) => FirstWord::Server,
        },
        () = tokio::time::sleep(limit) => FirstWord::Nobody,
    };
    if first == FirstWord::ClientEnded && server.shutdown().await.is_ok() {
        // Half a close is a client's way to say that it only listens.
        return match timeout(BANNER, server.read_buf(from_server)).await {
            Ok(Ok(1..)) => FirstWord::Server,
            _ => FirstWord::ClientEnded,
        };
    }
    first
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    async fn ask(client: &mut DuplexStream, server: &mut DuplexStream) -> (String, Vec<u8>, Vec<u8>) {
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        let limit = Duration::from_millis(5);
        let first = first_word(client, &mut from_client, server, &mut from_server, limit).await;
        (format!("{first:?}"), from_client, from_server)
    }

    #[tokio::test]
    async fn whoever_speaks_first_is_heard() {
        let (mut near_client, mut client) = tokio::io::duplex(64);
        let (mut near_server, mut server) = tokio::io::duplex(64);
        assert_eq!(ask(&mut near_client, &mut near_server).await.0, "Nobody");
        server.write_all(b"220 hi").await.unwrap();
        assert_eq!(
            ask(&mut near_client, &mut near_server).await,
            ("Server".to_owned(), Vec::new(), b"220 hi".to_vec())
        );
        client.write_all(b"\x16").await.unwrap();
        assert_eq!(ask(&mut near_client, &mut near_server).await, ("Client".to_owned(), b"\x16".to_vec(), Vec::new()));
        client.shutdown().await.unwrap();
        server.write_all(b"bye").await.unwrap();
        assert_eq!(ask(&mut near_client, &mut near_server).await, ("Server".to_owned(), Vec::new(), b"bye".to_vec()));
        drop(server);
        assert_eq!(ask(&mut near_client, &mut near_server).await.0, "ClientEnded");
    }

    #[tokio::test]
    async fn a_server_that_leaves_is_no_word() {
        let (mut near_client, _client) = tokio::io::duplex(64);
        let (mut near_server, server) = tokio::io::duplex(64);
        drop(server);
        assert_eq!(ask(&mut near_client, &mut near_server).await.0, "ServerEnded");
    }
}
