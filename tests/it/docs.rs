//! What the documents and the help texts say, run.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use super::support::landfall::BINARY;
use super::support::{client, root};

/// Commands that end by themselves, need no network and change nothing outside the data directory: they are run.
const SAFE: &[&[&str]] = &[&["demo"], &["rules", "check"], &["ca", "show"], &["config", "example"], &["completions"]];

/// A command as a document writes it, without the program: `analyze FILE --events -`.
#[derive(Debug)]
struct Written {
    file: String,
    words: Vec<String>,
}

#[test]
fn every_command_in_the_documents_exists_with_its_flags() {
    for command in written() {
        let (path, help) = help_of(&command.words);
        for flag in command.words.iter().filter(|word| word.starts_with("--") && word.len() > 2) {
            let name = flag.split('=').next().unwrap_or(flag);
            assert!(mentions(&help, name), "`{}`: `landfall {path}` has no `{name}`", command.file);
        }
    }
}

#[test]
fn safe_commands_in_the_documents_run() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut ran = BTreeSet::new();
    // There is no CA to show before the first start; `ca` commands come after whatever makes one.
    landfall(home.path(), &["demo"]);
    for command in written() {
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        let safe = SAFE.iter().any(|safe| words.starts_with(safe));
        let data_only = !words.iter().any(|word| word.contains(['|', '>', '$', '<']) || word.contains("FILE"));
        if safe && data_only && words[0] != "ca" && ran.insert(words.join(" ")) {
            landfall(home.path(), &words);
        }
    }
}

#[test]
fn the_picture_of_the_demo_is_what_it_prints() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let printed = text(&landfall(home.path(), &["demo"]));
    let readme = fs::read_to_string(root().join("README.md")).expect("a README");
    assert!(readme.contains(&format!("```text\n{printed}```\n")), "README.md shows something else than:\n{printed}");
}

#[test]
fn the_defaults_in_the_operations_guide_are_those_in_force() {
    let guide = fs::read_to_string(root().join("docs/operations.md")).expect("the guide");
    let example = fs::read_to_string(root().join("src/config/example.toml")).expect("the example configuration");
    let mut rows = 0;
    for line in guide.lines() {
        let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`'));
        let (Some(key), Some(value), true) = (cells.next(), cells.next(), line.starts_with("| `")) else { continue };
        if value.starts_with(|c: char| c == '"' || c.is_ascii_digit()) && !value.starts_with("06") {
            let expect = format!("{key} = {value}");
            assert!(example.lines().any(|line| line == expect), "the defaults hold no `{expect}`");
            rows += 1;
        }
    }
    assert!(rows >= 15, "the guide shows {rows} defaults only");
}

#[test]
fn every_command_has_help_that_runs() {
    fn visit(path: &[String]) {
        let help = text(&client::run(Command::new(BINARY).args(path).arg("--help")));
        assert!(help.contains("Usage: landfall"), "{path:?}: {help}");
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        for line in commands.take_while(|line| line.starts_with("  ")) {
            // Continuation lines of a long description are indented further.
            if let Some(name) =
                line.strip_prefix("  ").filter(|l| !l.starts_with(' ')).and_then(|l| l.split(' ').next())
            {
                visit(&[path, &[name.to_owned()]].concat());
            }
        }
    }
    visit(&[]);
}

#[test]
fn commands_are_found_in_a_document() {
    let text = "x\n```sh\ncargo run --release -- run  # starts\n$ landfall analyze a.har \\\n    --events -\ncurl x\n```\n`landfall nope`\n";
    assert_eq!(commands(text), [vec!["run"], vec!["analyze", "a.har", "--events", "-"]]);
    assert!(mentions("  --data <DIR>  x", "--data") && !mentions("  --database", "--data"));
}

fn landfall(home: &std::path::Path, words: &[&str]) -> Output {
    client::run(Command::new(BINARY).args(words).env("HOME", home).env("XDG_DATA_HOME", home).current_dir(root()))
}

/// Commands of every document at the top and in `docs/`.
fn written() -> Vec<Written> {
    let mut all = Vec::new();
    for dir in [root().to_owned(), root().join("docs")].iter().filter(|dir| dir.exists()) {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let file = path.display().to_string();
                all.extend(commands(&text).into_iter().map(|words| Written { file: file.clone(), words }));
            }
        }
    }
    all
}

/// Commands of `landfall` in the fenced `sh` blocks of a document.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let text = text.replace("\\\n", " ");
    let mut inside = false;
    for line in text.lines() {
        match line.trim() {
            "```sh" | "```console" => inside = true,
            "```" => inside = false,
            line if inside => {
                let line = line.trim_start_matches("$ ").split(" #").next().unwrap_or_default();
                let rest = line.strip_prefix("landfall ").or_else(|| line.strip_prefix("cargo run --release -- "));
                found.extend(rest.map(|rest| rest.split_whitespace().map(str::to_owned).collect()));
            }
            _ => {}
        }
    }
    found
}

/// The command that the words begin with, and its help.
fn help_of(words: &[String]) -> (String, String) {
    let plain = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let path: Vec<&String> = words.iter().take_while(plain).take(2).collect();
    for length in (0..=path.len()).rev() {
        let output = client::try_run(Command::new(BINARY).args(&path[..length]).arg("--help"));
        let known = length > 0 || words.first().is_some_and(|word| word.starts_with('-'));
        if output.status.success() && known {
            let path: Vec<&str> = path[..length].iter().map(|word| word.as_str()).collect();
            return (path.join(" "), text(&output));
        }
    }
    panic!("`landfall {}` is no command", words.join(" "));
}

/// Whether a help text names a flag, and not just one that begins alike.
fn mentions(help: &str, flag: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
    help.match_indices(flag).any(|(at, _)| ends(&help[at + flag.len()..]))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
