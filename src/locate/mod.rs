//! Destination to placement: under whose jurisdiction a recipient stands, with the evidence for it.
//!
//! Three answers that are never merged: where the answering host is, who runs its network, who owns the service.
//! Every source is a `Locator` in its own file and only testifies; `weigh` decides. What nobody can know is said
//! with its reason: an embedded database never places a private address, and databases that agree about a network which
//! announces its addresses from many places prove nothing.

mod address;
mod as_registry;
mod asn_db;
mod config;
mod connect_time;
mod country;
mod country_db;
mod embedded;
mod entities;
mod entity_checks;
mod entity_file;
mod entity_index;
mod geofeed;
mod iso3166;
#[cfg(test)]
mod lab_tests;
mod locators;
mod mmdb;
mod networks;
mod overrides;
mod owner;
#[cfg(test)]
mod owner_tests;
mod placement;
mod prefix;
mod record;
mod reserved;
#[cfg(test)]
mod test_mmdb;
mod testimony;
mod weigh;

pub use config::{Dataset, DatasetInfo, DatasetKind, LocateError, LocatorConfig};
pub use country::Country;
pub use embedded::attributions;
pub use locators::Locators;
pub use overrides::Override;
pub use placement::{
    Candidate, Claim, Effect, Evidence, EvidenceKind, Location, Network, Observed, Owner, OwnerAlternative, Placement,
    Processor, Provenance, Refuted, Review, Standing, Unplaced,
};

use testimony::{Subject, Testimony};

/// One source of evidence, over data loaded before.
trait Locator: Send + Sync {
    /// Add what this source knows of the subject. Sources are asked in a fixed order and see what earlier ones said.
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony);
}
