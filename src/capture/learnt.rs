//! What was learnt of pairs that can't be opened, and are relayed unopened for a while: clients that reject Landfall's
//! certificate for a host, and hosts that insist on a client certificate.

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;

/// Rejections by client and host, forgotten after a while.
#[derive(Debug)]
pub struct Learnt {
    after: u32,
    rejections: Cache<(IpAddr, String), u32>,
    wants_certificate: Cache<String, ()>,
}

/// Pairs remembered at most.
const PAIRS: u64 = 10_000;
/// How long a rejection is remembered.
const MEMORY: Duration = Duration::from_secs(3600);

impl Learnt {
    /// `after`: rejections that make a pair pinned; 0 never.
    pub fn new(after: u32) -> Self {
        Self {
            after,
            rejections: Cache::builder().max_capacity(PAIRS).time_to_live(MEMORY).build(),
            wants_certificate: Cache::builder().max_capacity(PAIRS).time_to_live(MEMORY).build(),
        }
    }

    /// A server ended a connection for want of a client certificate.
    pub fn certificate_wanted(&self, host: &str) {
        self.wants_certificate.insert(host.to_owned(), ());
    }

    pub fn wants_certificate(&self, host: &str) -> bool {
        self.wants_certificate.contains_key(host)
    }

    pub fn rejected(&self, client: IpAddr, host: &str) {
        let key = (client, host.to_owned());
        let count = self.rejections.get(&key).unwrap_or_default().saturating_add(1);
        self.rejections.insert(key, count);
    }

    pub fn is_pinned(&self, client: IpAddr, host: &str) -> bool {
        self.after > 0 && self.rejections.get(&(client, host.to_owned())).is_some_and(|count| count >= self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_pinned_after_enough_rejections_and_others_are_not() {
        let client = IpAddr::from([192, 168, 1, 2]);
        let learnt = Learnt::new(2);
        learnt.rejected(client, "a.example");
        assert!(!learnt.is_pinned(client, "a.example"));
        learnt.rejected(client, "a.example");
        assert!(learnt.is_pinned(client, "a.example"));
        assert!(!learnt.is_pinned(client, "b.example"));
        assert!(!learnt.is_pinned(IpAddr::from([192, 168, 1, 3]), "a.example"));
    }
}
