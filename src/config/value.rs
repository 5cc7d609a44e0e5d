//! Values as they are written in the file: durations, sizes, addresses, hosts. Each says how it should look when it does not hold.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::capture::{
    HostSuffix, LeafName, ListenMode, Mac, OnBadUpstream, OnPinned, OverrideError, ProxyUrl, ResolveOverride,
};
use crate::ledger::{OnTrouble, Sync};
use crate::locate::{Country, Override, Path, Vantage};

/// A value written as text, in the file or behind a flag.
pub trait Value: Sized {
    /// What it is and how it is written, as in “`x` is no …”.
    const EXPECTED: &str;
    /// `None` when the text is no such value.
    fn read(text: &str) -> Option<Self>;
    /// The same with the error that messages show.
    fn parse(text: &str) -> Result<Self, NotAValue> {
        Self::read(text).ok_or_else(|| NotAValue(format!("`{text}` is not {}", Self::EXPECTED)))
    }
}

/// The text is not what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAValue(String);

impl Value for SocketAddr {
    const EXPECTED: &str = "an address with a port; write `127.0.0.1:8080` or `[::1]:8080`";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for IpNet {
    const EXPECTED: &str = "a network; write `192.168.0.0/16`, or one address";
    fn read(text: &str) -> Option<Self> {
        let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse::<IpNet>().ok().or_else(address).map(|net| net.trunc())
    }
}

impl Value for Duration {
    const EXPECTED: &str = "a duration over zero; write `10s`, `500ms` or `5m`";
    fn read(text: &str) -> Option<Self> {
        let span: jiff::SignedDuration = text.parse().ok()?;
        Duration::try_from(span).ok().filter(|duration| !duration.is_zero())
    }
}

impl Value for Country {
    const EXPECTED: &str = "a country; write its ISO 3166-1 code of two letters, `US`";
    fn read(text: &str) -> Option<Self> {
        Country::assigned(text)
    }
}

impl Value for Vantage {
    const EXPECTED: &str =
        "a place; write latitude, longitude and, where it is not exact, a radius in km: `50.11,8.68,25`";
    fn read(text: &str) -> Option<Self> {
        Vantage::parse(text)
    }
}

impl Value for Path {
    const EXPECTED: &str = "a path; write `fibre`, or `radio` where a satellite or microwave link is on the way";
    fn read(text: &str) -> Option<Self> {
        match text {
            "fibre" => Some(Self::Fibre),
            "radio" => Some(Self::Radio),
            _ => None,
        }
    }
}

impl Value for OnTrouble {
    const EXPECTED: &str = "a way to act on trouble; write `block` or `shed`";
    fn read(text: &str) -> Option<Self> {
        match text {
            "block" => Some(Self::Block),
            "shed" => Some(Self::Shed),
            _ => None,
        }
    }
}

impl Value for Sync {
    const EXPECTED: &str = "a way to commit; write `full` or `normal`";
    fn read(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}

impl Value for ListenMode {
    const EXPECTED: &str = "a way to take clients; write `any`, `explicit` or `transparent`";
    fn read(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "explicit" => Some(Self::Explicit),
            "transparent" => Some(Self::Transparent),
            _ => None,
        }
    }
}

impl Value for Mac {
    const EXPECTED: &str = "a hardware address; write `02:00:5e:10:00:01`";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for OnPinned {
    const EXPECTED: &str = "a way to act on pinned apps; write `tunnel`, `block` or `intercept`";
    fn read(text: &str) -> Option<Self> {
        match text {
            "tunnel" => Some(Self::Tunnel),
            "block" => Some(Self::Block),
            "intercept" => Some(Self::Intercept),
            _ => None,
        }
    }
}

impl Value for OnBadUpstream {
    const EXPECTED: &str = "a way to tell of a server that cannot be trusted; write `page` or `alert`";
    fn read(text: &str) -> Option<Self> {
        match text {
            "page" => Some(Self::Page),
            "alert" => Some(Self::Alert),
            _ => None,
        }
    }
}

impl Value for ProxyUrl {
    const EXPECTED: &str =
        "a proxy; write `http://proxy.example:3128`, `https://…` or `socks5://…`; credentials go into a file";
    fn read(text: &str) -> Option<Self> {
        ProxyUrl::parse(text)
    }
    /// Whoever writes a password into the URL must not read it again in an error.
    fn parse(text: &str) -> Result<Self, NotAValue> {
        Self::read(text).ok_or_else(|| NotAValue(format!("this is not {}", Self::EXPECTED)))
    }
}

impl Value for LeafName {
    const EXPECTED: &str = "a host name or address; write `example.com`, in ASCII";
    fn read(text: &str) -> Option<Self> {
        LeafName::parse(text).ok()
    }
}

impl Value for HostSuffix {
    const EXPECTED: &str = "a host name or address; write `example.com`, which covers all under it";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for ResolveOverride {
    const EXPECTED: &str = "a mapping; write `api.example.com:443:127.0.0.1:8443`";
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    /// Its own error says which part is wrong.
    fn parse(text: &str) -> Result<Self, NotAValue> {
        text.parse().map_err(|error: OverrideError| NotAValue(error.to_string()))
    }
}

/// Deserialise a value from text.
pub(super) fn one<'de, D: Deserializer<'de>, T: Value>(deserializer: D) -> Result<T, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

/// Deserialise a value that may be left out.
pub(super) fn maybe<'de, D: Deserializer<'de>, T: Value>(deserializer: D) -> Result<Option<T>, D::Error> {
    one(deserializer).map(Some)
}

/// Deserialise a list of values from a list of texts.
pub(super) fn many<'de, D: Deserializer<'de>, T: Value>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Vec::<Text<T>>::deserialize(deserializer).map(|list| list.into_iter().map(|text| text.0).collect())
}

/// Deserialise a list of `{ network = "…", country = "…" }`.
pub(super) fn overrides<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Override>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        network: Text<IpNet>,
        country: Text<Country>,
    }
    let entries = Vec::<Entry>::deserialize(deserializer)?;
    Ok(entries.into_iter().map(|it| Override { network: it.network.0, country: it.country.0 }).collect())
}

