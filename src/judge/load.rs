//! Pack files to packs: every name is looked up, every error points at its place and names the near miss.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use aws_lc_rs::digest;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::file::{
    AdequacyFile, CategoryFile, ClassesFile, ExemptionFile, PackFile, RecipientsFile, RuleFile, RulesFile,
    ThresholdFile, WhenFile,
};
use super::pack::{
    Adequacy, CategoryRule, Combination, ElementRole, Exemption, Form, ListedClass, Pack, Recipients, Rule, Span,
    Threshold, Unit, When,
};
use super::region::{Regions, date};
use crate::locate::Country;
use crate::rules::{RuleError, Ruleset, Source, near_miss};

/// The files of one pack.
#[derive(Debug, Clone, Default)]
pub(super) struct PackFiles<'r> {
    pub pack: Option<&'r Source>,
    pub rules: Option<&'r Source>,
    pub tests: Option<&'r Source>,
    all: Vec<&'r Source>,
}

impl PackFiles<'_> {
    /// Lower-case hex SHA-256 over names and texts in order of the names, each prefixed with its length.
    pub fn digest(&self) -> String {
        let mut files = self.all.clone();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut context = digest::Context::new(&digest::SHA256);
        for part in files.iter().flat_map(|file| [&file.path, &file.text]) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Packs by directory. Files of a later rules directory make a pack of their own, which replaces the earlier of that id.
pub(super) fn pack_files(rules: &Ruleset) -> Result<Vec<PackFiles<'_>>, RuleError> {
    let mut packs: BTreeMap<(usize, &str), PackFiles<'_>> = BTreeMap::new();
    let mut roots: Vec<&str> = Vec::new();
    for source in &rules.packs {
        let root = source.name.strip_suffix(source.path.as_str()).unwrap_or(&source.name);
        let position = roots.iter().position(|known| *known == root).unwrap_or_else(|| {
            roots.push(root);
            roots.len() - 1
        });
        let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
        let files = packs.entry((position, directory)).or_default();
        files.all.push(source);
        match file {
            "pack.yaml" => files.pack = Some(source),
            "rules.yaml" => files.rules = Some(source),
            "tests.yaml" => files.tests = Some(source),
            _ => {
                let error = RuleError::in_file(&source.name, "a pack has no such file");
                return Err(error.help("a pack is `pack.yaml`, `rules.yaml` and `tests.yaml`"));
            }
        }
    }
    Ok(packs.into_values().collect())
}

/// Understand one pack.
pub(super) fn load(files: &PackFiles<'_>, regions: &Regions, elements: &HashSet<String>) -> Result<Pack, RuleError> {
    let (source, rules) = match (files.pack, files.rules) {
        (Some(pack), Some(rules)) => (pack, rules),
        (None, Some(other)) | (Some(other), None) => {
            return Err(RuleError::in_file(&other.name, "half a pack")
                .help("put `pack.yaml` and `rules.yaml` into the same directory"));
        }
        (None, None) => {
            let name = files.all.first().map_or("packs", |source| &source.name);
            return Err(RuleError::in_file(name, "a pack needs `pack.yaml` and `rules.yaml` beside this file"));
        }
    };
    let file: PackFile = source.parse()?;
    let rules_file: RulesFile = rules.parse()?;
    let mut pack = Loader { source, elements }.pack(file, regions)?;
    for rule in rules_file.rules {
        let rule = read_rule(rule, &pack, rules)?;
        pack.rules.push(rule);
    }
    pack.digest = files.digest().into();
    Ok(pack)
}

/// Element ids that the element files define; empty when there are none.
pub(super) fn element_ids(rules: &Ruleset) -> HashSet<String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        elements: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    // A file that does not parse is the detectors' error to report.
    let files = rules.elements.iter().filter_map(|source| source.parse::<File>().ok());
    files.flat_map(|file| file.elements).map(|entry| entry.id).collect()
}

struct Loader<'a> {
    source: &'a Source,
    elements: &'a HashSet<String>,
}

