//! Who controls which domain and which network, compiled from the files of entities.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_saphyr::{Location, Spanned};

use super::entity_file::{Alternative, Certainty, Checks, EntityFile, Entry};
use super::mmdb::sha256_hex;
use super::{Candidate, DatasetInfo, Owner, OwnerAlternative, Provenance, Review, Standing};
use crate::rules::{RuleError, Source, near_miss};

/// Every entity in force.
#[derive(Default)]
pub(super) struct Entities {
    pub list: Vec<Entity>,
    /// Domain to who runs it.
    pub domains: HashMap<Box<str>, DomainUse>,
    /// AS number to position in `list`.
    pub networks: HashMap<u32, usize>,
    pub info: Option<DatasetInfo>,
}

pub(super) struct Entity {
    pub owner: Owner,
    pub provenance: Provenance,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct DomainUse {
    /// Position in `Entities::list`.
    pub entity: usize,
    /// What stands below the domain is some tenant's.
    pub shared: bool,
}

impl Entities {
    /// Compile the files. A later directory's entity replaces an earlier one of the same id, and takes over the domains
    /// and networks it lists; inside one directory both are errors. All errors are reported together.
    pub fn new(sources: &[Source]) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut declared = declare(sources, &mut errors);
        declared.sort_by_key(|declaration| declaration.layer);
        let groups = groups(&declared, &mut errors);
        let mut entities = Self { info: info(sources, &declared), ..Self::default() };
        for (at, (declaration, group)) in declared.iter().zip(groups).enumerate() {
            let mut checks = Checks { file: &declaration.source.name, errors: &mut errors };
            if let Some(entity) = entity(declaration, group, &mut checks) {
                entities.list.push(entity);
            }
            claim_domains(&declared, at, &mut entities.domains, &mut errors);
            claim_networks(&declared, at, &mut entities.networks, &mut errors);
        }
        if errors.is_empty() { Ok(entities) } else { Err(errors) }
    }
}

/// An entry, and where it was written.
struct Declaration<'a> {
    entry: Entry,
    at: Location,
    source: &'a Source,
    /// Position of the rules directory it came from.
    layer: usize,
    /// Date of the entry, else of its file.
    as_of: Option<Date>,
}

/// Parse every file, keeping of each id the declaration of the last directory.
fn declare<'a>(sources: &'a [Source], errors: &mut Vec<RuleError>) -> Vec<Declaration<'a>> {
    let mut layers: Vec<&str> = Vec::new();
    let mut declared: Vec<Declaration<'a>> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for source in sources {
        let directory = source.name.strip_suffix(&source.path).unwrap_or(&source.name);
        let layer = layers.iter().position(|known| *known == directory).unwrap_or_else(|| {
            layers.push(directory);
            layers.len() - 1
        });
        for declaration in read(source, layer, errors) {
            let Some(&earlier) = by_id.get(&declaration.entry.id) else {
                by_id.insert(declaration.entry.id.clone(), declared.len());
                declared.push(declaration);
                continue;
            };
            if declared[earlier].layer < layer {
                declared[earlier] = declaration;
                continue;
            }
            let message = format!(
                "entity `{}` is defined already in `{}` line {}",
                declaration.entry.id,
                declared[earlier].source.name,
                declared[earlier].at.line()
            );
            errors
                .push(RuleError::in_file(&source.name, message).at(declaration.at).help("give each entity its own id"));
        }
    }
    declared
}

fn read<'a>(source: &'a Source, layer: usize, errors: &mut Vec<RuleError>) -> Vec<Declaration<'a>> {
    let file: EntityFile = match source.parse() {
        Ok(file) => file,
        Err(error) => {
            errors.push(error);
            return Vec::new();
        }
    };
    if let Some(version) = file.version.filter(|version| *version != 1) {
        let error = RuleError::in_file(&source.name, format!("version {version} of the entity schema is unknown"));
        errors.push(error.help("this build reads version 1"));
    }
    let mut checks = Checks { file: &source.name, errors };
    let generated = file.generated.as_ref().and_then(|date| checks.date(date));
    let declare = |Spanned { value: entry, referenced: at, .. }: Spanned<Entry>| {
        let as_of = entry.as_of.as_ref().and_then(|date| checks.date(date)).or(generated);
        Declaration { entry, at, source, layer, as_of }
    };
    file.entities.into_iter().map(declare).collect()
}

/// For each declaration the id of the top of its chain of parents.
fn groups(declared: &[Declaration<'_>], errors: &mut Vec<RuleError>) -> Vec<Arc<str>> {
    let by_id: HashMap<&str, &Declaration<'_>> =
        declared.iter().map(|declaration| (declaration.entry.id.as_str(), declaration)).collect();
    let mut group = |declaration: &Declaration<'_>| {
        let mut top = declaration;
        for _ in 0..declared.len() {
            let Some(parent) = &top.entry.parent else { return top.entry.id.as_str().into() };
            let Some(above) = by_id.get(parent.value.as_str()) else {
                if std::ptr::eq(top, declaration) {
                    let message = format!("entity `{}`: unknown parent `{}`", top.entry.id, parent.value);
                    let error = RuleError::in_file(&top.source.name, message).at(parent.referenced);
                    errors.push(error.help(match near_miss(&parent.value, by_id.keys().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "define it, or leave `parent` out".to_owned(),
                    }));
                }
                return top.entry.id.as_str().into();
            };
            top = above;
        }
        let message = format!("entity `{}` is its own ancestor", declaration.entry.id);
        let error = RuleError::in_file(&declaration.source.name, message).at(declaration.at);
        errors.push(error.help("break the circle of `parent`"));
        declaration.entry.id.as_str().into()
    };
    declared.iter().map(&mut group).collect()
}

