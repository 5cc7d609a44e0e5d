//! Counting: exact, and the same whatever the order, replay or merge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::detect::{SubjectId, SubjectKey};
use crate::judge::{Contribution, Identifier};
use crate::ledger::samples;

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::ledger::schema::migrate(&mut connection, std::path::Path::new("memory")).unwrap();
    connection
}

fn nothing() -> Compose {
    Box::new(|_, _, _| Vec::new())
}

fn id(name: u32) -> SubjectId {
    SubjectKey::new(1, &[7; 32]).subject("email", &name.to_string())
}

fn cell(per_device: bool) -> Cell {
    Cell { per_device, ..samples::cell() }
}

/// An exchange on a day about whoever these identifiers name; even ones are of devices.
fn seen(names: &[u32], day: Date) -> Assessment {
    let mut identifiers: Vec<Identifier> = names
        .iter()
        .map(|name| Identifier { rank: (name % 5) as u8, id: id(*name), of_device: name.is_multiple_of(2) })
        .collect();
    identifiers.sort_unstable();
    let mut assessment = samples::assessment();
    let device = identifiers.iter().find(|it| it.of_device).or(identifiers.first());
    let of = |found: Option<&Identifier>, per_device| {
        found.map(|it| Contribution { cell: cell(per_device), subject: it.id, day })
    };
    assessment.contributions = of(identifiers.first(), false).into_iter().chain(of(device, true)).collect();
    let window = assessment.verdicts[0].window.as_mut().unwrap();
    (window.from, window.to) = (day.saturating_sub(12.months()), day);
    assessment.people = vec![Person {
        pack: cell(false).pack,
        recipient_group: cell(false).recipient_group,
        from: day.saturating_sub(12.months()),
        identifiers,
        facets: Vec::new(),
        counts: false,
        complete: true,
    }];
    assessment
}

fn settle(connection: &Connection, windows: &mut Windows, names: &[u32], day: Date) -> Known {
    windows.settle(connection, &seen(names, day), &nothing(), day).unwrap()
}

#[test]
fn windows_are_twelve_months_of_days_and_both_ends_count() {
    let check = |to: Date, from: Date| assert_eq!(start(number(to)), number(from), "{to}");
    check(date(2026, 11, 24), date(2025, 11, 24));
    check(date(2028, 2, 29), date(2027, 2, 28));
    assert_eq!(number(date(1970, 1, 2)), 1);
    assert_eq!(number(date(1969, 12, 31)), -1);
    let (connection, mut windows) = (database(), Windows::default());
    let mut count = |person, day| settle(&connection, &mut windows, &[person], day).subjects[&cell(false)];
    assert_eq!(count(1, date(2025, 11, 23)), 1);
    assert_eq!(count(2, date(2025, 11, 24)), 2);
    assert_eq!(count(3, date(2026, 11, 24)), 2);
    assert_eq!(count(3, date(2026, 11, 24)), 2);
    assert_eq!(count(4, date(2025, 11, 25)), 3);
}

#[test]
fn two_identifiers_found_to_be_one_person_count_once() {
    let (connection, mut windows) = (database(), Windows::default());
    let day = date(2026, 1, 1);
    let mut count = |names: &[u32]| settle(&connection, &mut windows, names, day);
    assert_eq!(count(&[1]).subjects[&cell(false)], 1);
    assert_eq!(count(&[3]).subjects[&cell(false)], 2);
    let known = count(&[1, 3]);
    assert_eq!(known.subjects[&cell(false)], 1);
    assert_eq!(known.names[&(cell(false).pack, id(3), false)], id(1), "the better name");
}

#[test]
fn one_persons_two_devices_are_two_devices() {
    let (connection, mut windows) = (database(), Windows::default());
    let day = date(2026, 1, 1);
    let mut count = |names: &[u32]| {
        let subjects = settle(&connection, &mut windows, names, day).subjects;
        (subjects[&cell(false)], subjects[&cell(true)])
    };
    assert_eq!(count(&[1, 2]), (1, 1));
    assert_eq!(count(&[1, 4]), (1, 2));
    assert_eq!(count(&[1]), (1, 2), "the person alone is no third device");
    assert_eq!(count(&[2, 4]), (1, 1), "two identifiers of one device");
}

#[test]
fn coverage_is_days_with_evidence_over_days_and_gaps_show() {
    let (connection, mut windows) = (database(), Windows::default());
    let known = settle(&connection, &mut windows, &[1], date(2026, 1, 1));
    assert_eq!((known.coverage, known.gaps), (1.0 / 366.0, false));
    let lost: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
    windows.mark_gap(&connection, (lost, lost)).unwrap();
    let known = settle(&connection, &mut windows, &[1], date(2026, 1, 2));
    assert_eq!((known.coverage, known.gaps), (2.0 / 366.0, true));
}

#[test]
fn what_nobody_could_be_counted_for_has_its_count_too() {
    let (connection, mut windows) = (database(), Windows::default());
    let day = date(2026, 1, 1);
    settle(&connection, &mut windows, &[1], day);
    let mut assessment = seen(&[2], day);
    (assessment.contributions, assessment.people) = (Vec::new(), Vec::new());
    let known = windows.settle(&connection, &assessment, &nothing(), day).unwrap();
    assert_eq!(known.subjects[&cell(false)], 1);
}

