//! The table of behaviours and the tests hold each other: no behaviour without a test, no test that the table forgot.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::support::root;

/// One behaviour of the table.
struct Row {
    number: u8,
    tests: Vec<String>,
    /// Said to have no test yet.
    open: bool,
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("tests/CAPTURE.md")).expect("the table");
    let row = |line: &str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        let number = cells.next()?.parse().ok()?;
        let cell = cells.nth(1)?;
        let tests = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Some(Row { number, tests, open: cell == "open" })
    };
    text.lines().filter_map(row).collect()
}

/// Names of functions marked `#[test]` or `#[tokio::test]` in these directories.
fn tests_in(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let mut marked = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    marked = true;
                } else if let Some((_, rest)) = line.split_once("fn ")
                    && std::mem::take(&mut marked)
                {
                    found.extend(rest.split('(').next().map(str::to_owned));
                }
            }
        }
    }
}

#[test]
fn every_behaviour_has_its_row_and_its_tests() {
    let rows = rows();
    let numbers: Vec<u8> = rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, (1..=62).collect::<Vec<u8>>());
    let without: Vec<u8> = rows.iter().filter(|row| row.tests.is_empty() && !row.open).map(|row| row.number).collect();
    assert!(without.is_empty(), "rows that name no test: {without:?}");
}

#[test]
fn every_test_of_a_behaviour_is_in_the_table_and_the_other_way_round() {
    let mut sources = BTreeSet::new();
    tests_in(&root().join("tests/it"), &mut sources);
    tests_in(&root().join("src/capture"), &mut sources);
    let rows = rows();
    let named: BTreeSet<&String> = rows.iter().flat_map(|row| &row.tests).collect();
    let missing: Vec<_> = named.iter().filter(|name| !sources.contains(**name)).collect();
    assert!(missing.is_empty(), "named in the table, but nowhere in the sources: {missing:?}");
    let numbered = |name: &str| name.strip_prefix('b').and_then(|rest| rest.get(..2)?.parse::<u8>().ok());
    for test in sources.iter().filter(|name| numbered(name).is_some()) {
        let number = numbered(test);
        let holds = rows.iter().any(|row| Some(row.number) == number && row.tests.contains(test));
        assert!(holds, "`{test}` is not in the table's row {number:?}");
    }
}
