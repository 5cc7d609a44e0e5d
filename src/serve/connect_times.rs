//! The shortest connect time to each address, and whether such times show anything: what only a run over time can know of a
//! peer.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use crate::exchange::{Destination, Timings};
use crate::locate::Observed;

/// Addresses remembered at most.
const ADDRESSES: u64 = 50_000;
/// Networks whose times are compared with each other.
const NETWORKS: usize = 64;
/// So many networks as near as each other are too many to be so.
const ALIKE: usize = 6;
/// What is farther is not next door.
const NEXT_DOOR: Duration = Duration::from_millis(5);
/// A handshake takes one or two round trips and some computing; more than this factor and this time over the connect time
/// means that the two ended at different places.
const HANDSHAKE_FACTOR: u32 = 5;
const HANDSHAKE_SLACK: Duration = Duration::from_millis(5);

/// Connect times by address.
#[derive(Debug)]
pub struct ConnectTimes {
    addresses: Cache<IpAddr, Least>,
    networks: Mutex<HashMap<IpAddr, Duration>>,
}

/// The least of what was measured to one address.
#[derive(Debug, Clone, Copy)]
struct Least {
    connect: Duration,
    samples: u32,
    handshake: Option<Duration>,
}

impl Default for ConnectTimes {
    fn default() -> Self {
        Self { addresses: Cache::new(ADDRESSES), networks: Mutex::default() }
    }
}

impl ConnectTimes {
    /// Take in what was measured for an exchange or connection, and tell what is known of its address now. A connection that
    /// was used before counts once.
    pub fn observe(&self, destination: &Destination, timings: &Timings) -> Observed {
        let Ok(peer) = &destination.peer else { return Observed::default() };
        let address = peer.address.ip();
        let known = self.addresses.get(&address);
        let Some(least) = least(known, timings) else { return Observed::default() };
        if timings.connect.is_some() {
            self.addresses.insert(address, least);
            self.compare(address, least.connect);
        }
        let interception = if least.handshake.is_some_and(|handshake| elsewhere(least.connect, handshake)) {
            Some("the handshake took far longer than the connection, which ended at something nearer")
        } else if self.all_alike() {
            Some("every network answers as soon as the others, so that connections end at something near")
        } else {
            None
        };
        let connect_time = Some(least.connect);
        Observed { connect_time, samples: least.samples, interception, ..Observed::default() }
    }

    fn compare(&self, address: IpAddr, time: Duration) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(address);
        if networks.len() < NETWORKS || networks.contains_key(&network) {
            networks.entry(network).and_modify(|least| *least = time.min(*least)).or_insert(time);
        }
    }

    fn all_alike(&self) -> bool {
        let networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(least), Some(most)) = (networks.values().min(), networks.values().max()) else { return false };
        networks.len() >= ALIKE && *most < NEXT_DOOR && *most <= *least + *least / 2 + Duration::from_micros(300)
    }
}

fn least(known: Option<Least>, timings: &Timings) -> Option<Least> {
    let Some(connect) = timings.connect else { return known };
    let before = known.unwrap_or(Least { connect, samples: 0, handshake: None });
    Some(Least {
        connect: before.connect.min(connect),
        samples: before.samples.saturating_add(1),
        handshake: [before.handshake, timings.tls].into_iter().flatten().min(),
    })
}

fn elsewhere(connect: Duration, handshake: Duration) -> bool {
    handshake > connect * HANDSHAKE_FACTOR && handshake > connect + HANDSHAKE_SLACK
}

/// The address's /16, or /32 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & 0xffff_0000).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & (u128::MAX << 96)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Peer;

    fn observe(times: &ConnectTimes, network: u8, connect_ms: Option<f64>, tls_ms: Option<f64>) -> Observed {
        let millis = |ms: f64| Duration::from_secs_f64(ms / 1000.0);
        let peer = Ok(Peer::at(([127, network, 1, 1], 443).into()));
        let destination = Destination { host: "a.example".to_owned(), port: 443, peer };
        let timings = Timings { connect: connect_ms.map(millis), tls: tls_ms.map(millis), ..Timings::default() };
        times.observe(&destination, &timings)
    }

    #[test]
    fn the_shortest_time_is_kept_with_its_count() {
        let times = ConnectTimes::default();
        for ms in [5.0, 3.0, 9.0] {
            observe(&times, 1, Some(ms), None);
        }
        let observed = observe(&times, 1, Some(4.0), None);
        assert_eq!((observed.connect_time, observed.samples), (Some(Duration::from_millis(3)), 4));
        // The same connection, used again.
        assert_eq!(observe(&times, 1, None, None).samples, 4);
        assert_eq!(observe(&times, 2, None, None).connect_time, None);
    }

    #[test]
    fn a_handshake_far_slower_than_the_connection_tells_of_a_middlebox() {
        let times = ConnectTimes::default();
        assert_eq!(observe(&times, 1, Some(20.0), Some(45.0)).interception, None);
        assert_eq!(observe(&times, 2, Some(0.4), Some(3.0)).interception, None);
        assert!(observe(&times, 3, Some(0.4), Some(60.0)).interception.is_some());
        // One slow handshake among quick ones tells nothing.
        observe(&times, 4, Some(2.0), Some(5.0));
        assert_eq!(observe(&times, 4, Some(2.0), Some(90.0)).interception, None);
    }

    #[test]
    fn the_same_short_time_to_every_network_tells_of_one_too() {
        let times = ConnectTimes::default();
        let mut last = Observed::default();
        for network in 1..=6 {
            last = observe(&times, network, Some(0.5 + f64::from(network) / 100.0), None);
        }
        assert!(last.interception.is_some());
        assert_eq!(observe(&times, 7, Some(80.0), None).interception, None);
    }
}
