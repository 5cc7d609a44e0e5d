//! The network that announces an address, by ASN database, and where its number is registered.

use std::sync::Arc;

use super::as_registry::AsRegistry;
use super::mmdb::{Lookup, Mmdb};
use super::record::Record;
use super::{
    Claim, Dataset, Effect, Evidence, EvidenceKind, LocateError, Locator, Network, Provenance, Standing, Subject,
    Testimony,
};

pub(super) struct AsnDb {
    pub db: Arc<Mmdb>,
    pub registry: Arc<AsRegistry>,
}

impl AsnDb {
    /// A database the user named. The registration table beside it is always the embedded one.
    pub fn named(dataset: Dataset, registry: Arc<AsRegistry>) -> Result<Self, LocateError> {
        let db = Mmdb::named(dataset, "autonomous system number", |record| record.asn.is_some())?;
        Ok(Self { db: Arc::new(db), registry })
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
            let text =
                format!("AS{asn} is registered in {country}: no location, no owner, and of its operator only a claim");
            note(Effect::Neutral, &self.registry.provenance, text);
        }
        testimony.network = Some(Network {
            asn,
            name: name.map(Into::into),
            registered,
            operator: None,
            // Of an operator that no entity names, all that is known is where it had its number registered.
            country: registered,
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
