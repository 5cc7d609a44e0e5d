//! What is asked of the sources, and what they answer before it is weighed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use super::{Country, Evidence, Network, Owner, Processor};
use crate::exchange::UpstreamCertificate;

/// The destination as every source sees it.
pub(super) struct Subject<'a> {
    /// Lower-case, without trailing dot.
    pub host: &'a str,
    /// The address that answered, with IPv4 taken out of its IPv6 wrappings.
    pub address: Option<IpAddr>,
    /// Name of the reserved range that the address is in. Embedded data says nothing about those.
    pub reserved: Option<&'static str>,
    /// The alias chain that resolution followed.
    pub aliases: &'a [String],
    pub certificate: Option<&'a UpstreamCertificate>,
    /// The day of the exchange: who owned what then.
    pub day: Date,
    pub connect_time: Option<Duration>,
    pub samples: u32,
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
}

/// One source's word on where the host is.
pub(super) struct Opinion {
    pub evidence: Evidence,
    /// `None`: the source holds a record for the address, but no country in it.
    pub country: Option<Country>,
    /// The source says that the address is announced from many places.
    pub anycast: bool,
    /// The source itself calls its answer inexact.
    pub vague: bool,
    pub origin: Origin,
}

/// What kind of source an opinion comes from, and so how much it may decide.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Override,
    Geofeed,
    /// `maker`: databases of one maker are one source. `named`: the user named the file.
    Database {
        maker: Arc<str>,
        named: bool,
    },
}

impl Origin {
    /// Whether the user named the source; embedded data may never speak of a reserved address.
    pub fn named(&self) -> bool {
        !matches!(self, Self::Database { named: false, .. })
    }
}
