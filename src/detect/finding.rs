//! What detection yields: an element of personal data, where it stood, and how sure that is.

use std::sync::Arc;

use super::{Fingerprint, Sensitive, SubjectId};
use crate::decode::Part;

/// One data element found in one place. Holds no value.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Element id as in `rules/elements`: `email`, `precise_geolocation`, …
    pub element: Arc<str>,
    /// Family of the element: `demographic_contact`, `device_id`, … (the taxonomy's categories; bounded, so fit for a metric label).
    pub class: Arc<str>,
    pub part: Part,
    /// `$`-rooted path inside the part; keys that are values themselves are masked.
    pub path: String,
    /// Path of the nearest array element or message around it (`$` for the whole part).
    pub record: String,
    pub detector: DetectorKind,
    pub confidence: Confidence,
    pub why: Why,
    /// Encodings undone, from the outside in.
    pub layers: Vec<&'static str>,
    pub attributes: Attributes,
    /// Masked by kind, at most 24 characters.
    pub preview: String,
    pub fingerprint: Fingerprint,
    /// Keyed id of the person or device that the value names; `None` where the value names nobody (a heart rate).
    pub subject: Option<SubjectId>,
    /// For positions, so that `judge` can compare it with areas; never written.
    pub position: Option<Sensitive<Position>>,
    /// Further positions of the same track, each with the radius in metres within which it is known.
    pub track: Sensitive<Vec<(Position, Option<f64>)>>,
    /// The value as found; kept only when the auditor asked for `--reveal`.
    pub revealed: Option<Sensitive<String>>,
    /// The value behind a digest, under the same condition.
    pub plain: Option<Sensitive<String>>,
}

/// What a finding says beyond its element.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Attributes {
    /// Radius in metres within which a position is known.
    pub precision_m: Option<f64>,
    /// Only a part of the identifier is there (last four digits).
    pub truncated: bool,
}

/// A point on the WGS 84 ellipsoid, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
}

/// What made the detector say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DetectorKind {
    /// The name of the field.
    Key,
    /// The form of the value.
    Pattern,
    /// The format around it (EXIF, a VCF header).
    Format,
    /// The tester's own known value.
    Persona,
}

impl DetectorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Pattern => "pattern",
            Self::Format => "format",
            Self::Persona => "persona",
        }
    }
}

/// What a finding rests on, in words of the rule files: never a name or a value of the exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    pub ground: Ground,
    /// A word around the value that speaks for the element: of a parent, a neighbour, or the request's path.
    pub support: Option<Arc<str>>,
}

/// What said first that a value is of its element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Ground {
    /// The field's name, by this key of the rule.
    Name(Arc<str>),
    /// The same, inside running text: `name: value`.
    Label(Arc<str>),
    /// The form of the value alone.
    #[default]
    Form,
    /// A statement in running text.
    Statement,
    /// Several fields of one object: these members, in the rule's words.
    Members(Vec<Arc<str>>),
    /// A value that the tester gave.
    Known(Arc<str>),
}

/// How sure a finding is.
///
/// - `High`: a name that says one thing only and a value whose form was checked; or a form that is proof by itself (an
///   e-mail address, a JWT, a number with its check digits and its punctuation); or the tester's own value.
/// - `Medium`: one of the two. A clear name over a free value (a first name, a password), a checked value under a name that
///   only its surroundings make clear, or a proof that stands inside running text.
/// - `Low`: neither. A name that only its surroundings make clear over a free value, or a statement in running text. Worth a
///   look, no evidence by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    Low,
    Medium,
    High,
}

impl Confidence {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}
