//! IPv4 addresses that hide inside IPv6 ones: a rule about the one must hold for the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Every address that packets to `address` can end up at: itself, in its plain form, and the IPv4 address it embeds.
pub(super) fn readings(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let plain = address.to_canonical();
    let inner = match plain {
        IpAddr::V6(v6) => embedded_v4(v6),
        IpAddr::V4(_) => None,
    };
    [Some(plain), inner.map(IpAddr::V4)].into_iter().flatten()
}

/// The IPv4 address a translator or tunnel would send to.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // `::` and `::1` are addresses of their own.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // IPv4-compatible (RFC 4291 section 2.5.5.1).
        [0, 0, 0, 0, 0, 0, a, b] => low(a, b),
        // IPv4-translated (RFC 2765 section 2.1).
        [0, 0, 0, 0, 0xffff, 0, a, b] => low(a, b),
        // NAT64, the well-known prefix and the one for local use (RFC 6052, RFC 8215).
        [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x64, 0xff9b, 1, _, _, _, a, b] => low(a, b),
        // 6to4 (RFC 3056).
        [0x2002, a, b, ..] => low(a, b),
        // Teredo: the client's address, inverted (RFC 4380 section 4).
        [0x2001, 0, _, _, _, _, a, b] => low(!a, !b),
        // ISATAP (RFC 5214 section 6.1).
        [_, _, _, _, 0 | 0x200, 0x5efe, a, b] => low(a, b),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_addresses_are_found() {
        #[track_caller]
        fn check(address: &str, expect: &[&str]) {
            let got: Vec<String> = readings(address.parse().unwrap()).map(|it| it.to_string()).collect();
            assert_eq!(got, expect, "{address}");
        }
        check("192.0.2.1", &["192.0.2.1"]);
        check("::ffff:192.0.2.1", &["192.0.2.1"]);
        check("2001:db8::1", &["2001:db8::1"]);
        check("::1", &["::1"]);
        check("::", &["::"]);
        check("::192.0.2.1", &["::c000:201", "192.0.2.1"]);
        check("64:ff9b::192.0.2.1", &["64:ff9b::c000:201", "192.0.2.1"]);
        check("64:ff9b:1::192.0.2.1", &["64:ff9b:1::c000:201", "192.0.2.1"]);
        check("2002:c000:201::5", &["2002:c000:201::5", "192.0.2.1"]);
        check("2001:0:1:2:3:4:3fff:fdfe", &["2001:0:1:2:3:4:3fff:fdfe", "192.0.2.1"]);
        check("2001:db8::5efe:192.0.2.1", &["2001:db8::5efe:c000:201", "192.0.2.1"]);
        check("::ffff:0:192.0.2.1", &["::ffff:0:c000:201", "192.0.2.1"]);
    }
}
