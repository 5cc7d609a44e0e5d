//! The stages stand in flow order in `lib.rs`, and each imports only what stands before it; the core does no I/O.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::root;

/// First and last stage of the pure core.
const CORE: (&str, &str) = ("decode", "audit");

/// What the core must not touch, and why it would.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "async"),
    ("async fn", "async"),
    (".await", "async"),
    ("std::fs", "disk"),
    ("fs::read", "disk"),
    ("File::open", "disk"),
    ("std::net::Tcp", "network"),
    ("std::net::Udp", "network"),
    ("ToSocketAddrs", "network"),
    ("SystemTime", "clock"),
    ("Instant", "clock"),
    ("Timestamp::now", "clock"),
    ("Zoned::now", "clock"),
    ("std::thread", "threads"),
    ("thread::spawn", "threads"),
    ("std::env::", "environment"),
    ("std::process", "processes"),
    ("Ulid::generate", "clock and chance"),
    ("rand::", "chance"),
];

#[test]
fn each_stage_imports_only_stages_before_it() {
    let stages = stages();
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = stage_of(&file);
        let text = without_comments(&text);
        wrong.extend(backward(&own, &text, &stages).into_iter().map(|other| format!("{}: {other}", file.display())));
    }
    assert_eq!(wrong, Vec::<String>::new(), "imports against the flow");
}

#[test]
fn the_core_is_pure() {
    let stages = stages();
    let at = |name: &str| stages.iter().position(|stage| stage == name).expect("a stage");
    let core = &stages[at(CORE.0)..=at(CORE.1)];
    assert!(core.len() >= 5);
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if core.contains(&stage_of(&file)) && !is_test_file(&file) {
            let found = impure(without_tests(&without_comments(&text)));
            wrong.extend(found.into_iter().map(|what| format!("{}: {what}", file.display())));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "the core has no async, clock, disk, network or threads");
}

#[test]
fn every_stage_is_a_module_of_the_library() {
    let stages = stages();
    for entry in fs::read_dir(root().join("src")).expect("src") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(matches!(name.as_str(), "lib" | "main") || stages.contains(&name), "`{name}` is no stage");
    }
}

#[test]
fn a_breach_is_told() {
    let stages: Vec<String> = ["exchange", "decode", "capture", "cli"].map(str::to_owned).to_vec();
    let check = |own: &str, text: &str, expect: &[&str]| assert_eq!(backward(own, text, &stages), expect, "{text}");
    check("decode", "use crate::exchange::Body;\nuse crate::decode::Field;", &[]);
    check("decode", "use crate::capture::Ca;", &["capture"]);
    check("exchange", "use crate::{decode::Field, exchange};", &["decode"]);
    check("exchange", "use crate::{\n    exchange::{A, B},\n    cli,\n};", &["cli"]);
    check("decode", "let x = crate::cli::run();", &["cli"]);
    check("decode", "pub(crate) fn x() {}", &[]);
    assert_eq!(impure("let t = Timestamp::now();"), ["Timestamp::now (clock)"]);
    assert_eq!(impure("use std::net::IpAddr; instant"), Vec::<String>::new());
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests { std::fs }"), "a\n");
    assert_eq!(without_comments("a // tokio\n//! tokio\n\"http://b\" /* x */"), "a \n\n\"http://b\" /* x */\n");
}

/// Stages in the order of `lib.rs`.
fn stages() -> Vec<String> {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let names = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let stages: Vec<String> = names.map(str::to_owned).collect();
    assert!(stages.len() > 10, "{stages:?}");
    stages
}

fn stage_of(file: &Path) -> String {
    let inside = file.strip_prefix(root().join("src")).expect("in src");
    let first = inside.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                files.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    walk(&root().join("src"), &mut files);
    assert!(files.len() > 50);
    files
}

/// Stages that this text of stage `own` names although they stand after it.
fn backward(own: &str, text: &str, stages: &[String]) -> Vec<String> {
    let Some(rank) = stages.iter().position(|stage| stage == own) else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        for name in first_names(&text[at + "crate::".len()..]) {
            let after = stages.iter().position(|stage| *stage == name).is_some_and(|other| other > rank);
            if after && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// The names directly under `crate::`: one, or all of a braced group.
fn first_names(rest: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let (mut names, mut depth, mut expect) = (Vec::new(), 0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expect = true,
            c if expect && (c.is_alphanumeric() || c == '_') => {
                names.push(word(&group[at..]));
                expect = false;
            }
            _ => {}
        }
    }
    names
}

fn impure(text: &str) -> Vec<String> {
    IMPURE.iter().filter(|(word, _)| text.contains(word)).map(|(word, why)| format!("{word} ({why})")).collect()
}

/// The file up to its tests, which stand at its bottom.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]").map_or(text, |at| &text[..at])
}

fn is_test_file(file: &Path) -> bool {
    let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
    let in_tests = file.components().any(|part| part.as_os_str() == "tests");
    in_tests || name == "tests" || name.ends_with("_tests")
}

/// Line comments taken out; `//` inside a text stays where a colon precedes it (`https://`).
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let comment = line.match_indices("//").find(|(at, _)| *at == 0 || line.as_bytes()[at - 1] != b':');
        out.push_str(comment.map_or(line, |(at, _)| &line[..at]));
        out.push('\n');
    }
    out
}
