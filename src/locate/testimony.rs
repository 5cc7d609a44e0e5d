//! What is asked of the sources, and what they answer before it is weighed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::carrier::{Carrier, Spread};
use super::pop::Pop;
use super::{Country, Evidence, Network, Owner, Processor, Reach};
use crate::exchange::UpstreamCertificate;

/// The destination as every source sees it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// Lower-case, without trailing dot.
    pub host: &'a str,
    pub host_is_address: bool,
    /// The alias chain that resolution followed.
    pub aliases: &'a [String],
    /// The server's certificate, where one was seen.
    pub certificate: Option<&'a UpstreamCertificate>,
    /// The day of the exchange: who owned what then.
    pub day: Date,
    /// The address that answered, with IPv4 taken out of its IPv6 wrappings.
    pub address: Option<IpAddr>,
    /// Name of the reserved range that the address is in. Embedded data says nothing about those.
    pub reserved: Option<&'static str>,
    /// Points of presence that the response names, believed or not.
    pub pops: &'a [Pop],
    /// The address's own name, where it was asked for.
    pub reverse_name: Option<&'a str>,
    pub connect_time: Option<Duration>,
    pub samples: u32,
    /// Why the connect time shows nothing of the server's place.
    pub interception: Option<&'static str>,
    /// Distances from the stated vantage; `None` where none is stated.
    pub reach: Option<&'a Reach>,
}

impl<'a> Subject<'a> {
    /// A host of which nothing but the name is known.
    pub fn of_name(host: &'a str, day: Date) -> Self {
        Self {
            host,
            host_is_address: host.parse::<IpAddr>().is_ok(),
            aliases: &[],
            day,
            certificate: None,
            address: None,
            reserved: None,
            pops: &[],
            reverse_name: None,
            connect_time: None,
            samples: 0,
            interception: None,
            reach: None,
        }
    }
}

/// Everything the sources say of one destination.
#[derive(Default)]
pub(super) struct Testimony {
    /// About where the host is.
    pub opinions: Vec<Opinion>,
    pub network: Option<Network>,
    pub owner: Option<Arc<Owner>>,
    pub processors: Vec<Processor>,
    /// Evidence that decides nothing by itself about the location.
    pub notes: Vec<Evidence>,
    pub spread: Option<Spread>,
    pub carrier: Option<Carrier>,
}

/// One source's word on where the host is.
pub(super) struct Opinion {
    pub evidence: Evidence,
    /// `None`: the source holds a record for the address, but no country in it.
    pub country: Option<Country>,
    /// The source says that the address is announced from many places.
    pub anycast: bool,
    /// The source says that the way to the address goes through space.
    pub satellite: bool,
    /// The source itself calls its answer inexact.
    pub vague: bool,
    pub origin: Origin,
}

/// What kind of source an opinion comes from, and so how much it may decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Override,
    Geofeed,
    /// `maker`: databases of one maker are one source. `named`: the user named the file.
    Database {
        maker: Arc<str>,
        named: bool,
    },
    /// The operator's own name for its region, in a published range or in a host name.
    Region,
    /// The delivery network's own word for who answered. `sure`: the address is known to be its edge's. `strong`: besides,
    /// the network documents the field and lets nobody change it.
    Pop {
        strong: bool,
        sure: bool,
    },
    ReverseName,
}

impl Origin {
    /// Whether the user named the source; embedded data may never speak of a reserved address.
    pub fn named(&self) -> bool {
        matches!(self, Self::Override | Self::Geofeed | Self::Database { named: true, .. })
    }
}
