//! The data compiled in, under `data/`: country databases, the ASN database, the registration table, shapes, airports, ranges.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::airports::Airports;
use super::as_registry::AsRegistry;
use super::atlas::Atlas;
use super::carrier::Carriers;
use super::mmdb::Mmdb;
use super::regions::Regions;
use super::{DatasetInfo, LocateError};

/// What must be said wherever results from the embedded data are shown (`data/LICENSES.md`).
pub fn attributions() -> &'static [&'static str] {
    &[
        "IP Geolocation by DB-IP (https://db-ip.com)",
        "Contains Internet number registry data from the NRO (nro.net), CC BY 4.0, via ip-location-db; re-encoded.",
        "AS data: RouteViews (routeviews.org), NRO (nro.net), DB-IP (db-ip.com), CC BY 4.0; merged by ip-location-db, \
         re-encoded.",
        "Country of AS registration from iptoasn.com (PDDL)",
        "Made with Natural Earth (naturalearthdata.com), public domain; airports from airportsdata (MIT)",
    ]
}

/// What is compiled in, each piece unpacked when it is first asked for, and once. A reload shares it.
#[derive(Default)]
pub struct Embedded {
    countries: Once<[Arc<Mmdb>; 2]>,
    asn: Once<Arc<Mmdb>>,
    registry: Once<Arc<AsRegistry>>,
    airports: Once<Arc<Airports>>,
    regions: OnceLock<Arc<Regions>>,
    carriers: Once<Arc<Carriers>>,
    atlas: Once<Arc<Atlas>>,
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Unpack what placing needs, for a thread of the caller's that does so beside other work. What is wrong shows when a
    /// piece is asked for.
    pub fn unpack(&self, countries: bool, asn: bool) {
        let unusable = [asn.then(|| self.asn().err()), countries.then(|| self.countries().err())];
        drop((unusable, self.registry().err()));
    }

    /// The two country databases; independent of each other.
    pub(super) fn countries(&self) -> Result<[Arc<Mmdb>; 2], LocateError> {
        once(&self.countries, || {
            Ok([Arc::new(database("country", COUNTRY)?), Arc::new(database("country-dbip", COUNTRY_DBIP)?)])
        })
    }

    pub(super) fn asn(&self) -> Result<Arc<Mmdb>, LocateError> {
        once(&self.asn, || database("asn", ASN).map(Arc::new))
    }

    pub(super) fn registry(&self) -> Result<Arc<AsRegistry>, LocateError> {
        once(&self.registry, || {
            let csv = decompress("as-country", AS_COUNTRY)?;
            Ok(Arc::new(AsRegistry::new(&String::from_utf8_lossy(&csv), info("as-country")?)))
        })
    }

    pub(super) fn airports(&self) -> Result<Arc<Airports>, LocateError> {
        once(&self.airports, || {
            Ok(Arc::new(Airports::new(&String::from_utf8_lossy(&decompress("airports", AIRPORTS)?))))
        })
    }

    pub(super) fn regions(&self) -> Arc<Regions> {
        Arc::clone(self.regions.get_or_init(Arc::default))
    }

    pub(super) fn carriers(&self) -> Result<Arc<Carriers>, LocateError> {
        once(&self.carriers, || Carriers::new(DELIVERY, ANYCAST).map(Arc::new))
    }

    /// Only who states a vantage needs it.
    pub(super) fn atlas(&self) -> Result<Arc<Atlas>, LocateError> {
        once(&self.atlas, || {
            let atlas = Atlas::new(&decompress("shapes", SHAPES)?);
            atlas.map(Arc::new).ok_or_else(|| damaged("shapes", "it ends early".to_owned()))
        })
    }
}

/// Whoever comes second waits for the first. Why a piece can't be used is kept as text, to be told to everybody who asks.
type Once<T> = OnceLock<Result<T, String>>;

fn once<T: Clone>(cell: &Once<T>, make: impl FnOnce() -> Result<T, LocateError>) -> Result<T, LocateError> {
    let made = cell.get_or_init(|| make().map_err(|error| error.to_string()));
    made.clone().map_err(|reason| damaged("data", reason))
}

