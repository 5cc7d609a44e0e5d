//! Who may use the proxy, and where it goes for them: a client reaches only what it could reach itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use ipnet::IpNet;

use super::embedded::readings;
use crate::exchange::Trouble;

/// Addresses of cloud metadata services outside the link-local ranges: AWS over IPv6, Alibaba, Oracle, Azure.
const METADATA: [IpAddr; 4] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Why a client was turned away, or a destination refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    #[error(
        "this client may not use the proxy; it accepts private addresses only, unless others are allowed in its configuration"
    )]
    Client,
    #[error("the destination is Landfall itself")]
    OwnListener,
    #[error(
        "the destination is a loopback address of the machine Landfall runs on, and the client is on another machine"
    )]
    Loopback,
    #[error("the destination is a link-local address, where metadata services live")]
    LinkLocal,
    #[error("the destination is a multicast or broadcast address")]
    Multicast,
    #[error("the destination is the unspecified address")]
    Unspecified,
    #[error("the destination is in `capture.deny`")]
    Denied,
}

impl Refusal {
    pub fn trouble(self) -> Trouble {
        match self {
            Self::Client => Trouble::HttpRequestDenied,
            Self::OwnListener => Trouble::ProxyLoopDetected,
            _ => Trouble::DestinationIpProhibited,
        }
    }
}

/// The rules of one running proxy.
#[derive(Debug, Clone)]
pub struct Policy {
    listeners: Vec<SocketAddr>,
    allowed_clients: Vec<IpNet>,
    destinations: Destinations,
    is_own_address: fn(IpAddr) -> bool,
}

/// What the operator says of destinations, beside the rules that always hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destinations {
    /// Reached although they are link-local, metadata services or, for other machines' clients, loopback.
    pub allow: Vec<IpNet>,
    /// Never reached; wins over `allow`.
    pub deny: Vec<IpNet>,
}

impl Policy {
    /// `listeners`: every address Landfall listens on (proxy and admin), with the ports really bound. `allowed_clients`:
    /// who may use a proxy bound beyond loopback; none means private ranges.
    pub fn new(listeners: Vec<SocketAddr>, allowed_clients: Vec<IpNet>) -> Self {
        Self { listeners, allowed_clients, destinations: Destinations::default(), is_own_address }
    }

    pub fn with_destinations(self, destinations: Destinations) -> Self {
        Self { destinations, ..self }
    }

    /// Whether a client may use the proxy that listens on `listener`. `proves_user`: it will have to prove who it is, and may
    /// then come from anywhere that is not ruled out.
    pub fn admit(&self, client: IpAddr, listener: SocketAddr, proves_user: bool) -> Result<(), Refusal> {
        let client = client.to_canonical();
        // Whoever reaches a loopback address is on this machine.
        if listener.ip().to_canonical().is_loopback() || client.is_loopback() {
            return Ok(());
        }
        let admitted = match self.allowed_clients.as_slice() {
            [] => proves_user || is_private(client),
            allowed => allowed.iter().any(|net| net.contains(&client)),
        };
        if admitted { Ok(()) } else { Err(Refusal::Client) }
    }

    /// Whether Landfall may connect to `destination` for `client`. Ask with the very address that is dialled. An
    /// operator's own mapping (`by_override`) may lead any client to loopback, and nowhere else that is refused.
    pub fn may_reach(&self, client: IpAddr, destination: SocketAddr, by_override: bool) -> Result<(), Refusal> {
        let client_is_local = client.to_canonical().is_loopback();
        let listed = |list: &[IpNet], address: &IpAddr| list.iter().any(|net| net.contains(address));
        let allowed = readings(destination.ip()).all(|address| listed(&self.destinations.allow, &address));
        for address in readings(destination.ip()) {
            if self.listeners.iter().any(|listener| self.is_listener(*listener, address, destination.port())) {
                return Err(Refusal::OwnListener);
            }
            if listed(&self.destinations.deny, &address) {
                return Err(Refusal::Denied);
            }
            if allowed {
                continue;
            }
            refuse_class(address)?;
            if address.is_loopback() && !client_is_local && !by_override {
                return Err(Refusal::Loopback);
            }
        }
        Ok(())
    }

    fn is_listener(&self, listener: SocketAddr, address: IpAddr, port: u16) -> bool {
        let bound = listener.ip().to_canonical();
        let everywhere = bound.is_unspecified() && (address.is_loopback() || (self.is_own_address)(address));
        listener.port() == port && (bound == address || everywhere)
    }
}

