//! From host, aliases, network and certificate to who controls the recipient, and who handles the traffic for it.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::civil::Date;
use psl::{Psl as _, Type};

use super::entities::{Entities, Entity};
use super::entity_index::Use;
use super::{
    Claim, Country, Effect, Evidence, EvidenceKind, Locator, Network, Processor, Provenance, Subject, Testimony,
};
use crate::exchange::UpstreamCertificate;

/// Registrable domain by the public suffix list; `None` for addresses and bare suffixes.
pub(super) fn registrable_domain(host: &str) -> Option<&str> {
    if host.parse::<IpAddr>().is_ok() { None } else { psl::domain_str(host) }
}

impl Locator for Entities {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        self.name_owner(subject.host, subject.day, testimony);
        for alias in subject.aliases {
            self.name_processor(alias, subject.day, testimony);
        }
        if let Some(network) = &mut testimony.network {
            let note = self.name_operator(network, subject.day);
            testimony.notes.extend(note);
        }
        if let Some(certificate) = subject.certificate {
            let note = self.read_certificate(certificate, subject.day, testimony);
            testimony.notes.extend(note);
        }
    }
}

impl Entities {
    /// The owner, by the longest listed domain; a platform whose tenant the name doesn't tell is only a processor.
    pub(super) fn name_owner(&self, host: &str, day: Date, testimony: &mut Testimony) {
        if host.parse::<IpAddr>().is_ok() {
            return;
        }
        let listed = self.domains.longest(host, day);
        let suffix = self.cnames.longest(host, day);
        // A name that a delivery network makes for its customers is a customer's.
        let made_for_a_tenant = match (listed, suffix) {
            (Some((domain, _)), Some((suffix, _))) => suffix.len() > domain.len(),
            (listed, suffix) => listed.is_none() && suffix.is_some(),
        };
        let Some((domain, found)) = (if made_for_a_tenant { suffix } else { listed }) else { return };
        let Some(entity) = self.list.get(found.entity) else { return };
        // A platform's own name is its own.
        let let_below = domain.len() < host.len() && (found.shared || lets_names(host, domain));
        if made_for_a_tenant || let_below {
            entity.processes(domain, EvidenceKind::EntityDomain, testimony);
            return;
        }
        testimony.notes.push(entity.says(EvidenceKind::EntityDomain, Effect::Supports, domain.clone()));
        testimony.owner = Some(entity.owner.clone());
    }

    /// Whoever an alias of the host belongs to handles the traffic, and is never its owner.
    fn name_processor(&self, alias: &str, day: Date, testimony: &mut Testimony) {
        let alias = alias.strip_suffix('.').unwrap_or(alias);
        let found = match (self.cnames.longest(alias, day), self.domains.longest(alias, day)) {
            (Some(suffix), Some(domain)) if domain.0.len() > suffix.0.len() => domain,
            (Some(suffix), _) => suffix,
            (None, Some(domain)) => domain,
            (None, None) => return,
        };
        let (suffix, Use { entity, .. }) = found;
        let Some(entity) = self.list.get(entity) else { return };
        let own = testimony.owner.as_ref().is_some_and(|owner| owner.entity == entity.owner.entity);
        if own {
            testimony.notes.push(entity.says(EvidenceKind::EntityCname, Effect::Supports, suffix.clone()));
        } else {
            entity.processes(suffix, EvidenceKind::EntityCname, testimony);
        }
    }

    fn name_operator(&self, network: &mut Network, day: Date) -> Option<Evidence> {
        let (asn, found) = self.networks.get(&network.asn, day)?;
        let entity = self.list.get(found.entity)?;
        network.operator = Some(entity.owner.entity.clone());
        network.country = Some(entity.owner.country);
        network.standing = entity.owner.standing;
        Some(entity.says(EvidenceKind::EntityNetwork, Effect::Supports, format!("AS{asn}").into()))
    }

    /// The organisation that a certificate authority checked: it may be the owner's or its delivery network's, so that it supports
    /// an owner already known and names none.
    fn read_certificate(
        &self,
        certificate: &UpstreamCertificate,
        day: Date,
        testimony: &Testimony,
    ) -> Option<Evidence> {
        let organization = certificate.subject_organization.as_deref()?;
        let raw: Arc<str> = organization.into();
        if let Some(entity) = self.names.get(organization, day).and_then(|found| self.list.get(found.entity)) {
            let supports = testimony.owner.as_ref().is_some_and(|owner| owner.group == entity.owner.group);
            let effect = if supports { Effect::Supports } else { Effect::Neutral };
            return Some(entity.says(EvidenceKind::Certificate, effect, raw));
        }
        let country = Country::assigned(certificate.subject_country.as_deref()?)?;
        let source = Provenance { dataset: "certificate".into(), digest: Some(certificate.sha256.as_str().into()) };
        Some(evidence(EvidenceKind::Certificate, country, Effect::Neutral, source, raw))
    }
}

impl Entity {
    fn says(&self, kind: EvidenceKind, effect: Effect, raw: Arc<str>) -> Evidence {
        evidence(kind, self.owner.country, effect, self.provenance.clone(), raw)
    }

    /// Note that the entity handles the traffic for somebody else.
    fn processes(&self, suffix: &Arc<str>, kind: EvidenceKind, testimony: &mut Testimony) {
        testimony.notes.push(self.says(kind, Effect::Neutral, suffix.clone()));
        if testimony.processors.iter().any(|known| known.entity == self.owner.entity) {
            return;
        }
        testimony.processors.push(Processor {
            entity: self.owner.entity.clone(),
            name: self.owner.name.clone(),
            country: self.owner.country,
            suffix: suffix.clone(),
        });
    }
}

/// Whether somebody other than the domain's holder can hold the host's name under it, by the private part of the public
/// suffix list.
fn lets_names(host: &str, domain: &str) -> bool {
    psl::List
        .suffix(host.as_bytes())
        .is_some_and(|suffix| suffix.typ() == Some(Type::Private) && suffix.as_bytes().len() >= domain.len())
}

fn evidence(kind: EvidenceKind, country: Country, effect: Effect, source: Provenance, raw: Arc<str>) -> Evidence {
    Evidence { kind, claim: Claim::Within(vec![country]), effect, source, raw: Some(raw), ms: None }
}