impl Loader<'_> {
    fn pack(&self, file: PackFile, regions: &Regions) -> Result<Pack, RuleError> {
        let units: Vec<&str> = file.units.iter().map(|unit| unit.id.as_str()).collect();
        let categories =
            file.categories.iter().map(|c| self.category(c, &file.categories, &units)).collect::<Result<_, _>>()?;
        let mut pack = Pack {
            as_of: date(&file.as_of, self.source)?,
            in_force: date(&file.in_force, self.source)?,
            recipients: self.recipients(&file.recipients, regions)?,
            exemptions: self.exemptions(&file)?,
            span: self.span(&file)?,
            window_cite: file.window.cite.as_str().into(),
            combination: self.combination(&file)?,
            units: file
                .units
                .iter()
                .map(|unit| Unit { id: unit.id.as_str().into(), per_device: unit.devices.is_some() })
                .collect(),
            order: file.subject_order.iter().map(|kind| kind.value.as_str().into()).collect(),
            listed: file.listed_identifiers.iter().map(ListedClass::from).collect(),
            id: file.id.as_str().into(),
            title: file.title.as_str().into(),
            version: file.version.as_str().into(),
            digest: "".into(),
            cites: file.cites.iter().map(|cite| cite.as_str().into()).collect(),
            population: file.population.as_str().into(),
            categories,
            rules: Vec::new(),
            elements: Default::default(),
        };
        self.roles(&file, &mut pack)?;
        Ok(pack)
    }

    fn category(&self, file: &CategoryFile, all: &[CategoryFile], units: &[&str]) -> Result<CategoryRule, RuleError> {
        let form = file.form.as_ref().map(|word| word.value.as_str());
        if let (None, None, None, Some(presence)) = (&file.elements, form, &file.inside_areas_of, &file.presence) {
            let words = |all: &[String]| all.iter().map(|group| Arc::from(group.as_str())).collect();
            let (groups, except) = (words(&presence.groups), words(&presence.except_groups));
            let missing = presence.missing.as_deref().map(Arc::from);
            return self.with_form(file, units, Form::Presence { groups, except, missing });
        }
        let form = match (&file.elements, form, &file.inside_areas_of) {
            (Some(_), None, None) => Form::Elements { precision_m: file.precision_m },
            (None, Some("linked_identifiers"), None) => Form::LinkedIdentifiers,
            (None, Some("combined"), None) => Form::Combined,
            (None, None, Some(areas)) => {
                let ids: Vec<&str> = all.iter().map(|category| category.id.value.as_str()).collect();
                let of = self.position(&areas.category, "category", &ids)?;
                Form::InsideAreas { of, missing: areas.missing.as_str().into() }
            }
            _ => {
                let help = "give it one of `elements`, `inside_areas_of`, `presence`, `form: linked_identifiers` or `form: combined`";
                let message = format!("category `{}` does not say how it forms", file.id.value);
                return Err(self.error(&file.id, message).help(help));
            }
        };
        self.with_form(file, units, form)
    }

    fn with_form(&self, file: &CategoryFile, units: &[&str], form: Form) -> Result<CategoryRule, RuleError> {
        let threshold = match &file.threshold.value {
            ThresholdFile::Number(number) => Threshold::MoreThan(*number),
            ThresholdFile::AtLeast { at_least } => Threshold::AtLeast(*at_least),
            ThresholdFile::Word(word) if word == "any" => Threshold::AnyVolume,
            ThresholdFile::Word(word) if word == "lowest_of_present" => Threshold::LowestOfPresent,
            ThresholdFile::Word(word) => {
                let error = self.error(&file.threshold, format!("`{word}` is not a threshold"));
                return Err(error.help("give a number, `at_least: N`, `any` or `lowest_of_present`"));
            }
        };
        Ok(CategoryRule {
            id: file.id.value.as_str().into(),
            title: file.title.as_str().into(),
            section: file.section.as_str().into(),
            threshold_section: file.threshold_section.as_str().into(),
            threshold,
            unit: self.position(&file.unit, "unit", units)?,
            form,
        })
    }

    fn recipients(&self, file: &RecipientsFile, regions: &Regions) -> Result<Recipients, RuleError> {
        let named = |word: &Spanned<String>| regions.named(word, self.source);
        let condition = |(code, text): (&String, &String)| {
            let country = Country::new(code).ok_or_else(|| {
                RuleError::in_file(&self.source.name, format!("`{code}` is not a country code"))
                    .help("use ISO 3166-1 alpha-2")
            })?;
            Ok((country, Arc::from(text.as_str())))
        };
        let adequacy = |file: &AdequacyFile| {
            Ok::<_, RuleError>(Adequacy {
                region: named(&file.country_set)?,
                cite: file.cite.as_str().into(),
                conditions: file.conditions.iter().map(condition).collect::<Result<_, RuleError>>()?,
                missing: file.missing.as_str().into(),
            })
        };
        Ok(Recipients {
            concern: file.country_set.as_ref().map(named).transpose()?,
            home: named(&file.home_set)?,
            cite: file.cite.as_str().into(),
            home_cite: file.home_cite.as_str().into(),
            home_means: file.home_means.as_str().into(),
            home_protects: file.home_protects,
            candidate_hint: file.candidate_hint,
            adequacy: file.adequacy.as_ref().map(adequacy).transpose()?,
        })
    }

    fn exemptions(&self, file: &PackFile) -> Result<Vec<Exemption>, RuleError> {
        let ids: Vec<&str> = file.categories.iter().map(|category| category.id.value.as_str()).collect();
        let read = |exemption: &ExemptionFile| {
            let categories = exemption.categories.iter().map(|word| self.position(word, "category", &ids));
            Ok((Arc::from(exemption.section.as_str()), categories.collect::<Result<_, RuleError>>()?))
        };
        file.exemptions.iter().map(read).collect()
    }

    fn span(&self, file: &PackFile) -> Result<Span, RuleError> {
        match (&file.window.months, &file.window.since) {
            (Some(months), None) if (1..=1200).contains(&months.value) => Ok(Span::Months(months.value)),
            (Some(months), None) => Err(self.error(months, "a window is of 1 to 1200 months")),
            (None, Some(since)) if since.value == "calendar_year" => Ok(Span::CalendarYear),
            (_, Some(since)) => Err(self
                .error(since, format!("`{}` is not where a window starts", since.value))
                .help("give `months`, or `since: calendar_year` alone")),
            (None, None) => Err(RuleError::in_file(&self.source.name, "the window does not say how long it is")
                .help("give `months`, or `since: calendar_year`")),
        }
    }

    fn combination(&self, file: &PackFile) -> Result<Combination, RuleError> {
        let known: Vec<&str> = file.listed_identifiers.iter().map(|class| class.id.as_str()).collect();
        let indices = |words: &[Spanned<String>]| {
            words.iter().map(|word| self.position(word, "identifier class", &known)).collect::<Result<Vec<_>, _>>()
        };
        let Some(combination) = &file.combination else { return Ok(Combination::default()) };
        let ClassesFile { classes: alone, cite: alone_cite } = &combination.excluded_alone;
        let necessity = &combination.excluded_if_necessary;
        Ok(Combination {
            excluded_alone: indices(alone)?,
            excluded_alone_cite: alone_cite.as_str().into(),
            with_sensitive_cite: combination.with_sensitive_data.cite.as_str().into(),
            excluded_if_necessary: indices(&necessity.classes)?,
            necessity_cite: necessity.cite.as_str().into(),
            necessity: necessity.missing.as_str().into(),
            counts_towards: necessity.counts_towards.iter().map(|word| word.as_str().into()).collect(),
            with_sensitive_data: indices(&combination.with_sensitive_data.classes)?,
        })
    }

    /// Turn the lists around: per element, all that it can be.
    fn roles(&self, file: &PackFile, pack: &mut Pack) -> Result<(), RuleError> {
        for (index, class) in file.listed_identifiers.iter().enumerate() {
            for word in &class.elements {
                let role = self.role(word, pack)?;
                if role.listed.replace(index).is_some() {
                    return Err(self.error(word, format!("element `{}` stands in two identifier classes", word.value)));
                }
            }
        }
        for (index, category) in file.categories.iter().enumerate() {
            for word in category.elements.iter().flatten() {
                self.role(word, pack)?.forms.push((index, None));
            }
            if let Some(uncertain) = &category.uncertain {
                for word in &uncertain.elements {
                    self.role(word, pack)?.forms.push((index, Some(uncertain.missing.as_str().into())));
                }
            }
        }
        for (kind, words) in &file.identifiers {
            for word in words {
                self.role(word, pack)?.naming = kind != "weak";
            }
        }
        let kinds: Vec<&str> = file.identifiers.keys().map(String::as_str).collect();
        for (kind, rank) in file.subject_order.iter().zip(1_u8..=u8::MAX) {
            self.position(kind, "kind of identifier", &kinds)?;
            for word in &file.identifiers[&kind.value] {
                self.role(word, pack)?.rank = Some(rank);
            }
        }
        for kind in file.units.iter().filter_map(|unit| unit.devices.as_ref()).flatten() {
            self.position(kind, "kind of identifier", &kinds)?;
            for word in &file.identifiers[&kind.value] {
                self.role(word, pack)?.of_device = true;
            }
        }
        Ok(())
    }

    fn role<'p>(&self, word: &Spanned<String>, pack: &'p mut Pack) -> Result<&'p mut ElementRole, RuleError> {
        let element = word.value.as_str();
        if !self.elements.is_empty() && !self.elements.contains(element) {
            return Err(self.unknown(word, "element", self.elements.iter().map(String::as_str)));
        }
        Ok(pack.elements.entry(element.into()).or_default())
    }

    fn position(&self, word: &Spanned<String>, what: &str, known: &[&str]) -> Result<usize, RuleError> {
        let found = known.iter().position(|name| *name == word.value);
        found.ok_or_else(|| self.unknown(word, what, known.iter().copied()))
    }

    fn unknown<'k>(&self, word: &Spanned<String>, what: &str, known: impl Iterator<Item = &'k str>) -> RuleError {
        unknown(word, what, known, self.source)
    }

    fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> RuleError {
        RuleError::in_file(&self.source.name, message).at(at.referenced)
    }
}