/// Refuses addresses that nobody may reach through the proxy.
fn refuse_class(address: IpAddr) -> Result<(), Refusal> {
    let (unspecified, link_local, multicast) = match address {
        // The whole of 0.0.0.0/8 means "this host" (RFC 1122 section 3.2.1.3).
        IpAddr::V4(v4) => (v4.octets()[0] == 0, v4.is_link_local(), v4.is_multicast() || v4.is_broadcast()),
        IpAddr::V6(v6) => (v6.is_unspecified(), v6.is_unicast_link_local(), v6.is_multicast()),
    };
    match () {
        () if unspecified => Err(Refusal::Unspecified),
        () if link_local || METADATA.contains(&address) => Err(Refusal::LinkLocal),
        () if multicast => Err(Refusal::Multicast),
        () => Ok(()),
    }
}

/// Ranges for networks of one's own (RFC 1918, RFC 4193), and the client's own link.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether an interface of this machine has the address: only then a socket can be bound to it.
pub fn is_own_address(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "127.0.0.1";
    const REMOTE: &str = "192.168.1.50";

    fn policy(listeners: &[&str]) -> Policy {
        let listeners = listeners.iter().map(|text| text.parse().unwrap()).collect();
        let own = |address: IpAddr| {
            address == IpAddr::from([192, 168, 1, 2]) || address == IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 2])
        };
        Policy { is_own_address: own, ..Policy::new(listeners, Vec::new()) }
    }

    #[track_caller]
    fn check(listeners: &[&str], client: &str, destination: &str, expect: Result<(), Refusal>) {
        let got = policy(listeners).may_reach(client.parse().unwrap(), destination.parse().unwrap(), false);
        assert_eq!(got, expect, "{client} to {destination}");
    }

    #[test]
    fn loopback_is_for_loopback_clients() {
        for address in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
            "[64:ff9b::7f00:1]:80",
            "[2002:7f00:1::]:80",
        ] {
            check(&[], REMOTE, address, Err(Refusal::Loopback));
            check(&[], LOCAL, address, Ok(()));
            check(&[], "::1", address, Ok(()));
            check(&[], "::ffff:127.0.0.1", address, Ok(()));
        }
        for address in ["192.0.2.1:443", "[2001:db8::1]:443", "10.0.0.1:80", "192.168.1.2:80", "[64:ff9b::808:808]:443"]
        {
            check(&[], REMOTE, address, Ok(()));
            check(&[], LOCAL, address, Ok(()));
        }
    }

    #[test]
    fn some_addresses_are_for_nobody() {
        for address in [
            "169.254.169.254:80",
            "169.254.0.1:80",
            "[fe80::1]:80",
            "[febf::1]:80",
            "[::ffff:169.254.169.254]:80",
            "[::169.254.169.254]:80",
            "[2002:a9fe:a9fe::1]:80",
            "[64:ff9b::a9fe:a9fe]:80",
            "[64:ff9b:1::a9fe:a9fe]:80",
            "[fd00:ec2::254]:80",
            "100.100.100.200:80",
        ] {
            check(&[], LOCAL, address, Err(Refusal::LinkLocal));
            check(&[], REMOTE, address, Err(Refusal::LinkLocal));
        }
        for address in ["0.0.0.0:80", "0.1.2.3:80", "[::]:80", "[::ffff:0.0.0.0]:80"] {
            check(&[], LOCAL, address, Err(Refusal::Unspecified));
        }
        for address in
            ["224.0.0.1:80", "239.255.255.250:1900", "255.255.255.255:80", "[ff02::1]:80", "[::ffff:224.0.0.1]:80"]
        {
            check(&[], LOCAL, address, Err(Refusal::Multicast));
        }
    }

    #[test]
    fn landfall_never_connects_to_itself() {
        let own = Err(Refusal::OwnListener);
        let loopback = &["127.0.0.1:8080", "[::1]:8090"];
        check(loopback, LOCAL, "127.0.0.1:8080", own);
        check(loopback, LOCAL, "[::ffff:127.0.0.1]:8080", own);
        check(loopback, LOCAL, "[64:ff9b::7f00:1]:8080", own);
        check(loopback, LOCAL, "[::1]:8090", own);
        check(loopback, LOCAL, "127.0.0.1:8090", Ok(()));
        check(loopback, LOCAL, "127.0.0.1:8081", Ok(()));
        check(loopback, LOCAL, "0.0.0.0:8080", Err(Refusal::Unspecified));
        check(loopback, LOCAL, "192.168.1.2:8080", Ok(()));

        for everywhere in ["0.0.0.0:8080", "[::]:8080"] {
            for address in [
                "127.0.0.1:8080",
                "127.1.2.3:8080",
                "[::1]:8080",
                "192.168.1.2:8080",
                "[::ffff:192.168.1.2]:8080",
                "[fd00::2]:8080",
            ] {
                check(&[everywhere], LOCAL, address, own);
                check(&[everywhere], REMOTE, address, own);
            }
            check(&[everywhere], REMOTE, "192.168.1.3:8080", Ok(()));
            check(&[everywhere], REMOTE, "192.168.1.2:8081", Ok(()));
        }
    }

    #[test]
    fn an_override_opens_loopback_and_nothing_else() {
        let policy = policy(&["127.0.0.1:8080"]);
        let reach = |address: &str| policy.may_reach(REMOTE.parse().unwrap(), address.parse().unwrap(), true);
        assert_eq!(reach("127.0.0.1:9443"), Ok(()));
        assert_eq!(reach("127.0.0.1:8080"), Err(Refusal::OwnListener));
        assert_eq!(reach("169.254.169.254:80"), Err(Refusal::LinkLocal));
        assert_eq!(reach("0.0.0.0:8080"), Err(Refusal::Unspecified));
    }

    #[test]
    fn clients_are_local_private_or_named() {
        #[track_caller]
        fn check(listener: &str, allowed: &[&str], client: &str, expect: bool) {
            let allowed = allowed.iter().map(|net| net.parse().unwrap()).collect();
            let policy = Policy::new(Vec::new(), allowed);
            let got = policy.admit(client.parse().unwrap(), listener.parse().unwrap(), false);
            assert_eq!(got.is_ok(), expect, "{client} on {listener}");
        }
        check("127.0.0.1:8080", &[], "127.0.0.1", true);
        for private in
            ["127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.9.9", "fd12::1", "fe80::1", "::ffff:10.0.0.1"]
        {
            check("0.0.0.0:8080", &[], private, true);
        }
        for public in ["192.0.2.1", "8.8.8.8", "172.32.0.1", "2001:db8::1", "::ffff:8.8.8.8", "100.64.0.1"] {
            check("0.0.0.0:8080", &[], public, false);
            check("192.168.1.2:8080", &[], public, false);
        }
        check("0.0.0.0:8080", &["192.0.2.0/24"], "192.0.2.1", true);
        check("[::]:8080", &["192.0.2.0/24"], "::ffff:192.0.2.1", true);
        check("0.0.0.0:8080", &["192.0.2.0/24"], "10.0.0.1", false);
        check("0.0.0.0:8080", &["192.0.2.0/24"], "127.0.0.1", true);
    }

    #[test]
    fn who_proves_a_user_may_come_from_anywhere_that_is_not_ruled_out() {
        let (client, everywhere) = ("8.8.8.8".parse().unwrap(), "0.0.0.0:8080".parse().unwrap());
        assert!(Policy::new(Vec::new(), Vec::new()).admit(client, everywhere, true).is_ok());
        assert!(Policy::new(Vec::new(), vec!["10.0.0.0/8".parse().unwrap()]).admit(client, everywhere, true).is_err());
    }

    #[test]
    fn the_operator_opens_and_closes_destinations_but_never_landfall_itself() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let policy = policy(&["127.0.0.1:8080"]).with_destinations(Destinations {
            allow: vec![net("169.254.0.0/16"), net("127.0.0.0/8"), net("0.0.0.0/0")],
            deny: vec![net("10.0.0.0/8"), net("169.254.169.254/32")],
        });
        let reach = |address: &str| policy.may_reach(REMOTE.parse().unwrap(), address.parse().unwrap(), false);
        assert_eq!(reach("169.254.7.7:80"), Ok(()));
        assert_eq!(reach("127.0.0.1:9443"), Ok(()));
        assert_eq!(reach("127.0.0.1:8080"), Err(Refusal::OwnListener));
        assert_eq!(reach("169.254.169.254:80"), Err(Refusal::Denied));
        assert_eq!(reach("[::ffff:10.1.2.3]:80"), Err(Refusal::Denied));
        assert_eq!(reach("[64:ff9b::10.1.2.3]:80"), Err(Refusal::Denied));
        assert_eq!(reach("[fe80::1]:80"), Err(Refusal::LinkLocal), "a list for IPv4 opens nothing of IPv6");
        assert_eq!(reach("192.0.2.1:80"), Ok(()));
    }

    #[test]
    fn own_addresses_are_known_without_asking_the_system_for_a_list() {
        assert!(is_own_address(IpAddr::from([127, 0, 0, 1])));
        assert!(!is_own_address(IpAddr::from([192, 0, 2, 1])));
    }
}
