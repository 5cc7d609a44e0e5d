//! Who controls which domain and which network, compiled from the files of entities.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_saphyr::{Location, Spanned};

use super::entity_checks::Checks;
use super::entity_file::{Alternative, Asn, Certainty, EntityFile, Entry};
use super::entity_index::{Index, Names, Period, Suffixes, Use};
use super::mmdb::sha256_hex;
use super::{Candidate, DatasetInfo, Owner, OwnerAlternative, Provenance, Review, Standing};
use crate::rules::{RuleError, Source, near_miss};

/// Every entity in force.
#[derive(Default)]
pub(super) struct Entities {
    pub list: Vec<Entity>,
    /// Domains, with what of them is let to tenants.
    pub domains: Suffixes,
    /// Suffixes of aliases that an entity gives to what it serves for others.
    pub cnames: Suffixes,
    /// AS numbers.
    pub networks: Index<u32>,
    /// Names of the entities and of their companies.
    pub names: Names,
    pub info: Option<DatasetInfo>,
}

pub(super) struct Entity {
    pub owner: Arc<Owner>,
    pub provenance: Provenance,
}

impl Entities {
    /// Compile the files. A later directory's entity replaces an earlier one of the same id, and takes over the domains
    /// and networks it lists; inside one directory both are errors, unless the entries hold at different times. All errors are
    /// reported together.
    pub fn new(sources: &[Source]) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let digests: Vec<Arc<str>> = sources.iter().map(|source| sha256_hex(source.text.as_bytes()).into()).collect();
        let mut declared = declare(sources, &digests, &mut errors);
        declared.sort_by_key(|declaration| declaration.layer);
        let groups = groups(&declared, &mut errors);
        let mut entities = Self { info: info(sources, &declared), ..Self::default() };
        for (at, (declaration, group)) in declared.iter().zip(groups).enumerate() {
            let mut checks = Checks { file: &declaration.source.name, errors: &mut errors };
            if let Some(entity) = entity(declaration, group, &mut checks) {
                entities.list.push(entity);
            }
            entities.claim(&declared, at, &mut errors);
        }
        if errors.is_empty() { Ok(entities) } else { Err(errors) }
    }

    /// Enter everything that an entry claims.
    fn claim(&mut self, declared: &[Declaration<'_>], entity: usize, errors: &mut Vec<RuleError>) {
        let Declaration { entry, source, layer, at: place, .. } = &declared[entity];
        let mut checks = Checks { file: &source.name, errors };
        let period = period(entry, *place, &mut checks);
        let claim = |shared| Use { entity, shared, period, layer: *layer };
        let taken = |checks: &mut Checks<'_>, rival: Option<Use>, at, what: String, remedy| {
            let Some(other) = rival.and_then(|rival| declared.get(rival.entity)) else { return };
            let message = format!("{what} belongs to entity `{}` already", other.entry.id);
            checks.fail(at, message, format!("{remedy}, or give both entries days that don't overlap"));
        };
        let unverified =
            |text: &Spanned<String>| entry.domains_unverified.iter().any(|other| other.value == text.value);
        let shared = entry.domains_shared_hosting.iter().filter(|text| !unverified(text));
        let listed = entry.domains.iter().map(|text| (text, false)).chain(shared.map(|text| (text, true)));
        for (text, shared) in listed {
            let Some(domain) = checks.domain(&entry.id, text) else { continue };
            let rival = self.domains.claim(domain.into(), claim(shared));
            let what = format!("domain `{}`", text.value);
            taken(&mut checks, rival, text.referenced, what, "list a domain under one entity only");
        }
        for text in &entry.cname_suffixes {
            let Some(suffix) = checks.domain(&entry.id, text) else { continue };
            let rival = self.cnames.claim(suffix.into(), claim(true));
            let what = format!("alias suffix `{}`", text.value);
            taken(&mut checks, rival, text.referenced, what, "list a suffix under one entity only");
        }
        for asn in entry.asns.iter().map(Asn::number) {
            let rival = self.networks.claim(asn, claim(false));
            taken(&mut checks, rival, *place, format!("AS{asn}"), "list a network under one entity only");
        }
        self.names.claim(&entry.name, claim(false));
        for legal in &entry.legal_entities {
            let at = legal.name.referenced;
            let rival = self.names.claim(&legal.name.value, claim(false));
            let what = format!("company `{}`", legal.name.value);
            taken(&mut checks, rival, at, what, "list a company under one entity only");
        }
    }
}

