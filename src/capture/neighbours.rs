//! The system's table of neighbours: which hardware address stands behind a client's address on the same link.
//!
//! Asked over netlink (rtnetlink(7), `RTM_GETNEIGH`), for IPv4 and IPv6 alike, at most once in a while, and never on the
//! threads that relay.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use moka::sync::Cache;

/// A table is believed for this long, and an address that it lacks is not looked for again for so long.
const FRESH: Duration = Duration::from_secs(60);
const RETRY: Duration = Duration::from_secs(10);
/// Longest that a new client's connection waits for the table.
const PATIENCE: Duration = Duration::from_millis(200);
/// Neighbours kept.
const MOST: usize = 16_384;

/// A hardware address (EUI-48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac([u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for Mac {
    type Err = ();

    /// `02:00:5e:10:00:01`, or with `-`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut octets = [0; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()));
            *octet = u8::from_str_radix(part.ok_or(())?, 16).map_err(|_| ())?;
        }
        if parts.next().is_some() { Err(()) } else { Ok(Self(octets)) }
    }
}

type Table = HashMap<IpAddr, Mac>;

/// The table as it was read last.
pub struct Neighbours {
    read: ArcSwap<(Option<Instant>, Table)>,
    /// Addresses that it lacked, for a while.
    absent: Cache<IpAddr, ()>,
    reading: tokio::sync::Mutex<()>,
}

impl Default for Neighbours {
    fn default() -> Self {
        let absent = Cache::builder().max_capacity(MOST as u64).time_to_live(RETRY).build();
        Self { read: ArcSwap::from_pointee((None, Table::new())), absent, reading: tokio::sync::Mutex::default() }
    }
}

impl Neighbours {
    /// The hardware address behind an address, where the table tells.
    pub async fn mac(self: &Arc<Self>, address: IpAddr) -> Option<Mac> {
        if address.is_loopback() || self.absent.contains_key(&address) {
            return None;
        }
        let asked = Instant::now();
        let read = self.read.load_full();
        let known = read.1.get(&address).copied();
        if known.is_some() && read.0.is_some_and(|at| at.elapsed() < FRESH) {
            return known;
        }
        let this = Arc::clone(self);
        let refresh = async move {
            let _one_at_a_time = this.reading.lock().await;
            // Whoever waited here may have been served by the one before.
            if this.read.load().0.is_none_or(|at| at < asked) {
                let table = tokio::task::spawn_blocking(ask).await.ok()?;
                if let Err(error) = &table {
                    tracing::debug!(%error, "the table of neighbours cannot be read");
                }
                this.read.store(Arc::new((Some(Instant::now()), table.unwrap_or_default())));
            }
            let mac = this.read.load().1.get(&address).copied();
            if mac.is_none() {
                this.absent.insert(address, ());
            }
            mac
        };
        tokio::time::timeout(PATIENCE, refresh).await.ok().flatten().or(known)
    }
}

const AF_NETLINK: i32 = 16;
const NETLINK_ROUTE: i32 = 0;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
const HEADER: usize = 16;
/// Length of `struct ndmsg`.
const NEIGHBOUR: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
/// States in which the system knows, or knew, who is there: reachable, stale, delay, probe, permanent.
const KNOWN: u16 = 0x02 | 0x04 | 0x08 | 0x10 | 0x80;

/// Ask the system for all neighbours.
fn ask() -> io::Result<Table> {
    let kind = socket2::Type::DGRAM;
    let mut socket =
        socket2::Socket::new(socket2::Domain::from(AF_NETLINK), kind, Some(socket2::Protocol::from(NETLINK_ROUTE)))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut request = Vec::with_capacity(HEADER + NEIGHBOUR);
    request.extend_from_slice(&((HEADER + NEIGHBOUR) as u32).to_ne_bytes());
    request.extend_from_slice(&RTM_GETNEIGH.to_ne_bytes());
    request.extend_from_slice(&DUMP.to_ne_bytes());
    request.resize(HEADER + NEIGHBOUR, 0);
    socket.send(&request)?;
    let mut table = Table::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = socket.read(&mut buffer)?;
        if read == 0 || take_in(&buffer[..read], &mut table)? || table.len() >= MOST {
            return Ok(table);
        }
    }
}

