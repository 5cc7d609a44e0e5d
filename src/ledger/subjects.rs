//! Who is who at one group of recipients, and how many of them were seen in a span of days.
//!
//! Four sets only ever grow, and everything else follows from them, so that order, replay and merging change nothing:
//! `contributions` (cell, identifier, day), `links` (two identifiers of one person), `facets` (what was sent of whoever an
//! identifier names, with its first and last day, which only widen), `scopes` and `cells` (names). A person is a connected
//! component of links, under the name of its best identifier. Where devices are counted, only links between identifiers of
//! devices tie two of them together, so that one person's two telephones are two; an identifier of a person stands for that
//! person's first device.
//!
//! `members` and `spans` are derived. A span says how many subjects of a cell were seen on one day and on another before it and
//! on none between. Subjects of a window are the spans that end in it and start before it: exact for any window, without
//! reading a row per subject.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, params};

use super::window::{Day, Days};
use crate::judge::{Facet, Identifier};

type Id = [u8; 16];
type Result<T> = std::result::Result<T, rusqlite::Error>;

/// Stands for "never before" in a span.
const NEVER: Day = -1_000_000;

/// What `members` says of an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Member {
    rank: u8,
    of_device: bool,
    person: Id,
    device: Id,
}

/// A cell of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CellKey {
    pub cell: i64,
    pub scope: i64,
    pub per_device: bool,
}