/// An entry, and where it was written.
struct Declaration<'a> {
    entry: Entry,
    at: Location,
    source: &'a Source,
    digest: &'a Arc<str>,
    /// Position of the rules directory it came from.
    layer: usize,
    /// Date of the entry, else of its file.
    as_of: Option<Date>,
}

/// Parse every file, keeping of each id the declaration of the last directory.
fn declare<'a>(sources: &'a [Source], digests: &'a [Arc<str>], errors: &mut Vec<RuleError>) -> Vec<Declaration<'a>> {
    let mut layers: Vec<&str> = Vec::new();
    let mut declared: Vec<Declaration<'a>> = Vec::new();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    for (source, digest) in sources.iter().zip(digests) {
        let directory = source.name.strip_suffix(&source.path).unwrap_or(&source.name);
        let layer = layers.iter().position(|known| *known == directory).unwrap_or_else(|| {
            layers.push(directory);
            layers.len() - 1
        });
        for declaration in read(source, digest, layer, errors) {
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

fn read<'a>(
    source: &'a Source,
    digest: &'a Arc<str>,
    layer: usize,
    errors: &mut Vec<RuleError>,
) -> Vec<Declaration<'a>> {
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
        Declaration { entry, at, source, digest, layer, as_of }
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
    let Declaration { entry, at, digest, as_of, .. } = declaration;
    let country = checks.country(&entry.id, &entry.country.value, entry.country.referenced);
    let domicile = entry.domicile.as_ref().map(|code| checks.country(&entry.id, &code.value, code.referenced));
    let alternatives = alternatives(entry, *at, checks);
    checks.particulars(entry, *at);
    for legal in &entry.legal_entities {
        checks.country(&entry.id, &legal.country.value, legal.country.referenced);
    }
    let certainty = entry.certainty.unwrap_or(Certainty::Low);
    // Without a hint the country alone speaks.
    let candidate = entry.pppaus_candidate.map_or(Candidate::NoIndication, Candidate::from);
    // A hint to review must say why; one that nobody gave a reason is contested at the least.
    let review = entry.review.map(Review::from).or((candidate == Candidate::Review).then_some(Review::Contested));
    let as_of: Arc<str> = as_of.map_or("undated".into(), |date| date.to_string().into());
    Some(Entity {
        provenance: Provenance { dataset: format!("entities@{as_of}").into(), digest: Some((*digest).clone()) },
        owner: Arc::new(Owner {
            entity: entry.id.as_str().into(),
            name: entry.name.as_str().into(),
            parent: entry.parent.as_ref().map(|parent| parent.value.as_str().into()),
            group,
            country: country?,
            domicile: domicile.flatten(),
            standing: if certainty == Certainty::High { Standing::WellSupported } else { Standing::Claimed },
            basis: entry.basis.as_str().into(),
            control_pct: entry.control_pct,
            review,
            alternatives,
            as_of,
            candidate,
            services: entry.services.iter().map(|service| service.value.as_str().into()).collect(),
        }),
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

fn period(entry: &Entry, at: Location, checks: &mut Checks<'_>) -> Period {
    let from = entry.valid_from.as_ref().and_then(|date| checks.date(date));
    let to = entry.valid_to.as_ref().and_then(|date| checks.date(date));
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        checks.fail(at, format!("entity `{}` ends before it begins", entry.id), "swap `valid_from` and `valid_to`");
    }
    Period { from, to }
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
