//! Killed in the middle of writing, Landfall starts again on the same data directory, and what it had told stands.

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::lab::{ADVERTISER, BACKEND, Lab};
use super::support::landfall::Landfall;
use super::support::{client, eventually};

fn curl(landfall: &Landfall, url: &str) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "--http1.1", "--noproxy", "", "--proxy", &format!("http://{}", landfall.proxy), "--cacert"]);
    command.arg(landfall.ca()).args(["-o", "/dev/null", url]);
    command
}

#[test]
fn a_kill_in_the_middle_of_writing_is_followed_by_a_clean_start() {
    let lab = Lab::new(&["http/1.1"]);
    let landfall = lab.landfall();
    let ca = std::fs::read(landfall.ca()).expect("a CA");
    let many = format!("https://{BACKEND}/x?n=[1-100000]");
    let mut client = curl(&landfall, &many).stderr(Stdio::null()).stdout(Stdio::null()).spawn().expect("curl");
    let events = landfall.dir().join("events.jsonl");
    let written = || std::fs::read_to_string(&events).unwrap_or_default().lines().count();
    eventually("the first events", Duration::from_secs(120), || (written() > 20).then_some(()));
    let dir = landfall.kill();
    client.kill().expect("it can be ended");
    client.wait().expect("it ends");
    let before = lines(&std::fs::read_to_string(dir.path().join("events.jsonl")).expect("events"));

    let landfall = Landfall::start_in(dir, &lab.args());
    assert_eq!(std::fs::read(landfall.ca()).expect("a CA"), ca, "the CA is kept");
    client::run(&mut curl(&landfall, &format!("https://{ADVERTISER}/after")));
    landfall.metrics_after(1);
    let left = landfall.stop();
    let seqs: Vec<u64> = left.events.iter().filter_map(|event| event["seq"].as_u64()).collect();
    let expect: Vec<u64> = (0..).take(seqs.len()).map(|n| seqs[0] + n).collect();
    assert_eq!(seqs, expect, "every record once, in order, none missing");
    let ids: HashSet<_> = left.events.iter().filter_map(|event| event["id"].as_str()).collect();
    assert_eq!(ids.len(), left.events.len());
    let kept: Vec<_> = left.events.iter().take(before.len()).cloned().collect();
    assert_eq!(kept, before, "what was told before the end still stands");
    let gaps: Vec<_> = left.events.iter().filter(|event| event["schema"] == "landfall.gap/1").collect();
    assert_eq!(gaps.len(), 1, "the kill left a gap, and an orderly start leaves none: {gaps:?}");
    assert_eq!(gaps[0]["reason"], "shutdown");
    assert_eq!(gaps[0]["exchanges"]["unknown"], "not_counted");
    assert_eq!(left.exchanges().last().map(|event| &event["destination"]["host"]), Some(&Value::from(ADVERTISER)));
}

/// Whole lines; the last one may have been cut by the kill.
fn lines(text: &str) -> Vec<Value> {
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .filter_map(|l| serde_json::from_str(l).ok())
        .collect()
}
