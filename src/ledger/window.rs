//! Distinct subjects per cell over twelve months, and how much of that time the ledger holds evidence for.
//!
//! A window runs over whole UTC days, as the verdict's frame says: from the same day of the year before to the exchange's own
//! day, both included, so that a count may take in a few hours too many at its start, and never too few. It ends at the
//! exchange's own day whatever the clock says: imported captures do not age on disk.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rusqlite::{Connection, params};

use super::record::template;
use super::store::Compose;
use super::subjects::{self, CellKey};
use crate::audit::Assessment;
use crate::judge::{Cell, Facet, Known, Person};

/// Counts kept in memory before they are looked up again.
const MAX_COUNTS: usize = 10_000;
/// Longest stretch of days that one gap marks.
const MAX_GAP_DAYS: i64 = 400;

/// Days since 1970-01-01.
pub(super) type Day = i64;
/// First and last day, both included.
pub(super) type Days = (Day, Day);

/// Category of the cell that notes on which days a person was seen at all; no pack has it.
const PRESENCE: &str = "";

/// What is already known, kept up to date with every contribution.
#[derive(Debug, Default)]
pub(super) struct Windows {
    scopes: HashMap<(Arc<str>, Arc<str>), i64>,
    cells: HashMap<Cell, CellKey>,
    /// Distinct subjects by cell, and first and last day.
    counts: HashMap<i64, HashMap<Days, u64>>,
    coverage: HashMap<Days, (f64, bool)>,
}

impl Windows {
    /// Forget what was counted: it may stem from a transaction that was rolled back.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Add an exchange's contributions and links, and say what is known of the cells and the people that it bears on. `day` is
    /// the exchange's own.
    pub(super) fn settle(
        &mut self,
        connection: &Connection,
        assessment: &Assessment,
        compose: &Compose,
        day: Date,
    ) -> Result<Known, rusqlite::Error> {
        let to = number(day);
        self.mark_recorded(connection, to)?;
        let mut known = Known::default();
        for person in &assessment.people {
            self.person(connection, person, compose, to, &mut known)?;
        }
        for contribution in &assessment.contributions {
            self.add(connection, &contribution.cell, contribution.subject.bytes(), number(contribution.day))?;
        }
        self.names(connection, assessment, &mut known)?;
        let mut from = start(to);
        let windows = assessment.verdicts.iter().filter_map(|verdict| Some((&verdict.pack, verdict.window.as_ref()?)));
        let windows = windows.map(|(pack, window)| (pack, &window.recipient_group, number(window.from)));
        let people = assessment.people.iter();
        let people = people.map(|person| (&person.pack, &person.recipient_group, number(person.from)));
        let wanted: BTreeSet<(&Arc<str>, &Arc<str>, Day)> = windows.chain(people).collect();
        for (pack, group, first) in wanted {
            from = from.min(first);
            self.counts(connection, (pack, group), (first, to), &mut known)?;
        }
        (known.coverage, known.gaps) = self.coverage(connection, (from, to))?;
        Ok(known)
    }

    /// Link what names a person, note what was sent of them, and work out what all of it forms together.
    fn person(
        &mut self,
        connection: &Connection,
        person: &Person,
        compose: &Compose,
        to: Day,
        known: &mut Known,
    ) -> Result<(), rusqlite::Error> {
        let Some(best) = person.identifiers.first() else { return Ok(()) };
        let (scope, id) = (self.scope(connection, &person.pack, &person.recipient_group)?, best.id.bytes());
        let linked = subjects::link(connection, scope, &person.identifiers)?;
        if linked {
            self.counts.clear();
        }
        let presence = Cell {
            pack: person.pack.clone(),
            category: PRESENCE.into(),
            recipient_group: person.recipient_group.clone(),
            per_device: false,
        };
        self.add(connection, &presence, id, to)?;
        let new = subjects::add_facets(connection, scope, id, &person.facets, to)?;
        if !linked && !new && person.complete {
            return Ok(());
        }
        let facets = subjects::facets(connection, scope, id)?;
        let active = |day: Day| -> Vec<Facet> {
            let counts = |(_, (first, last)): &&(Facet, Days)| *first <= day && *last >= start(day);
            facets.iter().filter(counts).map(|(facet, _)| facet.clone()).collect()
        };
        if facets.len() > person.facets.len() {
            // What is sent later links what was sent before, and the other way round.
            let near: Vec<Facet> = facets
                .iter()
                .filter(|(_, (first, last))| *last >= start(to) && start(*first) <= to)
                .map(|(facet, _)| facet.clone())
                .filter(|facet| !person.facets.contains(facet))
                .collect();
            if !near.is_empty() {
                known.held.insert((person.pack.clone(), best.id), near);
            }
        }
        if !linked && !new {
            return Ok(());
        }
        let key = self.cell(connection, &presence)?;
        for day in subjects::days(connection, key, id)?.into_iter().filter(|day| linked || *day >= to) {
            for (category, both) in compose(&person.pack, person.counts, &active(day)) {
                let cell = Cell { category, ..presence.clone() };
                self.add(connection, &cell, id, day)?;
                if both {
                    let device = person.identifiers.iter().find(|other| other.of_device).unwrap_or(best);
                    self.add(connection, &Cell { per_device: true, ..cell }, device.id.bytes(), day)?;
                }
            }
        }
        Ok(())
    }

