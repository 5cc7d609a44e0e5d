//! Fields to findings: which personal data an exchange carries. Raw values stop here.
//!
//! Elements are data (`rules/elements/*.yaml`). A name is split into words and looked up; the value is tested, and can only
//! veto; the words around it decide whose it is. A few forms need no name (an e-mail address, a JWT). Positions and
//! records are put together from several fields. A [`Finding`] holds a keyed fingerprint and a masked preview, never the value.

mod compile;
mod coordinates;
mod detectors;
mod element;
mod examples;
mod explain;
mod finding;
mod fingerprint;
mod gates;
mod header;
mod lexicon;
mod mask;
mod names;
mod normal;
mod persona;
mod placeholder;
mod position;
mod record;
mod report;
mod scan;
mod sensitive;
mod surroundings;
mod text;
pub mod validate;
mod words;

pub use detectors::{Detected, Detectors, MOST_FINDINGS};
pub use explain::Explanation;
pub use finding::{Attributes, Confidence, DetectorKind, Finding, Ground, Position, Why};
pub use fingerprint::{EvidenceKey, Fingerprint, Keys, SubjectId, SubjectKey};
pub use persona::{Identifier, parse as parse_persona};
pub use sensitive::Sensitive;
