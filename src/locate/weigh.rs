//! From opinions to an answer about the location.
//!
//! Words, not percentages. Two independent databases that agree are right about 99 times of 100 on ordinary networks;
//! inside delivery networks the same agreement is worth little, and nothing where addresses are anycast. One source
//! alone claims. What differs is disputed, and nobody picks.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::networks::{Spread, spread};
use super::testimony::{Opinion, Origin};
use super::{Country, Effect, Location, Standing, Subject, Testimony, Unplaced};

/// Decide, and mark each opinion's evidence with what it did to the answer.
pub(super) fn location(subject: &Subject<'_>, testimony: &mut Testimony) -> Result<Location, Unplaced> {
    if subject.address.is_none() {
        return Err(Unplaced::NoPeer);
    }
    let opinions = &mut testimony.opinions;
    // What people stated for this very range comes before what databases believe.
    for (origin, standing) in [(Origin::Override, Standing::Established), (Origin::Geofeed, Standing::Claimed)] {
        if let Some(country) = first_stated(opinions, &origin) {
            support(opinions, |opinion| opinion.origin == origin && opinion.country == Some(country));
            return Ok(Location { country, standing });
        }
    }
    if subject.reserved.is_some() && !opinions.iter().any(|opinion| opinion.origin.named()) {
        return Err(Unplaced::NotApplicable);
    }
    let spread = testimony.network.as_ref().and_then(|network| spread(network.asn));
    by_databases(opinions, spread)
}

fn first_stated(opinions: &[Opinion], origin: &Origin) -> Option<Country> {
    opinions.iter().filter(|opinion| opinion.origin == *origin).find_map(|opinion| opinion.country)
}

fn by_databases(opinions: &mut [Opinion], spread: Option<Spread>) -> Result<Location, Unplaced> {
    let countries: BTreeSet<Country> = opinions.iter().filter_map(|opinion| opinion.country).collect();
    let user_named = opinions.iter().any(|opinion| opinion.origin.named());
    // A database that the user named and that flags no anycast may still claim one country for such a network.
    let unknowable = spread == Some(Spread::Anycast) && !(user_named && countries.len() == 1);
    if unknowable || opinions.iter().any(|opinion| opinion.anycast) {
        return Err(Unplaced::Anycast);
    }
    let mut candidates = countries.into_iter();
    let Some(country) = candidates.next() else { return Err(Unplaced::NoEvidence) };
    support(opinions, |opinion| opinion.country.is_some());
    let others: Vec<Country> = candidates.collect();
    if !others.is_empty() {
        return Err(Unplaced::Disputed([vec![country], others].concat()));
    }
    let independent = spread.is_none() && makers(opinions) >= 2;
    Ok(Location { country, standing: if independent { Standing::WellSupported } else { Standing::Claimed } })
}

/// How many independent makers name a country without calling their own answer inexact.
fn makers(opinions: &[Opinion]) -> usize {
    let makers: BTreeSet<&Arc<str>> = opinions
        .iter()
        .filter(|opinion| opinion.country.is_some() && !opinion.vague)
        .filter_map(|opinion| match &opinion.origin {
            Origin::Database { maker, .. } => Some(maker),
            Origin::Override | Origin::Geofeed => None,
        })
        .collect();
    makers.len()
}

fn support(opinions: &mut [Opinion], which: impl Fn(&Opinion) -> bool) {
    for opinion in opinions.iter_mut().filter(|opinion| which(opinion)) {
        opinion.evidence.effect = Effect::Supports;
    }
}
