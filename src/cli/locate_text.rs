//! A placement in words.

use std::fmt::{self, Write as _};

use crate::locate::{
    Claim, Country, Evidence, Location, Network, Owner, Placement, Processor, Unplaced, Unseen, attributions,
};

/// The four answers, each with its standing, and under them what they rest on.
pub(super) fn placement(out: &mut String, placement: &Placement) -> fmt::Result {
    writeln!(out, "  location  {}", placement.location.as_ref().map_or_else(unknown, location))?;
    writeln!(out, "  network   {}", placement.network.as_ref().map_or_else(unknown, network))?;
    match &placement.owner {
        Ok(known) => owner(out, known)?,
        Err(reason) => writeln!(out, "  owner     {}", unknown(reason))?,
    }
    for processor in &placement.processors {
        let Processor { entity, name, country, suffix } = processor;
        writeln!(out, "  handled by {name} ({entity}), {country}: `{suffix}`")?;
    }
    for refuted in &placement.refuted {
        writeln!(out, "  refuted   {}: claimed, refuted by {}", refuted.country, words(refuted.by.as_str()))?;
    }
    writeln!(out, "  unseen    {}", unseen(&placement.unseen))?;
    writeln!(out, "  evidence")?;
    for piece in &placement.evidence {
        writeln!(out, "    {}", evidence(piece))?;
    }
    Ok(())
}

/// What the licences of the embedded data ask to be shown with results.
pub(super) fn attribution(out: &mut String) -> fmt::Result {
    attributions().iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn unknown(reason: &Unplaced) -> String {
    match reason {
        Unplaced::Disputed(candidates) => format!("disputed: {}", list(candidates)),
        Unplaced::Anycast => "not determinable: the address is announced from many places".to_owned(),
        Unplaced::NoEvidence => "unknown: no evidence".to_owned(),
        Unplaced::NotApplicable => "not applicable: a private or reserved address".to_owned(),
        Unplaced::NoPeer => "unknown: no address".to_owned(),
        Unplaced::UpstreamProxy => "unknown: reached through an upstream proxy".to_owned(),
    }
}

fn unseen(unseen: &[Unseen]) -> String {
    let said: Vec<_> = unseen
        .iter()
        .map(|unseen| match unseen {
            Unseen::Origin => "the origin behind what answered",
            Unseen::Replicas => "where else data is kept",
            Unseen::RemoteAccess => "who reaches in from elsewhere",
        })
        .collect();
    if said.is_empty() { "nothing is said to be".to_owned() } else { said.join("; ") }
}

fn location(location: &Location) -> String {
    format!("{}, {}", location.country, words(location.standing.as_str()))
}

fn network(network: &Network) -> String {
    let mut text = format!("AS{}", network.asn);
    if let Some(name) = &network.name {
        text = format!("{text} {name}");
    }
    let standing = words(network.standing.as_str());
    match (&network.operator, network.country) {
        (Some(operator), Some(country)) => text = format!("{text}; run by {operator} ({country}, {standing})"),
        (None, Some(country)) => text = format!("{text}; run from {country} ({standing}, by its registration)"),
        (_, None) => {}
    }
    match network.registered {
        Some(country) => format!("{text}; registered in {country}"),
        None => text,
    }
}

fn owner(out: &mut String, owner: &Owner) -> fmt::Result {
    let standing = words(owner.standing.as_str());
    writeln!(out, "  owner     {} ({}), {}, {standing}", owner.name, owner.entity, owner.country)?;
    if owner.group != owner.entity {
        writeln!(out, "            group: {}", owner.group)?;
    }
    if let Some(parent) = &owner.parent {
        let share = owner.control_pct.map(|percent| format!(", which holds {percent} %")).unwrap_or_default();
        writeln!(out, "            controlled by {parent}{share}")?;
    }
    if let Some(domicile) = owner.domicile {
        writeln!(out, "            organised in {domicile}")?;
    }
    writeln!(out, "            basis: {} (as of {})", owner.basis, owner.as_of)?;
    for other in &owner.alternatives {
        writeln!(out, "            or {}: {}", other.country, other.basis)?;
    }
    if let Some(review) = owner.review {
        writeln!(out, "            a person should look: {}", words(review.as_str()))?;
    }
    Ok(())
}

fn evidence(evidence: &Evidence) -> String {
    let says = match &evidence.claim {
        Claim::Within(countries) => format!("says {}", list(countries)),
        Claim::Excludes(countries) => format!("rules out {}", list(countries)),
        Claim::Says(text) => text.clone(),
    };
    let raw = evidence.raw.as_ref().map(|raw| format!(" `{raw}`")).unwrap_or_default();
    let ms = evidence.ms.map(|ms| format!(" {ms:.1} ms,")).unwrap_or_default();
    format!(
        "{:<15} {}{raw}:{ms} {says} [{}]",
        evidence.kind.as_str(),
        evidence.source.dataset,
        evidence.effect.as_str()
    )
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn list(countries: &[Country]) -> String {
    countries.iter().map(Country::as_str).collect::<Vec<_>>().join(" or ")
}
