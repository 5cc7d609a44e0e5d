//! What lies in `deploy/` is loaded by what it is meant for: systemd, Prometheus, the binary itself, and for the container
//! recipe its own steps. A tool that this machine lacks skips its test, and says so.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser;
use landfall::cli::RunArgs;
use landfall::config::{self, Settings};

const LANDFALL: &str = env!("CARGO_BIN_EXE_landfall");

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(deploy(path)).unwrap_or_else(|error| panic!("cannot read `deploy/{path}`: {error}"))
}

/// Run a tool to its end; `None`, with a message, where the machine does not have it.
fn run(command: &mut Command) -> Option<Output> {
    match command.output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Straight to stderr, which the test harness does not capture: a skipped test must not look like a passed one.
            writeln!(std::io::stderr(), "skipped: {command:?} is not installed here").expect("stderr");
            None
        }
        Err(error) => panic!("{command:?}: {error}"),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The settings that the arguments of `landfall run` mean.
fn settings_of_run(args: &[&str]) -> Settings {
    #[derive(Parser)]
    struct Run {
        #[command(flatten)]
        run: RunArgs,
    }
    assert_eq!(args.first(), Some(&"run"), "{args:?}");
    let parsed = Run::try_parse_from(args).unwrap_or_else(|error| panic!("{args:?}: {error}"));
    parsed.run.settings().unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

#[test]
fn the_example_configuration_is_what_the_binary_prints_and_accepts() {
    let printed = run(Command::new(LANDFALL).args(["config", "example"])).expect("our own binary");
    assert!(printed.status.success());
    assert_eq!(String::from_utf8_lossy(&printed.stdout), read("landfall.example.toml"));
    let check = ["config", "check", "--config"];
    let checked = run(Command::new(LANDFALL).args(check).arg(deploy("landfall.example.toml"))).expect("our own binary");
    assert!(checked.status.success(), "{}", text(&checked));
}

#[test]
fn a_configuration_that_does_not_hold_ends_with_2_and_a_missing_one_with_3() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("landfall.toml");
    let check =
        || run(Command::new(LANDFALL).args(["config", "check", "--config"]).arg(&path)).expect("our own binary");
    assert_eq!(check().status.code(), Some(3));
    fs::write(&path, "[captur]\n").expect("the file is written");
    let wrong = check();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong).contains("unknown key `captur`; did you mean `capture`?"), "{}", text(&wrong));
    assert!(text(&wrong).starts_with("error: ") && text(&wrong).lines().count() == 1, "{}", text(&wrong));
}

/// The unit as it is, but for the binary, which is not installed where tests run.
fn unit_with_this_binary(dir: &Path) -> PathBuf {
    let unit = read("systemd/landfall.service").replace("/usr/bin/landfall", LANDFALL);
    let path = dir.join("landfall.service");
    fs::write(&path, unit).expect("the unit is written");
    path
}

#[test]
fn systemd_takes_the_unit_without_a_word() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let unit = unit_with_this_binary(dir.path());
    let Some(verified) = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit)) else { return };
    assert!(verified.status.success() && text(&verified).is_empty(), "{}", text(&verified));
}

#[test]
fn the_unit_exposes_little() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let unit = unit_with_this_binary(dir.path());
    let security = ["security", "--no-pager", "--offline=true", "--threshold=15"];
    let Some(judged) = run(Command::new("systemd-analyze").args(security).arg(&unit)) else { return };
    assert!(judged.status.success(), "{}", text(&judged));
}

#[test]
fn the_unit_starts_landfall_with_flags_that_exist_and_time_to_drain() {
    let unit = read("systemd/landfall.service");
    let value = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("the unit has no `{key}`"))
    };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let configuration = dir.path().join("landfall.toml");
    fs::write(&configuration, config::EXAMPLE).expect("the file is written");
    let start = value("ExecStart")
        .replace("/etc/landfall/landfall.toml", configuration.to_str().expect("a path in UTF-8"))
        .replace("${STATE_DIRECTORY}", "/var/lib/landfall");
    let args: Vec<&str> = start.split(' ').skip(1).collect();
    let settings = settings_of_run(&args);
    assert_eq!(settings.ledger.data.as_deref(), Some(Path::new("/var/lib/landfall")));
    let stop: u64 = value("TimeoutStopSec").parse().expect("seconds");
    assert!(stop > settings.capture.limits.drain.as_secs());
}

