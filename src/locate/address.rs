//! The IPv4 address inside an IPv6 one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Take IPv4 out of an IPv4-mapped (RFC 4291), 6to4 (RFC 3056) or well-known NAT64 (RFC 6052) address: databases know
/// the host by the address inside.
pub(super) fn unwrap(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(bytes(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(bytes(high, low)),
        [0x2002, high, low, ..] => Some(bytes(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_is_found_in_every_wrapping() {
        let check = |input: &str, expect: &str| {
            let input: IpAddr = input.parse().expect("test address");
            assert_eq!(unwrap(input).to_string(), expect);
        };
        check("192.0.2.1", "192.0.2.1");
        check("::ffff:8.8.4.4", "8.8.4.4");
        check("64:ff9b::808:404", "8.8.4.4");
        check("2002:808:404::1", "8.8.4.4");
        check("64:ff9b:1::808:404", "64:ff9b:1::808:404");
        check("::8.8.4.4", "::808:404");
        check("2001:db8::1", "2001:db8::1");
    }
}
