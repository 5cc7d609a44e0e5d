//! The messages of SOCKS5 (RFC 1928, RFC 1929), read from bytes however they are cut. Every message has a length of its own
//! and none is longer than 513 bytes, so a reader never holds more.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::host::LeafName;

/// What bytes amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// More are needed.
    More,
    /// A whole message, and the bytes that it takes.
    Whole(T, usize),
    /// No such message.
    Malformed,
}

/// Ways to prove who one is that a client offers (RFC 1928 section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Methods {
    pub none: bool,
    /// User name and password (RFC 1929).
    pub password: bool,
}

/// User name and password, as sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: Vec<u8>,
    pub password: Vec<u8>,
}

/// A request (RFC 1928 section 4). `host` is `Err` where it is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub command: u8,
    pub host: Result<LeafName, HostTrouble>,
    pub port: u16,
}

/// Why a request names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostTrouble {
    /// No type of address that RFC 1928 knows.
    Kind,
    /// A name that no host has.
    Name,
}

pub const CONNECT: u8 = 1;
pub const NO_AUTHENTICATION: u8 = 0;
pub const PASSWORD: u8 = 2;
pub const NO_METHOD: u8 = 0xff;

/// The greeting: version, and the methods offered.
pub fn greeting(bytes: &[u8]) -> Step<Methods> {
    let (count, methods) = match bytes {
        [] | [5] => return Step::More,
        [5, count, methods @ ..] => (usize::from(*count), methods),
        _ => return Step::Malformed,
    };
    match methods.get(..count) {
        None => Step::More,
        Some(methods) => {
            let has = |method| methods.contains(&method);
            Step::Whole(Methods { none: has(NO_AUTHENTICATION), password: has(PASSWORD) }, 2 + count)
        }
    }
}

/// User name and password (RFC 1929 section 2).
pub fn credentials(bytes: &[u8]) -> Step<Credentials> {
    match bytes {
        [] | [1] => return Step::More,
        [1, ..] => {}
        _ => return Step::Malformed,
    }
    let Some((user, rest)) = counted(&bytes[1..]) else { return Step::More };
    let Some((password, _)) = counted(rest) else { return Step::More };
    let used = 3 + user.len() + password.len();
    Step::Whole(Credentials { user: user.to_vec(), password: password.to_vec() }, used)
}

/// Bytes behind their length, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// A request.
pub fn request(bytes: &[u8]) -> Step<Request> {
    match bytes {
        [] | [5] | [5, _] | [5, _, _] => return Step::More,
        [5, ..] => {}
        _ => return Step::Malformed,
    }
    let (command, kind, rest) = (bytes[1], bytes[3], &bytes[4..]);
    let address = match kind {
        1 => rest.first_chunk::<4>().map(|octets| (Ok(address(Ipv4Addr::from(*octets))), 4)),
        4 => rest.first_chunk::<16>().map(|octets| (Ok(address(Ipv6Addr::from(*octets))), 16)),
        3 => counted(rest).map(|(name, _)| (domain(name), 1 + name.len())),
        // Of an unknown type the length is unknown, too.
        _ => return Step::Whole(Request { command, host: Err(HostTrouble::Kind), port: 0 }, bytes.len()),
    };
    let Some((host, length)) = address else { return Step::More };
    match rest.get(length..).and_then(|rest| rest.first_chunk()) {
        Some(port) => Step::Whole(Request { command, host, port: u16::from_be_bytes(*port) }, 4 + length + 2),
        None => Step::More,
    }
}

fn address(address: impl Into<std::net::IpAddr>) -> LeafName {
    LeafName::from(address.into())
}

/// Names beyond ASCII are taken as U-labels (RFC 5891): RFC 1928 names no encoding, and clients send UTF-8.
fn domain(name: &[u8]) -> Result<LeafName, HostTrouble> {
    let name = std::str::from_utf8(name).map_err(|_| HostTrouble::Name)?;
    if name.is_ascii() {
        return LeafName::parse(name).map_err(|_| HostTrouble::Name);
    }
    let ascii = idna::domain_to_ascii(name).map_err(|_| HostTrouble::Name)?;
    LeafName::parse(&ascii).map_err(|_| HostTrouble::Name)
}

/// The answer to a request (RFC 1928 section 6). The address bound is told to nobody.
pub fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_read_however_they_are_cut() {
        fn check<T: PartialEq + std::fmt::Debug>(read: fn(&[u8]) -> Step<T>, bytes: &[u8], expect: T) {
            for cut in 0..bytes.len() {
                assert_eq!(read(&bytes[..cut]), Step::More, "{:?}", &bytes[..cut]);
            }
            assert_eq!(read(bytes), Step::Whole(expect, bytes.len()));
        }
        check(greeting, b"\x05\x01\x00", Methods { none: true, password: false });
        check(greeting, b"\x05\x03\x01\x02\x80", Methods { none: false, password: true });
        check(greeting, b"\x05\x00", Methods { none: false, password: false });
        let host = |text: &str| Ok(LeafName::parse(text).unwrap());
        let request_for = |host, port| Request { command: CONNECT, host, port };
        check(request, b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50", request_for(host("127.0.0.1"), 80));
        check(request, b"\x05\x01\x00\x03\x09A.Example\x01\xbb", request_for(host("a.example"), 443));
        check(request, b"\x05\x01\x00\x03\x04127.\x01\xbb", request_for(host("127."), 443));
        check(request, b"\x05\x01\x00\x03\x00\x01\xbb", request_for(Err(HostTrouble::Name), 443));
        check(request, b"\x05\x01\x00\x03\x03a b\x01\xbb", request_for(Err(HostTrouble::Name), 443));
        check(request, "\x05\x01\x00\x03\x0fbücher.example\x01\u{7f}".as_bytes(), {
            request_for(host("xn--bcher-kva.example"), 0x17f)
        });
        let v6 = [&b"\x05\x01\x00\x04"[..], &std::net::Ipv6Addr::LOCALHOST.octets(), b"\x00\x50"].concat();
        check(request, &v6, request_for(host("::1"), 80));
    }

    #[test]
    fn what_follows_a_message_is_left() {
        let used = match credentials(b"\x01\x01u\x02pw\x05\x01") {
            Step::Whole(got, used) if got.user == b"u" && got.password == b"pw" => used,
            _ => 0,
        };
        assert_eq!(used, 6);
        assert!(matches!(greeting(b"\x05\x01\x00\x05\x01\x00\x01"), Step::Whole(_, 3)));
    }

    #[test]
    fn other_versions_and_types_are_none() {
        assert_eq!(greeting(b"\x04\x01"), Step::Malformed);
        assert_eq!(request(b"\x04\x01\x00\x01"), Step::Malformed);
        assert!(matches!(credentials(b"\x05\x01"), Step::Malformed));
        assert!(matches!(request(b"\x05\x01\x00\x02"), Step::Whole(Request { host: Err(HostTrouble::Kind), .. }, 4)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_claim_more_than_there_is(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let used = [
                match greeting(&bytes) { Step::Whole(_, used) => used, _ => 0 },
                match credentials(&bytes) { Step::Whole(_, used) => used, _ => 0 },
                match request(&bytes) { Step::Whole(_, used) => used, _ => 0 },
            ];
            prop_assert!(used.iter().all(|used| *used <= bytes.len()));
        }
    }
}