/// Take in the messages of one answer; true once the last one was among them.
fn take_in(mut bytes: &[u8], table: &mut Table) -> io::Result<bool> {
    let short = || io::Error::from(io::ErrorKind::InvalidData);
    while let Some(header) = bytes.first_chunk::<HEADER>() {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        let message = bytes.get(HEADER..length).ok_or_else(short)?;
        match kind {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => return Err(io::Error::other("the kernel refused to list neighbours")),
            RTM_NEWNEIGH => {
                if let Some((address, mac)) = neighbour(message) {
                    table.insert(address, mac);
                }
            }
            _ => {}
        }
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
    }
    Ok(false)
}

fn aligned(length: usize) -> usize {
    length.div_ceil(4) * 4
}

/// Address and hardware address of one neighbour that is known.
fn neighbour(message: &[u8]) -> Option<(IpAddr, Mac)> {
    let (fixed, mut attributes) = message.split_at_checked(NEIGHBOUR)?;
    if u16::from_ne_bytes([fixed[8], fixed[9]]) & KNOWN == 0 {
        return None;
    }
    let (mut address, mut mac) = (None, None);
    while let Some(header) = attributes.first_chunk::<4>() {
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = attributes.get(4..length)?;
        match u16::from_ne_bytes([header[2], header[3]]) {
            NDA_DST => address = ip(value),
            NDA_LLADDR => mac = value.try_into().ok().map(Mac),
            _ => {}
        }
        attributes = attributes.get(aligned(length)..).unwrap_or_default();
    }
    Some((address?, mac?))
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    v4().or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = [&((4 + value.len()) as u16).to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn message(kind: u16, state: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
        let mut fixed = [0; NEIGHBOUR];
        fixed[8..10].copy_from_slice(&state.to_ne_bytes());
        let body = [&fixed[..], &attributes.concat()].concat();
        let mut header = [0; HEADER];
        header[..4].copy_from_slice(&((HEADER + body.len()) as u32).to_ne_bytes());
        header[4..6].copy_from_slice(&kind.to_ne_bytes());
        [&header[..], &body].concat()
    }

    #[test]
    fn an_answer_is_read() {
        let mac = attribute(NDA_LLADDR, &[2, 0, 0x5e, 0x10, 0, 1]);
        let at = |address: &str| match address.parse::<IpAddr>().unwrap() {
            IpAddr::V4(v4) => attribute(NDA_DST, &v4.octets()),
            IpAddr::V6(v6) => attribute(NDA_DST, &v6.octets()),
        };
        let answer = [
            message(RTM_NEWNEIGH, 0x02, &[at("192.0.2.1"), mac.clone()]),
            message(RTM_NEWNEIGH, 0x04, &[attribute(9, &[1, 2, 3]), at("2001:db8::1"), mac.clone()]),
            message(RTM_NEWNEIGH, 0x20, &[at("192.0.2.2"), mac.clone()]),
            message(RTM_NEWNEIGH, 0x02, &[at("192.0.2.3")]),
            message(NLMSG_DONE, 0, &[]),
        ];
        let mut table = Table::new();
        assert!(take_in(&answer.concat(), &mut table).unwrap());
        assert_eq!(table.len(), 2, "failed and unfinished ones are left out: {table:?}");
        assert_eq!(table[&"2001:db8::1".parse::<IpAddr>().unwrap()].to_string(), "02:00:5e:10:00:01");
        assert!(!take_in(&answer[0], &mut table).unwrap());
        assert!(take_in(&message(NLMSG_ERROR, 0, &[]), &mut table).is_err());
        for cut in 0..answer[1].len() {
            // No cut makes it panic.
            take_in(&answer[1][..cut], &mut table).unwrap_or_default();
        }
    }

    #[test]
    fn hardware_addresses_are_read_strictly() {
        assert_eq!("02:00:5E:10:00:01".parse(), Ok(Mac([2, 0, 0x5e, 0x10, 0, 1])));
        assert_eq!("02-00-5e-10-00-01".parse(), Ok(Mac([2, 0, 0x5e, 0x10, 0, 1])));
        for wrong in
            ["", "02:00:5e:10:00", "02:00:5e:10:00:01:02", "2:0:5e:10:0:1", "0g:00:5e:10:00:01", "+2:00:5e:10:00:01"]
        {
            assert_eq!(wrong.parse::<Mac>(), Err(()), "{wrong}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_answers() {
        ask().expect("the table can be read, whatever is in it");
    }
}
