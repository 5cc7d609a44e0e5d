//! Opening an MMDB: checked once as a whole, and every look-up fallible all the same.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{Timestamp, tz::TimeZone};
use maxminddb::{MaxMindDbError, Reader};

use super::record::Record;
use super::{Dataset, DatasetInfo, LocateError, Provenance};

/// An open database.
pub(super) struct Mmdb {
    reader: Reader<Vec<u8>>,
    pub info: DatasetInfo,
    pub provenance: Provenance,
    /// Files of one maker are one source: their agreement shows nothing.
    pub maker: Arc<str>,
    /// Whether the user named the file.
    pub named: bool,
}

/// What a look-up came to.
pub(super) enum Lookup<'a> {
    Record(Record<'a>),
    /// The database has nothing on the address.
    Nothing,
    /// The database is damaged where this address's record is.
    Unreadable,
}

impl Mmdb {
    /// Open a file the user named: every node and record is checked, and some record must have a field that `speaks`.
    pub fn named(dataset: Dataset, what: &str, speaks: fn(&Record<'_>) -> bool) -> Result<Self, LocateError> {
        let digest = sha256_hex(&dataset.bytes);
        let stem = dataset.stem().to_owned();
        let error = |reason: String, help| LocateError::Database { name: dataset.name.clone(), reason, help };
        let broken = |error_: MaxMindDbError| {
            error(format!("not a usable MMDB: {}", one_line(&error_.to_string())), "name a whole, undamaged .mmdb file")
        };
        let reader = Reader::from_source(dataset.bytes).map_err(broken)?;
        reader.verify().map_err(broken)?;
        if !any_record(&reader, speaks).map_err(broken)? {
            return Err(error(format!("holds no {what}"), "name a database of the kind that the option asks for"));
        }
        Ok(Self::of(reader, &stem, &digest, true))
    }

    /// Open an embedded file, which a test has checked.
    pub fn embedded(name: &str, bytes: Vec<u8>, digest: &str) -> Result<Self, LocateError> {
        let reader = Reader::from_source(bytes).map_err(|error| LocateError::Database {
            name: format!("{name} (embedded)"),
            reason: one_line(&error.to_string()),
            help: "this build is damaged: install it again",
        })?;
        Ok(Self::of(reader, name, digest, false))
    }

    fn of(reader: Reader<Vec<u8>>, name: &str, digest: &str, named: bool) -> Self {
        let built =
            i64::try_from(reader.metadata().build_epoch).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let info = DatasetInfo { name: name.into(), built, digest: digest.into() };
        let maker = maker(&reader.metadata().database_type).unwrap_or(digest).into();
        Self { reader, provenance: provenance(&info), info, maker, named }
    }

    /// Whether one of the first records satisfies `speaks`.
    pub fn holds(&self, speaks: fn(&Record<'_>) -> bool) -> bool {
        any_record(&self.reader, speaks).unwrap_or(false)
    }

    pub fn look_up(&self, address: IpAddr) -> Lookup<'_> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Lookup::Nothing;
        }
        match self.reader.lookup(address).and_then(|found| found.decode::<Record<'_>>()) {
            Ok(Some(record)) => Lookup::Record(record),
            Ok(None) => Lookup::Nothing,
            Err(_) => Lookup::Unreadable,
        }
    }
}

/// `country@2026-06-17`, or the bare name where the build time is unknown.
pub(super) fn provenance(info: &DatasetInfo) -> Provenance {
    let dataset = match info.built {
        Some(built) => format!("{}@{}", info.name, TimeZone::UTC.to_datetime(built).date()).into(),
        None => Arc::clone(&info.name),
    };
    Provenance { dataset, digest: Some(Arc::clone(&info.digest)) }
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        write!(hex, "{byte:02x}").unwrap_or_default();
        hex
    })
}

/// Whether one of the first records satisfies `speaks`. Enough to tell an ASN database from a country database.
fn any_record(reader: &Reader<Vec<u8>>, speaks: fn(&Record<'_>) -> bool) -> Result<bool, MaxMindDbError> {
    const LOOKED_AT: usize = 10_000;
    for found in reader.networks(maxminddb::WithinOptions::default())?.take(LOOKED_AT) {
        if found?.decode::<Record<'_>>()?.is_some_and(|record| speaks(&record)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn maker(database_type: &str) -> Option<&'static str> {
    let name = database_type.to_ascii_lowercase();
    [("geolite2", "MaxMind"), ("geoip2", "MaxMind"), ("dbip", "DB-IP"), ("db-ip", "DB-IP"), ("ipinfo", "IPinfo")]
        .into_iter()
        .find(|(mark, _)| name.contains(mark))
        .map(|(_, maker)| maker)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_owned()
}