/// Deserialise a number of bytes: `8MiB`, or a plain number.
pub(super) fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    deserializer.deserialize_any(SizeVisitor)
}

struct Text<T>(T);

impl<'de, T: Value> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData)).map(Self)
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: Value> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::parse(text).map_err(E::custom)
    }
}

const SIZE: &str = "a size; write `64KiB`, `8MiB`, `1GiB` or a number of bytes";

struct SizeVisitor;

impl Visitor<'_> for SizeVisitor {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SIZE)
    }

    fn visit_i64<E: Error>(self, bytes: i64) -> Result<usize, E> {
        usize::try_from(bytes).map_err(|_| E::custom(format!("`{bytes}` is not {SIZE}")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<usize, E> {
        read_size(text).ok_or_else(|| E::custom(format!("`{text}` is not {SIZE}")))
    }
}

fn read_size(text: &str) -> Option<usize> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim_start() {
        "" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let check = |text, expect| assert_eq!(read_size(text), expect, "{text}");
        check("64KiB", Some(65_536));
        check("8 MiB", Some(8 << 20));
        check("0", Some(0));
        check("8MB", None);
        check("MiB", None);
        check("-1", None);
        check("99999999999999999999", None);
        check("18446744073709551615GiB", None);
    }

    #[test]
    fn durations() {
        let check = |text, expect: Option<u64>| {
            assert_eq!(Duration::read(text), expect.map(Duration::from_millis), "{text}");
        };
        check("10s", Some(10_000));
        check("5m", Some(300_000));
        check("500ms", Some(500));
        check("1h 30m", Some(5_400_000));
        check("0s", None);
        check("-5s", None);
        check("5s ago", None);
        check("10", None);
        check("ten", None);
    }

    #[test]
    fn networks_are_cut_to_their_prefix_and_one_address_is_one() {
        let check = |text, expect: Option<&str>| {
            assert_eq!(IpNet::read(text).map(|net| net.to_string()).as_deref(), expect, "{text}");
        };
        check("10.1.2.3/8", Some("10.0.0.0/8"));
        check("192.168.1.7", Some("192.168.1.7/32"));
        check("fd00::1", Some("fd00::1/128"));
        check("10.0.0.0/33", None);
        check("example.com", None);
    }

    #[test]
    fn an_error_quotes_the_input_and_says_how_to_write_it() {
        let error = Country::parse("USA").expect_err("three letters");
        assert_eq!(error.to_string(), "`USA` is not a country; write its ISO 3166-1 code of two letters, `US`");
        let error = ResolveOverride::parse("a.example:443").expect_err("no address");
        assert!(
            error.to_string().starts_with("`a.example:443` lacks a part; it is written `HOST:PORT:ADDR"),
            "{error}"
        );
    }
}
