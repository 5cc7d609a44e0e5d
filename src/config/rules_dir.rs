//! Reading directories of rules on top of the built-in ones.

use std::fs;
use std::path::{Path, PathBuf};

use super::ConfigError;
use crate::rules::{Ruleset, Source, near_miss};

/// The rules that were read.
#[derive(Debug, Default)]
pub struct ReadRules {
    /// The built-in ones first, then each directory's in the order given.
    pub rules: Ruleset,
    /// What lay in the directories and is not used, one line each, for the operator to see.
    pub warnings: Vec<String>,
}

const LAYOUT: &str = "rules lie in `elements/*.yaml`, `regions/*.yaml`, `entities/*.yaml`, `entities.yaml`, `facts.yaml`, `packs/ID/*.yaml` and \
     `gov_locations.geojson` or `.csv`";

/// Add a list of government-related locations that stands outside any rules directory.
pub fn add_gov_locations(read: &mut ReadRules, path: &Path) -> Result<(), ConfigError> {
    let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let inside = if csv { "gov_locations.csv" } else { "gov_locations.geojson" };
    read.add_file(path.to_owned(), inside.to_owned()).map(drop)
}

/// Add a file of declared facts that stands outside any rules directory.
pub fn add_facts(read: &mut ReadRules, path: &Path) -> Result<(), ConfigError> {
    read.add_file(path.to_owned(), "facts.yaml".to_owned()).map(drop)
}

/// The built-in rules and those of each directory.
pub fn read_rules(dirs: &[PathBuf]) -> Result<ReadRules, ConfigError> {
    let mut read = ReadRules { rules: Ruleset::builtin(), warnings: Vec::new() };
    for dir in dirs {
        let before = read.warnings.len();
        let added = read.add_dir(dir, "")?;
        if added == 0 && read.warnings.len() == before {
            return Err(ConfigError::invalid(format!("`{}` holds no rules; {LAYOUT}", dir.display())));
        }
    }
    Ok(read)
}

impl ReadRules {
    /// Add the files of a directory, which lies at `within` inside its rules directory; how many were added.
    fn add_dir(&mut self, dir: &Path, within: &str) -> Result<usize, ConfigError> {
        let unreadable = |error| ConfigError::unreadable("the rules directory", dir, error);
        let mut entries = fs::read_dir(dir).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(unreadable)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        let mut added = 0;
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue; // `.git`, and the `..data` of a mounted ConfigMap
            }
            let (path, inside) = (entry.path(), format!("{within}{name}"));
            added += match Place::of(&inside, path.is_dir()) {
                Place::Directory => self.add_dir(&path, &format!("{inside}/"))?,
                Place::Rules => self.add_file(path, inside)?,
                Place::NotUsed(why) => {
                    self.warnings.push(format!("`{}` is not used: {why}", path.display()));
                    0
                }
                Place::Misplaced(help) => {
                    return Err(ConfigError::invalid(format!("`{}` would not be read; {help}", path.display())));
                }
            };
        }
        Ok(added)
    }

    fn add_file(&mut self, path: PathBuf, inside: String) -> Result<usize, ConfigError> {
        let text = fs::read_to_string(&path).map_err(|error| ConfigError::unreadable("the rule file", &path, error))?;
        Ok(usize::from(self.rules.add(Source { name: path.display().to_string(), path: inside, text })))
    }
}

/// What an entry of a rules directory is, told by its path inside it.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Directory,
    Rules,
    NotUsed(&'static str),
    /// It looks like rules, but nobody would read it there.
    Misplaced(String),
}

const KINDS: [&str; 4] = ["elements", "regions", "entities", "packs"];

impl Place {
    fn of(inside: &str, is_dir: bool) -> Self {
        let parts: Vec<&str> = inside.split('/').collect();
        match (parts.as_slice(), is_dir) {
            (["packs", _], true) => Self::Directory,
            ([kind], true) if KINDS.contains(kind) => Self::Directory,
            ([name], true) => match near_miss(name, KINDS) {
                Some(meant) => Self::Misplaced(format!("did you mean `{meant}/`?")),
                None => Self::NotUsed("no rules are read from a directory of this name"),
            },
            (_, true) => Self::Misplaced(LAYOUT.to_owned()),
            (["gov_locations.geojson" | "gov_locations.csv"], false) => Self::Rules,
            (["entities.yaml" | "facts.yaml"] | ["elements" | "regions" | "entities", _] | ["packs", _, _], false)
                if inside.ends_with(".yaml") =>
            {
                Self::Rules
            }
            (_, false) if inside.ends_with(".yml") => Self::Misplaced("rename it to `.yaml`".to_owned()),
            (_, false) if inside.ends_with(".yaml") => Self::Misplaced(LAYOUT.to_owned()),
            (_, false) => Self::NotUsed("rules are YAML files"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let file = |inside, expect| assert_eq!(Place::of(inside, false), expect, "{inside}");
        for inside in ["elements/a.yaml", "regions/a.yaml", "entities/a.yaml", "entities.yaml", "packs/mine/pack.yaml"]
        {
            file(inside, Place::Rules);
        }
        for inside in ["a.yaml", "packs/pack.yaml"] {
            file(inside, Place::Misplaced(LAYOUT.to_owned()));
        }
        file("elements/a.yml", Place::Misplaced("rename it to `.yaml`".to_owned()));
        file("README.md", Place::NotUsed("rules are YAML files"));
        let dir = |inside, expect| assert_eq!(Place::of(inside, true), expect, "{inside}");
        dir("elements", Place::Directory);
        dir("packs", Place::Directory);
        dir("packs/mine", Place::Directory);
        dir("element", Place::Misplaced("did you mean `elements/`?".to_owned()));
        dir("screenshots", Place::NotUsed("no rules are read from a directory of this name"));
        dir("packs/mine/deeper", Place::Misplaced(LAYOUT.to_owned()));
        dir("elements/deeper", Place::Misplaced(LAYOUT.to_owned()));
    }

    fn directory(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories are made");
            fs::write(path, "[]\n").expect("the file is written");
        }
        dir
    }

    #[test]
    fn a_directory_adds_to_the_built_in_rules() {
        let dir = directory(&["entities.yaml", "packs/mine/pack.yaml", ".git/config", "gov_locations.csv", "NOTES"]);
        let read = read_rules(&[dir.path().to_owned()]).expect("it is read");
        let builtin = Ruleset::builtin();
        assert_eq!(read.rules.entities.len(), builtin.entities.len() + 1);
        assert_eq!(read.rules.elements.len(), builtin.elements.len());
        assert_eq!(read.rules.packs.last().map(|source| source.path.as_str()), Some("packs/mine/pack.yaml"));
        assert_eq!(read.rules.gov_locations.len(), 1);
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
    }

    #[test]
    fn a_missing_or_empty_directory_is_an_error() {
        let dir = directory(&[]);
        let error = read_rules(&[dir.path().to_owned()]).expect_err("no rules").to_string();
        assert!(error.contains("holds no rules; rules lie in"), "{error}");
        let missing = read_rules(&[dir.path().join("none")]);
        assert!(matches!(missing, Err(ConfigError::Unreadable { .. })));
    }
}
