//! Which device a client is: the name that the configuration gives it, else its hardware address, else what its requests
//! say of themselves. Every answer is short, and none becomes a label.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use super::neighbours::{Mac, Neighbours};
use crate::exchange::Client;

/// A device that the configuration names, and by what it is known; any one of them will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: Arc<str>,
    pub addresses: Vec<IpNet>,
    pub macs: Vec<Mac>,
    pub users: Vec<String>,
}

/// The devices that are known.
#[derive(Default)]
pub struct Devices {
    known: Vec<Device>,
    neighbours: Arc<Neighbours>,
}

impl Devices {
    pub fn new(known: Vec<Device>) -> Self {
        Self { known, neighbours: Arc::default() }
    }

    /// The device at this address. `of_listener` is what the listener's own configuration says; only a device that is
    /// named by its address tells more.
    pub async fn at(&self, address: IpAddr, of_listener: Option<Arc<str>>) -> Option<Arc<str>> {
        let mac = self.neighbours.mac(address).await;
        let by_mac = self.known.iter().find(|device| mac.is_some_and(|mac| device.macs.contains(&mac)));
        let by_address = || self.known.iter().find(|device| device.addresses.iter().any(|net| net.contains(&address)));
        let named = by_mac.or_else(by_address).map(|device| Arc::clone(&device.name));
        named.or(of_listener).or_else(|| mac.map(|mac| mac.to_string().into()))
    }

    /// The same client once its user is known.
    pub fn with_user(&self, client: &Client, user: Arc<str>) -> Client {
        let by_user = self.known.iter().find(|device| device.users.iter().any(|name| **name == *user));
        let device = by_user.map(|device| Arc::clone(&device.name)).or_else(|| client.device.clone());
        Client { user: Some(user), device, ..client.clone() }
    }
}

/// The product at the start of a `User-Agent` (RFC 9110 section 10.1.5), `okhttp/4.12.0`, where it is plain: letters and a
/// version of numbers. What an app adds may name its user.
pub fn product(user_agent: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(user_agent).ok()?;
    let first = text.split([' ', '(']).next()?;
    let (name, version) = first.split_once('/').map_or((first, None), |(name, version)| (name, Some(version)));
    let is_name = (1..=MAX_NAME).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b"-_.".contains(&b));
    if !is_name {
        return None;
    }
    let is_version =
        |text: &&str| (1..=MAX_VERSION).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    Some(match version.filter(is_version) {
        Some(version) => format!("{name}/{version}"),
        None => name.to_owned(),
    })
}

const MAX_NAME: usize = 32;
const MAX_VERSION: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_product_is_taken_from_a_user_agent() {
        #[track_caller]
        fn check(user_agent: &str, expect: Option<&str>) {
            assert_eq!(product(user_agent.as_bytes()).as_deref(), expect, "{user_agent}");
        }
        check("okhttp/4.12.0", Some("okhttp/4.12.0"));
        check("AcmeWeather/4.2 CFNetwork/1410.0.3 Darwin/22.6.0", Some("AcmeWeather/4.2"));
        check("Dalvik/2.1.0 (Linux; U; Android 14; Pixel 7)", Some("Dalvik/2.1.0"));
        check("curl", Some("curl"));
        check("App/4.2-beta.jane", Some("App"));
        check("App/12345678901234567890", Some("App"));
        check("jane@example.com/1.0", None);
        check("a1b2c3d4e5f60718/1.0", None);
        check("5551234567", None);
        check("", None);
        check("(x)", None);
        check(&"a".repeat(33), None);
        assert_eq!(product(b"\xff/1"), None);
    }

    #[tokio::test]
    async fn a_device_is_known_by_its_address_and_by_its_user() {
        let device = |name: &str, addresses: &[&str], users: &[&str]| Device {
            name: name.into(),
            addresses: addresses.iter().map(|net| net.parse().unwrap()).collect(),
            macs: Vec::new(),
            users: users.iter().map(|&user| user.to_owned()).collect(),
        };
        let devices = Devices::new(vec![
            device("pixel-7", &["127.0.0.7/32"], &[]),
            device("lab", &["127.0.0.0/24"], &[]),
            device("jane's", &[], &["jane"]),
        ]);
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(devices.at(at("127.0.0.7"), Some("port".into())).await.as_deref(), Some("pixel-7"));
        assert_eq!(devices.at(at("127.0.0.8"), None).await.as_deref(), Some("lab"));
        assert_eq!(devices.at(at("127.0.1.8"), Some("port".into())).await.as_deref(), Some("port"));
        assert_eq!(devices.at(at("127.0.1.8"), None).await, None);
        let client = Client { address: None, user: None, device: Some("lab".into()) };
        assert_eq!(devices.with_user(&client, "jane".into()).device.as_deref(), Some("jane's"));
        assert_eq!(devices.with_user(&client, "joe".into()).device.as_deref(), Some("lab"));
    }
}
