//! The worked cases of `tests/data/cases`: an exchange in, a judgement out, through the whole core.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use landfall::audit::{Assessment, AuditOptions, Auditor};
use landfall::capture::import::{ImportFile, Imported};
use landfall::decode::Budget;
use landfall::detect::{Detectors, EvidenceKey, Keys, SubjectId, SubjectKey};
use landfall::exchange::{Exchange, Session, SessionId};
use landfall::judge::{CategorySubject, Cell, Judge, Known, Status, Verdict};
use landfall::locate::{LocatorConfig, Locators, Observed};
use landfall::rules::{Ruleset, Source};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    har: String,
    #[serde(default)]
    gov_list: bool,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    #[serde(default)]
    findings: Wanted<WantedFinding>,
    #[serde(default)]
    categories: Wanted<WantedCategory>,
    #[serde(default)]
    verdicts: Vec<WantedVerdict>,
    inspection: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Wanted<T> {
    #[serde(default = "Vec::new")]
    must: Vec<T>,
    #[serde(default = "Vec::new")]
    must_not: Vec<T>,
}

impl<T> Default for Wanted<T> {
    fn default() -> Self {
        Self { must: Vec::new(), must_not: Vec::new() }
    }
}

#[derive(Deserialize)]
struct WantedFinding {
    element: String,
    #[serde(rename = "where")]
    place: String,
}

#[derive(Deserialize)]
struct WantedCategory {
    category: String,
    subjects: Option<usize>,
    unit: Option<String>,
}

#[derive(Deserialize)]
struct WantedVerdict {
    pack: String,
    category: String,
    status: Vec<String>,
    class: Option<Vec<String>>,
    class_not: Option<Vec<String>>,
    mention: Option<Vec<String>>,
    window: Option<WantedWindow>,
}

#[derive(Deserialize)]
struct WantedWindow {
    state: String,
    subjects: u64,
    threshold: u64,
}

/// What a run over one case's file gave.
struct Run {
    assessments: Vec<Assessment>,
    verdicts: Vec<Verdict>,
}

