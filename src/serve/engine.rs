//! The one engine: rules and data, read and understood, for live capture and for files alike.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use crate::audit::{AuditOptions, Auditor};
use crate::config::{self, ConfigError, Settings};
use crate::decode::Budget;
use crate::detect::{Detectors, Keys};
use crate::judge::{Judge, JudgeOptions};
use crate::ledger::{InForce, Producer};
use crate::locate::{DatasetInfo, DatasetKind, LocateError, Locators};
use crate::rules::RuleError;

/// Rules and data in force.
pub struct Engine {
    pub auditor: Arc<Auditor>,
    pub judge: Arc<Judge>,
    pub datasets: Vec<(DatasetKind, DatasetInfo)>,
    /// Families of the elements that can be found.
    pub element_classes: Vec<String>,
    /// What was found in rule directories and is not used.
    pub warnings: Vec<String>,
    producer: Producer,
}

/// Why rules or data can't be used.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{}", lines(.0))]
    Rules(Vec<RuleError>),
    #[error(transparent)]
    Locate(#[from] LocateError),
}

impl EngineError {
    /// Whether a file that was named could not be read at all, rather than does not hold.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Config(ConfigError::Unreadable { .. }))
    }
}

impl Engine {
    /// Read everything the settings name. `keys` are the ledger's; `reveal` keeps values in findings, for an output that
    /// the auditor asked for by name.
    pub fn build(settings: &Settings, keys: Keys, reveal: bool) -> Result<Self, EngineError> {
        let mut read = config::read_rules(&settings.judge.rules)?;
        for path in &settings.judge.facts {
            config::add_facts(&mut read, path)?;
        }
        if let Some(path) = &settings.judge.gov_locations {
            config::add_gov_locations(&mut read, path)?;
        }
        let config = config::locator_config(&settings.locate, read.rules.entities.clone())?;
        config::unpack_beside(&config);
        let mut detectors = Detectors::new(&read.rules.elements).map_err(EngineError::Rules)?;
        let personas = config::read_personas(&settings.detect.personas)?;
        if !personas.is_empty() {
            detectors = detectors.with_personas(&personas).map_err(|error| EngineError::Rules(vec![error]))?;
        }
        let options = JudgeOptions {
            count_implicit_client_ip: settings.judge.count_implicit_client_ip,
            projected_users: settings.judge.projected_users,
        };
        let judge = Judge::new(&read.rules, &settings.judge.packs).map_err(EngineError::Rules)?.with_options(options);
        let judge = Arc::new(judge);
        read.warnings.extend(judge.areas().warnings.iter().cloned());
        let element_classes = classes(&detectors);
        let locators = Locators::new(config)?;
        let datasets = locators.datasets().to_vec();
        let producer = producer(settings, &judge);
        let options = AuditOptions { reveal, inspect: settings.decode.inspect };
        let auditor = Arc::new(Auditor::new(detectors, locators, Arc::clone(&judge), budget(settings), keys, options));
        Ok(Self { auditor, judge, datasets, element_classes, warnings: read.warnings, producer })
    }

    /// What the ledger's writer needs of it.
    pub fn in_force(&self) -> InForce {
        let (settle, classes) = (Arc::clone(&self.judge), Arc::clone(&self.judge));
        let composing = Arc::clone(&self.judge);
        InForce {
            producer: self.producer.clone(),
            settle: Box::new(move |assessment, known| settle.settle(assessment, known)),
            compose: Box::new(move |pack, counts, facets| composing.compose(pack, counts, facets)),
            listed_class: Box::new(move |finding| classes.listed_class(&finding.element)),
        }
    }
}

fn producer(settings: &Settings, judge: &Judge) -> Producer {
    let packs = judge.packs().iter().map(|pack| format!("{}@{}", pack.id, pack.version)).collect();
    let in_record = crate::ledger::Settings {
        count_implicit_client_ip: settings.judge.count_implicit_client_ip,
        projected_users: settings.judge.projected_users,
        subject_order: judge.subject_order(),
        assumed_population: judge
            .packs()
            .iter()
            .map(|pack| (pack.id.to_string(), pack.population.to_string()))
            .collect(),
    };
    Producer::new(instance(), packs, settings.digest(), in_record)
}

/// The host's name, which tells one Landfall of a fleet from another.
fn instance() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "landfall".to_owned())
}

fn classes(detectors: &Detectors) -> Vec<String> {
    let classes: BTreeSet<&str> = detectors.elements().map(|(_, class, _)| class).collect();
    classes.into_iter().map(str::to_owned).collect()
}

fn budget(settings: &Settings) -> Budget {
    let decode = &settings.decode;
    Budget { depth: decode.depth, bytes: decode.bytes, ratio: decode.ratio, fields: decode.fields }
}

fn lines(errors: &[RuleError]) -> String {
    match errors {
        [] => "the rules cannot be used".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more; `landfall rules check` lists them)", rest.len()),
    }
}
