//! What was learnt of pairs of client and host that can't be opened: clients that reject Landfall's certificate, or insist on
//! Encrypted Client Hello; and hosts that insist on a client certificate. They are relayed unopened for a while.
//!
//! One rejection tells little: an app is killed, a network changes, somebody tries `curl` without the CA. Of the last `of`
//! connections of a pair, rejections must weigh `rejections` or more. A certificate alert from a client that trusts the CA
//! for other hosts weighs two, since only the certificate can be meant; a reset, an early close, or an alert from a
//! client that may just lack the CA weighs one.

use std::collections::VecDeque;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::sync::Cache;
use tokio::sync::Notify;

use super::crypto::sha256_hex;
use crate::exchange::{Opaque, TlsFault, Trouble};

/// Pairs, clients and hosts remembered at most.
const PAIRS: u64 = 10_000;
/// How long a pair is remembered after it was last seen, and that a client trusts the CA.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a host that wanted a client certificate is not asked again.
const CERTIFICATE_MEMORY: Duration = Duration::from_secs(3600);
/// How long others wait for the connection that tries again.
const PROBE: Duration = Duration::from_secs(60);

/// When a pair counts as pinned, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinningOptions {
    pub on_pinned: OnPinned,
    /// Weight that rejections must have (N).
    pub rejections: u32,
    /// Connections of a pair that are looked at, the latest ones (M).
    pub of: u32,
    /// How long a pair is not opened; then one connection tries again.
    pub ttl: Duration,
}

impl Default for PinningOptions {
    fn default() -> Self {
        Self { on_pinned: OnPinned::Tunnel, rejections: 3, of: 5, ttl: Duration::from_secs(3600) }
    }
}

/// What becomes of a connection whose client is known to reject Landfall's certificate for its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnPinned {
    /// Relayed unopened: the app works, and the record says what could not be seen.
    Tunnel,
    /// Refused: nothing passes unseen.
    Block,
    /// Opened nevertheless: the app fails.
    Intercept,
}

/// How a client showed that it does not accept a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// A certificate alert within the handshake.
    Alert(TlsFault),
    /// An alert after the handshake seemed done.
    LateAlert(TlsFault),
    Reset,
    FinBeforeFinished,
    /// Closed right after the handshake, without a byte.
    SilentClose,
    Ech,
}

impl Rejection {
    /// Every word of [`as_str`](Self::as_str), for metrics whose label sets are closed.
    pub const WORDS: [&'static str; 6] =
        ["certificate_rejected", "late_alert", "reset", "fin_before_finished", "silent_close", "ech"];

    pub fn trouble(self) -> Trouble {
        match self {
            Self::Alert(_) => Trouble::CertificateRejected,
            Self::LateAlert(_) => Trouble::LateAlert,
            Self::Reset => Trouble::Reset,
            Self::FinBeforeFinished => Trouble::FinBeforeFinished,
            Self::SilentClose => Trouble::SilentClose,
            Self::Ech => Trouble::Ech,
        }
    }

    pub fn fault(self) -> Option<TlsFault> {
        match self {
            Self::Alert(fault) | Self::LateAlert(fault) => Some(fault),
            Self::Ech => Some(TlsFault::EchRequired),
            Self::Reset | Self::FinBeforeFinished | Self::SilentClose => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        self.trouble().as_str()
    }
}

/// What to do with a connection of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Open,
    Tunnel(Opaque),
    Refuse,
}

/// One pair that is not opened, as it is shown and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedPair {
    /// Names it where it is to be forgotten.
    pub id: String,
    pub client: IpAddr,
    pub host: String,
    pub why: Opaque,
    /// How the client rejected last.
    pub last: String,
    pub since: Timestamp,
    /// When one connection will try again.
    pub until: Timestamp,
    /// Connections and bytes relayed unopened since.
    pub connections: u64,
    pub up: u64,
    pub down: u64,
}

type Pair = (IpAddr, Arc<str>);

#[derive(Default)]
struct State {
    /// Weights of the latest connections; 0 for one that was opened.
    window: VecDeque<u32>,
    closed: Option<Closed>,
}

#[derive(Clone)]
struct Closed {
    why: Opaque,
    last: String,
    since: Timestamp,
    until: Timestamp,
    /// When the connection that tries again started.
    probe: Option<Instant>,
    connections: u64,
    up: u64,
    down: u64,
}

/// All that was learnt. Bounded; what was used least is forgotten first.
pub struct Learnt {
    options: PinningOptions,
    pairs: Cache<Pair, Arc<Mutex<State>>>,
    trusting: Cache<IpAddr, ()>,
    wants_certificate: Cache<String, ()>,
    /// Told when what is kept over a restart has changed.
    changed: Notify,
}

