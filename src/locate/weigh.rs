//! From opinions to an answer about the location.
//!
//! Words, not percentages. Two independent databases that agree are right about 99 times of 100 on ordinary networks;
//! inside delivery networks the same agreement is worth little, and nothing where addresses are anycast. One source
//! alone claims. What differs is disputed, and nobody picks. What a connect time rules out stays ruled out, whoever claims it;
//! where it leaves one country only, that is the answer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::carrier::{Spread, is_worldwide_cloud};
use super::connect_time::{self, FEW};
use super::reach::Feasible;
use super::testimony::{Opinion, Origin};
use super::{
    Claim, Country, Effect, Evidence, EvidenceKind, Location, Refuted, Standing, Subject, Testimony, Unplaced,
};

/// The answer, and what was claimed and ruled out.
pub(super) struct Weighed {
    pub location: Result<Location, Unplaced>,
    pub refuted: Vec<Refuted>,
    /// The address is known to be announced from many places.
    pub anycast: bool,
}

/// A connect time up to this (ms) leaves a named point of presence no room to be elsewhere.
const NEAR_MS: f64 = 5.0;

/// Decide, and mark each opinion's evidence with what it did to the answer.
pub(super) fn location(subject: &Subject<'_>, testimony: &mut Testimony) -> Weighed {
    let anycast = testimony.spread == Some(Spread::Anycast) || testimony.opinions.iter().any(|opinion| opinion.anycast);
    let unplaced = |why| Weighed { location: Err(why), refuted: Vec::new(), anycast };
    if subject.address.is_none() {
        return unplaced(Unplaced::NoPeer);
    }
    if subject.reserved.is_some() && !testimony.opinions.iter().any(|opinion| opinion.origin.named()) {
        return unplaced(Unplaced::NotApplicable);
    }
    let feasible = connect_time::feasible(subject, testimony);
    let refuted = refute(testimony, feasible.as_ref());
    let location = match feasible.as_ref().and_then(|feasible| only_one(feasible, testimony)) {
        Some(country) => {
            support(&mut testimony.opinions, |opinion| opinion.country == Some(country));
            Ok(Location { country, standing: Standing::Established })
        }
        None => decide(subject, testimony, feasible.as_ref(), anycast),
    };
    Weighed { location, refuted, anycast }
}

/// Note what the connect time rules out of what was claimed. The claims stay as they were made.
fn refute(testimony: &mut Testimony, feasible: Option<&Feasible<'_>>) -> Vec<Refuted> {
    let Some(feasible) = feasible else { return Vec::new() };
    let claimed = testimony.opinions.iter().filter_map(|opinion| opinion.country);
    let countries: BTreeSet<Country> = claimed.filter(|country| feasible.excludes(*country)).collect();
    if !countries.is_empty() {
        let claim = Claim::Excludes(countries.iter().copied().collect());
        let measured = testimony.notes.iter().find(|note| note.kind == EvidenceKind::ConnectTime);
        let ms = measured.and_then(|note| note.ms);
        testimony.notes.push(Evidence { ms, ..connect_time::evidence(claim, Effect::Refutes) });
    }
    let by = EvidenceKind::ConnectTime;
    countries.into_iter().map(|country| Refuted { country, by }).collect()
}

/// The one country that is left, if it is one. What is left of few is said.
fn only_one(feasible: &Feasible<'_>, testimony: &mut Testimony) -> Option<Country> {
    let left = feasible.countries(FEW)?;
    let only = if let [only] = left.as_slice() { Some(*only) } else { None };
    let effect = if only.is_some() { Effect::Supports } else { Effect::Neutral };
    if !left.is_empty() {
        testimony.notes.push(connect_time::evidence(Claim::Within(left), effect));
    }
    only
}

fn decide(
    subject: &Subject<'_>,
    testimony: &mut Testimony,
    feasible: Option<&Feasible<'_>>,
    anycast: bool,
) -> Result<Location, Unplaced> {
    let stands = |opinion: &Opinion| {
        opinion.country.filter(|country| !feasible.is_some_and(|feasible| feasible.excludes(*country)))
    };
    let refuted = testimony.opinions.iter().any(|opinion| opinion.country.is_some() && stands(opinion).is_none());
    // What people stated for this very range comes before what databases believe.
    for origin in [Origin::Override, Origin::Geofeed] {
        let stated = testimony.opinions.iter().filter(|opinion| opinion.origin == origin).find_map(stands);
        let Some(country) = stated else { continue };
        let standing = match origin {
            Origin::Override => Standing::Established,
            _ => Standing::Claimed,
        };
        support(&mut testimony.opinions, |opinion| opinion.origin == origin && opinion.country == Some(country));
        return Ok(Location { country, standing });
    }
    if let Some(location) = by_pop(subject, &mut testimony.opinions, feasible) {
        return location;
    }
    let standing: Vec<Option<Country>> = testimony.opinions.iter().map(stands).collect();
    let asn = testimony.network.as_ref().map(|network| network.asn);
    let uncertain = Uncertain {
        spread: testimony.spread.is_some(),
        anycast,
        refuted,
        worldwide_v6: subject.address.is_some_and(|address: IpAddr| address.is_ipv6())
            && asn.is_some_and(is_worldwide_cloud),
    };
    by_agreement(&mut testimony.opinions, &standing, uncertain)
}

