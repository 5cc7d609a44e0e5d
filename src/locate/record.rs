//! One record of an MMDB, in whichever schema: recognised by its fields, never by what the file calls itself.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The fields that bear on a placement, at the top of a record or one level down.
///
/// Known schemas: MaxMind (`country.iso_code`, `registered_country`, `traits`, `location.accuracy_radius`,
/// `autonomous_system_number`; Enterprise has the network among its `traits`, Anonymous IP only flags), DB-IP (the same), IPinfo (`country` or `country_code` as text, `asn` as `AS123`, `name` or
/// `as_name`), ip-location-db (`country_code`; `autonomous_system_number`). A field of an unexpected type is no field.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Record<'a> {
    pub country: Option<&'a str>,
    pub registered_country: Option<&'a str>,
    pub represented_country: Option<&'a str>,
    pub accuracy_radius_km: Option<f64>,
    /// Percent, of the country (GeoIP2 Enterprise).
    pub confidence: Option<f64>,
    pub anycast: bool,
    pub satellite: bool,
    /// The database says that the address is a satellite provider's, a proxy's or the like.
    pub elsewhere: Option<&'static str>,
    pub asn: Option<u32>,
    pub organization: Option<&'a str>,
}

/// Any value, as far as it is of use.
#[derive(Debug)]
enum Node<'a> {
    Text(&'a str),
    Number(f64),
    Flag(bool),
    Map(Box<Inner<'a>>),
    Other,
}

/// The fields of any nested map that are of use in some parent.
#[derive(Debug, Default)]
struct Inner<'a> {
    iso_code: Option<&'a str>,
    confidence: Option<f64>,
    accuracy_radius: Option<f64>,
    traits: Traits,
    asn: Option<u32>,
    organization: Option<&'a str>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Traits {
    anycast: bool,
    satellite: bool,
    proxy: bool,
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        let mut code = None;
        let mut names: [Option<&str>; 2] = [None, None];
        while let Some(key) = map.next_key::<&str>()? {
            match (key, map.next_value::<Node<'de>>()?) {
                ("country_code", Node::Text(text)) => code = Some(text),
                ("country", Node::Text(text)) => record.country = Some(text),
                ("country", Node::Map(inner)) => {
                    record.country = inner.iso_code;
                    record.confidence = inner.confidence;
                }
                ("registered_country", Node::Map(inner)) => record.registered_country = inner.iso_code,
                ("represented_country", Node::Map(inner)) => record.represented_country = inner.iso_code,
                ("location", Node::Map(inner)) => record.accuracy_radius_km = inner.accuracy_radius,
                ("traits", Node::Map(inner)) => {
                    record.read_traits(inner.traits);
                    record.asn = record.asn.or(inner.asn);
                    names[0] = names[0].or(inner.organization);
                }
                ("is_anycast" | "anycast", flag) => record.anycast |= flag.is_true(),
                ("is_satellite" | "is_satellite_provider", flag) if flag.is_true() => {
                    record.read_traits(Traits { satellite: true, ..Traits::default() });
                }
                // GeoIP2 Anonymous IP has these at the top; IPinfo writes the shorter ones, as flags or as text.
                (
                    "is_anonymous"
                    | "is_anonymous_vpn"
                    | "is_public_proxy"
                    | "is_residential_proxy"
                    | "is_tor_exit_node"
                    | "is_anonymous_proxy"
                    | "is_proxy"
                    | "is_vpn"
                    | "is_tor"
                    | "is_relay"
                    | "vpn"
                    | "proxy"
                    | "tor"
                    | "relay",
                    flag,
                ) if flag.is_true() => record.read_traits(Traits { proxy: true, ..Traits::default() }),
                ("autonomous_system_number" | "asn" | "as_number", number) => {
                    record.asn = number.as_number().or(record.asn)
                }
                ("autonomous_system_organization" | "as_name", Node::Text(text)) => names[0] = Some(text),
                ("name" | "organization", Node::Text(text)) => names[1] = Some(text),
                _ => {}
            }
        }
        // IPinfo Lite has both: the name in `country`, the code beside it.
        record.country = code.or(record.country).filter(|text| !text.is_empty());
        record.organization = names[0].or(names[1]).filter(|text| !text.is_empty());
        Ok(record)
    }
}

impl Record<'_> {
    /// Whether the record has any field that says where a host is, or that nothing can.
    pub fn speaks_of_place(&self) -> bool {
        self.country.is_some()
            || self.registered_country.is_some()
            || self.represented_country.is_some()
            || self.accuracy_radius_km.is_some()
            || self.anycast
    }

    /// Whether the record says anything that bears on a place.
    pub fn speaks(&self) -> bool {
        self.speaks_of_place() || self.elsewhere.is_some()
    }

    fn read_traits(&mut self, traits: Traits) {
        self.anycast |= traits.anycast;
        if traits.satellite {
            self.satellite = true;
            self.elsewhere = Some("a satellite provider's");
        } else if traits.proxy {
            self.elsewhere = Some("a proxy's");
        }
    }
}

impl<'de> Node<'de> {
    fn is_true(&self) -> bool {
        match self {
            Node::Flag(flag) => *flag,
            Node::Text(text) => text.eq_ignore_ascii_case("true"),
            Node::Number(number) => *number == 1.0,
            Node::Map(_) | Node::Other => false,
        }
    }

    fn text(&self) -> Option<&'de str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }

    fn number(&self) -> Option<f64> {
        if let Node::Number(number) = self { Some(*number) } else { None }
    }

    /// An AS number: a number, or text with or without `AS` before it. 0 means "not routed" (RFC 7607).
    fn as_number(&self) -> Option<u32> {
        let number = match self {
            Node::Number(number) if number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number) => {
                Some(*number as u32)
            }
            Node::Text(text) => {
                let digits = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
                digits.parse().ok()
            }
            _ => None,
        };
        number.filter(|number| *number != 0)
    }
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(text))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Node::Number(number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut inner = Inner::default();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "iso_code" => inner.iso_code = map.next_value::<Node<'de>>()?.text(),
                "confidence" => inner.confidence = map.next_value::<Node<'de>>()?.number(),
                "autonomous_system_number" => inner.asn = map.next_value::<Node<'de>>()?.as_number(),
                "autonomous_system_organization" => inner.organization = map.next_value::<Node<'de>>()?.text(),
                "accuracy_radius" => inner.accuracy_radius = map.next_value::<Node<'de>>()?.number(),
                "is_anycast" => inner.traits.anycast = map.next_value::<Node<'de>>()?.is_true(),
                "is_satellite_provider" => inner.traits.satellite = map.next_value::<Node<'de>>()?.is_true(),
                "is_anonymous"
                | "is_anonymous_proxy"
                | "is_anonymous_vpn"
                | "is_public_proxy"
                | "is_residential_proxy"
                | "is_tor_exit_node" => {
                    inner.traits.proxy |= map.next_value::<Node<'de>>()?.is_true();
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Node::Map(Box::new(inner)))
    }
}
