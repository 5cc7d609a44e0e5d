//! Who comes in where: further listeners, devices, exemptions, and the proxy's own TLS.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use super::ConfigError;
use super::value::{many, maybe, one};
use crate::capture::{self, HostSuffix, LISTENER, ListenMode, Mac, WhichClient};

/// One more address that takes clients.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Label of its metrics.
    pub name: String,
    #[serde(deserialize_with = "one")]
    pub listen: SocketAddr,
    #[serde(default, deserialize_with = "one")]
    pub mode: ListenMode,
    /// Who all its clients are that prove no user.
    #[serde(default)]
    pub user: Option<String>,
    /// What all its clients are that are no device of their own.
    #[serde(default)]
    pub device: Option<String>,
}

/// A device with a name, and by what it is known; any one of them will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    pub name: String,
    #[serde(default, deserialize_with = "many")]
    pub address: Vec<IpNet>,
    #[serde(default, deserialize_with = "many")]
    pub mac: Vec<Mac>,
    #[serde(default)]
    pub user: Vec<String>,
}

/// An exemption from being opened; all that it says must hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BypassRule {
    #[serde(default, deserialize_with = "maybe")]
    pub host: Option<HostSuffix>,
    #[serde(default, deserialize_with = "maybe")]
    pub sni: Option<HostSuffix>,
    /// An address, a network, or the name of a device or a user.
    #[serde(default)]
    pub client: Option<String>,
}

/// TLS to the proxy itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Https {
    pub enabled: bool,
    /// PEM files; without them, a certificate of Landfall's own CA.
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Default for Https {
    fn default() -> Self {
        Self { enabled: true, certificate: None, key: None }
    }
}

/// Most listeners, so that they can be a label.
const MOST_LISTENERS: usize = 64;
/// Longest name of a listener, a device or a user.
const LONGEST: usize = 64;

impl super::Capture {
    /// Refuse what contradicts itself.
    pub(super) fn check_ways_in(&self, admin: SocketAddr) -> Result<(), ConfigError> {
        let refuse = |text: String| Err(ConfigError::invalid(text));
        let mut names = BTreeSet::from([LISTENER]);
        let mut taken = BTreeSet::from([self.listen, admin]);
        if self.listeners.len() > MOST_LISTENERS {
            return refuse(format!("`capture.listeners` has over {MOST_LISTENERS} entries"));
        }
        for listener in &self.listeners {
            let name = &listener.name;
            if !is_label(name) {
                return refuse(format!(
                    "`capture.listeners` has the name `{name}`; a name has up to 32 of a-z, 0-9, `_` and `-`, and begins with a letter"
                ));
            }
            if !names.insert(name) {
                return refuse(format!("`capture.listeners` has the name `{name}`, which another listener has"));
            }
            if listener.listen.port() != 0 && !taken.insert(listener.listen) {
                return refuse(format!("two listeners are on `{}`; give one of them another port", listener.listen));
            }
            self.check_names("capture.listeners", listener.user.iter().chain(&listener.device))?;
        }
        for device in &self.devices {
            self.check_names("capture.devices", [&device.name].into_iter().chain(&device.user))?;
            if device.address.is_empty() && device.mac.is_empty() && device.user.is_empty() {
                return refuse(format!(
                    "`capture.devices` has `{}` without `address`, `mac` or `user`; nothing would be known by it",
                    device.name
                ));
            }
        }
        for rule in &self.bypass_rules {
            if rule.host.is_none() && rule.sni.is_none() {
                return refuse(
                    "`capture.bypass_rules` has a rule without `host` or `sni`; name what it exempts".to_owned(),
                );
            }
            self.check_names("capture.bypass_rules", &rule.client)?;
        }
        match (&self.https.certificate, &self.https.key) {
            (Some(_), None) | (None, Some(_)) => {
                refuse("`capture.https` has only one of `certificate` and `key`; give both, or neither".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_names<'a>(&self, key: &str, names: impl IntoIterator<Item = &'a String>) -> Result<(), ConfigError> {
        let holds = |name: &&String| (1..=LONGEST).contains(&name.len()) && !name.chars().any(char::is_control);
        match names.into_iter().find(|name| !holds(name)) {
            None => Ok(()),
            Some(_) => Err(ConfigError::invalid(format!(
                "`{key}` has a name that is empty, over {LONGEST} bytes or with control characters"
            ))),
        }
    }

    /// All that is relayed unopened.
    pub fn all_bypasses(&self) -> Vec<capture::BypassRule> {
        let rule = |rule: &BypassRule| capture::BypassRule {
            host: rule.host.clone(),
            sni: rule.sni.clone(),
            client: rule.client.as_deref().map(which),
        };
        self.bypass.iter().cloned().map(Into::into).chain(self.bypass_rules.iter().map(rule)).collect()
    }

    /// The devices that have names.
    pub fn known_devices(&self) -> Vec<capture::Device> {
        let device = |device: &Device| capture::Device {
            name: device.name.as_str().into(),
            addresses: device.address.clone(),
            macs: device.mac.clone(),
            users: device.user.clone(),
        };
        self.devices.iter().map(device).collect()
    }
}

fn which(text: &str) -> WhichClient {
    match <IpNet as super::Value>::read(text) {
        Some(net) => WhichClient::Network(net),
        None => WhichClient::Name(text.to_owned()),
    }
}

fn is_label(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=32).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(known)
}

#[cfg(test)]
mod tests {
    use super::super::Settings;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = match toml::from_str::<Settings>(&format!("[capture]\n{text}")) {
            Ok(settings) => settings.check().err().map(|error| error.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_owned(),
        };
        assert!(got.contains(expect) && got.is_empty() == expect.is_empty(), "{text}: `{got}` lacks `{expect}`");
    }

    #[test]
    fn ways_in_are_read_and_contradictions_refused() {
        check(
            r#"listeners = [{ name = "phones", listen = "0.0.0.0:8081", mode = "transparent", device = "lab phones" }]
            devices = [{ name = "pixel-7", address = ["192.168.1.31"], mac = ["02:00:5e:10:00:01"], user = ["jane"] }]
            bypass_rules = [{ client = "jane", host = "bank.example" }, { sni = "pinned.example" }]
            https = { enabled = false }"#,
            "",
        );
        check(r#"listeners = [{ name = "proxy", listen = "127.0.0.1:1" }]"#, "`proxy`, which another listener has");
        check(r#"listeners = [{ name = "Phones", listen = "127.0.0.1:1" }]"#, "the name `Phones`; a name has up to 32");
        check(r#"listeners = [{ name = "a", listen = "127.0.0.1:8080" }]"#, "two listeners are on `127.0.0.1:8080`");
        check(r#"listeners = [{ name = "a", listen = "127.0.0.1:8090" }]"#, "two listeners are on `127.0.0.1:8090`");
        check(r#"listeners = [{ name = "a", listen = "127.0.0.1:1", mode = "socks" }]"#, "write `any`, `explicit`");
        check(r#"listeners = [{ name = "a", listen = "127.0.0.1:1", user = "" }]"#, "a name that is empty");
        check(r#"devices = [{ name = "a" }]"#, "`a` without `address`, `mac` or `user`");
        check(r#"devices = [{ name = "a", mac = ["02:00"] }]"#, "`02:00` is not a hardware address");
        check(r#"bypass_rules = [{ client = "jane" }]"#, "a rule without `host` or `sni`");
        check(r#"bypass_rules = [{ sni = "a..b" }]"#, "`a..b` is not a host name");
        check(r#"https = { key = "k.pem" }"#, "only one of `certificate` and `key`");
    }
}
