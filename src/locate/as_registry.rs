//! Where AS numbers are registered.

use super::mmdb::provenance;
use super::{Country, DatasetInfo, Provenance};

/// AS number to country of registration, for the numbers whose ranges mostly agree.
pub(super) struct AsRegistry {
    /// Sorted by number.
    entries: Vec<(u32, Country)>,
    pub info: DatasetInfo,
    pub provenance: Provenance,
}

/// Below this share of an AS's ranges its country is anybody's guess.
const LEAST_SHARE: f32 = 0.5;

impl AsRegistry {
    /// Read lines `asn,country,ranges,share`; others (the heading, comments) are passed over.
    pub fn new(csv: &str, info: DatasetInfo) -> Self {
        let mut entries: Vec<_> = csv.lines().filter_map(entry).collect();
        entries.sort_unstable_by_key(|(asn, _)| *asn);
        Self { entries, provenance: provenance(&info), info }
    }

    pub fn country(&self, asn: u32) -> Option<Country> {
        let at = self.entries.binary_search_by_key(&asn, |(asn, _)| *asn).ok()?;
        self.entries.get(at).map(|(_, country)| *country)
    }
}

fn entry(line: &str) -> Option<(u32, Country)> {
    let mut fields = line.split(',');
    let asn = fields.next()?.parse().ok()?;
    let country = Country::assigned(fields.next()?)?;
    let share: f32 = fields.nth(1)?.parse().ok()?;
    (share >= LEAST_SHARE).then_some((asn, country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_majority_counts() {
        let info = DatasetInfo { name: "as-country".into(), built: None, digest: "".into() };
        let csv = "# about\nasn,country,ranges,share\n7,RU,3,0.67\n3,US,14,0.79\n9,CN,9,0.33\n11,AN,1,1.0\nx\n";
        let registry = AsRegistry::new(csv, info);
        assert_eq!(registry.country(3), Country::new("US"));
        assert_eq!(registry.country(7), Country::new("RU"));
        for unknown in [0, 9, 11, u32::MAX] {
            assert_eq!(registry.country(unknown), None);
        }
    }
}