impl fmt::Debug for Learnt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learnt").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Learnt {
    pub fn new(options: PinningOptions) -> Self {
        Self {
            options,
            pairs: Cache::builder().max_capacity(PAIRS).time_to_idle(MEMORY).build(),
            trusting: Cache::builder().max_capacity(PAIRS).time_to_idle(MEMORY).build(),
            wants_certificate: Cache::builder().max_capacity(PAIRS).time_to_live(CERTIFICATE_MEMORY).build(),
            changed: Notify::new(),
        }
    }

    /// A server ended a connection for want of a client certificate.
    pub fn certificate_wanted(&self, host: &str) {
        self.wants_certificate.insert(host.to_owned(), ());
    }

    pub fn wants_certificate(&self, host: &str) -> bool {
        self.wants_certificate.contains_key(host)
    }

    /// What to do with a new connection of this pair. When a pair's time is up, the first to ask opens again.
    pub fn way(&self, client: IpAddr, host: &str) -> Way {
        self.way_at(client, host, Timestamp::now())
    }

    fn way_at(&self, client: IpAddr, host: &str, now: Timestamp) -> Way {
        let Some(state) = self.pairs.get(&(client, host.into())) else { return Way::Open };
        let mut state = lock(&state);
        let Some(closed) = &mut state.closed else { return Way::Open };
        if now >= closed.until && closed.probe.is_none_or(|since| since.elapsed() > PROBE) {
            closed.probe = Some(Instant::now());
            return Way::Open;
        }
        match self.options.on_pinned {
            OnPinned::Tunnel => Way::Tunnel(closed.why),
            OnPinned::Block => Way::Refuse,
            OnPinned::Intercept => Way::Open,
        }
    }

    /// The client accepted the certificate, and used the connection.
    pub fn accepted(&self, client: IpAddr, host: &str) {
        self.trusting.insert(client, ());
        let Some(state) = self.pairs.get(&(client, host.into())) else { return };
        let mut state = lock(&state);
        self.look_at(&mut state, 0);
        if state.closed.take().is_some() {
            state.window.clear();
            self.changed.notify_one();
        }
    }

    /// The client did not accept it. True when the pair is not to be opened from now on, and was until now.
    pub fn rejected(&self, client: IpAddr, host: &str, how: Rejection) -> bool {
        self.rejected_at(client, host, how, Timestamp::now())
    }

    fn rejected_at(&self, client: IpAddr, host: &str, how: Rejection, now: Timestamp) -> bool {
        let state = self.pairs.get_with((client, host.into()), Arc::default);
        let mut state = lock(&state);
        let certain =
            matches!(how, Rejection::Alert(_) | Rejection::LateAlert(_)) && self.trusting.contains_key(&client);
        self.look_at(&mut state, if certain { 2 } else { 1 });
        let before = state.closed.take();
        if before.is_none() && state.window.iter().sum::<u32>() < self.options.rejections {
            return false;
        }
        let last = how.fault().map_or(how.as_str(), TlsFault::as_str).to_owned();
        let why = if how == Rejection::Ech { Opaque::Ech } else { Opaque::LearntPinned };
        let until = now.checked_add(self.options.ttl).unwrap_or(Timestamp::MAX);
        let is_new = before.is_none();
        state.closed = Some(match before {
            Some(closed) => Closed { why, last, until, probe: None, ..closed },
            None => Closed { why, last, since: now, until, probe: None, connections: 0, up: 0, down: 0 },
        });
        self.changed.notify_one();
        is_new
    }

    /// A connection of the pair passed unopened.
    pub fn passed(&self, client: IpAddr, host: &str, up: u64, down: u64) {
        let Some(state) = self.pairs.get(&(client, host.into())) else { return };
        if let Some(closed) = &mut lock(&state).closed {
            closed.connections += 1;
            closed.up += up;
            closed.down += down;
        }
    }

    /// The pairs that are not opened, the latest first.
    pub fn pinned(&self) -> Vec<PinnedPair> {
        let mut pairs: Vec<_> =
            self.pairs.iter().filter_map(|(pair, state)| Some(pinned(&pair, lock(&state).closed.as_ref()?))).collect();
        pairs.sort_by(|one, other| (other.since, &one.id).cmp(&(one.since, &other.id)));
        pairs
    }

    /// Open these pairs again from now on: the one with this id, or all. What was forgotten.
    pub fn forget(&self, id: Option<&str>) -> Vec<PinnedPair> {
        let forgotten: Vec<_> = self.pinned().into_iter().filter(|pair| id.is_none_or(|id| pair.id == id)).collect();
        for pair in &forgotten {
            self.pairs.invalidate(&(pair.client, pair.host.as_str().into()));
        }
        if !forgotten.is_empty() {
            self.changed.notify_one();
        }
        forgotten
    }

    /// Take pairs up again that an earlier run had learnt.
    pub fn restore(&self, pairs: Vec<PinnedPair>) {
        for PinnedPair { client, host, why, last, since, until, connections, up, down, .. } in pairs {
            let closed = Some(Closed { why, last, since, until, probe: None, connections, up, down });
            let state = State { window: VecDeque::new(), closed };
            self.pairs.insert((client, host.into()), Arc::new(Mutex::new(state)));
        }
    }

    /// Waits until the pairs have changed since it was last asked.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn look_at(&self, state: &mut State, weight: u32) {
        state.window.push_back(weight);
        while state.window.len() > self.options.of as usize {
            state.window.pop_front();
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pinned((client, host): &Pair, closed: &Closed) -> PinnedPair {
    let mut id = sha256_hex(format!("{client} {host}").as_bytes());
    id.truncate(16);
    PinnedPair {
        id,
        client: *client,
        host: host.to_string(),
        why: closed.why,
        last: closed.last.clone(),
        since: closed.since,
        until: closed.until,
        connections: closed.connections,
        up: closed.up,
        down: closed.down,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 2));
    const UNKNOWN_CA: Rejection = Rejection::Alert(TlsFault::UnknownCa);
    const PINNED: Way = Way::Tunnel(Opaque::LearntPinned);

    fn learnt(on_pinned: OnPinned) -> Learnt {
        Learnt::new(PinningOptions { on_pinned, ..PinningOptions::default() })
    }

    #[test]
    fn one_failure_tells_nothing_and_three_of_five_do() {
        let learnt = learnt(OnPinned::Tunnel);
        for expect in [false, false, true] {
            assert_eq!(learnt.way(CLIENT, "a.example"), Way::Open);
            assert_eq!(learnt.rejected(CLIENT, "a.example", UNKNOWN_CA), expect);
        }
        assert_eq!(learnt.way(CLIENT, "a.example"), PINNED);
        assert_eq!(learnt.way(CLIENT, "b.example"), Way::Open);
        assert_eq!(learnt.way(IpAddr::from([192, 168, 1, 3]), "a.example"), Way::Open);
    }

    #[test]
    fn what_works_in_between_counts_against_it() {
        let learnt = learnt(OnPinned::Tunnel);
        for _ in 0..4 {
            learnt.rejected(CLIENT, "a.example", Rejection::Reset);
            learnt.rejected(CLIENT, "a.example", Rejection::FinBeforeFinished);
            for _ in 0..4 {
                learnt.accepted(CLIENT, "a.example");
            }
        }
        assert_eq!(learnt.way(CLIENT, "a.example"), Way::Open);
    }

    #[test]
    fn an_alert_of_a_client_that_trusts_the_authority_weighs_two() {
        let learnt = learnt(OnPinned::Tunnel);
        learnt.accepted(CLIENT, "other.example");
        assert!(!learnt.rejected(CLIENT, "a.example", UNKNOWN_CA), "never the first");
        assert!(learnt.rejected(CLIENT, "a.example", UNKNOWN_CA));
        learnt.rejected(CLIENT, "b.example", Rejection::Reset);
        assert!(!learnt.rejected(CLIENT, "b.example", Rejection::Reset), "a reset weighs one all the same");
    }

    #[test]
    fn after_its_time_one_connection_tries_again() {
        let learnt = learnt(OnPinned::Tunnel);
        let start = Timestamp::UNIX_EPOCH;
        for _ in 0..3 {
            learnt.rejected_at(CLIENT, "a.example", UNKNOWN_CA, start);
        }
        let later = start + Duration::from_secs(3601);
        assert_eq!(learnt.way_at(CLIENT, "a.example", start + Duration::from_secs(3599)), PINNED);
        assert_eq!(learnt.way_at(CLIENT, "a.example", later), Way::Open, "one tries");
        assert_eq!(learnt.way_at(CLIENT, "a.example", later), PINNED, "the others wait for it");
        assert!(!learnt.rejected_at(CLIENT, "a.example", UNKNOWN_CA, later), "nothing new");
        assert_eq!(learnt.way_at(CLIENT, "a.example", later + Duration::from_secs(3599)), PINNED);
        let again = later + Duration::from_secs(3601);
        assert_eq!(learnt.way_at(CLIENT, "a.example", again), Way::Open);
        learnt.accepted(CLIENT, "a.example");
        assert_eq!(learnt.way_at(CLIENT, "a.example", again), Way::Open, "it works again");
        assert_eq!(learnt.pinned(), []);
    }

    #[test]
    fn pairs_are_shown_kept_and_forgotten() {
        let learnt = learnt(OnPinned::Block);
        for host in ["a.example", "b.example"] {
            for _ in 0..3 {
                learnt.rejected(CLIENT, host, Rejection::Ech);
            }
        }
        assert_eq!(learnt.way(CLIENT, "a.example"), Way::Refuse);
        learnt.passed(CLIENT, "a.example", 3, 4);
        let pairs = learnt.pinned();
        assert_eq!(pairs.len(), 2);
        assert_eq!((pairs[0].why, pairs[0].last.as_str()), (Opaque::Ech, "ech_required"));
        let other = self::learnt(OnPinned::Intercept);
        other.restore(pairs.clone());
        assert_eq!(other.pinned(), pairs);
        assert_eq!(other.way(CLIENT, "a.example"), Way::Open);
        assert_eq!(learnt.forget(Some("0000")), []);
        assert_eq!(learnt.forget(Some(&pairs[0].id)).len(), 1);
        assert_eq!(learnt.forget(None).len(), 1);
        assert_eq!(learnt.way(CLIENT, "a.example"), Way::Open);
    }
}
