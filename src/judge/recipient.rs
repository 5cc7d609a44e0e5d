//! Who receives the data, in the words of 28 CFR 202.211 and 202.256: a screening, never a finding about a company.

use std::sync::Arc;

use super::pack::Pack;
use super::truth::Truth;
use crate::locate::{Candidate, Country, Owner, Placement, Unplaced};

/// What a pack takes a recipient for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Covered-person candidate: organised or based in a country of concern, or listed as likely.
    Candidate,
    /// A fact about the owner would decide.
    Review,
    Unknown,
    /// In a country where data may go on a condition that nobody sees.
    Conditional,
    /// Foreign, and nothing speaks for a candidate.
    OtherForeign,
    /// A person of the protected country in law.
    Home,
}

/// A recipient, and why it is taken for what it is.
#[derive(Debug)]
pub(super) struct Recipient {
    pub standing: Standing,
    pub reasons: Vec<String>,
    /// Facts that would decide.
    pub missing: Vec<Arc<str>>,
    /// Related parties pool (202.233); an owner nobody knows pools by its domain.
    pub group: Arc<str>,
    /// What the owner does for others.
    pub services: Vec<Arc<str>>,
}

impl Recipient {
    pub fn of(pack: &Pack, placement: &Placement, host: &str) -> Self {
        let (standing, mut reasons) = match &placement.owner {
            Ok(owner) => owner_standing(pack, owner, placement),
            Err(why) => (Standing::Unknown, vec![format!("the recipient's owner is not known ({})", why.as_str())]),
        };
        if matches!(standing, Standing::Unknown | Standing::Review) {
            reasons.extend(place_reason(pack, placement));
        }
        let condition = pack.recipients.adequacy.as_ref().map(|adequacy| &*adequacy.missing);
        let missing: &[&str] = match standing {
            Standing::Unknown => &["owner"],
            Standing::Review if pack.recipients.home_protects => &["owner", "designation"],
            Standing::Review => &["owner"],
            Standing::Conditional => condition.as_slice(),
            Standing::Candidate | Standing::OtherForeign | Standing::Home => &[],
        };
        let domain = placement.registrable_domain.as_deref().unwrap_or(host);
        let owner = placement.owner.as_ref();
        Self {
            standing,
            reasons,
            missing: missing.iter().map(|fact| Arc::from(*fact)).collect(),
            group: owner.map_or_else(|_| domain.into(), |owner| owner.group.clone()),
            services: owner.map_or_else(|_| Vec::new(), |owner| owner.services.clone()),
        }
    }

    /// What a declaration may call the recipient.
    pub fn names<'a>(&'a self, placement: &'a Placement, host: &'a str) -> Vec<&'a str> {
        let entity = placement.owner.as_ref().ok().map(|owner| &*owner.entity);
        [Some(&*self.group), entity, placement.registrable_domain.as_deref(), Some(host)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Whether the recipient is a candidate.
    pub fn is_candidate(&self) -> Truth {
        match self.standing {
            Standing::Candidate => Truth::Yes,
            Standing::Review | Standing::Unknown | Standing::Conditional => Truth::Unknown,
            Standing::OtherForeign | Standing::Home => Truth::No,
        }
    }
}

fn owner_standing(pack: &Pack, owner: &Owner, placement: &Placement) -> (Standing, Vec<String>) {
    let rule = &pack.recipients;
    let (set, cite) = (rule.concern_words(), &rule.cite);
    let of_concern = |country: Country| rule.of_concern(country);
    let at_home = |country: Country| rule.home.contains(country);
    let country = owner.country;
    let organised = owner.domicile.unwrap_or(country);
    let review = |why: String| (Standing::Review, vec![why]);
    if let Some(why) = owner.review {
        return review(format!("owner {country} is marked for review: {} ({cite})", why.as_str()));
    }
    if rule.candidate_hint && owner.candidate == Candidate::Review {
        return review(format!("owner {country} is marked for review ({cite})"));
    }
    if let Some(answer) = adequate(pack, country, organised) {
        return answer;
    }
    if rule.home_protects && at_home(organised) && of_concern(country) {
        return review(format!(
            "the owner is organised in {organised} under control from {country}: {} in law unless something else makes it one of concern ({})",
            rule.home_means, rule.home_cite
        ));
    }
    if of_concern(country) {
        return (Standing::Candidate, vec![format!("owner {country} is {set} ({cite})")]);
    }
    if of_concern(organised) {
        return (Standing::Candidate, vec![format!("the owner is organised in {organised}, {set} ({cite})")]);
    }
    if rule.candidate_hint && owner.candidate == Candidate::Likely {
        return (Standing::Candidate, vec![format!("owner {country} is listed as a likely covered person ({cite})")]);
    }
    if let Some(other) = owner.alternatives.iter().find(|other| of_concern(other.country)) {
        return review(format!(
            "{} can be defended as the owner's country instead of {country} ({cite})",
            other.country
        ));
    }
    if at_home(country) && at_home(organised) {
        return home(pack, country, placement);
    }
    let foreign = if at_home(country) { organised } else { country };
    (Standing::OtherForeign, vec![format!("owner {foreign} is foreign, and not {set} ({cite})")])
}

/// Where a law names countries to which data may go.
fn adequate(pack: &Pack, country: Country, organised: Country) -> Option<(Standing, Vec<String>)> {
    let rule = &pack.recipients;
    let adequacy = rule.adequacy.as_ref()?;
    let third = |place: Country| !rule.home.contains(place);
    let places: Vec<Country> = [country, organised].into_iter().filter(|place| third(*place)).collect();
    if places.is_empty() || !places.iter().all(|place| adequacy.region.contains(*place)) {
        return None;
    }
    let condition = adequacy.conditions.iter().find(|(of, _)| places.contains(of));
    Some(match condition {
        Some((of, text)) => (
            Standing::Conditional,
            vec![format!("{of} is in {} on a condition: {text} ({})", adequacy.region.id, adequacy.cite)],
        ),
        None => {
            (Standing::OtherForeign, vec![format!("owner {country} is in {} ({})", adequacy.region.id, adequacy.cite)])
        }
    })
}

/// An owner at home, whose server or network may still be in other hands.
fn home(pack: &Pack, country: Country, placement: &Placement) -> (Standing, Vec<String>) {
    let rule = &pack.recipients;
    let person = format!("owner {country} is in {}: {} ({})", rule.home.id, rule.home_means, rule.home_cite);
    let operator = placement.network.as_ref().ok().and_then(|network| network.country);
    if place_of_concern(pack, placement).is_some() {
        (Standing::Review, vec![person])
    } else if let Some(operator) = operator.filter(|operator| rule.of_concern(*operator) && rule.concern.is_some()) {
        (
            Standing::Review,
            vec![person, format!("the network's operator is of {operator} and may have access ({})", rule.cite)],
        )
    } else {
        (Standing::Home, vec![person])
    }
}

fn place_of_concern(pack: &Pack, placement: &Placement) -> Option<String> {
    let concern = &pack.recipients;
    match &placement.location {
        Ok(location) if concern.of_concern(location.country) => Some(location.country.to_string()),
        Err(Unplaced::Disputed(countries)) => {
            countries.iter().find(|country| concern.of_concern(**country)).map(Country::to_string)
        }
        Ok(_) | Err(_) => None,
    }
}

fn place_reason(pack: &Pack, placement: &Placement) -> Option<String> {
    let country = place_of_concern(pack, placement)?;
    Some(format!("the answering host may stand in {country}, which is a reason to look and decides nothing"))
}
