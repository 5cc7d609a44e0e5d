//! The built-in entities: well-known hosts, platforms, networks, and what every entry must have.

use std::sync::LazyLock;

use jiff::civil::date;
use serde_saphyr::Spanned;

use super::entities::Entities;
use super::entity_file::EntityFile;
use super::owner_tests::{TODAY, owner_on, testimony};
use super::{Candidate, Testimony};
use crate::rules::Ruleset;

static BUILT_IN: LazyLock<Entities> =
    LazyLock::new(|| Entities::new(&Ruleset::builtin().entities).unwrap_or_else(|errors| panic!("{errors:?}")));

#[test]
fn well_known_hosts_have_their_owners() {
    let cases = include_str!("../../tests/data/owners.csv").lines().filter(|line| !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut owned = 0;
    for case in cases {
        let [host, entity, country, group] = *case.split(',').collect::<Vec<_>>() else { panic!("{case}") };
        let mut testimony = Testimony::default();
        BUILT_IN.name_owner(host, TODAY, &mut testimony);
        let found = match &testimony.owner {
            Some(owner) => format!("{},{},{}", owner.entity, owner.country, owner.group),
            None => "-,-,-".to_owned(),
        };
        if found != format!("{entity},{country},{group}") {
            wrong.push(format!("{case}: {found}"));
        }
        owned += usize::from(testimony.owner.is_some());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(owned >= 200, "{owned}");
}

#[test]
fn a_platform_or_delivery_network_is_a_processor() {
    let check = |host: &str, alias: &[&str], expect: &[&str]| {
        let said = testimony(&BUILT_IN, host, alias, None);
        let processors: Vec<String> =
            said.processors.iter().map(|known| format!("{} {}", known.entity, known.country)).collect();
        assert_eq!(processors, expect, "{host}");
    };
    check("bucket.s3.amazonaws.com", &[], &["amazon US"]);
    check("api.acme.example", &["acme.edgekey.net", "e1.a.akamaiedge.net"], &["akamai US"]);
    check("img.acme.example", &["img.acme.example.w.kunlunaq.com"], &["alibaba CN"]);
    check("img.acme.example", &["img.acme.example.cdn.dnsv1.com", "x.tdnsv5.com"], &["tencent CN"]);
    check("img.acme.example", &["img.acme.example.wscdns.com"], &["wangsu CN"]);
    check("img.acme.example", &["img.acme.example.bytefcdn-oversea.com"], &["bytedance CN"]);
    check("a.acme.example", &["acme.map.fastly.net"], &["fastly US"]);
    check("a.acme.example", &["d1.cloudfront.net"], &["amazon US"]);
    check("a.acme.example", &["a.acme.example.cdn.cloudflare.net"], &["cloudflare US"]);
    check("smetrics.acme.example", &["acme.example.sc.omtrdc.net"], &["adobe US"]);
    check("go.acme.example", &["custom.bnc.lt"], &["branch US"]);
    check("shop.acme.example", &["shops.myshopify.com"], &["shopify CA"]);
    check("www.tiktok.com", &["www.tiktok.com.edgesuite.net", "a1.b.akamai.net"], &["akamai US"]);
    check("api.riotgames.com", &[], &[]);
}

#[test]
fn the_joint_venture_holds_from_its_first_day() {
    let check = |day, expect| assert_eq!(owner_on(&BUILT_IN, "api16-normal-useast5.tiktokv.us", day), expect);
    check(date(2026, 1, 21), "tiktok_us_before CN");
    check(date(2026, 1, 22), "tiktok_us_jv US");
}

#[test]
fn networks_have_their_operators() {
    let check = |asn: u32, expect: &str| {
        let found = BUILT_IN.networks.get(&asn, TODAY).map(|(_, found)| &BUILT_IN.list[found.entity].owner);
        let found = found.map(|owner| format!("{} {}", owner.entity, owner.country));
        assert_eq!(found.as_deref(), Some(expect), "AS{asn}");
    };
    for (asn, expect) in [
        (45102, "alibaba CN"),
        (37963, "alibaba CN"),
        (132203, "tencent CN"),
        (45090, "tencent CN"),
        (136907, "huawei CN"),
        (55990, "huawei CN"),
        (396986, "bytedance CN"),
        (138699, "bytedance CN"),
        (135629, "nwcd CN"),
        (17428, "vianet21 CN"),
        (4134, "china_telecom CN"),
        (4837, "china_unicom CN"),
        (9808, "china_mobile CN"),
        (13238, "yandex RU"),
        (200350, "yandex RU"),
        (47541, "vk RU"),
        (47764, "vk RU"),
        (12389, "rostelecom RU"),
        (8359, "mts RU"),
        (31133, "megafon RU"),
        (3216, "vimpelcom RU"),
        (49505, "selectel RU"),
        (27725, "etecsa CU"),
        (8048, "cantv VE"),
        (131279, "star_jv KP"),
        (49666, "tic_iran IR"),
        (58224, "tci_ir IR"),
        (16509, "amazon US"),
        (14618, "amazon US"),
        (15169, "google US"),
        (396982, "google US"),
        (8075, "microsoft US"),
        (714, "apple US"),
        (32934, "meta US"),
        (13335, "cloudflare US"),
        (54113, "fastly US"),
        (20940, "akamai US"),
        (63949, "akamai US"),
        (14061, "digitalocean US"),
        (20473, "constant_vultr US"),
        (31898, "oracle US"),
        (36351, "ibm US"),
        (21859, "zenlayer US"),
        (16276, "ovh FR"),
        (24940, "hetzner DE"),
        (12876, "scaleway FR"),
        (60781, "leaseweb NL"),
        (3320, "deutsche_telekom DE"),
        (3215, "orange FR"),
        (1273, "vodafone GB"),
        (2856, "bt GB"),
        (3352, "telefonica ES"),
        (2516, "kddi JP"),
        (4713, "ntt JP"),
        (4766, "kt_corp KR"),
        (23576, "naver KR"),
        (55836, "reliance_jio IN"),
        (1221, "telstra AU"),
        (812, "rogers CA"),
        (7922, "nbcuniversal US"),
        (7018, "att US"),
        (701, "verizon US"),
        (14593, "spacex US"),
        (62041, "telegram AE"),
    ] {
        check(asn, expect);
    }
}

#[test]
fn the_built_in_entities_hold() {
    let entities = &*BUILT_IN;
    assert!(entities.list.len() >= 250, "{}", entities.list.len());
    let by_id = |id: &str| entities.list.iter().find(|entity| &*entity.owner.entity == id).expect("listed");
    assert_eq!(&*by_id("supercell").owner.group, "tencent");
    for entity in &entities.list {
        let owner = &entity.owner;
        let reviewed = owner.candidate == Candidate::Review;
        assert_eq!(reviewed, owner.review.is_some(), "{}", owner.entity);
        assert_eq!(&*owner.as_of, "2026-11-24", "{}", owner.entity);
    }
}

/// Every domain has a source, and no source is a list whose licence forbids to ship what is taken from it.
#[test]
fn every_built_in_domain_is_backed() {
    let forbidden = ["duckduckgo/tracker", "disconnectme/", "ghostery/", "whotracks", "adguardteam/", "easylist/"];
    for source in &Ruleset::builtin().entities {
        let file: EntityFile = source.parse().expect("a file of entities");
        for Spanned { value: entry, .. } in &file.entities {
            assert!(!entry.sources.is_empty(), "{}", entry.id);
            for reference in &entry.sources {
                let url = reference.url.value.to_ascii_lowercase();
                assert!(!forbidden.iter().any(|name| url.contains(name)), "{}: {url}", entry.id);
            }
            let (some, all): (Vec<_>, Vec<_>) =
                entry.sources.iter().partition(|reference| !reference.domains.is_empty());
            let named = |domain: &Spanned<String>| {
                some.iter().flat_map(|reference| &reference.domains).any(|backed| backed.value == domain.value)
            };
            let bare: Vec<_> = entry.domains.iter().filter(|domain| !named(domain)).collect();
            assert!(bare.is_empty() || !all.is_empty(), "{}: {bare:?}", entry.id);
        }
    }
}
