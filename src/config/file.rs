//! Reading `landfall.toml`, with errors that point at the place.

use std::fs;
use std::path::Path;

use super::{ConfigError, Settings};
use crate::rules::near_miss;

/// A file that says the defaults, every key with its meaning. `deploy/landfall.example.toml` is the same text.
pub const EXAMPLE: &str = include_str!("example.toml");

/// Read a configuration file. Relative paths in it are relative to the file's own directory.
pub fn load(path: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| ConfigError::unreadable("the configuration", path, error))?;
    let mut settings = parse(&text, &path.display().to_string())?;
    settings.rebase(path.parent().unwrap_or(Path::new("")));
    settings.check().map_err(|error| ConfigError::invalid(format!("`{}`: {error}", path.display())))?;
    Ok(settings)
}

fn parse(text: &str, name: &str) -> Result<Settings, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        ConfigError::invalid(format!("`{name}`{place}: {}", explain(error.message())))
    })
}

/// ` line 3 column 7`, one-based, columns in characters.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" line {line} column {column}")
}

/// The parser's message on one line, and for a word that is not known the one that was probably meant.
fn explain(message: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let what = match message.split(' ').take(2).collect::<Vec<_>>().as_slice() {
        ["unknown", "field"] => "key",
        ["unknown", "variant"] => "value",
        _ => return message.trim_end_matches('.').to_owned(),
    };
    let Some((word, known)) = words.split_first() else { return message };
    match near_miss(word, known.iter().copied()) {
        Some(meant) => format!("unknown {what} `{word}`; did you mean `{meant}`?"),
        None if known.is_empty() => format!("unknown {what} `{word}`; none is known here"),
        None => format!("unknown {what} `{word}`; known are `{}`", known.join("`, `")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let error = parse(text, "landfall.toml").expect_err(text).to_string();
        assert_eq!(error, expect, "for {text}");
    }

    #[test]
    fn mistakes_are_shown_with_place_and_remedy() {
        check("[capture]\nlistn = 1\n", "`landfall.toml` line 2 column 1: unknown key `listn`; did you mean `listen`?");
        check("[captur]\n", "`landfall.toml` line 1 column 2: unknown key `captur`; did you mean `capture`?");
        check("[detect]\nx = 1\n", "`landfall.toml` line 2 column 1: unknown key `x`; known are `personas`");
        check(
            "[console]\nzebra = 1",
            "`landfall.toml` line 2 column 1: unknown key `zebra`; known are `listen`, `hosts`",
        );
        check(
            "[capture]\nlisten = \"8080\"",
            "`landfall.toml` line 2 column 10: `8080` is not an address with a port; write `127.0.0.1:8080` or `[::1]:8080`",
        );
        check(
            "[capture.limits]\nidle = 5",
            "`landfall.toml` line 2 column 8: invalid type: integer `5`, expected a duration over zero; write `10s`, `500ms` or `5m`",
        );
        check(
            "[capture]\nallow_clients = [\"10.0.0.0/8\", \"x\"]",
            "`landfall.toml` line 2 column 32: `x` is not a network; write `192.168.0.0/16`, or one address",
        );
        check(
            "[ledger]\non_trouble = \"blok\"",
            "`landfall.toml` line 2 column 14: `blok` is not a way to act on trouble; write `block` or `shed`",
        );
        check(
            "[capture]\nlisten =",
            "`landfall.toml` line 2 column 9: string values must be quoted, expected literal string",
        );
    }

    #[test]
    fn an_export_says_its_kind_and_nothing_unknown() {
        let events = "[export.siem]\nkind = \"events\"\npath = \"events.jsonl\"\n";
        assert!(parse(events, "landfall.toml").is_ok());
        let error = parse(&format!("{events}pth = 1\n"), "landfall.toml").expect_err("an unknown key").to_string();
        assert!(error.contains("unknown key `pth`; did you mean `path`?"), "{error}");
        let error = parse("[export.a]\nkind = \"event\"", "landfall.toml").expect_err("an unknown kind").to_string();
        assert!(error.contains("unknown value `event`; did you mean `events`?"), "{error}");
    }

    #[test]
    fn the_example_is_the_defaults() {
        assert_eq!(parse(EXAMPLE, "example").expect("the example parses"), Settings::default());
    }

    /// `#key = value` is a key that has no default; `# text` is prose.
    #[test]
    fn what_the_example_comments_out_holds_too() {
        let is_key = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        assert!(EXAMPLE.lines().filter(is_key).count() > 3);
        let text: Vec<_> = EXAMPLE.lines().map(|line| if is_key(&line) { &line[1..] } else { line }).collect();
        let settings = parse(&text.join("\n"), "example").expect("the example parses with all its keys");
        settings.check().expect("and holds");
    }

    /// Asks the parser itself which keys a section has.
    #[test]
    fn the_example_names_every_key() {
        for section in ["capture", "capture.https", "capture.limits", "decode", "locate", "judge", "ledger", "console"]
        {
            let error = toml::from_str::<Settings>(&format!("[{section}]\n__ = 0\n")).expect_err("no such key");
            let (_, known) = error.message().split_once("expected ").expect("a list of keys");
            for key in known.split('`').skip(1).step_by(2) {
                let in_example = EXAMPLE.lines().any(|line| {
                    let line = line.trim_start_matches('#');
                    line.starts_with(&format!("{key} = ")) || line.starts_with(&format!("[{section}.{key}]"))
                });
                assert!(in_example, "`{section}.{key}` is missing in the example");
            }
        }
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("landfall.toml");
        let text = "[locate]\nasn_db = \"asn.mmdb\"\ncountry_db = [\"/abs/c.mmdb\"]\n[export.a]\nkind = \"events\"\npath = \"-\"\n";
        fs::write(&path, text).expect("the file is written");
        let settings = load(&path).expect("it holds");
        assert_eq!(settings.locate.asn_db.as_deref(), Some(dir.path().join("asn.mmdb").as_path()));
        assert_eq!(settings.locate.country_db, [Path::new("/abs/c.mmdb")]);
        assert_eq!(settings.export["a"], super::super::Export::Events { path: "-".into() });
        assert!(matches!(load(&dir.path().join("none.toml")), Err(ConfigError::Unreadable { .. })));
    }
}
