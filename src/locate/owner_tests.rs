//! Who owns what, by name: the rules of matching, what files may say, and the built-in entities.

use jiff::civil::{Date, date};

use super::entities::Entities;
use super::owner::registrable_domain;
use super::{Locator as _, Subject, Testimony};
use crate::exchange::UpstreamCertificate;
use crate::rules::Source;

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

pub(super) const TODAY: Date = date(2026, 11, 24);

/// `id country`, or `-`.
fn owner(entities: &Entities, host: &str) -> String {
    owner_on(entities, host, TODAY)
}

pub(super) fn owner_on(entities: &Entities, host: &str, day: Date) -> String {
    let mut testimony = Testimony::default();
    entities.name_owner(host, day, &mut testimony);
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
    entities.name_owner("bucket.cloud.example", TODAY, &mut testimony);
    assert_eq!(testimony.notes.len(), 1);
    let processors: Vec<_> = testimony.processors.iter().map(|known| (&*known.entity, &*known.suffix)).collect();
    assert_eq!(processors, [("cloud", "cloud.example")]);
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
    assert_eq!(
        entities.networks.get(&64500, TODAY).map(|(_, found)| &*entities.list[found.entity].owner.entity),
        Some("c")
    );
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
         entity only, or give both entries days that don't overlap",
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
fn more_mistakes_are_named_with_their_place_and_remedy() {
    let check = |fields: &str, expect: &str| {
        let text = format!("entities:\n  - {{id: a, name: A, country: US, basis: b, {fields}}}\n");
        let errors = Entities::new(&sources(&[("r", &text)])).err().unwrap_or_default();
        let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(messages, [format!("`r/entities.yaml` line 2 {expect}")]);
    };
    check("services: [analytic]", "column 56: entity `a`: unknown service `analytic`; did you mean `analytics`?");
    check(
        "domains: [co.uk]",
        "column 55: entity `a`: `co.uk` is a public suffix, under which anybody registers; list the names that are the \
         entity's",
    );
    check("control_pct: 120", "column 5: entity `a`: `control_pct` is no percentage; write 0 to 100");
    check(
        "valid_from: 2026-02-01, valid_to: 2026-01-01",
        "column 5: entity `a` ends before it begins; swap `valid_from` and `valid_to`",
    );
    check("valid_from: 2026-02-30", "column 57: `2026-02-30` is no date; write it as `2026-11-24`");
    check(
        "sources: [{url: somewhere, what: x}]",
        "column 61: entity `a`: `somewhere` is no address of a source; write it as `https://…`",
    );
    check(
        "domains: [a.example], sources: [{url: \"https://a.example\", what: x, domains: [b.example]}]",
        "column 123: entity `a`: the source backs `b.example`, which isn't listed; list it under `domains`, or leave it out \
         here",
    );
    check(
        "legal_entities: [{name: X, country: QQ}]",
        "column 81: entity `a`: `QQ` is no country; use an ISO 3166-1 alpha-2 code such as `DE`",
    );
    check("sources: [{url: \"https://a.example\", wat: x}]", "column 82: unknown field `wat`; did you mean `what`?");
}

#[test]
fn a_domain_changes_hands_on_a_day() {
    let entities = entities(&[(
        "rules",
        "entities:
  - {id: seller, name: Seller, country: CN, basis: b, domains: [app.example], asns: [64500], valid_to: 2026-01-21}
  - {id: buyer, name: Buyer, country: US, basis: b, domains: [app.example], asns: [64500], valid_from: 2026-01-22}
  - {id: later, name: Later, country: DE, basis: b, domains: [x.app.example], valid_from: 2026-03-01}
",
    )]);
    let check = |host, day, expect| assert_eq!(owner_on(&entities, host, day), expect, "{host} {day}");
    check("app.example", date(2026, 1, 21), "seller CN");
    check("app.example", date(2026, 1, 22), "buyer US");
    check("a.x.app.example", date(2026, 2, 28), "buyer US");
    check("a.x.app.example", date(2026, 3, 1), "later DE");
    let operator =
        |day| entities.networks.get(&64500, day).map(|(_, found)| &*entities.list[found.entity].owner.entity);
    assert_eq!((operator(date(2025, 5, 5)), operator(date(2026, 5, 5))), (Some("seller"), Some("buyer")));

    let overlapping = "entities:
  - {id: a, name: A, country: US, basis: b, domains: [x.example], valid_to: 2026-01-22}
  - {id: b, name: B, country: US, basis: b, domains: [x.example], valid_from: 2026-01-22}
";
    let errors = Entities::new(&sources(&[("r", overlapping)])).err().unwrap_or_default();
    assert_eq!(errors.len(), 1, "{errors:?}");
}

/// What the sources say of a host that has these aliases and this organisation in its certificate.
pub(super) fn testimony(entities: &Entities, host: &str, aliases: &[&str], organization: Option<&str>) -> Testimony {
    let aliases: Vec<String> = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    let certificate = organization.map(|organization| UpstreamCertificate {
        subject_country: Some("SG".to_owned()),
        subject_organization: Some(organization.to_owned()),
        issuer: "Test".to_owned(),
        sha256: "00".to_owned(),
        not_after: jiff::Timestamp::UNIX_EPOCH,
    });
    let subject = Subject { aliases: &aliases, certificate: certificate.as_ref(), ..Subject::of_name(host, TODAY) };
    let mut testimony = Testimony::default();
    entities.testify(&subject, &mut testimony);
    testimony
}

/// `kind raw effect` of each piece of evidence.
fn steps(testimony: &Testimony) -> Vec<String> {
    let step = |note: &super::Evidence| {
        format!("{} {} {}", note.kind.as_str(), note.raw.as_deref().unwrap_or("-"), note.effect.as_str())
    };
    testimony.notes.iter().map(step).collect()
}

#[test]
fn an_alias_names_a_processor_and_never_an_owner() {
    let entities = entities(&[(
        "rules",
        "entities:
  - {id: net, name: Net, country: US, basis: b, domains: [net.example, cdn.example], cname_suffixes: [edge.example, e.cdn.example], domains_shared_hosting: [net.example]}
  - {id: shop, name: Shop, country: DE, basis: b, domains: [shop.example, shop-cdn.example, shop.net.example]}
",
    )]);
    let said =
        testimony(&entities, "www.shop.example", &["x.shop-cdn.example", "a.edge.example.", "b.net.example"], None);
    assert_eq!(said.owner.as_ref().map(|owner| &*owner.entity), Some("shop"));
    assert_eq!(said.processors.iter().map(|known| &*known.entity).collect::<Vec<_>>(), ["net"]);
    let expect = [
        "entity_domain shop.example supports",
        "entity_cname shop-cdn.example supports",
        "entity_cname edge.example neutral",
        "entity_cname net.example neutral",
    ];
    assert_eq!(steps(&said), expect);
    let unknown = testimony(&entities, "www.nobody.example", &["a.edge.example"], None);
    assert!(unknown.owner.is_none());
    assert_eq!(unknown.processors.len(), 1);
    // As a host, such a name is a customer's; a customer known by name is its owner.
    assert_eq!(owner(&entities, "a.edge.example"), "-");
    assert_eq!(owner(&entities, "a.e.cdn.example"), "-");
    assert_eq!(owner(&entities, "www.cdn.example"), "net US");
    assert_eq!(owner(&entities, "x.shop.net.example"), "shop DE");
}

#[test]
fn a_certificate_is_a_hint() {
    let entities = entities(&[(
        "rules",
        "entities:
  - {id: top, name: Top, country: CN, basis: b}
  - {id: shop, name: Shop, country: DE, basis: b, parent: top, domains: [shop.example], legal_entities: [{name: \"Shop Technology, Ltd.\", country: SG}]}
",
    )]);
    let check = |host: &str, organization: &str, expect: &[&str]| {
        let said = testimony(&entities, host, &[], Some(organization));
        assert_eq!(steps(&said), expect, "{host}");
        said.owner.map(|owner| owner.entity.to_string())
    };
    let known = check(
        "shop.example",
        "SHOP TECHNOLOGY LTD",
        &["entity_domain shop.example supports", "certificate SHOP TECHNOLOGY LTD supports"],
    );
    assert_eq!(known.as_deref(), Some("shop"));
    let relative = check("shop.example", "Top", &["entity_domain shop.example supports", "certificate Top supports"]);
    assert_eq!(relative.as_deref(), Some("shop"));
    assert_eq!(check("a.example", "Shop Technology, Ltd.", &["certificate Shop Technology, Ltd. neutral"]), None);
    assert_eq!(check("a.example", "Nobody Inc", &["certificate Nobody Inc neutral"]), None);
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
