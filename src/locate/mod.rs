//! Destination to placement: under whose jurisdiction a recipient stands, with the evidence for it.
//!
//! Four answers that are never merged: where the answering host is, who runs its network, who owns the service, and what
//! cannot be seen. Every source is a `Locator` in its own file and only testifies; `weigh` decides. What nobody can know is said
//! with its reason: an embedded database never places a private address, and databases that agree about a network which
//! announces its addresses from many places prove nothing.

mod address;
mod airports;
mod as_registry;
mod asn_db;
mod atlas;
#[cfg(test)]
mod builtin_entities_tests;
mod carrier;
mod cloud_file;
mod cloud_ranges;
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
#[cfg(test)]
mod mmdb_tests;
mod overrides;
mod owner;
#[cfg(test)]
mod owner_tests;
mod placed;
mod placement;
mod pop;
mod pop_header;
mod prefix;
mod reach;
mod record;
mod region_name;
mod regions;
mod reserved;
mod reverse_name;
#[cfg(test)]
mod test_mmdb;
mod testimony;
mod weigh;
#[cfg(test)]
mod weigh_tests;

pub use config::{Dataset, DatasetInfo, DatasetKind, LocateError, LocatorConfig};
pub use country::Country;
pub use embedded::{Embedded, attributions};
pub use locators::Locators;
pub use overrides::Override;
pub use placement::{
    Candidate, Claim, Effect, Evidence, EvidenceKind, Location, Network, Observed, Owner, OwnerAlternative, Placement,
    Processor, Provenance, Refuted, Review, Standing, Unplaced, Unseen,
};
pub use pop::recorded_field;
pub use reach::{Path, Reach, Vantage};

use embedded::damaged;
use testimony::{Subject, Testimony};

/// One source of evidence, over data loaded before.
trait Locator: Send + Sync {
    /// Add what this source knows of the subject. Sources are asked in a fixed order and see what earlier ones said.
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony);
}

/// A source that is shared between makings.
impl<T: Locator> Locator for std::sync::Arc<T> {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        (**self).testify(subject, testimony);
    }
}
