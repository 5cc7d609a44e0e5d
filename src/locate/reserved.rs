//! Addresses that have no public location, by the IANA special-purpose registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What the range an address is in is reserved for; `None` for a public address. IPv4 inside IPv6 is not looked for.
pub(super) fn reserved(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => in_table(V4, u32::from(v4), |&(base, length, _)| (u32::from(base), 32 - length)),
        IpAddr::V6(v6) => in_table(V6, u128::from(v6), |&(base, length, _)| (u128::from(base), 128 - length)),
    }
}

fn in_table<A, N>(
    table: &'static [(A, u32, &'static str)],
    address: N,
    parts: impl Fn(&(A, u32, &'static str)) -> (N, u32),
) -> Option<&'static str>
where
    N: Copy + Eq + std::ops::Shr<u32, Output = N>,
{
    table.iter().find_map(|range| {
        let (base, shift) = parts(range);
        (address >> shift == base >> shift).then_some(range.2)
    })
}

const V4: &[(Ipv4Addr, u32, &str)] = &[
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback (RFC 1122)"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private use (RFC 1918)"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private use (RFC 1918)"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private use (RFC 1918)"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared address space of carriers (RFC 6598)"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local (RFC 3927)"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking (RFC 2544)"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation (RFC 5737)"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol assignments (RFC 6890)"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relays (RFC 7526)"),
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network (RFC 791)"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast (RFC 5771)"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved (RFC 1112)"),
];

const V6: &[(Ipv6Addr, u32, &str)] = &[
    (Ipv6Addr::LOCALHOST, 128, "loopback (RFC 4291)"),
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified (RFC 4291)"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local (RFC 4193)"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local (RFC 4291)"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local (RFC 3879)"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast (RFC 4291)"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation (RFC 3849)"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation (RFC 9637)"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo (RFC 4380)"),
    (Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0), 48, "benchmarking (RFC 5180)"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "local translation (RFC 8215)"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discard (RFC 6666)"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "segment routing (RFC 9602)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_the_registry_says() {
        let check = |input: &str, expect: bool| {
            let address: IpAddr = input.parse().expect("test address");
            assert_eq!(reserved(address).is_some(), expect, "{input}");
        };
        for inside in [
            "127.0.0.1",
            "127.255.255.255",
            "10.1.2.3",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "100.64.0.0",
            "100.127.255.255",
            "169.254.169.254",
            "198.18.0.0",
            "198.19.255.255",
            "192.0.2.9",
            "198.51.100.1",
            "203.0.113.255",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001:0:1::1",
            "64:ff9b:1::1",
        ] {
            check(inside, true);
        }
        for outside in [
            "126.255.255.255",
            "128.0.0.0",
            "11.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "100.63.0.0",
            "100.128.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "192.0.1.0",
            "203.0.114.0",
            "223.255.255.255",
            "::2",
            "2001:db9::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "fbff::1",
        ] {
            check(outside, false);
        }
    }
}
