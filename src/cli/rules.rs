//! `landfall rules`: check, test, list and explain the rules in force.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{Exit, OrExit, print};
use crate::config::{ReadRules, read_rules};
use crate::detect::Detectors;
use crate::judge::{Judge, Pack, Regions, Rule, test_packs};
use crate::locate::{LocateError, LocatorConfig, Locators};
use crate::rules::{RuleError, near_miss};

#[derive(Debug, clap::Args)]
pub struct RulesArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Say whether the rules hold: built-in ones with those of each directory on top.
    Check(Directories),
    /// Run the tests that rules carry: each pack's `tests.yaml`, each element's examples.
    Test(Directories),
    /// List packs with their rules, regions and elements.
    List(Directories),
    /// Print the JSON Schema of rule files: packs, their rules and tests, regions, declared facts.
    Schema {
        /// One kind of file alone: `pack.yaml`, `rules.yaml`, `tests.yaml`, `regions.yaml`, `facts.yaml`.
        file: Option<String>,
    },
    /// Say in plain words what a rule waits for, how it counts and what it cannot see.
    Explain {
        /// Id of the rule.
        rule: String,
        #[command(flatten)]
        directories: Directories,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct Directories {
    /// Directory of rules on top of the built-in ones.
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The same; may be repeated.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
}

/// The rules as the stages understand them.
struct Understood {
    read: ReadRules,
    judge: Judge,
    detectors: Detectors,
}

pub fn run(args: &RulesArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        Action::Check(directories) => check(directories),
        Action::Test(directories) => test(directories),
        Action::List(directories) => list(directories),
        Action::Explain { rule, directories } => explain(rule, directories),
        Action::Schema { file } => schema(file.as_deref()),
    }
}

impl Directories {
    fn read(&self) -> anyhow::Result<ReadRules> {
        let dirs: Vec<PathBuf> = self.dir.iter().chain(&self.rules).cloned().collect();
        Ok(read_rules(&dirs)?)
    }

    /// Every error at once, one a line, for whoever mends the files; exit code 2.
    fn understand(&self) -> anyhow::Result<Result<Understood, Vec<RuleError>>> {
        let read = self.read()?;
        let detectors = Detectors::new(&read.rules.elements);
        let judge = Judge::new(&read.rules, &[]);
        let entities = LocatorConfig { entities: read.rules.entities.clone(), ..LocatorConfig::default() };
        let mut errors = Vec::new();
        match Locators::new(entities) {
            Ok(_) => {}
            Err(LocateError::Entities(of_entities)) => errors.extend(of_entities),
            Err(other) => return Err(other.into()),
        }
        match (detectors, judge) {
            (Ok(detectors), Ok(judge)) if errors.is_empty() => Ok(Ok(Understood { read, judge, detectors })),
            (detectors, judge) => {
                errors.extend(detectors.err().into_iter().chain(judge.err()).flatten());
                Ok(Err(errors))
            }
        }
    }

    /// The rules, or the first error.
    fn understand_or_fail(&self) -> anyhow::Result<Understood> {
        match self.understand()? {
            Ok(understood) => Ok(understood),
            Err(errors) => match errors.into_iter().next() {
                Some(first) => Err(first).or_exit(Exit::Usage),
                None => Err(anyhow::anyhow!("the rules do not hold")).or_exit(Exit::Usage),
            },
        }
    }
}

fn check(directories: &Directories) -> anyhow::Result<ExitCode> {
    match directories.understand()? {
        Ok(understood) => {
            for warning in &understood.read.warnings {
                print(format_args!("warning: {warning}\n"))?;
            }
            let rules: usize = understood.judge.packs().iter().map(|pack| pack.rules.len()).sum();
            let elements = understood.detectors.elements().count();
            let packs = understood.judge.packs().len();
            print(format_args!("the rules hold: {packs} packs, {rules} rules, {elements} elements\n"))?;
            Ok(Exit::Ok.into())
        }
        Err(errors) => {
            print_errors(&errors)?;
            Ok(Exit::Usage.into())
        }
    }
}

fn test(directories: &Directories) -> anyhow::Result<ExitCode> {
    let Understood { read, judge, detectors } = directories.understand_or_fail()?;
    let outcomes = match test_packs(&read.rules, &judge) {
        Ok(outcomes) => outcomes,
        Err(errors) => {
            print_errors(&errors)?;
            return Ok(Exit::Usage.into());
        }
    };
    let mut failed = 0;
    for outcome in &outcomes {
        if let Err(difference) = &outcome.result {
            failed += 1;
            print(format_args!("failed: {}, `{}`: {difference}\n", outcome.pack, outcome.test))?;
        }
    }
    let examples = detectors.check_examples();
    print_errors(&examples)?;
    print(format_args!(
        "{} tests of packs, {failed} failed; {} elements, {} examples failed\n",
        outcomes.len(),
        detectors.elements().count(),
        examples.len()
    ))?;
    let passed = failed == 0 && examples.is_empty();
    Ok(if passed { Exit::Ok } else { Exit::Findings }.into())
}