#[test]
fn prometheus_takes_the_scrape_configuration() {
    let path = deploy("prometheus/prometheus.yml");
    let default = Settings::default().console.listen.to_string();
    assert!(read("prometheus/prometheus.yml").contains(&format!("targets: [\"{default}\"]")));
    let Some(checked) = run(Command::new("promtool").args(["check", "config"]).arg(&path)) else { return };
    assert!(checked.status.success(), "{}", text(&checked));
}

/// The instructions of the recipe as `(instruction, rest)`.
fn recipe() -> Vec<(String, String)> {
    let text = read("container/Containerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').unwrap_or_else(|| panic!("`{line}` is no instruction")))
        .map(|(instruction, rest)| (instruction.to_owned(), rest.trim().to_owned()))
        .collect()
}

fn last(recipe: &[(String, String)], instruction: &str) -> String {
    let found = recipe.iter().rev().find(|(name, _)| name == instruction);
    found.unwrap_or_else(|| panic!("the recipe has no `{instruction}`")).1.clone()
}

fn words(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("`{json}` is no list of words: {error}"))
}

#[test]
fn the_container_recipe_is_well_formed_and_ends_as_nobody() {
    let known = ["FROM", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
    let recipe = recipe();
    assert_eq!(recipe[0].0, "FROM");
    let mut stages = Vec::new();
    for (instruction, rest) in &recipe {
        assert!(known.contains(&instruction.as_str()), "`{instruction}` is no instruction");
        match (instruction.as_str(), rest.split(' ').collect::<Vec<_>>().as_slice()) {
            ("FROM", [_, "AS", stage]) => stages.push(*stage),
            ("COPY", [from, source, _]) if from.starts_with("--from=") => {
                assert!(stages.iter().any(|stage| *from == format!("--from={stage}")), "`{from}` is no stage");
                assert!(source.starts_with('/'), "{source}");
            }
            _ => {}
        }
    }
    let user = last(&recipe, "USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id != 0)), "`{user}` is not an unprivileged id");
}

/// The recipe's own steps, with a `cargo` that hands over the binary under test instead of building another one.
#[test]
fn the_steps_of_the_container_recipe_lay_out_an_image_that_starts() {
    let recipe = recipe();
    let build = recipe.iter().filter(|(name, _)| name == "RUN").find(|(_, rest)| rest.starts_with('['));
    let build = words(&build.expect("a build step").1);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (root, bin) = (dir.path().join("image"), dir.path().join("bin"));
    fs::create_dir(&bin).expect("a directory");
    let cargo = "#!/bin/sh\n[ \"$*\" = \"build --release --locked --bin landfall\" ] || exit 9\n\
                 exec install -D \"$LANDFALL\" \"$CARGO_TARGET_DIR/release/landfall\"\n";
    fs::write(bin.join("cargo"), cargo).expect("the stand-in is written");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let ran = run(Command::new("sh")
        .arg("-c")
        .arg("chmod +x \"$0/cargo\" && exec \"$1\" \"$2\"")
        .args([&bin, &Path::new(env!("CARGO_MANIFEST_DIR")).join(&build[0]), &root])
        .env("PATH", path)
        .env("LANDFALL", LANDFALL)
        .env("CARGO_TARGET_DIR", dir.path().join("target")))
    .expect("a shell");
    assert!(ran.status.success(), "{}", text(&ran));

    let inside = |path: &str| root.join(path.trim_start_matches('/'));
    let entry = words(&last(&recipe, "ENTRYPOINT"));
    let command: Vec<String> = words(&last(&recipe, "CMD"))
        .into_iter()
        .map(|word| if word.starts_with("/etc/") { inside(&word).display().to_string() } else { word })
        .collect();
    let settings = settings_of_run(&command.iter().map(String::as_str).collect::<Vec<_>>());
    let data = settings.ledger.data.expect("a data directory").display().to_string();
    assert!(inside(&data).is_dir() && words(&last(&recipe, "VOLUME")).contains(&data));
    let exposed = last(&recipe, "EXPOSE");
    assert_eq!(exposed, format!("{} {}", settings.capture.listen.port(), settings.console.listen.port()));
    let version = run(Command::new(inside(&entry[0])).arg("--version")).expect("the image's binary");
    assert!(version.status.success() && text(&version).starts_with("landfall "), "{}", text(&version));
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        assert!(inside(&format!("usr/share/doc/landfall/{licence}")).is_file());
    }
}
