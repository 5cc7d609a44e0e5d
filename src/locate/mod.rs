//! Destination to placement: under whose jurisdiction a recipient stands, with the evidence for it.
//!
//! Three answers that are never merged: where the answering host is, who runs its network, who owns the service.

mod country;
mod placement;

pub use country::Country;
pub use placement::{
    Candidate, Claim, Effect, Evidence, EvidenceKind, Location, Network, Observed, Owner, OwnerAlternative, Placement,
    Provenance, Refuted, Review, Standing, Unplaced,
};
