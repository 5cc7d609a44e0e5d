//! Country databases: where the makers believe an address is used.

use std::sync::Arc;

use super::mmdb::{Lookup, Mmdb};
use super::record::Record;
use super::testimony::{Opinion, Origin};
use super::{Claim, Country, Dataset, Effect, Evidence, EvidenceKind, LocateError, Locator, Subject, Testimony};

/// An answer whose maker puts the error at this radius or more names no country with certainty.
const VAGUE_RADIUS_KM: f64 = 1000.0;

/// Below this confidence (percent) its maker would not bet on the country.
const LEAST_CONFIDENCE: f64 = 50.0;

pub(super) struct CountryDb {
    pub db: Arc<Mmdb>,
    /// It places addresses, and doesn't only say what they are (anycast, a proxy's).
    pub places: bool,
}

impl CountryDb {
    /// A database the user named.
    pub fn named(dataset: Dataset) -> Result<Self, LocateError> {
        let db = Mmdb::named(dataset, "country of any address", |record| record.speaks())?;
        let places = db.holds(|record| record.speaks_of_place());
        Ok(Self { db: Arc::new(db), places })
    }

    fn evidence(&self, claim: Claim) -> Evidence {
        Evidence {
            kind: EvidenceKind::CountryDb,
            claim,
            effect: Effect::Neutral,
            source: self.db.provenance.clone(),
            raw: None,
            ms: None,
        }
    }

    fn opinion(&self, record: &Record<'_>) -> Opinion {
        let country = record.country.and_then(Country::assigned);
        let claim = match (country, record.country) {
            (Some(country), _) => Claim::Within(vec![country]),
            (None, Some(code)) => Claim::Says(format!("`{code}`, which is no assigned country code")),
            (None, None) => Claim::Says(no_country(record)),
        };
        Opinion {
            evidence: self.evidence(claim),
            country,
            anycast: record.anycast,
            satellite: record.satellite,
            vague: record.accuracy_radius_km.is_some_and(|km| km >= VAGUE_RADIUS_KM)
                || record.confidence.is_some_and(|percent| percent < LEAST_CONFIDENCE)
                || record.elsewhere.is_some(),
            origin: Origin::Database { maker: self.db.maker.clone(), named: self.db.named },
        }
    }
}

impl Locator for CountryDb {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some(address) = subject.address else { return };
        if subject.reserved.is_some() && !self.db.named {
            return;
        }
        match self.db.look_up(address) {
            Lookup::Record(record) => {
                for remark in remarks(&record) {
                    testimony.notes.push(self.evidence(Claim::Says(remark)));
                }
                if self.places {
                    testimony.opinions.push(self.opinion(&record));
                }
            }
            Lookup::Nothing => {}
            Lookup::Unreadable => {
                testimony
                    .notes
                    .push(self.evidence(Claim::Says("the record for this address is unreadable".to_owned())));
            }
        }
    }
}

/// The registrant's country is no location, and is never taken for one.
fn no_country(record: &Record<'_>) -> String {
    match record.registered_country {
        Some(code) => format!("no country; the range is registered in {code}, which is no location"),
        None => "no country".to_owned(),
    }
}

fn remarks(record: &Record<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if record.anycast {
        remarks.push("the address is anycast".to_owned());
    }
    if let Some(whose) = record.elsewhere {
        remarks.push(format!("the address is {whose}"));
    }
    if let Some(km) = record.accuracy_radius_km.filter(|km| *km >= VAGUE_RADIUS_KM) {
        remarks.push(format!("accuracy radius {km} km"));
    }
    if let Some(percent) = record.confidence.filter(|percent| *percent < LEAST_CONFIDENCE) {
        remarks.push(format!("confidence in the country {percent} %"));
    }
    if let Some(code) = record.represented_country {
        remarks.push(format!("used by an establishment of {code} abroad"));
    }
    if let (Some(registered), Some(country)) = (record.registered_country, record.country)
        && registered != country
    {
        remarks.push(format!("registered in {registered}, which is no location"));
    }
    remarks
}