#[test]
fn every_case_is_judged_as_written() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "yaml") && !path.ends_with("entities.yaml"));
    paths.sort();
    assert_eq!(paths.len(), 15);
    let (without, with_areas) = (auditor(&dir, false), auditor(&dir, true));
    let mut wrong = Vec::new();
    for path in paths {
        let case: Case = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let differences =
            compare(&case.expect, &run(if case.gov_list { &with_areas } else { &without }, &dir.join(&case.har)));
        wrong.extend(differences.into_iter().map(|difference| format!("{}: {difference}", case.id)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn auditor(dir: &Path, gov_list: bool) -> Auditor {
    let mut rules = Ruleset::builtin();
    for file in ["entities.yaml", "gov_locations.geojson"].iter().take(1 + usize::from(gov_list)) {
        let text = std::fs::read_to_string(dir.join(file)).unwrap();
        assert!(rules.add(Source { name: (*file).to_owned(), path: (*file).to_owned(), text }));
    }
    let config = LocatorConfig { entities: rules.entities.clone(), ..LocatorConfig::default() };
    Auditor::new(
        Detectors::new(&rules.elements).unwrap(),
        Locators::new(config).unwrap(),
        Arc::new(Judge::new(&rules, &[]).unwrap()),
        Budget::default(),
        Keys { evidence: EvidenceKey::new(1, &[1; 32]), subject: SubjectKey::new(1, &[2; 32]) },
        AuditOptions::default(),
    )
}

fn exchanges(har: &Path) -> Vec<Exchange> {
    let session =
        Session { id: SessionId::new(ulid::Ulid::nil()), label: None, app: None, started_at: Timestamp::UNIX_EPOCH };
    let file = ImportFile::open(har, |_| ()).unwrap();
    let imported = file.exchanges(Arc::new(session)).unwrap().map(|imported| match imported.unwrap() {
        Imported::Exchange(exchange) => *exchange,
        Imported::Local { .. } => panic!("a case holds network traffic only"),
    });
    imported.collect()
}

/// Assess and settle in order; the past is counted here as the ledger would.
fn run(auditor: &Auditor, har: &Path) -> Run {
    let mut seen: HashMap<Cell, HashSet<SubjectId>> = HashMap::new();
    let mut run = Run { assessments: Vec::new(), verdicts: Vec::new() };
    for exchange in exchanges(har) {
        let assessment = auditor.assess(&exchange, &Observed::default());
        for contribution in &assessment.contributions {
            seen.entry(contribution.cell.clone()).or_default().insert(contribution.subject);
        }
        let subjects = seen.iter().map(|(cell, subjects)| (cell.clone(), subjects.len() as u64)).collect();
        let known = Known { subjects, coverage: 1.0, ..Known::default() };
        run.verdicts.extend(auditor.judge().settle(&assessment, &known).verdicts);
        run.assessments.push(assessment);
    }
    run
}

fn compare(expect: &Expect, run: &Run) -> Vec<String> {
    let mut differences = Vec::new();
    let findings = || run.assessments.iter().flat_map(|assessment| &assessment.findings);
    let found = |wanted: &WantedFinding| {
        findings().any(|finding| *finding.element == *wanted.element && finding.part.as_str() == wanted.place)
    };
    for wanted in expect.findings.must.iter().filter(|wanted| !found(wanted)) {
        differences.push(format!("{} is not found in {}", wanted.element, wanted.place));
    }
    for wanted in expect.findings.must_not.iter().filter(|wanted| found(wanted)) {
        differences.push(format!("{} is found in {}", wanted.element, wanted.place));
    }
    if let Some(allowed) = &expect.inspection {
        let results: Vec<&str> = run.assessments.iter().map(|assessment| assessment.inspection.as_str()).collect();
        if !results.iter().all(|result| allowed.iter().any(|word| word == result)) {
            differences.push(format!("inspection is {results:?}"));
        }
    }
    differences.extend(compare_categories(&expect.categories, run));
    differences.extend(expect.verdicts.iter().filter_map(|wanted| compare_verdict(wanted, &run.verdicts).err()));
    differences
}

fn compare_categories(wanted: &Wanted<WantedCategory>, run: &Run) -> Vec<String> {
    let mut subjects: BTreeMap<&str, HashSet<SubjectId>> = BTreeMap::new();
    let mut units: BTreeMap<&str, &str> = BTreeMap::new();
    for category in run.assessments.iter().flat_map(|assessment| &assessment.categories) {
        let known = subjects.entry(&category.category).or_default();
        if let CategorySubject::Known(subject) = category.subject {
            known.insert(subject);
        }
        units.insert(&category.category, &category.unit);
    }
    let mut differences = Vec::new();
    for WantedCategory { category, subjects: number, unit } in &wanted.must {
        let found = subjects.get(category.as_str()).map(HashSet::len);
        if found.is_none() || number.is_some_and(|number| Some(number) != found) {
            differences.push(format!("{category} has subjects {found:?}, not {number:?}"));
        }
        if unit.as_deref().is_some_and(|unit| units.get(category.as_str()) != Some(&unit)) {
            differences.push(format!("{category} is not counted in {unit:?}"));
        }
    }
    for WantedCategory { category, .. } in &wanted.must_not {
        if subjects.contains_key(category.as_str()) {
            differences.push(format!("{category} is formed"));
        }
    }
    differences
}

fn compare_verdict(wanted: &WantedVerdict, all: &[Verdict]) -> Result<(), String> {
    let of_category = |verdict: &&Verdict| {
        *verdict.pack == *wanted.pack
            && (wanted.category == "*" || verdict.category.as_deref() == Some(wanted.category.as_str()))
    };
    let verdicts: Vec<&Verdict> = all.iter().filter(of_category).collect();
    let status = verdicts.iter().map(|verdict| verdict.status).max();
    let clean = status.is_none_or(|status| status == Status::NotInScope);
    let is = |word: &String| (word == "clean" && clean) || status.is_some_and(|status| status.as_str() == word);
    if !wanted.status.iter().any(is) {
        return Err(format!("{} is {status:?}, not {:?}", wanted.category, wanted.status));
    }
    let strongest: Vec<&&Verdict> = verdicts.iter().filter(|verdict| Some(verdict.status) == status).collect();
    let class = |words: &Option<Vec<String>>, expected: bool| {
        words.iter().all(|words| {
            let within = |v: &&&Verdict| v.class.is_some_and(|class| words.iter().any(|word| word == class.as_str()));
            strongest.iter().any(within) == expected
        })
    };
    if !class(&wanted.class, true) || !class(&wanted.class_not, false) {
        return Err(format!("{} has another class", wanted.category));
    }
    let mentions = |word: &String| {
        verdicts.iter().any(|v| {
            let missing = v.missing.iter().map(|fact| fact.to_string());
            v.reasons.iter().cloned().chain(missing).any(|text| text.contains(word.as_str()))
        })
    };
    if wanted.mention.as_ref().is_some_and(|words| !words.iter().any(mentions)) {
        return Err(format!("{} mentions none of {:?}", wanted.category, wanted.mention));
    }
    compare_window(wanted, &verdicts)
}

fn compare_window(wanted: &WantedVerdict, verdicts: &[&Verdict]) -> Result<(), String> {
    let Some(expected) = &wanted.window else { return Ok(()) };
    let fullest = verdicts.iter().filter_map(|v| v.window.as_ref()).max_by_key(|window| window.subjects);
    let Some(window) = fullest else { return Err(format!("{} has no window", wanted.category)) };
    let found = (window.state.as_str(), window.subjects, window.threshold);
    let expected = (expected.state.as_str(), expected.subjects, expected.threshold);
    if found == expected { Ok(()) } else { Err(format!("{} has the window {found:?}", wanted.category)) }
}

/// The worked example of the rules' README, as written there: its pack holds, its tests pass, and a wrong one fails.
#[test]
fn the_readmes_worked_example_holds() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/README.md")).unwrap();
    let mut rules = Ruleset::builtin();
    let mut files = 0;
    for (before, block) in text.split("```yaml\n").zip(text.split("```yaml\n").skip(1)) {
        let Some(path) = before.trim_end().rsplit('`').nth(1).and_then(|path| path.strip_prefix("mine/")) else {
            continue;
        };
        if !before.trim_end().ends_with("`:") {
            continue;
        }
        let text = block.split("```").next().unwrap().to_owned();
        assert!(rules.add(Source { name: format!("mine/{path}"), path: path.to_owned(), text }), "{path}");
        files += 1;
    }
    assert!(files >= 5, "the files of the worked example are not found: {files}");
    let house = ["house".to_owned()];
    let judge = Judge::new(&rules, &house).unwrap();
    let outcomes = landfall::judge::test_packs(&rules, &judge).unwrap();
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{outcomes:?}");
    let tests = rules.packs.iter_mut().find(|source| source.path == "packs/house/tests.yaml").unwrap();
    tests.text = tests.text.replace("country: CH", "country: IN");
    let judge = Judge::new(&rules, &house).unwrap();
    let outcomes = landfall::judge::test_packs(&rules, &judge).unwrap();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.result.is_err()).count(), 1);
}