    /// The names of the subjects that categories speak of.
    fn names(
        &mut self,
        connection: &Connection,
        assessment: &Assessment,
        known: &mut Known,
    ) -> Result<(), rusqlite::Error> {
        for person in &assessment.people {
            let scope = self.scope(connection, &person.pack, &person.recipient_group)?;
            for (identifier, per_device) in person.identifiers.iter().flat_map(|it| [(it, false), (it, true)]) {
                let name = subjects::name(connection, scope, identifier.id.bytes(), per_device)?;
                let name = identifier.id.with_bytes(name);
                known.names.insert((person.pack.clone(), identifier.id, per_device), name);
            }
        }
        Ok(())
    }

    /// Counts of all cells of a pack at a group of recipients.
    fn counts(
        &mut self,
        connection: &Connection,
        (pack, group): (&Arc<str>, &Arc<str>),
        days: Days,
        known: &mut Known,
    ) -> Result<(), rusqlite::Error> {
        let scope = self.scope(connection, pack, group)?;
        let mut rows = connection.prepare_cached("SELECT cell, category, per_device FROM cells WHERE scope = ?1")?;
        let mut cells = rows.query([scope])?;
        while let Some(row) = cells.next()? {
            let (cell, category): (i64, String) = (row.get(0)?, row.get(1)?);
            let per_device = row.get(2)?;
            if category == PRESENCE {
                continue;
            }
            let count = match self.counts.get(&cell).and_then(|counts| counts.get(&days)) {
                Some(count) => *count,
                None => {
                    let count = subjects::count(connection, cell, days)?;
                    if self.counts.values().map(HashMap::len).sum::<usize>() >= MAX_COUNTS {
                        self.counts.clear();
                    }
                    self.counts.entry(cell).or_default().insert(days, count);
                    count
                }
            };
            let (pack, recipient_group) = (pack.clone(), group.clone());
            known.subjects.insert(Cell { pack, category: category.into(), recipient_group, per_device }, count);
        }
        Ok(())
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

    fn add(&mut self, connection: &Connection, cell: &Cell, id: [u8; 16], day: Day) -> Result<(), rusqlite::Error> {
        let key = self.cell(connection, cell)?;
        if subjects::add(connection, key, id, day)? {
            self.counts.remove(&key.cell);
        }
        Ok(())
    }

    fn scope(&mut self, connection: &Connection, pack: &Arc<str>, group: &Arc<str>) -> Result<i64, rusqlite::Error> {
        if let Some(scope) = self.scopes.get(&(pack.clone(), group.clone())) {
            return Ok(*scope);
        }
        // The group of an owner nobody knows is a domain, which may be a value.
        let key = [&**pack, &template::host(group)];
        let insert = "INSERT OR IGNORE INTO scopes (pack, recipient_group) VALUES (?1, ?2)";
        connection.prepare_cached(insert)?.execute(key)?;
        let find = "SELECT scope FROM scopes WHERE pack = ?1 AND recipient_group = ?2";
        let scope = connection.prepare_cached(find)?.query_row(key, |row| row.get(0))?;
        self.scopes.insert((pack.clone(), group.clone()), scope);
        Ok(scope)
    }

    fn cell(&mut self, connection: &Connection, cell: &Cell) -> Result<CellKey, rusqlite::Error> {
        if let Some(key) = self.cells.get(cell) {
            return Ok(*key);
        }
        let scope = self.scope(connection, &cell.pack, &cell.recipient_group)?;
        let row = params![scope, &*cell.category, cell.per_device];
        let insert = "INSERT OR IGNORE INTO cells (scope, category, per_device) VALUES (?1, ?2, ?3)";
        connection.prepare_cached(insert)?.execute(row)?;
        let find = "SELECT cell FROM cells WHERE scope = ?1 AND category = ?2 AND per_device = ?3";
        let number = connection.prepare_cached(find)?.query_row(row, |row| row.get(0))?;
        let key = CellKey { cell: number, scope, per_device: cell.per_device };
        self.cells.insert(cell.clone(), key);
        Ok(key)
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
#[path = "window_tests.rs"]
mod tests;