fn print_errors(errors: &[RuleError]) -> anyhow::Result<()> {
    errors.iter().try_for_each(|error| print(format_args!("error: {error}\n")))
}

fn list(directories: &Directories) -> anyhow::Result<ExitCode> {
    let Understood { read, judge, detectors } = directories.understand_or_fail()?;
    let mut out = String::new();
    for pack in judge.packs() {
        writeln!(out, "pack {}@{} ({}): {}", pack.id, pack.version, pack.as_of, pack.title)?;
        for rule in &pack.rules {
            writeln!(out, "  {}: {}", rule.id, rule.title)?;
        }
    }
    let regions = Regions::new(&read.rules.regions).map_err(|errors| anyhow::anyhow!("{} errors", errors.len()))?;
    writeln!(out, "regions")?;
    for region in regions.iter() {
        writeln!(out, "  {} ({}, {} countries): {}", region.id, region.as_of, region.countries.len(), region.title)?;
    }
    writeln!(out, "elements")?;
    for (id, class, title) in detectors.elements() {
        writeln!(out, "  {id} ({class}): {title}")?;
    }
    print(out)?;
    Ok(Exit::Ok.into())
}

/// JSON Schema (2020-12) of the files that packs consist of.
const SCHEMA: &str = include_str!("rules_schema.json");

fn schema(file: Option<&str>) -> anyhow::Result<ExitCode> {
    let Some(file) = file else {
        print(SCHEMA)?;
        return Ok(Exit::Ok.into());
    };
    let all: serde_json::Value = serde_json::from_str(SCHEMA)?;
    let kinds: Vec<&str> = all["$defs"].as_object().into_iter().flatten().map(|(kind, _)| kind.as_str()).collect();
    let Some(one) = all["$defs"].get(file).or_else(|| all["$defs"].get(format!("{file}.yaml"))) else {
        let help = match near_miss(file, kinds.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of `{}`", kinds.join("`, `")),
        };
        return Err(anyhow::anyhow!("unknown kind of file `{file}`; {help}")).or_exit(Exit::Usage);
    };
    print(format_args!("{one:#}\n"))?;
    Ok(Exit::Ok.into())
}

fn explain(name: &str, directories: &Directories) -> anyhow::Result<ExitCode> {
    let Understood { judge, .. } = directories.understand_or_fail()?;
    let all: Vec<(&Pack, &Rule)> =
        judge.packs().iter().flat_map(|pack| pack.rules.iter().map(move |rule| (pack, rule))).collect();
    let Some((pack, rule)) = all.iter().find(|(_, rule)| *rule.id == *name) else {
        let help = match near_miss(name, all.iter().map(|(_, rule)| rule.id.as_ref())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`landfall rules list` shows the known ones".to_owned(),
        };
        return Err(anyhow::anyhow!("unknown rule `{name}`; {help}")).or_exit(Exit::Usage);
    };
    let mut out = String::new();
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    writeln!(out, "  of {}@{}, in force from {}; as of {}", pack.id, pack.version, pack.in_force, rule.as_of)?;
    writeln!(out, "  {}", rule.references.join("; "))?;
    for line in pack.explain(rule) {
        writeln!(out, "  - {line}")?;
    }
    writeln!(out, "  {}", pack.population)?;
    print(out)?;
    Ok(Exit::Ok.into())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::SCHEMA;
    use crate::rules::Ruleset;

    /// Fields of a value that its schema does not know.
    fn unknown(schema: &Value, value: &Value, path: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                let choices = schema["oneOf"].as_array().into_iter().flatten();
                let schema = choices.chain([schema]).find(|it| it["type"] == "object").unwrap_or(schema);
                for (name, field) in fields {
                    let inside = format!("{path}.{name}");
                    match schema["properties"]
                        .get(name)
                        .or_else(|| schema["additionalProperties"].as_object().map(|_| &schema["additionalProperties"]))
                    {
                        Some(known) => unknown(known, field, &inside, out),
                        None => out.push(inside),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| unknown(&schema["items"], item, path, out)),
            _ => {}
        }
    }

    #[test]
    fn the_schema_knows_every_field_of_the_built_in_rules() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let rules = Ruleset::builtin();
        let mut wrong = Vec::new();
        for source in rules.packs.iter().chain(&rules.regions) {
            let kind = if source.path.starts_with("regions/") {
                "regions.yaml"
            } else {
                source.path.rsplit('/').next().unwrap()
            };
            let value: Value = source.parse().unwrap();
            unknown(&schema["$defs"][kind], &value, &source.path, &mut wrong);
        }
        assert_eq!(wrong, Vec::<String>::new());
    }
}
