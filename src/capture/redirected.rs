//! Where a connection was going before the system's packet filter redirected it here.

use std::net::SocketAddr;

use tokio::net::TcpStream;

/// The original destination after an iptables or nftables `REDIRECT`; `None` where there was none, or the system keeps
/// no account of connections.
#[cfg(target_os = "linux")]
pub fn original_destination(stream: &TcpStream) -> Option<SocketAddr> {
    let local = stream.local_addr().ok()?;
    let socket = socket2::SockRef::from(stream);
    // A listener on `::` takes IPv4 clients, too, which the account keeps as such.
    let original = match local.ip().to_canonical().is_ipv4() {
        true => socket.original_dst_v4(),
        false => socket.original_dst_v6(),
    };
    let original = canonical(original.ok()?.as_socket()?);
    (original != canonical(local)).then_some(original)
}

/// Only Linux tells.
#[cfg(not(target_os = "linux"))]
pub fn original_destination(_: &TcpStream) -> Option<SocketAddr> {
    None
}

/// An IPv4 address in its plain form, without zone and flow label.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_made_to_the_listener_itself_has_none() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert_eq!(original_destination(&stream), None);
    }
}