/// `None` when the entry can't be used; why has been added to the errors.
fn entity(declaration: &Declaration<'_>, group: Arc<str>, checks: &mut Checks<'_>) -> Option<Entity> {
    let Declaration { entry, at, source, as_of, .. } = declaration;
    let country = checks.country(&entry.id, &entry.country.value, entry.country.referenced);
    let domicile = entry.domicile.as_ref().map(|code| checks.country(&entry.id, &code.value, code.referenced));
    let alternatives = alternatives(entry, *at, checks);
    check_particulars(entry, *at, checks);
    let certainty = entry.certainty.unwrap_or(Certainty::Low);
    if certainty == Certainty::High && entry.review == Some(super::entity_file::ReviewKind::Contested) {
        checks.fail(*at, format!("entity `{}` is contested, yet of high certainty", entry.id), "lower its `certainty`");
    }
    // Without a hint the country alone speaks.
    let candidate = entry.pppaus_candidate.map_or(Candidate::NoIndication, Candidate::from);
    // A hint to review must say why; one that nobody gave a reason is contested at the least.
    let review = entry.review.map(Review::from).or((candidate == Candidate::Review).then_some(Review::Contested));
    let as_of: Arc<str> = as_of.map_or("undated".into(), |date| date.to_string().into());
    Some(Entity {
        provenance: Provenance {
            dataset: format!("entities@{as_of}").into(),
            digest: Some(sha256_hex(source.text.as_bytes()).into()),
        },
        owner: Owner {
            entity: entry.id.as_str().into(),
            name: entry.name.as_str().into(),
            group,
            country: country?,
            domicile: domicile.flatten(),
            standing: if certainty == Certainty::High { Standing::WellSupported } else { Standing::Claimed },
            basis: entry.basis.as_str().into(),
            review,
            alternatives,
            as_of,
            candidate,
            services: entry.services.iter().map(|service| service.as_str().into()).collect(),
        },
    })
}

fn alternatives(entry: &Entry, at: Location, checks: &mut Checks<'_>) -> Vec<OwnerAlternative> {
    let mut read = |alternative: &Alternative| {
        let (code, basis) = match alternative {
            Alternative::Bare(code) => (code, "no basis given"),
            Alternative::Founded(founded) => (&founded.country, founded.basis.as_str()),
        };
        checks.country(&entry.id, code, at).map(|country| OwnerAlternative { country, basis: basis.into() })
    };
    entry.alternatives.iter().filter_map(&mut read).collect()
}

/// Values that nothing reads yet but people rely on.
fn check_particulars(entry: &Entry, at: Location, checks: &mut Checks<'_>) {
    for legal_entity in &entry.legal_entities {
        checks.country(&entry.id, &legal_entity.country.value, legal_entity.country.referenced);
    }
    for suffix in entry.cname_suffixes.iter().chain(&entry.domains_unverified) {
        checks.domain(&entry.id, suffix);
    }
    if entry.control_pct.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        checks.fail(at, format!("entity `{}`: `control_pct` is no percentage", entry.id), "write 0 to 100");
    }
    let from = entry.valid_from.as_ref().and_then(|date| checks.date(date));
    let to = entry.valid_to.as_ref().and_then(|date| checks.date(date));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        checks.fail(at, format!("entity `{}` ends before it begins", entry.id), "swap `valid_from` and `valid_to`");
    }
}

fn claim_domains(
    declared: &[Declaration<'_>],
    at: usize,
    domains: &mut HashMap<Box<str>, DomainUse>,
    errors: &mut Vec<RuleError>,
) {
    let Declaration { entry, source, layer, .. } = &declared[at];
    let unverified = |text: &Spanned<String>| entry.domains_unverified.iter().any(|other| other.value == text.value);
    let listed = entry.domains.iter().map(|text| (text, false));
    let shared = entry.domains_shared_hosting.iter().filter(|text| !unverified(text)).map(|text| (text, true));
    for (text, shared) in listed.chain(shared) {
        let Some(domain) = (Checks { file: &source.name, errors }).domain(&entry.id, text) else { continue };
        let earlier = domains.insert(domain.into(), DomainUse { entity: at, shared });
        let Some(other) = earlier.map(|earlier| &declared[earlier.entity]) else { continue };
        if other.entry.id != entry.id && other.layer == *layer {
            let message = format!("domain `{}` belongs to entity `{}` already", text.value, other.entry.id);
            let error = RuleError::in_file(&source.name, message).at(text.referenced);
            errors.push(error.help("list a domain under one entity only"));
        }
    }
}

fn claim_networks(
    declared: &[Declaration<'_>],
    at: usize,
    networks: &mut HashMap<u32, usize>,
    errors: &mut Vec<RuleError>,
) {
    let Declaration { entry, source, layer, at: place, .. } = &declared[at];
    for asn in entry.asns.iter().map(super::entity_file::Asn::number) {
        let Some(other) = networks.insert(asn, at).map(|earlier| &declared[earlier]) else { continue };
        if other.entry.id != entry.id && other.layer == *layer {
            let message = format!("AS{asn} belongs to entity `{}` already", other.entry.id);
            let error = RuleError::in_file(&source.name, message).at(*place);
            errors.push(error.help("list a network under one entity only"));
        }
    }
}

/// The entities taken as one dataset, as old as its newest entry.
fn info(sources: &[Source], declared: &[Declaration<'_>]) -> Option<DatasetInfo> {
    let newest = declared.iter().filter_map(|declaration| declaration.as_of).max();
    let built = newest.and_then(|date| TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok());
    let text: String = sources.iter().map(|source| source.text.as_str()).collect();
    (!sources.is_empty()).then(|| DatasetInfo {
        name: "entities".into(),
        built,
        digest: sha256_hex(text.as_bytes()).into(),
    })
}
