//! Distinct subjects per cell over twelve months, and how much of that time the ledger holds evidence for.
//!
//! A window runs over whole UTC days, as the verdict's frame says: from the same day of the year before to the exchange's own
//! day, both included, so that a count may take in a few hours too many at its start, and never too few. It ends at the
//! exchange's own day whatever the clock says: imported captures do not age on disk.

use std::collections::HashMap;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension, params};

use super::record::template;
use crate::audit::Assessment;
use crate::judge::{Cell, Contribution, Known};

/// Counts kept in memory before they are looked up again.
const MAX_COUNTS: usize = 10_000;
/// Longest stretch of days that one gap marks.
const MAX_GAP_DAYS: i64 = 400;

/// Days since 1970-01-01.
type Day = i64;
/// First and last day, both included.
type Days = (Day, Day);

/// Counts that are already known, kept up to date with every contribution.
#[derive(Debug, Default)]
pub(super) struct Windows {
    cells: HashMap<Cell, i64>,
    /// Distinct subjects by cell, and first and last day.
    counts: HashMap<i64, HashMap<Days, u64>>,
    coverage: HashMap<Days, (f64, bool)>,
}

impl Windows {
    /// Forget what was counted: it may stem from a transaction that was rolled back.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Add an exchange's contributions, and say what is known of the cells that it bears on. `day` is the exchange's own.
    pub(super) fn settle(
        &mut self,
        connection: &Connection,
        assessment: &Assessment,
        day: Date,
    ) -> Result<Known, rusqlite::Error> {
        let to = number(day);
        self.mark_recorded(connection, to)?;
        for contribution in &assessment.contributions {
            self.add(connection, contribution)?;
        }
        let mut known = Known::default();
        let mut from = start(to);
        for verdict in &assessment.verdicts {
            let (Some(window), Some(category)) = (&verdict.window, &verdict.category) else { continue };
            let cell = Cell {
                pack: verdict.pack.clone(),
                category: category.clone(),
                recipient_group: window.recipient_group.clone(),
            };
            let days = (number(window.from), number(window.to));
            from = from.min(days.0);
            let subjects = self.count(connection, &cell, days)?;
            known.subjects.insert(cell, subjects);
        }
        (known.coverage, known.gaps) = self.coverage(connection, (from, to))?;
        Ok(known)
    }

    /// Share of the twelve months up to this day with evidence.
    pub(super) fn coverage_at(&mut self, connection: &Connection, day: Date) -> Result<f64, rusqlite::Error> {
        let to = number(day);
        Ok(self.coverage(connection, (start(to), to))?.0)
    }

    /// The ledger was recording on this day.
    pub(super) fn mark_recorded(&mut self, connection: &Connection, day: Day) -> Result<(), rusqlite::Error> {
        let new = connection.prepare_cached("INSERT OR IGNORE INTO recorded_days VALUES (?1)")?.execute([day])?;
        if new > 0 {
            self.coverage.clear();
        }
        Ok(())
    }

    /// Exchanges passed unrecorded in this time.
    pub(super) fn mark_gap(
        &mut self,
        connection: &Connection,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<(), rusqlite::Error> {
        let to = number(utc_day(to));
        let from = number(utc_day(from)).clamp(to - MAX_GAP_DAYS, to);
        for day in from..=to {
            connection.prepare_cached("INSERT OR IGNORE INTO gap_days VALUES (?1)")?.execute([day])?;
        }
        self.coverage.clear();
        Ok(())
    }

    /// Share of the days with evidence, and whether any of them has a gap.
    fn coverage(&mut self, connection: &Connection, (from, to): Days) -> Result<(f64, bool), rusqlite::Error> {
        if let Some(coverage) = self.coverage.get(&(from, to)) {
            return Ok(*coverage);
        }
        let recorded: i64 = connection
            .prepare_cached("SELECT count(*) FROM recorded_days WHERE day BETWEEN ?1 AND ?2")?
            .query_row([from, to], |row| row.get(0))?;
        let gaps: bool = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM gap_days WHERE day BETWEEN ?1 AND ?2)")?
            .query_row([from, to], |row| row.get(0))?;
        let coverage = (recorded as f64 / (to - from + 1) as f64, gaps);
        self.coverage.insert((from, to), coverage);
        Ok(coverage)
    }

    fn add(&mut self, connection: &Connection, contribution: &Contribution) -> Result<(), rusqlite::Error> {
        let cell = self.cell(connection, &contribution.cell)?;
        let (subject, day) = (contribution.subject.bytes(), number(contribution.day));
        let new = connection
            .prepare_cached("INSERT OR IGNORE INTO contributions VALUES (?1, ?2, ?3)")?
            .execute(params![cell, subject, day])?;
        let Some(counts) = self.counts.get_mut(&cell).filter(|counts| new > 0 && !counts.is_empty()) else {
            return Ok(());
        };
        let neighbour = |sql: &str| -> Result<Option<Day>, rusqlite::Error> {
            connection.prepare_cached(sql)?.query_row(params![cell, subject, day], |row| row.get(0))
        };
        let before = neighbour("SELECT max(day) FROM contributions WHERE cell = ?1 AND subject = ?2 AND day < ?3")?;
        let after = neighbour("SELECT min(day) FROM contributions WHERE cell = ?1 AND subject = ?2 AND day > ?3")?;
        for ((from, to), count) in counts {
            let seen = before.is_some_and(|day| day >= *from) || after.is_some_and(|day| day <= *to);
            if (*from..=*to).contains(&day) && !seen {
                *count += 1;
            }
        }
        Ok(())
    }

