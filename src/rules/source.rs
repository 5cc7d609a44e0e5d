//! Rule files, read but not yet understood.

use serde::de::DeserializeOwned;

use super::RuleError;

/// One YAML file of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How messages name it: the path for a user's file, `built-in rules/…` for one compiled in.
    pub name: String,
    /// Path inside its rules directory, with `/`: `packs/pppaus/pack.yaml`.
    pub path: String,
    pub text: String,
}

impl Source {
    /// Parse the whole file as `T`; unknown fields are up to `T` (`deny_unknown_fields`).
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RuleError> {
        serde_saphyr::from_str(&self.text).map_err(|error| {
            let location = error.location();
            RuleError {
                file: self.name.clone(),
                line: location.map(|l| l.line()),
                column: location.map(|l| l.column()),
                message: first_line(&error.without_snippet().to_string()),
                help: None,
            }
        })
    }
}

/// The sources of one set of rules, by kind. Later sources add to earlier ones or override them by id.
#[derive(Debug, Clone, Default)]
pub struct Ruleset {
    pub elements: Vec<Source>,
    pub regions: Vec<Source>,
    pub entities: Vec<Source>,
    /// Every file of every pack; a pack is the files that share a directory under `packs/`.
    pub packs: Vec<Source>,
}

#[derive(rust_embed::RustEmbed)]
#[folder = "rules/"]
#[include = "*.yaml"]
struct Embedded;

impl Ruleset {
    /// The rules compiled into this binary.
    pub fn builtin() -> Self {
        let mut set = Self::default();
        let mut paths: Vec<_> = Embedded::iter().collect();
        paths.sort();
        for path in paths {
            if let Some(file) = Embedded::get(&path) {
                set.add(Source {
                    name: format!("built-in rules/{path}"),
                    text: String::from_utf8_lossy(&file.data).into_owned(),
                    path: path.into_owned(),
                });
            }
        }
        set
    }

    /// Sort a source in by its path. Returns whether the path is one that rules are read from.
    pub fn add(&mut self, source: Source) -> bool {
        let list = match source.path.split('/').next() {
            Some("elements") => &mut self.elements,
            Some("regions") => &mut self.regions,
            Some("entities" | "entities.yaml") => &mut self.entities,
            Some("packs") => &mut self.packs,
            _ => return false,
        };
        list.push(source);
        true
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end_matches('.').to_owned()
}
