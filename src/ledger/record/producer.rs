//! Who wrote a line, and under which rules and settings.

use std::collections::BTreeMap;

use serde::Serialize;

/// The `producer` of every line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Producer {
    /// Landfall's version.
    pub version: &'static str,
    /// The configured name of this Landfall.
    pub instance: String,
    /// Packs in force, `pppaus@2026.1`.
    pub packs: Vec<String>,
    /// Digest of the configuration in force, lower-case hex.
    pub config: String,
    pub settings: Settings,
}

/// Settings that change verdicts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Whether the client address, known only from the connection, counts as an identifier.
    pub count_implicit_client_ip: bool,
    /// The operator's own number of users, from which projections are made: their input, not evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projected_users: Option<u64>,
    /// Kinds of identifier by which a subject is told, strongest first.
    pub subject_order: Vec<String>,
    /// Whose data each pack takes traffic to be.
    pub assumed_population: BTreeMap<String, String>,
}

impl Producer {
    /// A producer of this version of Landfall.
    pub fn new(instance: String, packs: Vec<String>, config: String, settings: Settings) -> Self {
        Self { version: env!("CARGO_PKG_VERSION"), instance, packs, config, settings }
    }
}
