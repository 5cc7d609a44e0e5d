//! Versions below which a dependency has a known hole; `Cargo.lock` must stay above.

use super::support::root;

/// Crate, and the first version without the hole.
const FLOORS: &[(&str, [u64; 3])] = &[
    // Resource exhaustion by reset streams and by floods of small frames.
    ("h2", [0, 4, 20]),
    // Name constraints and revocation lists that were read too leniently.
    ("rustls-webpki", [0, 103, 13]),
    // Escape sequences of a peer in the log.
    ("tracing-subscriber", [0, 3, 20]),
];

#[test]
fn locked_versions_are_above_known_holes() {
    let text = std::fs::read_to_string(root().join("Cargo.lock")).expect("a lock file");
    assert_eq!(below(&text), Vec::<String>::new());
}

#[test]
fn a_version_below_its_floor_is_told() {
    let lock = |version: &str| {
        FLOORS
            .iter()
            .map(|(name, floor)| {
                let [a, b, c] = floor;
                let locked = if *name == "h2" { version.to_owned() } else { format!("{a}.{b}.{c}") };
                format!("[[package]]\nname = \"{name}\"\nversion = \"{locked}\"\n")
            })
            .collect::<String>()
    };
    assert_eq!(below(&lock("0.4.19")), ["h2 0.4.19"]);
    assert_eq!(below(&lock("0.4.20")), Vec::<String>::new());
    assert_eq!(below(&lock("1.0.0")), Vec::<String>::new());
    assert_eq!(below(""), ["h2 is gone", "rustls-webpki is gone", "tracing-subscriber is gone"]);
}

fn below(lock: &str) -> Vec<String> {
    let lock: toml::Table = lock.parse().expect("TOML");
    let packages = lock.get("package").and_then(|packages| packages.as_array()).cloned().unwrap_or_default();
    let versions = |wanted: &str| {
        let of_crate = packages.iter().filter(|package| package["name"].as_str() == Some(wanted));
        of_crate.filter_map(|package| package["version"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let mut low = Vec::new();
    for (name, floor) in FLOORS {
        let locked = versions(name);
        if locked.is_empty() {
            low.push(format!("{name} is gone"));
        }
        low.extend(locked.into_iter().filter(|v| numbers(v) < floor.to_vec()).map(|v| format!("{name} {v}")));
    }
    low
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}
