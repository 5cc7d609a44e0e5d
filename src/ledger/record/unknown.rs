//! Absence that carries its reason.

use serde::Serialize;

use crate::exchange::NoPeer;
use crate::locate::{Country, Unplaced};

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OrUnknown<T> {
    Known(T),
    Unknown(Unknown),
}

/// `{"unknown": reason}`; of a dispute also the `candidates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    unknown: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<String>>,
}

impl Unknown {
    pub fn because(reason: &'static str) -> Self {
        Self { unknown: reason, candidates: None }
    }
}

impl<T> OrUnknown<T> {
    pub fn because(reason: &'static str) -> Self {
        Self::Unknown(Unknown::because(reason))
    }

    /// The value, or `no_evidence`.
    pub fn evident(value: Option<T>) -> Self {
        value.map_or_else(|| Self::because("no_evidence"), Self::Known)
    }
}

impl From<&Unplaced> for Unknown {
    fn from(unplaced: &Unplaced) -> Self {
        let candidates = match unplaced {
            Unplaced::Disputed(countries) => Some(codes(countries)),
            _ => None,
        };
        Self { unknown: unplaced.as_str(), candidates }
    }
}

impl From<NoPeer> for Unknown {
    fn from(reason: NoPeer) -> Self {
        Self::because(match reason {
            NoPeer::Unresolved => "unresolved",
            NoPeer::Unreachable => "unreachable",
            NoPeer::Refused => "refused",
            NoPeer::NotRecorded => "not_recorded",
        })
    }
}

/// ISO 3166-1 alpha-2 codes as text.
pub(super) fn codes(countries: &[Country]) -> Vec<String> {
    countries.iter().map(Country::to_string).collect()
}