const COUNTRY: &[u8] = include_bytes!("../../data/country.mmdb.zst");
const COUNTRY_DBIP: &[u8] = include_bytes!("../../data/country-dbip.mmdb.zst");
const ASN: &[u8] = include_bytes!("../../data/asn.mmdb.zst");
const AS_COUNTRY: &[u8] = include_bytes!("../../data/as-country.csv.zst");
const SHAPES: &[u8] = include_bytes!("../../data/shapes.bin.zst");
const AIRPORTS: &[u8] = include_bytes!("../../data/airports.csv.zst");
const DELIVERY: &str = include_str!("../../data/delivery.csv");
const ANYCAST: &str = include_str!("../../data/anycast.csv");
const MANIFEST: &str = include_str!("../../data/manifest.csv");

fn database(name: &str, compressed: &[u8]) -> Result<Mmdb, LocateError> {
    Mmdb::embedded(name, decompress(name, compressed)?, &info(name)?.digest)
}

/// Into a buffer of the size that the frame states, so that nothing is held twice.
fn decompress(name: &str, compressed: &[u8]) -> Result<Vec<u8>, LocateError> {
    let size = zstd::zstd_safe::get_frame_content_size(compressed).ok().flatten();
    let size = size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= LARGEST);
    let size = size.ok_or_else(|| damaged(name, "its size is not stated".to_owned()))?;
    zstd::bulk::decompress(compressed, size).map_err(|error| damaged(name, error.to_string()))
}

/// No dataset is larger.
const LARGEST: usize = 64 << 20;

/// A line `dataset,built,sha256` of the manifest.
fn info(name: &str) -> Result<DatasetInfo, LocateError> {
    let line = MANIFEST.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(','));
    let (built, digest) =
        line.and_then(|line| line.split_once(',')).ok_or_else(|| damaged(name, "not in the manifest".to_owned()))?;
    let built = built.parse().map_err(|_| damaged(name, "no build time in the manifest".to_owned()))?;
    Ok(DatasetInfo { name: name.into(), built: Some(built), digest: digest.into() })
}

pub(super) fn damaged(name: &str, reason: String) -> LocateError {
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
        for (name, compressed) in [
            ("country", COUNTRY),
            ("country-dbip", COUNTRY_DBIP),
            ("asn", ASN),
            ("as-country", AS_COUNTRY),
            ("shapes", SHAPES),
            ("airports", AIRPORTS),
        ] {
            let bytes = decompress(name, compressed).expect("decompresses");
            let info = info(name).expect("is in the manifest");
            assert_eq!(sha256_hex(&bytes), &*info.digest, "{name}");
            if !["as-country", "shapes", "airports"].contains(&name) {
                let reader = maxminddb::Reader::from_source(bytes).expect("opens");
                assert!(reader.verify().is_ok(), "{name} is whole");
                let built = info.built.map(|built| built.as_second());
                assert_eq!(built, i64::try_from(reader.metadata().build_epoch).ok(), "{name}");
            }
        }
    }

    #[test]
    fn the_repository_and_the_binary_grow_by_less_than_10_mebibytes() {
        let compressed = [COUNTRY, COUNTRY_DBIP, ASN, AS_COUNTRY, SHAPES, AIRPORTS].map(<[u8]>::len);
        assert!(compressed.iter().sum::<usize>() + DELIVERY.len() + ANYCAST.len() < 10 << 20);
    }

    #[test]
    fn unpacked_it_stays_below_18_mebibytes() {
        let compressed = [COUNTRY, COUNTRY_DBIP, ASN, AS_COUNTRY, SHAPES, AIRPORTS];
        let sizes = compressed.map(|bytes| decompress("x", bytes).expect("decompresses").len());
        // The tables are held in a form that is smaller than their text.
        assert!(sizes.iter().sum::<usize>() < 18 << 20, "{sizes:?}");
    }
}