/// What a linked set of data forms is counted on the same days whichever part of it comes first.
#[test]
fn data_linked_across_exchanges_counts_alike_in_any_order() {
    let parts: [(&[u32], &str, i64); 3] = [(&[1], "listed:a", 0), (&[1, 3], "listed:b", 2), (&[3], "listed:c", 40)];
    let compose = || -> Compose {
        Box::new(|_, _, facets| {
            let kinds: BTreeSet<&str> = facets.iter().map(|facet| &*facet.kind).collect();
            if kinds.len() > 1 { vec![(Arc::from("linked"), false)] } else { Vec::new() }
        })
    };
    let mut outcomes = BTreeSet::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (connection, mut windows) = (database(), Windows::default());
        for (names, kind, after) in order.map(|part| parts[part]) {
            let day = date(2026, 1, 1).checked_add(after.days()).unwrap();
            let mut assessment = seen(names, day);
            assessment.people[0].complete = false;
            assessment.people[0].facets = vec![Facet { kind: kind.into(), item: vec![1] }];
            windows.settle(&connection, &assessment, &compose(), day).unwrap();
        }
        let rows = "SELECT group_concat(day) FROM (SELECT DISTINCT day FROM contributions JOIN cells USING (cell) \
                    WHERE category = 'linked' ORDER BY day)";
        let days: Option<String> = connection.query_row(rows, [], |row| row.get(0)).unwrap();
        outcomes.insert(days.unwrap_or_default());
    }
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
}

/// Subjects by brute force: components over all links, and in how many of them a window has a day.
fn truth(all: &[(Vec<u32>, i32)], window: (i32, i32), per_device: bool) -> u64 {
    let of_device = |name: &u32| name.is_multiple_of(2);
    let component = |start: u32, edge: &dyn Fn(&u32) -> bool| {
        let mut seen = BTreeSet::from([start]);
        loop {
            let before = seen.len();
            for (names, _) in all {
                let names: Vec<u32> = names.iter().copied().filter(|name| edge(name)).collect();
                if names.iter().any(|name| seen.contains(name)) {
                    seen.extend(names);
                }
            }
            if seen.len() == before {
                return seen;
            }
        }
    };
    let best = |set: &BTreeSet<u32>| *set.iter().min_by_key(|name| (**name % 5, id(**name).bytes())).unwrap();
    let mut subjects = BTreeSet::new();
    for (names, day) in all.iter().filter(|(_, day)| (window.0..=window.1).contains(day)) {
        let _ = day;
        let mut sorted = names.clone();
        sorted.sort_by_key(|name| (name % 5, id(*name).bytes()));
        let device = sorted.iter().find(|name| per_device && of_device(name));
        let representative = *device.unwrap_or(&sorted[0]);
        let person = component(representative, &|_| true);
        let devices: BTreeSet<u32> = person.iter().copied().filter(|name| of_device(name)).collect();
        let subject = if !per_device || devices.is_empty() {
            best(&person)
        } else {
            let device = if of_device(&representative) { representative } else { best(&devices) };
            best(&component(device, &|name| of_device(name)))
        };
        subjects.insert(subject);
    }
    subjects.len() as u64
}

fn derived(connection: &Connection) -> BTreeMap<(i64, bool, i64, i64), i64> {
    let rows = "SELECT s.scope, c.per_device, p.day, p.before, p.subjects FROM spans p JOIN cells c USING (cell) \
                JOIN scopes s USING (scope) WHERE c.category <> '' AND p.subjects <> 0";
    let mut statement = connection.prepare(rows).unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?), row.get(4)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Counts are the true ones, and the same for every order of arrival, for replays, and for two ledgers' traffic merged.
    #[test]
    fn counts_are_true_whatever_the_order(
        seen_on in prop::collection::vec((prop::collection::btree_set(0u32..12, 1..4), 0i32..800), 1..24),
        shuffle in any::<u64>(),
    ) {
        let all: Vec<(Vec<u32>, i32)> = seen_on.into_iter().map(|(names, day)| (names.into_iter().collect(), day)).collect();
        let play = |order: &[&(Vec<u32>, i32)]| {
            let (connection, mut windows) = (database(), Windows::default());
            for (names, day) in order {
                let day = date(2025, 1, 1).checked_add(day.days()).unwrap();
                settle(&connection, &mut windows, names, day);
            }
            connection
        };
        let forward: Vec<&(Vec<u32>, i32)> = all.iter().collect();
        let mut shuffled = forward.clone();
        shuffled.sort_by_key(|(names, day)| (u64::from(names[0]) * 31 + day.unsigned_abs() as u64).wrapping_mul(shuffle | 1));
        // A replay of one half before the other, with some of it twice: what merging two ledgers comes to.
        let merged: Vec<_> = shuffled.iter().chain(&forward).copied().collect();
        let (one, two, three) = (play(&forward), play(&shuffled), play(&merged));
        prop_assert_eq!(derived(&one), derived(&two));
        prop_assert_eq!(derived(&one), derived(&three));
        let last = all.iter().map(|(_, day)| *day).max().unwrap();
        let to = number(date(2025, 1, 1)) + i64::from(last);
        let from = start(to);
        let window = (i32::try_from(from - number(date(2025, 1, 1))).unwrap(), last);
        for per_device in [false, true] {
            let find = "SELECT cell FROM cells WHERE category <> '' AND per_device = ?1";
            let cell: i64 = one.query_row(find, [per_device], |row| row.get(0)).unwrap();
            prop_assert_eq!(subjects::count(&one, cell, (from, to)).unwrap(), truth(&all, window, per_device));
        }
    }
}
