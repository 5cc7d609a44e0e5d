//! SOCKS5 (RFC 1928): greeting, name and password where accounts are kept (RFC 1929), `CONNECT`; then the same as after an
//! HTTP `CONNECT`.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::accounts::Attempt;
use super::connect::{is_own_name, open, reach, serve_own_name};
use super::duplex::{ClientStream, say_goodbye};
use super::proxy::{ClientConnection, Proxy};
use super::replay::Replayed;
use super::socks5::{
    self, CONNECT, Credentials, HostTrouble, NO_AUTHENTICATION, NO_METHOD, PASSWORD, Step, credentials, greeting, reply,
};
use crate::exchange::Trouble;

const SUCCEEDED: u8 = 0;
const GENERAL_FAILURE: u8 = 1;
const NOT_ALLOWED: u8 = 2;
const HOST_UNREACHABLE: u8 = 4;
const REFUSED: u8 = 5;
const TTL_EXPIRED: u8 = 6;
const COMMAND_NOT_SUPPORTED: u8 = 7;
const ADDRESS_NOT_SUPPORTED: u8 = 8;

/// Serve one SOCKS5 client. `bytes` were read of it already.
pub async fn serve_socks(
    proxy: &Arc<Proxy>,
    connection: ClientConnection,
    bytes: Vec<u8>,
    stream: ClientStream,
) -> io::Result<()> {
    let mut dialogue = Dialogue { bytes, stream };
    let negotiating = negotiate(proxy, connection, &mut dialogue);
    let limit = proxy.config.limits.handshake;
    let (connection, request) = tokio::time::timeout(limit, negotiating).await??;
    let connection = connection.by_socks();
    let host = match (request.command, request.host) {
        (CONNECT, Ok(host)) if request.port != 0 => host.to_string(),
        (CONNECT, Err(HostTrouble::Kind)) => return dialogue.refuse(ADDRESS_NOT_SUPPORTED).await,
        (CONNECT, _) => return dialogue.refuse(GENERAL_FAILURE).await,
        // BIND, and UDP ASSOCIATE: a UDP relay could not be opened, and would hide what passes.
        _ => return dialogue.refuse(COMMAND_NOT_SUPPORTED).await,
    };
    if is_own_name(&host, request.port) {
        dialogue.stream.write_all(&reply(SUCCEEDED)).await?;
        return serve_own_name(proxy, dialogue.into_stream()).await;
    }
    match reach(proxy, &connection, &host, request.port).await {
        Ok((tunnel, dialled)) => {
            dialogue.stream.write_all(&reply(SUCCEEDED)).await?;
            Box::pin(open(tunnel, dialogue.into_stream(), dialled)).await;
            Ok(())
        }
        Err(error) => dialogue.refuse(code_of(error.trouble)).await,
    }
}

/// SOCKS4 has neither names that resolve here nor IPv6 nor passwords; its refusal (91) is said in its own form.
pub async fn refuse_socks4(stream: ClientStream) -> io::Result<()> {
    say_goodbye(stream, &[0, 91, 0, 0, 0, 0, 0, 0]).await?;
    Err(io::Error::other("SOCKS4 is not supported; use SOCKS5"))
}

/// The reply (RFC 1928 section 6) that fits a trouble on the way to the server.
fn code_of(trouble: Trouble) -> u8 {
    match trouble {
        Trouble::ConnectionRefused => REFUSED,
        Trouble::DestinationIpProhibited | Trouble::ProxyLoopDetected | Trouble::HttpRequestDenied => NOT_ALLOWED,
        Trouble::ConnectionTimeout => TTL_EXPIRED,
        Trouble::DnsError | Trouble::DnsTimeout | Trouble::DestinationUnavailable => HOST_UNREACHABLE,
        _ => GENERAL_FAILURE,
    }
}

/// A client, and what was read of it beyond the last message.
struct Dialogue {
    bytes: Vec<u8>,
    stream: ClientStream,
}

impl Dialogue {
    /// The next message, however it is cut; none is longer than a few hundred bytes.
    async fn next<T>(&mut self, read: fn(&[u8]) -> Step<T>) -> io::Result<T> {
        loop {
            match read(&self.bytes) {
                Step::Whole(message, used) => {
                    self.bytes.drain(..used);
                    return Ok(message);
                }
                Step::Malformed => return Err(io::Error::other("the client's SOCKS5 cannot be read")),
                Step::More => {}
            }
            self.bytes.reserve(1 << 10);
            if self.stream.read_buf(&mut self.bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    async fn refuse(self, code: u8) -> io::Result<()> {
        say_goodbye(self.stream, &reply(code)).await?;
        Err(io::Error::other(format!("a SOCKS5 request was refused with code {code}")))
    }

    fn into_stream(self) -> ClientStream {
        Box::new(Replayed::new(self.bytes, self.stream))
    }
}

async fn negotiate(
    proxy: &Proxy,
    connection: ClientConnection,
    dialogue: &mut Dialogue,
) -> io::Result<(ClientConnection, socks5::Request)> {
    let offered = dialogue.next(greeting).await?;
    let chosen = match &proxy.entry.accounts {
        Some(_) if offered.password => PASSWORD,
        None if offered.none => NO_AUTHENTICATION,
        _ => NO_METHOD,
    };
    dialogue.stream.write_all(&[5, chosen]).await?;
    let connection = match chosen {
        NO_AUTHENTICATION => connection,
        PASSWORD => prove(proxy, connection, dialogue).await?,
        _ => {
            if proxy.entry.accounts.is_some() {
                proxy.counters.authentication("missing");
            }
            dialogue.stream.shutdown().await?;
            return Err(io::Error::other("the client offers no way to prove who it is that is wanted here"));
        }
    };
    let request = dialogue.next(socks5::request).await?;
    Ok((connection, request))
}

/// Name and password; a wrong pair ends the connection (RFC 1929 section 2).
async fn prove(proxy: &Proxy, connection: ClientConnection, dialogue: &mut Dialogue) -> io::Result<ClientConnection> {
    let Credentials { user, password } = dialogue.next(credentials).await?;
    let from = connection.client.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let attempt = match &proxy.entry.accounts {
        Some(accounts) => accounts.check(from, &user, &password).await,
        None => Attempt::Wrong,
    };
    proxy.counters.attempted(&attempt);
    match attempt {
        Attempt::Right(name) => {
            dialogue.stream.write_all(&[1, 0]).await?;
            Ok(connection.of_user(proxy, name))
        }
        Attempt::Wrong | Attempt::TooMany => {
            dialogue.stream.write_all(&[1, 1]).await?;
            dialogue.stream.shutdown().await?;
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "a name and password were wrong"))
        }
    }
}
