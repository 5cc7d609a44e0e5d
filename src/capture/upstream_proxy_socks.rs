//! `CONNECT` as a SOCKS5 client (RFC 1928, RFC 1929).

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::upstream_proxy::{ProxyCredentials, Unreached, Wanted};
use super::wire::Wire;
use crate::exchange::Trouble;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USERNAME_PASSWORD: u8 = 2;

pub(super) async fn connect(
    wire: &mut Wire,
    credentials: Option<&ProxyCredentials>,
    wanted: &Wanted,
) -> Result<(), Unreached> {
    let broke = |error: io::Error| Unreached::broke(&error);
    authenticate(wire, credentials).await.map_err(broke)??;
    wire.write_all(&request(wanted)).await.map_err(broke)?;
    wire.flush().await.map_err(broke)?;
    match reply(wire).await.map_err(broke)? {
        0 => Ok(()),
        code => Err(refused(code)),
    }
}

async fn authenticate(wire: &mut Wire, credentials: Option<&ProxyCredentials>) -> io::Result<Result<(), Unreached>> {
    let greeting: &[u8] = match credentials {
        Some(_) => &[VERSION, 2, NO_AUTHENTICATION, USERNAME_PASSWORD],
        None => &[VERSION, 1, NO_AUTHENTICATION],
    };
    wire.write_all(greeting).await?;
    wire.flush().await?;
    let mut choice = [0; 2];
    wire.read_exact(&mut choice).await?;
    let refused = |reason: &str| Ok(Err(Unreached::because(Trouble::ProxyConfigurationError, reason)));
    match (choice, credentials) {
        ([VERSION, NO_AUTHENTICATION], _) => Ok(Ok(())),
        ([VERSION, USERNAME_PASSWORD], Some(credentials)) => {
            let mut message = vec![1];
            for part in [&credentials.user, &credentials.password] {
                // At most 255 bytes, as reading the file made sure.
                message.push(u8::try_from(part.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?);
                message.extend_from_slice(part.as_bytes());
            }
            wire.write_all(&message).await?;
            wire.flush().await?;
            let mut answer = [0; 2];
            wire.read_exact(&mut answer).await?;
            if answer[1] == 0 { Ok(Ok(())) } else { refused("the upstream proxy does not accept its credentials") }
        }
        ([VERSION, _], _) => refused("the upstream proxy wants to be authenticated to in a way that is not configured"),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn request(wanted: &Wanted) -> Vec<u8> {
    let mut message = vec![VERSION, 1, 0];
    match (wanted.host.ip(), wanted.host.dns()) {
        (Some(IpAddr::V4(address)), _) => {
            message.push(1);
            message.extend_from_slice(&address.octets());
        }
        (Some(IpAddr::V6(address)), _) => {
            message.push(4);
            message.extend_from_slice(&address.octets());
        }
        (None, name) => {
            // A host name has at most 253 bytes.
            let name = name.unwrap_or_default().as_bytes();
            message.push(3);
            message.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            message.extend_from_slice(name);
        }
    }
    message.extend_from_slice(&wanted.port.to_be_bytes());
    message
}

/// The reply's code; the address bound is read off, and tells nothing.
async fn reply(wire: &mut Wire) -> io::Result<u8> {
    let mut head = [0; 4];
    wire.read_exact(&mut head).await?;
    let [VERSION, code, _, kind] = head else { return Err(io::ErrorKind::InvalidData.into()) };
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(wire.read_u8().await?),
        // Some proxies say no more when they refuse.
        _ if code != 0 => return Ok(code),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let mut bound = vec![0; length + 2];
    wire.read_exact(&mut bound).await?;
    Ok(code)
}

fn refused(code: u8) -> Unreached {
    let (trouble, what) = match code {
        2 => (Trouble::DestinationUnavailable, "may not connect there by its rules"),
        3 | 4 => (Trouble::DestinationUnavailable, "cannot reach the host"),
        5 => (Trouble::ConnectionRefused, "was refused by the host"),
        6 => (Trouble::ConnectionTimeout, "got no answer from the host in time"),
        _ => (Trouble::DestinationUnavailable, "could not connect"),
    };
    Unreached::because(trouble, format!("the upstream proxy {what} (SOCKS reply {code})"))
}

#[cfg(test)]
mod tests {
    use super::super::host::LeafName;
    use super::*;

    #[test]
    fn names_go_to_the_proxy_as_names() {
        let wanted = |host: &str| request(&Wanted { host: LeafName::parse(host).unwrap(), port: 443 });
        assert_eq!(wanted("a.example"), [&[5, 1, 0, 3, 9][..], b"a.example", &[1, 187]].concat());
        assert_eq!(wanted("192.0.2.1"), [5, 1, 0, 1, 192, 0, 2, 1, 1, 187]);
        assert_eq!(wanted("::1")[..4], [5, 1, 0, 4]);
    }
}
