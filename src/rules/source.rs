//! Rule files, read but not yet understood.

use serde::de::DeserializeOwned;

use super::{RuleError, near_miss};

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
            let (message, help) = message(&error.without_snippet().to_string());
            RuleError {
                file: self.name.clone(),
                line: location.map(|l| l.line()),
                column: location.map(|l| l.column()),
                message,
                help,
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
    /// Lists of areas whose positions are government-related (28 CFR 202.1401); none is built in.
    pub gov_locations: Vec<Source>,
    /// What the operator declares of recipients; none is built in.
    pub facts: Vec<Source>,
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
            Some("facts.yaml") => &mut self.facts,
            Some("gov_locations.geojson" | "gov_locations.csv") => &mut self.gov_locations,
            _ => return false,
        };
        list.push(source);
        true
    }
}

/// A parser's message without the place, which is told elsewhere; of an unknown word, the near miss or the known ones.
fn message(text: &str) -> (String, Option<String>) {
    let line = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let line = line.rsplit_once(" at line ").map_or(line, |(line, _)| line);
    let unknown = line.split_once(", expected ").filter(|(said, _)| said.starts_with("unknown "));
    let Some((said, known)) = unknown else { return (line.to_owned(), None) };
    let word = said.split('`').nth(1).unwrap_or_default();
    let known: Vec<_> = known.trim_start_matches("one of ").split(", ").map(|known| known.trim_matches('`')).collect();
    let help = match near_miss(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are `{}`", known.join("`, `")),
    };
    (said.to_owned(), Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "elements")]
        _elements: Vec<String>,
        #[serde(rename = "regions", default)]
        _regions: Vec<String>,
    }

    #[test]
    fn a_wrong_file_is_told_once_with_its_place_and_the_near_miss() {
        let check = |text: &str, expect: &str| {
            let source =
                Source { name: "x.yaml".to_owned(), path: "elements/x.yaml".to_owned(), text: text.to_owned() };
            assert_eq!(source.parse::<File>().expect_err("wrong").to_string(), expect);
        };
        check("\nelemnts: []", "`x.yaml` line 2 column 1: unknown field `elemnts`; did you mean `elements`?");
        check("zzz: []", "`x.yaml` line 1 column 1: unknown field `zzz`; known are `elements`, `regions`");
        check("", "`x.yaml` line 1 column 1: unexpected end of input");
    }
}
