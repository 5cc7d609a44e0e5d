//! Reading what destinations are looked up in: databases and geofeeds that were named, overrides, entities.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ConfigError, Locate};
use crate::locate::{Dataset, LocatorConfig};
use crate::rules::Source;

/// The files of `[locate]` as bytes, with the entities of the rules in force. What they mean `Locators::new` finds out.
/// A file is read whole, never mapped, since it may be replaced in place.
pub fn locator_config(settings: &Locate, entities: Vec<Source>) -> Result<LocatorConfig, ConfigError> {
    let read = |what| move |path: &PathBuf| dataset(what, path);
    Ok(LocatorConfig {
        country_dbs: settings.country_db.iter().map(read("the country database")).collect::<Result<_, _>>()?,
        asn_db: settings.asn_db.as_ref().map(read("the AS database")).transpose()?,
        cloud_ranges: settings.cloud_ranges.iter().map(read("the cloud ranges")).collect::<Result<_, _>>()?,
        vantage: settings.vantage,
        path: settings.path,
        embedded: Arc::default(),
        geofeeds: settings.geofeeds.iter().map(read("the geofeed")).collect::<Result<_, _>>()?,
        overrides: settings.overrides.clone(),
        entities,
    })
}

/// Begin to unpack what is compiled in, on a thread of its own: it takes as long as understanding the entities does, and needs
/// nothing of them. For a start, that is; a reload has it unpacked already.
pub fn unpack_beside(config: &LocatorConfig) {
    let (embedded, countries, asn) =
        (Arc::clone(&config.embedded), config.country_dbs.is_empty(), config.asn_db.is_none());
    let unpack = move || embedded.unpack(countries, asn);
    if let Err(error) = std::thread::Builder::new().name("unpack".to_owned()).spawn(unpack) {
        tracing::debug!(%error, "no thread to unpack beside; it is done when needed");
    }
}

fn dataset(what: &'static str, path: &Path) -> Result<Dataset, ConfigError> {
    let bytes = fs::read(path).map_err(|error| ConfigError::unreadable(what, path, error))?;
    Ok(Dataset { name: path.display().to_string(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_read_and_what_cannot_be_is_an_error() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("country.mmdb");
        fs::write(&path, b"bytes").expect("the file is written");
        let named = Locate { country_db: vec![path.clone()], ..Locate::default() };
        let config = locator_config(&named, Vec::new()).expect("it is read");
        assert_eq!((config.country_dbs[0].bytes.as_slice(), config.asn_db.is_none()), (b"bytes".as_slice(), true));
        let missing = Locate { asn_db: Some(dir.path().join("none.mmdb")), ..named };
        let error = locator_config(&missing, Vec::new()).expect_err("no such file").to_string();
        assert!(error.starts_with("cannot read the AS database `"), "{error}");
    }
}