/// Add one sighting; whether it is new.
pub(super) fn add(connection: &Connection, key: CellKey, identifier: Id, day: Day) -> Result<bool> {
    let CellKey { cell, scope, per_device } = key;
    let new = connection
        .prepare_cached("INSERT OR IGNORE INTO contributions VALUES (?1, ?2, ?3)")?
        .execute(params![cell, identifier, day])?;
    if new == 0 {
        return Ok(false);
    }
    let name = name(connection, scope, identifier, per_device)?;
    let own = |at: &str| -> Result<Option<Day>> {
        let mut found = None;
        for member in members(connection, scope, name, per_device)? {
            let day: Option<Day> =
                connection.prepare_cached(at)?.query_row(params![cell, member, day], |row| row.get(0))?;
            found = match (found, day) {
                (Some(a), Some(b)) if at.contains("max") => Some(Day::max(a, b)),
                (Some(a), Some(b)) => Some(Day::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        Ok(found)
    };
    for member in members(connection, scope, name, per_device)?.into_iter().filter(|member| *member != identifier) {
        let same = "SELECT EXISTS (SELECT 1 FROM contributions WHERE cell = ?1 AND identifier = ?2 AND day = ?3)";
        if connection.prepare_cached(same)?.query_row(params![cell, member, day], |row| row.get(0))? {
            return Ok(true);
        }
    }
    let before = own("SELECT max(day) FROM contributions WHERE cell = ?1 AND identifier = ?2 AND day < ?3")?;
    let after = own("SELECT min(day) FROM contributions WHERE cell = ?1 AND identifier = ?2 AND day > ?3")?;
    let before = before.unwrap_or(NEVER);
    if let Some(after) = after {
        change(connection, cell, (after, before), -1)?;
        change(connection, cell, (after, day), 1)?;
    }
    change(connection, cell, (day, before), 1)?;
    Ok(true)
}

/// Distinct subjects of a cell within days, both included.
pub(super) fn count(connection: &Connection, cell: i64, (from, to): Days) -> Result<u64> {
    let sum: i64 = connection
        .prepare_cached(
            "SELECT coalesce(sum(subjects), 0) FROM spans WHERE cell = ?1 AND day BETWEEN ?2 AND ?3 AND before < ?2",
        )?
        .query_row([cell, from, to], |row| row.get(0))?;
    Ok(sum.unsigned_abs())
}

/// All of these name one person; whether anything of that is new.
pub(super) fn link(connection: &Connection, scope: i64, identifiers: &[Identifier]) -> Result<bool> {
    let mut new = false;
    for (a, b) in pairs(identifiers) {
        let (a, b) = (a.min(b), a.max(b));
        new |= connection
            .prepare_cached("INSERT OR IGNORE INTO links VALUES (?1, ?2, ?3)")?
            .execute(params![scope, a, b])?
            > 0;
    }
    if new {
        regroup(connection, scope, identifiers)?;
    }
    Ok(new)
}

/// Chains of what names devices and of what names people, and one link between the two.
fn pairs(identifiers: &[Identifier]) -> Vec<(Id, Id)> {
    let of = |device: bool| identifiers.iter().filter(move |it| it.of_device == device).map(|it| it.id.bytes());
    let (devices, people): (Vec<Id>, Vec<Id>) = (of(true).collect(), of(false).collect());
    let chains = devices.windows(2).chain(people.windows(2)).map(|pair| (pair[0], pair[1]));
    // Every device is linked to the person, or two of one person in one exchange would look like strangers to it.
    let bridge = devices.first().zip(people.first()).map(|(device, person)| (*device, *person));
    chains.chain(bridge).collect()
}

/// Work out anew who is who among everybody that these identifiers are linked to.
fn regroup(connection: &Connection, scope: i64, identifiers: &[Identifier]) -> Result<()> {
    let mut affected: BTreeMap<Id, Member> = BTreeMap::new();
    for identifier in identifiers {
        let id = identifier.id.bytes();
        let person = name(connection, scope, id, false)?;
        for member in members(connection, scope, person, false)? {
            if let Some(known) = member_of(connection, scope, member)? {
                affected.insert(member, known);
            }
        }
        let fresh = Member { rank: identifier.rank, of_device: identifier.of_device, person: id, device: id };
        let known = affected.entry(id).or_insert(fresh);
        known.rank = known.rank.min(identifier.rank);
        known.of_device |= identifier.of_device;
    }
    let cells = cells(connection, scope)?;
    for cell in &cells {
        retell(connection, *cell, &affected, -1)?;
    }
    let edges = edges(connection, scope, &affected)?;
    let people = components(&affected, &edges, |_| true);
    let devices = components(&affected, &edges, |member| member.of_device);
    let best = |ids: &mut dyn Iterator<Item = Id>| ids.min_by_key(|id| (affected[id].rank, *id));
    let mut person_names: HashMap<Id, (Id, Option<Id>)> = HashMap::new();
    let mut device_names: HashMap<Id, Id> = HashMap::new();
    for root in people.values().copied().collect::<BTreeSet<Id>>() {
        let own = || affected.keys().copied().filter(|id| people[id] == root);
        let first_device = best(&mut own().filter(|id| affected[id].of_device));
        person_names.insert(root, (best(&mut own()).unwrap_or(root), first_device));
    }
    for root in devices.values().copied().collect::<BTreeSet<Id>>() {
        let own = affected.keys().copied().filter(|id| affected[id].of_device && devices[id] == root);
        device_names.insert(root, best(&mut { own }).unwrap_or(root));
    }
    let named: BTreeMap<Id, Member> = affected
        .iter()
        .map(|(id, member)| {
            let (person, first_device) = person_names[&people[id]];
            let device = if member.of_device {
                device_names[&devices[id]]
            } else {
                first_device.map_or(person, |device| device_names[&devices[&device]])
            };
            (*id, Member { person, device, ..*member })
        })
        .collect();
    for (id, member) in &named {
        connection
            .prepare_cached("INSERT OR REPLACE INTO members VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
            .execute(params![scope, id, member.rank, member.of_device, member.person, member.device])?;
    }
    for cell in &cells {
        retell(connection, *cell, &named, 1)?;
    }
    Ok(())
}

/// Take the spans of all these subjects out of a cell, or put them in.
fn retell(connection: &Connection, key: CellKey, members: &BTreeMap<Id, Member>, sign: i64) -> Result<()> {
    let mut days: BTreeMap<Id, BTreeSet<Day>> = BTreeMap::new();
    for (id, member) in members {
        let name = if key.per_device { member.device } else { member.person };
        let mut rows =
            connection.prepare_cached("SELECT day FROM contributions WHERE cell = ?1 AND identifier = ?2")?;
        let seen = rows.query_map(params![key.cell, id], |row| row.get(0))?;
        for day in seen {
            days.entry(name).or_default().insert(day?);
        }
    }
    for days in days.into_values() {
        let mut before = NEVER;
        for day in days {
            change(connection, key.cell, (day, before), sign)?;
            before = day;
        }
    }
    Ok(())
}

fn change(connection: &Connection, cell: i64, (day, before): Days, by: i64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO spans VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET subjects = subjects + excluded.subjects",
        )?
        .execute([cell, day, before, by])
        .map(drop)
}

/// The smallest identifier of each component, by member; edges count where both ends do.
fn components(members: &BTreeMap<Id, Member>, edges: &[(Id, Id)], counts: impl Fn(&Member) -> bool) -> HashMap<Id, Id> {
    let mut roots: HashMap<Id, Id> = members.keys().map(|id| (*id, *id)).collect();
    for (a, b) in edges.iter().filter(|(a, b)| counts(&members[a]) && counts(&members[b])) {
        let (a, b) = (find(&mut roots, *a), find(&mut roots, *b));
        roots.insert(a.max(b), a.min(b));
    }
    let ids: Vec<Id> = members.keys().copied().collect();
    ids.into_iter().map(|id| (id, find(&mut roots, id))).collect()
}

fn find(roots: &mut HashMap<Id, Id>, mut id: Id) -> Id {
    while roots[&id] != id {
        let above = roots[&roots[&id]];
        roots.insert(id, above);
        id = above;
    }
    id
}

fn edges(connection: &Connection, scope: i64, members: &BTreeMap<Id, Member>) -> Result<Vec<(Id, Id)>> {
    let mut edges = Vec::new();
    for id in members.keys() {
        let mut rows = connection.prepare_cached("SELECT b FROM links WHERE scope = ?1 AND a = ?2")?;
        let others = rows.query_map(params![scope, id], |row| row.get::<_, Id>(0))?;
        for other in others {
            edges.push((*id, other?));
        }
    }
    edges.retain(|(_, other)| members.contains_key(other));
    Ok(edges)
}

fn cells(connection: &Connection, scope: i64) -> Result<Vec<CellKey>> {
    let mut rows = connection.prepare_cached("SELECT cell, per_device FROM cells WHERE scope = ?1")?;
    rows.query_map([scope], |row| Ok(CellKey { cell: row.get(0)?, scope, per_device: row.get(1)? }))?.collect()
}

fn member_of(connection: &Connection, scope: i64, id: Id) -> Result<Option<Member>> {
    let find = "SELECT rank, of_device, person, device FROM members WHERE scope = ?1 AND identifier = ?2";
    let mut rows = connection.prepare_cached(find)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Member { rank: row.get(0)?, of_device: row.get(1)?, person: row.get(2)?, device: row.get(3)? })
    };
    rows.query_map(params![scope, id], read)?.next().transpose()
}

/// The subject that an identifier turned out to be of; itself while it is linked to nothing.
pub(super) fn name(connection: &Connection, scope: i64, id: Id, per_device: bool) -> Result<Id> {
    let member = member_of(connection, scope, id)?;
    Ok(member.map_or(id, |member| if per_device { member.device } else { member.person }))
}

/// Every identifier of a subject.
fn members(connection: &Connection, scope: i64, name: Id, per_device: bool) -> Result<Vec<Id>> {
    let find = if per_device {
        "SELECT identifier FROM members WHERE scope = ?1 AND device = ?2"
    } else {
        "SELECT identifier FROM members WHERE scope = ?1 AND person = ?2"
    };
    let mut rows = connection.prepare_cached(find)?;
    let members: Vec<Id> = rows.query_map(params![scope, name], |row| row.get(0))?.collect::<Result<_>>()?;
    Ok(if members.is_empty() { vec![name] } else { members })
}

/// Note what was sent of whoever an identifier names; whether anything of it is new, or newer or older than was known.
pub(super) fn add_facets(connection: &Connection, scope: i64, id: Id, facets: &[Facet], day: Day) -> Result<bool> {
    let mut new = false;
    for Facet { kind, item } in facets {
        let upsert = "INSERT INTO facets VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO UPDATE SET \
                      first_day = min(first_day, excluded.first_day), last_day = max(last_day, excluded.last_day) \
                      WHERE excluded.first_day < first_day OR excluded.last_day > last_day";
        new |= connection.prepare_cached(upsert)?.execute(params![scope, id, &**kind, item, day])? > 0;
    }
    Ok(new)
}

/// All that was sent of a person, with first and last day.
pub(super) fn facets(connection: &Connection, scope: i64, id: Id) -> Result<Vec<(Facet, Days)>> {
    let mut all = Vec::new();
    for member in members(connection, scope, name(connection, scope, id, false)?, false)? {
        let find = "SELECT kind, item, first_day, last_day FROM facets WHERE scope = ?1 AND identifier = ?2";
        let mut rows = connection.prepare_cached(find)?;
        let read = |row: &rusqlite::Row<'_>| {
            let kind: String = row.get(0)?;
            Ok((Facet { kind: kind.into(), item: row.get(1)? }, (row.get(2)?, row.get(3)?)))
        };
        for facet in rows.query_map(params![scope, member], read)? {
            all.push(facet?);
        }
    }
    Ok(all)
}

/// Days on which a person was seen in a cell.
pub(super) fn days(connection: &Connection, key: CellKey, id: Id) -> Result<BTreeSet<Day>> {
    let mut all = BTreeSet::new();
    for member in members(connection, key.scope, name(connection, key.scope, id, false)?, false)? {
        let mut rows =
            connection.prepare_cached("SELECT day FROM contributions WHERE cell = ?1 AND identifier = ?2")?;
        for day in rows.query_map(params![key.cell, member], |row| row.get(0))? {
            all.insert(day?);
        }
    }
    Ok(all)
}
