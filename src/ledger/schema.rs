//! The tables, and how each version of them becomes the next.

use std::path::Path;

use rusqlite::Connection;

use super::LedgerError;

/// Marks a SQLite file as a ledger of Landfall's (`PRAGMA application_id`): `LFL1`.
const APPLICATION_ID: i64 = 0x4C46_4C31;

/// One step per version, in order; a step that was released never changes.
const MIGRATIONS: &[&str] = &[
    // 1: the first tables.
    "
    CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT;
    -- Every line of the event stream. `leaf` is its RFC 6962 leaf hash.
    CREATE TABLE records (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        schema TEXT NOT NULL,
        session TEXT,
        time_ms INTEGER NOT NULL,
        line TEXT NOT NULL,
        leaf BLOB NOT NULL
    ) STRICT;
    CREATE INDEX records_by_session ON records (session, seq);
    CREATE TABLE sessions (
        id TEXT PRIMARY KEY,
        label TEXT,
        app TEXT,
        started_ms INTEGER NOT NULL,
        closed_ms INTEGER
    ) STRICT;
    -- What is counted: a category of a pack at a group of related recipients.
    CREATE TABLE cells (
        cell INTEGER PRIMARY KEY,
        pack TEXT NOT NULL,
        category TEXT NOT NULL,
        recipient_group TEXT NOT NULL,
        UNIQUE (pack, category, recipient_group)
    ) STRICT;
    -- Who was seen there on which day (days since 1970-01-01, UTC). Rows are only ever added.
    CREATE TABLE contributions (
        cell INTEGER NOT NULL REFERENCES cells (cell),
        subject BLOB NOT NULL,
        day INTEGER NOT NULL,
        PRIMARY KEY (cell, subject, day)
    ) STRICT, WITHOUT ROWID;
    -- Days for which the ledger holds evidence, and days on which exchanges went unrecorded.
    CREATE TABLE recorded_days (day INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE gap_days (day INTEGER PRIMARY KEY) STRICT;
    -- Exchanges of files that were read, so that none is recorded twice.
    CREATE TABLE imports (
        file_sha256 TEXT NOT NULL,
        position INTEGER NOT NULL,
        seq INTEGER NOT NULL REFERENCES records (seq) DEFERRABLE INITIALLY DEFERRED,
        PRIMARY KEY (file_sha256, position)
    ) STRICT, WITHOUT ROWID;
    -- The next record that each exporter's target has not had yet.
    CREATE TABLE cursors (target TEXT PRIMARY KEY, next_seq INTEGER NOT NULL) STRICT;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
    ",
    // 2: who is who. A person's identifiers are linked per scope; cells say whether they count persons or devices.
    "
    ALTER TABLE contributions RENAME TO old_contributions;
    ALTER TABLE cells RENAME TO old_cells;
    CREATE TABLE scopes (
        scope INTEGER PRIMARY KEY,
        pack TEXT NOT NULL,
        recipient_group TEXT NOT NULL,
        UNIQUE (pack, recipient_group)
    ) STRICT;
    CREATE TABLE cells (
        cell INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL REFERENCES scopes (scope),
        category TEXT NOT NULL,
        per_device INTEGER NOT NULL,
        UNIQUE (scope, category, per_device)
    ) STRICT;
    -- Grow-only: an identifier seen in a cell on a day (days since 1970-01-01, UTC).
    CREATE TABLE contributions (
        cell INTEGER NOT NULL REFERENCES cells (cell),
        identifier BLOB NOT NULL,
        day INTEGER NOT NULL,
        PRIMARY KEY (cell, identifier, day)
    ) STRICT, WITHOUT ROWID;
    -- Grow-only: two identifiers of one person, the smaller first.
    CREATE TABLE links (
        scope INTEGER NOT NULL REFERENCES scopes (scope),
        a BLOB NOT NULL,
        b BLOB NOT NULL,
        PRIMARY KEY (scope, a, b)
    ) STRICT, WITHOUT ROWID;
    -- Grow-only, its days only widen: what was sent of whoever an identifier names.
    CREATE TABLE facets (
        scope INTEGER NOT NULL REFERENCES scopes (scope),
        identifier BLOB NOT NULL,
        kind TEXT NOT NULL,
        item BLOB NOT NULL,
        first_day INTEGER NOT NULL,
        last_day INTEGER NOT NULL,
        PRIMARY KEY (scope, identifier, kind, item)
    ) STRICT, WITHOUT ROWID;
    -- Derived from links: the person and the device that an identifier is of. What is linked to nothing has no row.
    CREATE TABLE members (
        scope INTEGER NOT NULL,
        identifier BLOB NOT NULL,
        rank INTEGER NOT NULL,
        of_device INTEGER NOT NULL,
        person BLOB NOT NULL,
        device BLOB NOT NULL,
        PRIMARY KEY (scope, identifier)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX members_by_person ON members (scope, person);
    CREATE INDEX members_by_device ON members (scope, device);
    -- Derived: subjects of a cell seen on this day and last before it on that one.
    CREATE TABLE spans (
        cell INTEGER NOT NULL,
        day INTEGER NOT NULL,
        before INTEGER NOT NULL,
        subjects INTEGER NOT NULL,
        PRIMARY KEY (cell, day, before)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO scopes (pack, recipient_group) SELECT DISTINCT pack, recipient_group FROM old_cells;
    INSERT INTO cells
        SELECT cell, scope, category, category = 'precise_geolocation'
        FROM old_cells JOIN scopes USING (pack, recipient_group);
    INSERT INTO contributions SELECT cell, subject, day FROM old_contributions;
    INSERT INTO spans
        SELECT cell, day, before, count(*) FROM (
            SELECT cell, day, coalesce(lag(day) OVER (PARTITION BY cell, subject ORDER BY day), -1000000) AS before
            FROM old_contributions
        ) GROUP BY cell, day, before;
    DROP TABLE old_contributions;
    DROP TABLE old_cells;
    ",
];

/// Bring a database to the version that this program knows. `path` names it in errors.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), LedgerError> {
    migrate_with(connection, path, MIGRATIONS)
}

fn migrate_with(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<(), LedgerError> {
    let known = migrations.len() as i64;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version(&transaction, path)?;
    if found > known {
        return Err(LedgerError::TooNew { path: path.to_owned(), found, known });
    }
    for (number, step) in (1..).zip(migrations).skip(found.unsigned_abs() as usize) {
        transaction.execute_batch(step)?;
        transaction.execute(
            "INSERT INTO schema_version VALUES (?1, ?2)",
            (number, format!("{:.3}", jiff::Timestamp::now())),
        )?;
        transaction.pragma_update(None, "user_version", number)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}

/// Version of the schema found; 0 for a new database.
fn version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma("application_id")?, tables, pragma("user_version")?) {
        (0, 0, 0) => Ok(0),
        (APPLICATION_ID, 1.., version @ 1..) => Ok(version),
        _ => Err(LedgerError::NotALedger { path: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> &'static Path {
        Path::new("ledger.db")
    }

    #[test]
    fn migrates_step_by_step_and_only_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path()).unwrap();
        migrate(&mut connection, path()).unwrap();
        let next = "ALTER TABLE sessions ADD COLUMN note TEXT";
        let steps: Vec<_> = MIGRATIONS.iter().copied().chain([next]).collect();
        migrate_with(&mut connection, path(), &steps).unwrap();
        connection.execute("INSERT INTO sessions (id, started_ms, note) VALUES ('a', 1, 'b')", []).unwrap();
        let count = "SELECT count(*) FROM schema_version";
        assert_eq!(connection.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap(), steps.len() as i64);
    }

    #[test]
    fn a_failed_step_leaves_the_old_version() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path()).unwrap();
        let steps: Vec<_> = MIGRATIONS.iter().copied().chain(["DROP TABLE imports; nonsense"]).collect();
        assert!(matches!(migrate_with(&mut connection, path(), &steps), Err(LedgerError::Database(_))));
        connection.execute("DELETE FROM imports", []).unwrap();
        migrate(&mut connection, path()).unwrap();
    }

    #[test]
    fn refuses_newer_and_foreign_databases() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path()).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut connection, path()), Err(LedgerError::TooNew { found: 99, .. })));
        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE cookies (a)").unwrap();
        assert!(matches!(migrate(&mut foreign, path()), Err(LedgerError::NotALedger { .. })));
    }
}
