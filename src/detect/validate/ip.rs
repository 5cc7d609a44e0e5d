//! IP addresses of clients and of their networks: not loopback, not unspecified, not broadcast.

use std::net::{IpAddr, SocketAddr};

pub(super) fn is_client_or_lan_address(value: &str) -> bool {
    let Some(address) = parse(value) else { return false };
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    if is_documentation(address) {
        return false;
    }
    !(address.to_canonical().is_loopback() || address.is_unspecified() || address.is_multicast() || broadcast)
}

/// Networks set aside for examples (RFC 5737, RFC 3849).
fn is_documentation(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(v4.octets(), [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _]),
        IpAddr::V6(v6) => v6.segments()[..2] == [0x2001, 0xdb8],
    }
}

/// Without a name, dotted numbers with small parts are as likely a version.
pub(super) fn is_address_without_a_name(value: &str) -> bool {
    match parse(value) {
        Some(IpAddr::V4(v4)) => v4.octets()[0] != 0 && v4.octets().iter().filter(|&&part| part > 31).count() >= 2,
        Some(IpAddr::V6(v6)) => v6.segments().iter().filter(|&&part| part != 0).count() >= 3,
        None => false,
    }
}

/// Beside a word in a text: one large part is enough to tell it from a version.
pub(super) fn is_address_in_text(value: &str) -> bool {
    let large = |v4: std::net::Ipv4Addr| v4.octets()[0] != 0 && v4.octets().iter().any(|&part| part > 31);
    is_client_or_lan_address(value) && matches!(parse(value), Some(IpAddr::V4(v4)) if large(v4))
}

fn parse(value: &str) -> Option<IpAddr> {
    let value = value.trim();
    let bare = value.split('%').next().unwrap_or(value).trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| value.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}
