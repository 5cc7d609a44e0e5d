//! From host and network to who controls the recipient.

use std::net::IpAddr;

use psl::{Psl as _, Type};

use super::entities::{DomainUse, Entities};
use super::{Claim, Effect, Evidence, EvidenceKind, Locator, Network, Provenance, Subject, Testimony};

/// Registrable domain by the public suffix list; `None` for addresses and bare suffixes.
pub(super) fn registrable_domain(host: &str) -> Option<&str> {
    if host.parse::<IpAddr>().is_ok() { None } else { psl::domain_str(host) }
}

impl Locator for Entities {
    fn testify(&self, subject: &Subject<'_>, testimony: &mut Testimony) {
        self.name_owner(subject.host, testimony);
        if let Some(network) = &mut testimony.network {
            let note = self.name_operator(network);
            testimony.notes.extend(note);
        }
    }
}

impl Entities {
    fn name_owner(&self, host: &str, testimony: &mut Testimony) {
        let Some((domain, found)) = self.longest_suffix(host) else { return };
        let Some(entity) = self.list.get(found.entity) else { return };
        let (id, country) = (&entity.owner.entity, entity.owner.country);
        if found.shared {
            // Whoever hosts a service is never named as its owner.
            let says = format!("`{domain}` is a platform of {id} ({country}), whose tenant the name doesn't tell");
            testimony.notes.push(evidence(
                EvidenceKind::EntityDomain,
                Claim::Says(says),
                Effect::Neutral,
                &entity.provenance,
            ));
            return;
        }
        let claim = Claim::Within(vec![country]);
        testimony.notes.push(evidence(EvidenceKind::EntityDomain, claim, Effect::Supports, &entity.provenance));
        testimony.owner = Some(entity.owner.clone());
    }

    fn name_operator(&self, network: &mut Network) -> Option<Evidence> {
        let entity = self.list.get(*self.networks.get(&network.asn)?)?;
        network.operator = Some(entity.owner.entity.clone());
        network.country = Some(entity.owner.country);
        network.standing = entity.owner.standing;
        let claim = Claim::Within(vec![entity.owner.country]);
        Some(evidence(EvidenceKind::EntityNetwork, claim, Effect::Supports, &entity.provenance))
    }

    /// The longest listed domain that the host is or lies under, label by label.
    fn longest_suffix<'h>(&self, host: &'h str) -> Option<(&'h str, DomainUse)> {
        if host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let mut rest = Some(host);
        while let Some(domain) = rest {
            if let Some(found) = self.domains.get(domain) {
                // A platform's own name is its own.
                let shared = domain.len() < host.len() && (found.shared || lets_names(host, domain));
                return Some((domain, DomainUse { shared, ..*found }));
            }
            rest = domain.split_once('.').map(|(_, parent)| parent);
        }
        None
    }
}

/// Whether somebody other than the domain's holder can hold the host's name under it, by the private part of the public
/// suffix list.
fn lets_names(host: &str, domain: &str) -> bool {
    psl::List
        .suffix(host.as_bytes())
        .is_some_and(|suffix| suffix.typ() == Some(Type::Private) && suffix.as_bytes().len() >= domain.len())
}

