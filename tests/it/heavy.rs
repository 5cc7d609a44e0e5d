//! Bodies far over any cap with flat memory, and many connections at once.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use aws_lc_rs::digest;

use super::support::lab::{BACKEND, Lab};
use super::support::landfall::Landfall;
use super::support::{client, pattern};

const LENGTH: u64 = 2 << 30;
/// What one body may cost above rest (DESIGN: under 96 MiB).
const ALLOWED: u64 = 96 << 20;

fn curl(landfall: &Landfall, path: &str) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "--http1.1", "--noproxy", "", "--proxy", &format!("http://{}", landfall.proxy)]);
    command.arg("--cacert").arg(landfall.ca()).arg(format!("https://{BACKEND}{path}"));
    command
}

/// Resident bytes after everything that is loaded once has been.
fn rest(landfall: &Landfall) -> u64 {
    client::run(&mut curl(landfall, "/bytes/1000"));
    landfall.metrics_after(1);
    landfall.memory("VmRSS")
}

#[test]
fn a_download_of_two_gibibytes_leaves_memory_flat() {
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    let before = rest(&landfall);
    let mut child = curl(&landfall, &format!("/bytes/{LENGTH}")).stdout(Stdio::piped()).spawn().expect("curl");
    let mut body = child.stdout.take().expect("piped");
    let (mut digest, mut length, mut buffer) = (digest::Context::new(&digest::SHA256), 0, vec![0; 256 << 10]);
    loop {
        match body.read(&mut buffer).expect("a pipe") {
            0 => break,
            count => {
                digest.update(&buffer[..count]);
                length += count as u64;
            }
        }
    }
    assert!(child.wait().expect("it ends").success());
    assert_eq!((length, pattern::hex(digest.finish().as_ref())), (LENGTH, pattern::sha256(LENGTH)));
    settle(landfall, before, ("down", 2));
}

#[test]
fn an_upload_of_two_gibibytes_leaves_memory_flat() {
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    let before = rest(&landfall);
    let mut command = curl(&landfall, "/upload");
    let mut child = command.args(["-T", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("curl");
    let mut input = child.stdin.take().expect("piped");
    pattern::blocks(LENGTH).for_each(|block| input.write_all(&block).expect("curl reads"));
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let expect = format!(r#"{{"bytes":{LENGTH},"sha256":"{}"}}"#, pattern::sha256(LENGTH));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expect);
    settle(landfall, before, ("up", 2));
}

/// Peak memory, and that every byte is accounted for.
fn settle(landfall: Landfall, before: u64, (direction, at_least): (&str, u64)) {
    let metrics = landfall.metrics_after(at_least);
    let peak = landfall.memory("VmHWM");
    assert!(peak < before + ALLOWED, "{} MiB at rest, {} MiB at most", before >> 20, peak >> 20);
    let left = landfall.stop();
    let bytes: u64 = left.exchanges().iter().filter_map(|event| event["bytes"][direction].as_u64()).sum();
    let extra = if direction == "down" { 1000 } else { 0 };
    assert_eq!(bytes, LENGTH + extra, "segments add up to the body; {metrics}");
}

#[test]
fn three_hundred_connections_at_once_are_all_served_and_recorded() {
    const CONNECTIONS: u64 = 300;
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    // One curl, three hundred connections: `--parallel` keeps them open side by side.
    let mut command = Command::new("curl");
    command.args(["-sS", "--http1.1", "--parallel", "--parallel-immediate", "--parallel-max", "300"]);
    command.args(["--noproxy", "", "--proxy", &format!("http://{}", landfall.proxy), "--cacert"]).arg(landfall.ca());
    command.args(["--fail", "-o", "/dev/null", "-w", "%{size_download} "]);
    command.arg(format!("https://{BACKEND}/bytes/1500?n=[1-{CONNECTIONS}]"));
    let output = client::run(&mut command);
    let sizes = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(sizes.split_whitespace().filter(|size| *size == "1500").count() as u64, CONNECTIONS, "{sizes}");
    landfall.metrics_after(CONNECTIONS);
    let left = landfall.stop();
    assert_eq!(left.exchanges().len() as u64, CONNECTIONS);
    let gaps = left.events.iter().filter(|event| event["schema"] == "landfall.gap/1").count();
    assert_eq!(gaps, 0);
}