impl From<&super::file::ListedFile> for ListedClass {
    fn from(file: &super::file::ListedFile) -> Self {
        Self {
            id: file.id.as_str().into(),
            section: file.section.as_str().into(),
            truncated_counts: file.truncated_counts,
        }
    }
}

fn read_rule(file: RuleFile, pack: &Pack, source: &Source) -> Result<Rule, RuleError> {
    if pack.rules.iter().any(|rule| *rule.id == *file.id.value) {
        let message = format!("rule `{}` is defined twice", file.id.value);
        return Err(RuleError::in_file(&source.name, message).at(file.id.referenced));
    }
    let when = match &file.when {
        WhenFile::UnreadRequest => When::UnreadRequest,
        WhenFile::OtherForeignRecipient => When::OtherForeignRecipient,
        WhenFile::Category(word) => {
            let found = pack.categories.iter().position(|category| *category.id == *word.value);
            let known = || pack.categories.iter().map(|category| category.id.as_ref());
            When::Category(found.ok_or_else(|| unknown(word, "category", known(), source))?)
        }
    };
    Ok(Rule {
        as_of: date(&file.as_of, source)?,
        id: file.id.value.into(),
        title: file.title.into(),
        status: file.status,
        references: file.references.into_iter().map(Arc::from).collect(),
        class: file.class,
        needs: file.needs.into_iter().map(Arc::from).collect(),
        when,
        in_scope: file.severity.in_scope,
        undetermined: file.severity.undetermined,
    })
}

fn unknown<'k>(word: &Spanned<String>, what: &str, known: impl Iterator<Item = &'k str>, source: &Source) -> RuleError {
    let error = RuleError::in_file(&source.name, format!("unknown {what} `{}`", word.value)).at(word.referenced);
    let known: Vec<&str> = known.collect();
    match near_miss(&word.value, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.len() <= 16 => error.help(format!("one of `{}`", known.join("`, `"))),
        None => error.help("`landfall rules list` shows the known ones"),
    }
}
