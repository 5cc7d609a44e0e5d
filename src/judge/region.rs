//! Named sets of countries, each with its source and date.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::locate::Country;
use crate::rules::{RuleError, Source, near_miss};

/// A set of countries that a law or a user names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    pub id: Arc<str>,
    pub title: Arc<str>,
    pub countries: Vec<Country>,
    pub cite: Arc<str>,
    pub as_of: jiff::civil::Date,
}

impl Region {
    pub fn contains(&self, country: Country) -> bool {
        self.countries.contains(&country)
    }
}

/// All regions by id.
#[derive(Debug, Clone, Default)]
pub struct Regions(BTreeMap<Arc<str>, Arc<Region>>);

impl Regions {
    /// Read the region files; a later definition of the same id replaces an earlier one.
    pub fn new(sources: &[Source]) -> Result<Self, Vec<RuleError>> {
        let mut regions = Self::default();
        let mut errors = Vec::new();
        for source in sources {
            match source.parse::<RegionFile>() {
                Ok(file) => file.regions.into_iter().for_each(|entry| match entry.read(source) {
                    Ok(region) => {
                        regions.0.insert(region.id.clone(), Arc::new(region));
                    }
                    Err(error) => errors.push(error),
                }),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(regions) } else { Err(errors) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Region> {
        self.0.values().map(Arc::as_ref)
    }

    /// The region that a file names, or an error at the name.
    pub(super) fn named(&self, name: &Spanned<String>, source: &Source) -> Result<Arc<Region>, RuleError> {
        self.0.get(name.value.as_str()).cloned().ok_or_else(|| {
            let error = RuleError::in_file(&source.name, format!("unknown region `{}`", name.value));
            let remedy = match near_miss(&name.value, self.0.keys().map(AsRef::as_ref)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "define it in a file under `regions/`".to_owned(),
            };
            error.at(name.referenced).help(remedy)
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionFile {
    regions: Vec<RegionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionEntry {
    id: String,
    title: String,
    iso: Vec<Spanned<String>>,
    cite: String,
    as_of: Spanned<String>,
    /// For people; nothing is decided by it.
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

impl RegionEntry {
    fn read(self, source: &Source) -> Result<Region, RuleError> {
        let countries = self.iso.iter().map(|code| country(code, source)).collect::<Result<_, _>>()?;
        Ok(Region {
            as_of: date(&self.as_of, source)?,
            id: self.id.into(),
            title: self.title.into(),
            countries,
            cite: self.cite.into(),
        })
    }
}

fn country(code: &Spanned<String>, source: &Source) -> Result<Country, RuleError> {
    Country::new(&code.value).ok_or_else(|| {
        RuleError::in_file(&source.name, format!("`{}` is not a country code", code.value))
            .at(code.referenced)
            .help("use ISO 3166-1 alpha-2 (`\"NO\"` for Norway needs its quotes)")
    })
}

/// A date as `YYYY-MM-DD`.
pub(super) fn date(text: &Spanned<String>, source: &Source) -> Result<jiff::civil::Date, RuleError> {
    text.value.parse().map_err(|_| {
        RuleError::in_file(&source.name, format!("`{}` is not a date", text.value))
            .at(text.referenced)
            .help("write it as `YYYY-MM-DD`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Ruleset;

    fn source(text: &str) -> Source {
        Source { name: "r.yaml".into(), path: "regions/r.yaml".into(), text: text.into() }
    }

    #[test]
    fn a_later_region_replaces_an_earlier_one() {
        let mut sources = Ruleset::builtin().regions;
        sources.push(source("regions:\n- {id: eea, title: mine, iso: [CH], cite: me, as_of: 2026-01-01}\n"));
        let regions = Regions::new(&sources).unwrap();
        let eea = regions.iter().find(|region| &*region.id == "eea").unwrap();
        assert_eq!(eea.countries, [Country::new("CH").unwrap()]);
    }

    #[test]
    fn errors_point_at_the_word() {
        let errors = |text| Regions::new(&[source(text)]).unwrap_err()[0].to_string();
        assert_eq!(
            errors("regions:\n- {id: a, title: a, iso: [CN, ZZ], cite: c, as_of: 2026-01-01}\n"),
            "`r.yaml` line 2 column 31: `ZZ` is not a country code; use ISO 3166-1 alpha-2 (`\"NO\"` for Norway needs its quotes)"
        );
        assert!(
            errors("regions:\n- {id: a, title: a, iso: [], cite: c, as_of: soon}\n").contains("`soon` is not a date")
        );
        assert!(errors("regions:\n- {id: a, titel: a, iso: [], cite: c, as_of: 2026-01-01}\n").contains("titel"));
    }
}
