//! The network that announces an address, by ASN database, and where its number is registered.

use super::as_registry::AsRegistry;
use super::mmdb::{Lookup, Mmdb};
use super::networks::{Spread, spread};
use super::record::Record;
use super::{
    Claim, Dataset, Effect, Evidence, EvidenceKind, LocateError, Locator, Network, Provenance, Standing, Subject,
    Testimony,
};

pub(super) struct AsnDb {
    pub db: Mmdb,
    pub registry: AsRegistry,
}

impl AsnDb {
    /// A database the user named. The registration table beside it is always the embedded one.
    pub fn named(dataset: Dataset, registry: AsRegistry) -> Result<Self, LocateError> {
        let db = Mmdb::named(dataset, "autonomous system number", |record| record.asn.is_some())?;
        Ok(Self { db, registry })
    }

    fn record_network(&self, asn: u32, record: &Record<'_>, testimony: &mut Testimony) {
        let name = record.organization;
        let registered = self.registry.country(asn);
        let mut note = |effect, source: &Provenance, text| {
            let claim = Claim::Says(text);
            testimony.notes.push(Evidence {
                kind: EvidenceKind::AsnDb,
                claim,
                effect,
                source: source.clone(),
                raw: None,
                ms: None,
            });
        };
        note(Effect::Supports, &self.db.provenance, format!("AS{asn} {}", name.unwrap_or("(unnamed)")));
        if let Some(country) = registered {
            let text = format!("AS{asn} is registered in {country}, which is neither a location nor an owner");
            note(Effect::Neutral, &self.registry.provenance, text);
        }
        match spread(asn) {
            Some(Spread::Anycast) => {
                let text = format!("AS{asn} announces its addresses from many places");
                note(Effect::Neutral, &self.db.provenance, text);
            }
            Some(Spread::Delivery) => {
                let text = format!("AS{asn} is a delivery network, in which databases are often wrong together");
                note(Effect::Neutral, &self.db.provenance, text);
            }
            None => {}
        }
        testimony.network = Some(Network {
            asn,
            name: name.map(Into::into),
            registered,
            operator: None,
            country: None,
            standing: Standing::Claimed,
        });
    }
}

impl Locator for AsnDb {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        let Some(address) = subject.address else { return };
        if subject.reserved.is_some() && !self.db.named {
            return;
        }
        match self.db.look_up(address) {
            Lookup::Record(record) => {
                if let Some(asn) = record.asn {
                    self.record_network(asn, &record, testimony);
                }
            }
            Lookup::Nothing => {}
            Lookup::Unreadable => testimony.notes.push(Evidence {
                kind: EvidenceKind::AsnDb,
                claim: Claim::Says("the record for this address is unreadable".to_owned()),
                effect: Effect::Neutral,
                source: self.db.provenance.clone(),
                raw: None,
                ms: None,
            }),
        }
    }
}