/// By the point of presence that a delivery network names from its own address.
fn by_pop(
    subject: &Subject<'_>,
    opinions: &mut [Opinion],
    feasible: Option<&Feasible<'_>>,
) -> Option<Result<Location, Unplaced>> {
    let possible = |country: &Country| !feasible.is_some_and(|feasible| feasible.excludes(*country));
    let named = |opinion: &Opinion| matches!(opinion.origin, Origin::Pop { sure: true, .. });
    let countries: BTreeSet<Country> = opinions
        .iter()
        .filter(|opinion| named(opinion))
        .filter_map(|opinion| opinion.country)
        .filter(possible)
        .collect();
    let mut countries_left = countries.iter();
    let country = *countries_left.next()?;
    if countries_left.next().is_some() {
        return Some(Err(Unplaced::Disputed(countries.into_iter().collect())));
    }
    let says = |opinion: &&Opinion| named(opinion) && opinion.country == Some(country);
    let strong = opinions.iter().filter(says).any(|opinion| opinion.origin == Origin::Pop { strong: true, sure: true });
    let vague = opinions.iter().filter(says).all(|opinion| opinion.vague);
    let near = feasible.is_some_and(|feasible| {
        let ms = subject.connect_time.map_or(f64::INFINITY, |time| time.as_secs_f64() * 1000.0);
        ms <= NEAR_MS || feasible.countries(FEW).is_some()
    });
    let standing = match (vague, near, strong) {
        (true, ..) | (false, false, false) => Standing::Claimed,
        (false, true, _) => Standing::Established,
        (false, false, true) => Standing::WellSupported,
    };
    support(opinions, |opinion| named(opinion) && opinion.country == Some(country));
    Some(Ok(Location { country, standing }))
}

/// What keeps an agreement from being more than a claim.
#[derive(Clone, Copy)]
struct Uncertain {
    spread: bool,
    anycast: bool,
    refuted: bool,
    worldwide_v6: bool,
}

/// Whoever counts as one source.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Source<'a> {
    Maker(&'a str),
    /// The operator of the network, in whichever way it says so.
    Operator,
    /// A server that passes on what a delivery network told it.
    Passed,
    ReverseName,
}

fn by_agreement(
    opinions: &mut [Opinion],
    standing: &[Option<Country>],
    uncertain: Uncertain,
) -> Result<Location, Unplaced> {
    let mut sources: BTreeMap<Country, BTreeSet<Source<'_>>> = BTreeMap::new();
    for (opinion, country) in opinions.iter().zip(standing) {
        let Some(country) = country else { continue };
        let of_country = sources.entry(*country).or_default();
        if !opinion.vague {
            of_country.extend(source(&opinion.origin));
        }
    }
    let user_named = opinions.iter().any(|opinion| opinion.origin.named());
    // A database that the user named and that flags no anycast may still claim one country for such a network.
    let flagged = opinions.iter().any(|opinion| opinion.anycast);
    if uncertain.anycast && (flagged || !user_named || sources.len() != 1) {
        return Err(Unplaced::Anycast);
    }
    let Some(most) = sources.iter().max_by_key(|(_, sources)| sources.len()).map(|(country, _)| *country) else {
        return Err(Unplaced::NoEvidence);
    };
    let for_most = sources.get(&most).map_or(0, BTreeSet::len);
    let disputed = sources.len() > 1;
    if disputed {
        // The operator's own word, borne out by a database, outweighs the one that differs: a claim, never more.
        let by_operator = sources.get(&most).is_some_and(|sources| sources.contains(&Source::Operator));
        let outweighed = sources.iter().all(|(country, others)| *country == most || others.len() < for_most);
        if !(by_operator && outweighed && for_most > 1) {
            return Err(Unplaced::Disputed(sources.into_keys().collect()));
        }
    }
    let certain = for_most > 1 && !disputed && !uncertain.spread && !uncertain.anycast && !uncertain.refuted;
    let by_operator = sources.get(&most).is_some_and(|sources| sources.contains(&Source::Operator));
    let standing_of = match certain && (by_operator || !uncertain.worldwide_v6) {
        true => Standing::WellSupported,
        false => Standing::Claimed,
    };
    support(opinions, |opinion| opinion.country == Some(most));
    Ok(Location { country: most, standing: standing_of })
}

fn source(origin: &Origin) -> Option<Source<'_>> {
    match origin {
        Origin::Database { maker, .. } => Some(Source::Maker(maker)),
        Origin::Region => Some(Source::Operator),
        Origin::Pop { .. } => Some(Source::Passed),
        Origin::ReverseName => Some(Source::ReverseName),
        Origin::Override | Origin::Geofeed => None,
    }
}

fn support(opinions: &mut [Opinion], which: impl Fn(&Opinion) -> bool) {
    for opinion in opinions.iter_mut().filter(|opinion| which(opinion)) {
        opinion.evidence.effect = Effect::Supports;
    }
}