    fn count(&mut self, connection: &Connection, cell: &Cell, days: Days) -> Result<u64, rusqlite::Error> {
        let cell = self.cell(connection, cell)?;
        if let Some(count) = self.counts.get(&cell).and_then(|counts| counts.get(&days)) {
            return Ok(*count);
        }
        let count: i64 = connection
            .prepare_cached(
                "SELECT count(DISTINCT subject) FROM contributions WHERE cell = ?1 AND day BETWEEN ?2 AND ?3",
            )?
            .query_row([cell, days.0, days.1], |row| row.get(0))?;
        if self.counts.values().map(HashMap::len).sum::<usize>() >= MAX_COUNTS {
            self.counts.clear();
        }
        self.counts.entry(cell).or_default().insert(days, count.unsigned_abs());
        Ok(count.unsigned_abs())
    }

    fn cell(&mut self, connection: &Connection, cell: &Cell) -> Result<i64, rusqlite::Error> {
        if let Some(number) = self.cells.get(cell) {
            return Ok(*number);
        }
        // The group of an owner nobody knows is a domain, which may be a value.
        let group = template::host(&cell.recipient_group);
        let key = [&*cell.pack, &*cell.category, &group];
        let find = "SELECT cell FROM cells WHERE pack = ?1 AND category = ?2 AND recipient_group = ?3";
        let found = connection.prepare_cached(find)?.query_row(key, |row| row.get(0)).optional()?;
        let number = match found {
            Some(number) => number,
            None => connection
                .prepare_cached(
                    "INSERT INTO cells (pack, category, recipient_group) VALUES (?1, ?2, ?3) RETURNING cell",
                )?
                .query_row(key, |row| row.get(0))?,
        };
        self.cells.insert(cell.clone(), number);
        Ok(number)
    }
}

/// The UTC day of a moment.
pub(super) fn utc_day(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

/// Days since 1970-01-01.
pub(super) fn number(day: Date) -> Day {
    day.duration_since(date(1970, 1, 1)).as_hours() / 24
}

/// First day of the window that ends on this one.
fn start(to: Day) -> Day {
    let epoch = date(1970, 1, 1);
    let start = epoch.checked_add(to.days()).and_then(|to| to.checked_sub(12.months()));
    start.map_or(to - 366, number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::detect::SubjectKey;
    use crate::ledger::samples;

    fn database() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        crate::ledger::schema::migrate(&mut connection, std::path::Path::new("memory")).unwrap();
        connection
    }

    fn seen(person: u32, day: Date) -> Assessment {
        let subject = SubjectKey::new(1, &[7; 32]).subject("email", &person.to_string());
        let mut assessment = samples::assessment();
        assessment.contributions = vec![Contribution { cell: samples::cell(), subject, day }];
        let window = assessment.verdicts[0].window.as_mut().unwrap();
        (window.from, window.to) = (day.saturating_sub(12.months()), day);
        assessment
    }

    #[test]
    fn windows_are_twelve_months_of_days_and_both_ends_count() {
        let check = |to: Date, from: Date| assert_eq!(start(number(to)), number(from), "{to}");
        check(date(2026, 11, 24), date(2025, 11, 24));
        check(date(2028, 2, 29), date(2027, 2, 28));
        assert_eq!(number(date(1970, 1, 2)), 1);
        assert_eq!(number(date(1969, 12, 31)), -1);
        let (connection, mut windows) = (database(), Windows::default());
        let mut count =
            |person, day| windows.settle(&connection, &seen(person, day), day).unwrap().subjects[&samples::cell()];
        assert_eq!(count(1, date(2025, 11, 23)), 1);
        assert_eq!(count(2, date(2025, 11, 24)), 2);
        assert_eq!(count(3, date(2026, 11, 24)), 2);
        assert_eq!(count(3, date(2026, 11, 24)), 2);
        assert_eq!(count(4, date(2025, 11, 25)), 3);
    }

    #[test]
    fn coverage_is_days_with_evidence_over_days_and_gaps_show() {
        let (connection, mut windows) = (database(), Windows::default());
        let known = windows.settle(&connection, &seen(1, date(2026, 1, 1)), date(2026, 1, 1)).unwrap();
        assert_eq!((known.coverage, known.gaps), (1.0 / 366.0, false));
        let lost: Timestamp = "2026-01-02T10:00:00Z".parse().unwrap();
        windows.mark_gap(&connection, (lost, lost)).unwrap();
        let known = windows.settle(&connection, &seen(1, date(2026, 1, 2)), date(2026, 1, 2)).unwrap();
        assert_eq!((known.coverage, known.gaps), (2.0 / 366.0, true));
    }

    #[test]
    fn what_nobody_could_be_counted_for_has_its_count_too() {
        let (connection, mut windows) = (database(), Windows::default());
        let day = date(2026, 1, 1);
        windows.settle(&connection, &seen(1, day), day).unwrap();
        let mut assessment = seen(2, day);
        assessment.contributions.clear();
        let known = windows.settle(&connection, &assessment, day).unwrap();
        assert_eq!(known.subjects, [(samples::cell(), 1)].into());
    }

    proptest! {
        /// Kept counts equal counts made afresh, whatever the order of days.
        #[test]
        fn kept_counts_are_the_true_ones(seen_on in prop::collection::vec((0u32..6, 0i32..800), 1..60)) {
            let (connection, mut windows) = (database(), Windows::default());
            for (person, day) in seen_on {
                let day = date(2025, 1, 1).checked_add(day.days()).unwrap();
                let kept = windows.settle(&connection, &seen(person, day), day).unwrap();
                let fresh = Windows::default().settle(&connection, &seen(person, day), day).unwrap();
                prop_assert_eq!(kept.subjects, fresh.subjects);
            }
        }
    }
}
