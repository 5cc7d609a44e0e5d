//! What locating is given, and what can be wrong with it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Embedded, Override, Path, Vantage};
use crate::rules::{RuleError, Source};

/// Everything that placements are made from, read before: locating itself does no I/O.
#[derive(Debug, Default)]
pub struct LocatorConfig {
    /// MMDB files the user named. Any of them replaces the embedded country databases.
    pub country_dbs: Vec<Dataset>,
    /// MMDB file the user named; replaces the embedded one.
    pub asn_db: Option<Dataset>,
    /// RFC 8805 geofeeds the user named.
    pub geofeeds: Vec<Dataset>,
    /// Ranges placed by the operator of this Landfall.
    pub overrides: Vec<Override>,
    /// Range files of cloud operators, in their own forms.
    pub cloud_ranges: Vec<Dataset>,
    /// Where connect times are measured; without, they bound nothing.
    pub vantage: Option<Vantage>,
    /// What the way from there goes through.
    pub path: Path,
    /// The data compiled in. Whoever makes the sources anew hands on the same.
    pub embedded: Arc<Embedded>,
    /// Files of entities. A later directory overrides an earlier one by id and by domain.
    pub entities: Vec<Source>,
}

/// One file, as read.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// The path as the user gave it: how messages name it.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Dataset {
    /// The file's name without directories and extension: how evidence names the dataset.
    pub(super) fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        match file.split_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => file,
        }
    }
}

/// What a dataset is looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DatasetKind {
    Country,
    Asn,
    AsRegistry,
    Geofeed,
    CloudRanges,
    Entities,
}

/// A dataset in force, for metrics and provenance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetInfo {
    /// `country`, `country-dbip`, `asn`, `as-country`, `entities`, or a named file's stem.
    pub name: Arc<str>,
    /// When its maker built it; `None` where it doesn't say.
    pub built: Option<Timestamp>,
    /// Lower-case hex SHA-256 of the (uncompressed) file.
    pub digest: Arc<str>,
}

/// Why the sources can't be used. A named source that can't be is never passed over.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    #[error("database `{name}`: {reason}; {help}")]
    Database { name: String, reason: String, help: &'static str },
    #[error("geofeed `{name}` line {line}: {reason}; {help}")]
    Geofeed { name: String, line: u64, reason: String, help: &'static str },
    #[error("cloud ranges `{name}`: {reason}; {help}")]
    CloudRanges { name: String, reason: String, help: &'static str },
    #[error("override `{network}`: {reason}; {help}")]
    Override { network: String, reason: String, help: &'static str },
    /// At least one.
    #[error("{}", summary(.0))]
    Entities(Vec<RuleError>),
}

fn summary(errors: &[RuleError]) -> String {
    match errors {
        [] => "entities cannot be used".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_names_a_file_by_its_stem() {
        let stem = |name: &str| Dataset { name: name.to_owned(), bytes: Vec::new() }.stem().to_owned();
        assert_eq!(stem("/srv/geo/GeoLite2-City.mmdb"), "GeoLite2-City");
        assert_eq!(stem("lab.mmdb"), "lab");
        assert_eq!(stem(".mmdb"), ".mmdb");
        assert_eq!(stem("C:\\geo\\x.mmdb"), "x");
    }
}
