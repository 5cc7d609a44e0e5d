//! The data compiled in: country databases, the ASN database and the registration table, under `data/`.

use std::io::Read as _;

use super::as_registry::AsRegistry;
use super::country_db::CountryDb;
use super::mmdb::Mmdb;
use super::{DatasetInfo, LocateError};

/// What must be said wherever results from the embedded data are shown (`data/LICENSES.md`).
pub fn attributions() -> &'static [&'static str] {
    &[
        "IP Geolocation by DB-IP (https://db-ip.com)",
        "Contains Internet number registry data from the NRO (nro.net), CC BY 4.0, via ip-location-db; re-encoded.",
        "AS data: RouteViews (routeviews.org), NRO (nro.net), DB-IP (db-ip.com), CC BY 4.0; merged by ip-location-db, \
         re-encoded.",
        "Country of AS registration from iptoasn.com (PDDL)",
    ]
}

/// The two country databases; independent of each other.
pub(super) fn countries() -> Result<[CountryDb; 2], LocateError> {
    Ok([CountryDb(database("country", COUNTRY)?), CountryDb(database("country-dbip", COUNTRY_DBIP)?)])
}

pub(super) fn asn() -> Result<Mmdb, LocateError> {
    database("asn", ASN)
}

pub(super) fn as_registry() -> Result<AsRegistry, LocateError> {
    let info = info("as-country")?;
    let bytes = decompress("as-country", AS_COUNTRY)?;
    Ok(AsRegistry::new(&String::from_utf8_lossy(&bytes), info))
}

const COUNTRY: &[u8] = include_bytes!("../../data/country.mmdb.zst");
const COUNTRY_DBIP: &[u8] = include_bytes!("../../data/country-dbip.mmdb.zst");
const ASN: &[u8] = include_bytes!("../../data/asn.mmdb.zst");
const AS_COUNTRY: &[u8] = include_bytes!("../../data/as-country.csv.zst");
const MANIFEST: &str = include_str!("../../data/manifest.csv");

fn database(name: &str, compressed: &[u8]) -> Result<Mmdb, LocateError> {
    Mmdb::embedded(name, decompress(name, compressed)?, &info(name)?.digest)
}

fn decompress(name: &str, compressed: &[u8]) -> Result<Vec<u8>, LocateError> {
    let mut bytes = Vec::new();
    zstd::Decoder::new(compressed)
        .and_then(|mut decoder| decoder.read_to_end(&mut bytes))
        .map_err(|error| damaged(name, error.to_string()))?;
    Ok(bytes)
}

/// A line `dataset,built,sha256` of the manifest.
fn info(name: &str) -> Result<DatasetInfo, LocateError> {
    let line = MANIFEST.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(','));
    let (built, digest) =
        line.and_then(|line| line.split_once(',')).ok_or_else(|| damaged(name, "not in the manifest".to_owned()))?;
    let built = built.parse().map_err(|_| damaged(name, "no build time in the manifest".to_owned()))?;
    Ok(DatasetInfo { name: name.into(), built: Some(built), digest: digest.into() })
}

fn damaged(name: &str, reason: String) -> LocateError {
    LocateError::Database {
        name: format!("{name} (embedded)"),
        reason,
        help: "this build is damaged: install it again",
    }
}

#[cfg(test)]
mod tests {
    use super::super::mmdb::sha256_hex;
    use super::*;

    #[test]
    fn the_manifest_describes_what_is_embedded() {
        for (name, compressed) in
            [("country", COUNTRY), ("country-dbip", COUNTRY_DBIP), ("asn", ASN), ("as-country", AS_COUNTRY)]
        {
            let bytes = decompress(name, compressed).expect("decompresses");
            let info = info(name).expect("is in the manifest");
            assert_eq!(sha256_hex(&bytes), &*info.digest, "{name}");
            if name != "as-country" {
                let reader = maxminddb::Reader::from_source(bytes).expect("opens");
                assert!(reader.verify().is_ok(), "{name} is whole");
                let built = info.built.map(|built| built.as_second());
                assert_eq!(built, i64::try_from(reader.metadata().build_epoch).ok(), "{name}");
            }
        }
    }

    #[test]
    fn the_repository_and_the_binary_grow_by_less_than_8_1_megabytes() {
        assert!(COUNTRY.len() + COUNTRY_DBIP.len() + ASN.len() + AS_COUNTRY.len() < 8_100_000);
    }
}
