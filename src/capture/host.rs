//! Host names as Landfall compares them: lower-case A-labels, or addresses whatever their spelling.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest name in presentation form without its trailing dot (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 253;
/// Longest label.
const MAX_LABEL: usize = 63;

/// Why a text is not a host. The text itself is left out: it came from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    #[error("the host name is empty")]
    Empty,
    #[error("the host name is longer than 253 characters")]
    TooLong,
    #[error("a label of the host name is empty or longer than 63 characters")]
    Label,
    #[error("the host name holds a character that no host name has; names beyond ASCII are sent as A-labels (`xn--…`)")]
    Character,
    #[error("the host looks like an IP address but is none")]
    Address,
}

/// A host that a certificate can be made for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeafName(Kind);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Kind {
    Dns(String),
    Ip(IpAddr),
}

impl LeafName {
    /// Reads a host from a `CONNECT` target, an SNI or a URL: case, a trailing dot and brackets do not matter, and
    /// addresses may be spelled in any way [`ip_literal`] knows.
    pub fn parse(host: &str) -> Result<Self, HostError> {
        if let Some(address) = ip_literal(host) {
            return Ok(Self(Kind::Ip(address)));
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        match name {
            "" => return Err(HostError::Empty),
            _ if name.contains([':', '[', ']']) => return Err(HostError::Address),
            _ if name.len() > MAX_NAME => return Err(HostError::TooLong),
            _ => {}
        }
        // Underscores are not in the letter of RFC 1123, but in real names of services.
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !name.bytes().all(known) {
            return Err(HostError::Character);
        }
        if !name.split('.').all(|label| (1..=MAX_LABEL).contains(&label.len())) {
            return Err(HostError::Label);
        }
        // No top-level domain is a number, so that this can only be an address gone wrong (RFC 3696 section 2).
        if name.rsplit('.').next().is_some_and(|last| number(last).is_some()) {
            return Err(HostError::Address);
        }
        Ok(Self(Kind::Dns(name.to_ascii_lowercase())))
    }

    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Ip(address) => Some(address),
            Kind::Dns(_) => None,
        }
    }

    /// The name, when the host is one: lower-case, without trailing dot.
    pub fn dns(&self) -> Option<&str> {
        match &self.0 {
            Kind::Dns(name) => Some(name),
            Kind::Ip(_) => None,
        }
    }
}

impl From<IpAddr> for LeafName {
    fn from(address: IpAddr) -> Self {
        Self(Kind::Ip(address))
    }
}

impl fmt::Display for LeafName {
    /// Without brackets, as in the record's `host`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Dns(name) => f.write_str(name),
            Kind::Ip(address) => address.fmt(f),
        }
    }
}

/// The address that a host spells, if it spells one: IPv6 with or without brackets, dotted decimal, and the forms that
/// `inet_aton` and browsers read too (`0x7f.1`, `2130706433`, `017700000001`). Zones (`%eth0`) are not read.
pub fn ip_literal(host: &str) -> Option<IpAddr> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return Some(address);
    }
    classful(host.strip_suffix('.').unwrap_or(host)).map(IpAddr::V4)
}

/// One to four numbers; the last fills the bytes that are left.
fn classful(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last()?;
    if first.len() > 3 {
        return None;
    }
    let mut value: u32 = 0;
    for (place, part) in first.iter().enumerate() {
        let byte = u8::try_from(number(part)?).ok()?;
        value |= u32::from(byte) << (24 - 8 * place);
    }
    let rest = number(last)?;
    let room = 8 * (4 - first.len());
    (rest < 1 << room).then(|| u32::try_from(rest).ok())?.map(|rest| Ipv4Addr::from(value | rest))
}

/// A number in C's notation: decimal, `0…` octal, `0x…` hexadecimal.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => ("0", 16),
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    // `from_str_radix` would take a sign.
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_or_refused() {
        #[track_caller]
        fn check(host: &str, expect: Result<&str, HostError>) {
            assert_eq!(LeafName::parse(host).map(|name| name.to_string()), expect.map(str::to_owned), "{host}");
        }
        check("Example.COM", Ok("example.com"));
        check("example.com.", Ok("example.com"));
        check("_dmarc.xn--bcher-kva.example", Ok("_dmarc.xn--bcher-kva.example"));
        check("localhost", Ok("localhost"));
        check("[2001:DB8::1]", Ok("2001:db8::1"));
        check("2001:db8::1", Ok("2001:db8::1"));
        check("192.0.2.7", Ok("192.0.2.7"));
        check("0x7f.1", Ok("127.0.0.1"));
        check("", Err(HostError::Empty));
        check(".", Err(HostError::Empty));
        check("a..b", Err(HostError::Label));
        check(&format!("{}.example", "a".repeat(64)), Err(HostError::Label));
        check(&format!("{}.example", "a".repeat(63)), Ok(&format!("{}.example", "a".repeat(63))));
        check(&vec!["a".repeat(60); 5].join("."), Err(HostError::TooLong));
        check("*.example.com", Err(HostError::Character));
        check("b\u{fc}cher.example", Err(HostError::Character));
        check("a b", Err(HostError::Character));
        check("a/b", Err(HostError::Character));
        check("[fe80::1%25eth0]", Err(HostError::Address));
        check("1.2.3.256", Err(HostError::Address));
        check("foo.1", Err(HostError::Address));
    }

    #[test]
    fn addresses_are_read_in_every_spelling() {
        #[track_caller]
        fn check(host: &str, expect: Option<&str>) {
            assert_eq!(ip_literal(host), expect.map(|text| text.parse().unwrap()), "{host}");
        }
        for loopback in
            ["127.0.0.1", "0x7f.1", "0X7F000001", "2130706433", "017700000001", "127.1", "127.0.1", "0177.0.0.01"]
        {
            check(loopback, Some("127.0.0.1"));
        }
        check("127.0.0.1.", Some("127.0.0.1"));
        check("0xa9fea9fe", Some("169.254.169.254"));
        check("0", Some("0.0.0.0"));
        check("0x", Some("0.0.0.0"));
        check("4294967296", None);
        check("256.1", None);
        check("1.2.3.4.5", None);
        check("08", None);
        check("+1", None);
        check("1.", Some("0.0.0.1"));
        check("1..2", None);
        check("", None);
        check("example.com", None);
        check("[::1]", Some("::1"));
        check("::ffff:127.0.0.1", Some("::ffff:127.0.0.1"));
        check("[127.0.0.1]", None);
        check("fe80::1%eth0", None);
        check("18446744073709551616", None);
    }
}
