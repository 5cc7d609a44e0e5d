//! The shortest connect time to each address: what only a run over time can know of a peer.

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;

use crate::exchange::Destination;
use crate::locate::Observed;

/// Addresses remembered at most.
const ADDRESSES: u64 = 50_000;

/// Connect times by address.
#[derive(Debug)]
pub struct ConnectTimes(Cache<IpAddr, (Duration, u32)>);

impl Default for ConnectTimes {
    fn default() -> Self {
        Self(Cache::new(ADDRESSES))
    }
}

impl ConnectTimes {
    /// Take a destination's own connect time in, and tell what is known of its address now.
    pub fn observe(&self, destination: &Destination) -> Observed {
        let Ok(peer) = &destination.peer else { return Observed::default() };
        let Some(time) = peer.connect_time else { return Observed::default() };
        let address = peer.address.ip();
        let (least, samples) = match self.0.get(&address) {
            Some((least, samples)) => (least.min(time), samples.saturating_add(1)),
            None => (time, 1),
        };
        self.0.insert(address, (least, samples));
        Observed { connect_time: Some(least), samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Peer;

    #[test]
    fn the_shortest_time_is_kept_with_its_count() {
        let times = ConnectTimes::default();
        let reached_in = |ms| Destination {
            host: "a.example".to_owned(),
            port: 443,
            peer: Ok(Peer { connect_time: Some(Duration::from_millis(ms)), ..Peer::at(([127, 1, 1, 1], 443).into()) }),
        };
        for ms in [5, 3, 9] {
            times.observe(&reached_in(ms));
        }
        let observed = times.observe(&reached_in(4));
        assert_eq!(observed, Observed { connect_time: Some(Duration::from_millis(3)), samples: 4 });
    }
}