fn evidence(kind: EvidenceKind, claim: Claim, effect: Effect, source: &Provenance) -> Evidence {
    Evidence { kind, claim, effect, source: source.clone(), ms: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Ruleset, Source};

    fn entities(files: &[(&str, &str)]) -> Entities {
        match Entities::new(&sources(files)) {
            Ok(entities) => entities,
            Err(errors) => panic!("{errors:?}"),
        }
    }

    /// `(directory, text)`.
    fn sources(files: &[(&str, &str)]) -> Vec<Source> {
        let source = |(directory, text): &(&str, &str)| Source {
            name: format!("{directory}/entities.yaml"),
            path: "entities.yaml".to_owned(),
            text: (*text).to_owned(),
        };
        files.iter().map(source).collect()
    }

    /// `id country`, or `-`.
    fn owner(entities: &Entities, host: &str) -> String {
        let mut testimony = Testimony::default();
        entities.name_owner(host, &mut testimony);
        testimony.owner.map_or("-".to_owned(), |owner| format!("{} {}", owner.entity, owner.country))
    }

    #[test]
    fn the_longest_suffix_of_whole_labels_wins() {
        let entities = entities(&[(
            "rules",
            "entities:
  - {id: wide, name: Wide, country: US, basis: b, domains: [example.com, Shouting.example]}
  - {id: narrow, name: Narrow, country: NO, basis: b, domains: [ads.example.com]}
",
        )]);
        let check = |host, expect| assert_eq!(owner(&entities, host), expect, "{host}");
        check("example.com", "wide US");
        check("www.example.com", "wide US");
        check("ads.example.com", "narrow NO");
        check("x.ads.example.com", "narrow NO");
        check("xads.example.com", "wide US");
        check("notexample.com", "-");
        check("example.com.evil.test", "-");
        check("com", "-");
        check("", "-");
        check("shouting.example", "wide US");
    }

    #[test]
    fn who_hosts_is_not_who_owns() {
        let entities = entities(&[(
            "rules",
            "entities:
  - {id: cloud, name: Cloud, country: US, basis: b, domains: [cloud.example, github.io, amazonaws.com, own.cloud.example], domains_shared_hosting: [cloud.example, amazonaws.com]}
  - {id: tenant, name: Tenant, country: DE, basis: b, domains: [tenant.github.io]}
",
        )]);
        let check = |host, expect| assert_eq!(owner(&entities, host), expect, "{host}");
        check("bucket.cloud.example", "-");
        check("cloud.example", "cloud US");
        check("x.own.cloud.example", "cloud US");
        check("bucket.s3.amazonaws.com", "-");
        // By the private part of the public suffix list.
        check("someone.github.io", "-");
        check("tenant.github.io", "tenant DE");
        let mut testimony = Testimony::default();
        entities.name_owner("bucket.cloud.example", &mut testimony);
        assert_eq!(testimony.notes.len(), 1);
    }

    #[test]
    fn an_address_has_no_owner() {
        let entities =
            entities(&[("rules", "entities:\n  - {id: a, name: A, country: US, basis: b, domains: [\"1\", a]}\n")]);
        assert_eq!(owner(&entities, "10.0.0.1"), "-");
        assert_eq!(registrable_domain("10.0.0.1"), None);
        assert_eq!(registrable_domain("::1"), None);
        assert_eq!(registrable_domain("t.ads.example"), Some("ads.example"));
        assert_eq!(registrable_domain("a.b.co.uk"), Some("b.co.uk"));
        assert_eq!(registrable_domain("co.uk"), None);
    }

    #[test]
    fn a_later_directory_overrides_by_id_and_by_domain() {
        let first = "generated: 2026-01-02
entities:
  - {id: a, name: A, country: US, basis: b, domains: [a.example, both.example], asns: [64500]}
  - {id: b, name: B, country: CA, basis: b, domains: [b.example], parent: a}
";
        let second = "entities:
  - {id: a, name: A2, country: DE, basis: b, domains: [a2.example], as_of: 2026-03-04}
  - {id: c, name: C, country: FR, basis: b, domains: [b.example], asns: [{asn: 64500, org: x}]}
";
        let entities = entities(&[("built-in rules", first), ("mine", second)]);
        let check = |host, expect| assert_eq!(owner(&entities, host), expect, "{host}");
        check("a2.example", "a DE");
        check("a.example", "-");
        check("b.example", "c FR");
        let by_id = |id: &str| entities.list.iter().find(|entity| &*entity.owner.entity == id).expect("listed");
        assert_eq!(&*by_id("b").owner.group, "a");
        assert_eq!(&*by_id("b").owner.as_of, "2026-01-02");
        assert_eq!(&*by_id("a").owner.as_of, "2026-03-04");
        assert_eq!(&*by_id("c").owner.as_of, "undated");
        assert_eq!(entities.networks.get(&64500).map(|at| &*entities.list[*at].owner.entity), Some("c"));
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_remedy() {
        let check = |entries: &str, expect: &str| {
            let text = format!("entities:\n{entries}");
            let errors = Entities::new(&sources(&[("r", &text)])).err().unwrap_or_default();
            let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(messages, [expect]);
        };
        check(
            "  - {id: a, name: A, country: UK, basis: b}",
            "`r/entities.yaml` line 2 column 31: entity `a`: `UK` is no country; did you mean `GB`?",
        );
        check(
            "  - {id: acme, name: A, country: US, basis: b}\n  - {id: b, name: A, country: US, basis: b, parent: acne}",
            "`r/entities.yaml` line 3 column 53: entity `b`: unknown parent `acne`; did you mean `acme`?",
        );
        check(
            "  - {id: a, name: A, country: US, basis: b}\n  - {id: a, name: A, country: US, basis: b}",
            "`r/entities.yaml` line 3 column 5: entity `a` is defined already in `r/entities.yaml` line 2; give each entity \
             its own id",
        );
        check(
            "  - {id: a, name: A, country: US, basis: b, domains: [x.example]}\n  - {id: b, name: A, country: US, basis: b, domains: [x.example]}",
            "`r/entities.yaml` line 3 column 55: domain `x.example` belongs to entity `a` already; list a domain under one \
             entity only",
        );
        check(
            "  - {id: a, name: A, country: US, basis: b, domains: [\"*.x.example\"]}",
            "`r/entities.yaml` line 2 column 55: entity `a`: `*.x.example` is no domain; leave out what stands before the \
             name: subdomains always match",
        );
        check(
            "  - {id: a, name: A, country: US, basis: b, as_of: yesterday}",
            "`r/entities.yaml` line 2 column 52: `yesterday` is no date; write it as `2026-11-24`",
        );
        check(
            "  - {id: a, name: A, country: US, basis: b, certainty: high, review: contested}",
            "`r/entities.yaml` line 2 column 5: entity `a` is contested, yet of high certainty; lower its `certainty`",
        );
    }

    #[test]
    fn a_circle_of_parents_is_refused() {
        let text = "entities:
  - {id: a, name: A, country: US, basis: b, parent: b}
  - {id: b, name: B, country: US, basis: b, parent: a}
";
        let errors = Entities::new(&sources(&[("r", text)])).err().unwrap_or_default();
        assert_eq!(errors.len(), 2);
        assert!(errors.iter().all(|error| error.message.ends_with("is its own ancestor")));
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let text = "entities:\n  - {id: a, name: A, country: US, basis: b, domain: [x.example]}\n";
        let errors = Entities::new(&sources(&[("r", text)])).err().unwrap_or_default();
        assert_eq!(errors.first().and_then(|error| error.line), Some(2));
        assert!(errors.iter().any(|error| error.message.contains("domain")), "{errors:?}");
    }

    #[test]
    fn the_built_in_entities_hold() {
        let sources = Ruleset::builtin().entities;
        let entities = Entities::new(&sources).unwrap_or_else(|errors| panic!("{errors:?}"));
        assert!(entities.list.len() >= 200, "{}", entities.list.len());
        let check = |host, expect| assert_eq!(owner(&entities, host), expect, "{host}");
        check("log.tiktokv.com", "bytedance CN");
        check("v16.tiktokcdn.com.akamaized.net", "bytedance CN");
        check("x.akamaized.net", "-");
        check("api.tiktokv.us", "tiktok_us_jv US");
        check("mc.yandex.ru", "yandex RU");
        check("firebaselogging.googleapis.com", "google US");
        check("x.firebaseio.com", "-");
        check("bucket.storage.googleapis.com", "-");
        check("foo.myqcloud.com", "-");
        check("notbytedance.com", "-");
        let by_id = |id: &str| entities.list.iter().find(|entity| &*entity.owner.entity == id).expect("listed");
        assert_eq!(&*by_id("supercell").owner.group, "tencent");
        for entity in &entities.list {
            let owner = &entity.owner;
            let reviewed = owner.candidate == crate::locate::Candidate::Review;
            assert_eq!(reviewed, owner.review.is_some(), "{}", owner.entity);
            assert_eq!(&*owner.as_of, "2026-11-24", "{}", owner.entity);
        }
    }
}
