//! Which traffic is relayed unopened because the operator says so.

use ipnet::IpNet;

use super::host::LeafName;
use super::host_suffix::HostSuffix;
use crate::exchange::Client;

/// One rule; all of it must hold. At least a host or a name in the hello is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BypassRule {
    /// The destination as asked for, or as the client's hello names it.
    pub host: Option<HostSuffix>,
    /// The name in the client's hello alone.
    pub sni: Option<HostSuffix>,
    pub client: Option<WhichClient>,
}

/// The clients that a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichClient {
    Network(IpNet),
    /// Name of a device or a user.
    Name(String),
}

impl From<HostSuffix> for BypassRule {
    fn from(host: HostSuffix) -> Self {
        Self { host: Some(host), sni: None, client: None }
    }
}

impl BypassRule {
    /// Whether the rule covers a destination. `sni` is the name in the hello, once that is known.
    pub fn covers(&self, client: &Client, host: &LeafName, sni: Option<&LeafName>) -> bool {
        let names =
            self.host.as_ref().is_none_or(|suffix| suffix.covers(host) || sni.is_some_and(|n| suffix.covers(n)));
        let says = self.sni.as_ref().is_none_or(|suffix| sni.is_some_and(|name| suffix.covers(name)));
        names && says && self.client.as_ref().is_none_or(|which| which.is(client))
    }
}

impl WhichClient {
    fn is(&self, client: &Client) -> bool {
        match self {
            Self::Network(net) => client.address.is_some_and(|address| net.contains(&address.to_canonical())),
            Self::Name(name) => [&client.user, &client.device].into_iter().flatten().any(|known| **known == **name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_rule_says_must_hold() {
        let host = |text: &str| LeafName::parse(text).unwrap();
        let suffix = |text: &str| Some(text.parse::<HostSuffix>().unwrap());
        let client = Client { address: Some("192.168.1.31".parse().unwrap()), user: Some("jane".into()), device: None };
        let rule = |host, sni, client| BypassRule { host, sni, client };
        let covers = |rule: &BypassRule, sni: Option<&str>| {
            rule.covers(&client, &host("api.bank.example"), sni.map(host).as_ref())
        };
        assert!(covers(&rule(suffix("bank.example"), None, None), None));
        assert!(covers(&rule(suffix("front.example"), None, None), Some("a.front.example")));
        assert!(!covers(&rule(None, suffix("bank.example"), None), None), "no hello was seen yet");
        assert!(covers(&rule(None, suffix("pinned.example"), None), Some("pinned.example")));
        assert!(!covers(&rule(suffix("other.example"), suffix("pinned.example"), None), Some("pinned.example")));
        let who = |text: &str| Some(WhichClient::Network(text.parse().unwrap()));
        assert!(covers(&rule(suffix("bank.example"), None, who("192.168.1.0/24")), None));
        assert!(!covers(&rule(suffix("bank.example"), None, who("192.168.2.0/24")), None));
        assert!(covers(&rule(suffix("bank.example"), None, Some(WhichClient::Name("jane".into()))), None));
        assert!(!covers(&rule(suffix("bank.example"), None, Some(WhichClient::Name("joe".into()))), None));
    }
}
