//! The longest prefix that holds an address.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::address;

/// Values by address range; the longest range that holds an address answers.
#[derive(Debug)]
pub(super) struct PrefixMap<T> {
    ranges: HashMap<IpNet, T>,
    /// Lengths in use for IPv4 and for IPv6, longest first.
    lengths: [Vec<u8>; 2],
}

impl<T> Default for PrefixMap<T> {
    fn default() -> Self {
        Self { ranges: HashMap::new(), lengths: [Vec::new(), Vec::new()] }
    }
}

impl<T> PrefixMap<T> {
    /// Returns the value that the very same range had before.
    pub fn insert(&mut self, range: IpNet, value: T) -> Option<T> {
        let [v4, v6] = &mut self.lengths;
        let lengths = if range.addr().is_ipv4() { v4 } else { v6 };
        if let Err(at) = lengths.binary_search_by(|length| range.prefix_len().cmp(length)) {
            lengths.insert(at, range.prefix_len());
        }
        self.ranges.insert(range, value)
    }

    pub fn get(&self, address: IpAddr) -> Option<(&IpNet, &T)> {
        let [v4, v6] = &self.lengths;
        let lengths = if address.is_ipv4() { v4 } else { v6 };
        lengths.iter().find_map(|length| {
            let range = IpNet::new(address, *length).ok()?.trunc();
            self.ranges.get_key_value(&range)
        })
    }
}

/// A range as people write it: CIDR, or a single address. The error says what is wrong.
pub(super) fn parse(text: &str) -> Result<IpNet, &'static str> {
    let range = match text.parse::<IpNet>() {
        Ok(range) => range,
        Err(_) => text.parse::<IpAddr>().map(IpNet::from).map_err(|_| "no address range")?,
    };
    check(range).map(|()| range)
}

/// Refuse a range that no look-up could ever find. The error says what is wrong.
pub(super) fn check(range: IpNet) -> Result<(), &'static str> {
    if range.trunc() != range {
        return Err("the address has bits set beyond the prefix length");
    }
    if address::unwrap(range.addr()) != range.addr() {
        return Err("IPv4 inside IPv6 is looked up as IPv4: write the IPv4 range");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_range_answers() {
        let mut map = PrefixMap::default();
        for (range, value) in [("10.0.0.0/8", 8), ("10.1.2.3", 32), ("10.1.0.0/16", 16), ("fd00::/8", 6)] {
            assert_eq!(map.insert(parse(range).expect("test range"), value), None);
        }
        let check = |address: &str, expect: Option<i32>| {
            let address = address.parse().expect("test address");
            assert_eq!(map.get(address).map(|(_, value)| *value), expect, "{address}");
        };
        check("10.9.9.9", Some(8));
        check("10.1.9.9", Some(16));
        check("10.1.2.3", Some(32));
        check("11.0.0.0", None);
        check("fd12::1", Some(6));
        check("fe80::1", None);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for wrong in ["", "10.0.0.0/33", "10.0.0.1/8", "example.com", "::ffff:10.0.0.0/104", "10.0.0.0/"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
