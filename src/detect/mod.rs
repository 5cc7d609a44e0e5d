//! Fields to findings: which personal data an exchange carries. Raw values stop here.
//!
//! Most elements are data (`rules/elements/*.yaml`); a [`Finding`] holds a keyed fingerprint and a masked preview, never the value.

mod finding;
mod fingerprint;
mod sensitive;
pub mod validate;

pub use finding::{Attributes, Confidence, DetectorKind, Finding, Position};
pub use fingerprint::{EvidenceKey, Fingerprint, Keys, SubjectId, SubjectKey};
pub use sensitive::Sensitive;
