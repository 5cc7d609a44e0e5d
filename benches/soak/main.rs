//! Drives the binary under mixed load for as long as it is told, and watches that neither memory nor descriptors grow.
//!
//! `cargo bench --bench soak -- MINUTES` (default 2). It prints a line per sample and figures at the end; what grows makes it
//! fail. Everything is on loopback.

#![expect(clippy::disallowed_methods, reason = "clients are paced by the clock, and samples taken by it")]

mod clients;
mod origin;
mod samples;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use samples::Samples;

/// Between two samples.
const EVERY: Duration = Duration::from_secs(3);
/// What is not counted: caches fill, pools grow to their size.
const WARM_UP: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    // `cargo bench` adds `--bench`.
    let minutes = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(2.0);
    match soak(Duration::from_secs_f64(minutes * 60.0)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("soak: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn soak(time: Duration) -> Result<(), String> {
    let origin = origin::start().map_err(|error| format!("the origin: {error}"))?;
    let dir = tempfile::tempdir().map_err(|error| format!("a directory: {error}"))?;
    let (mut landfall, proxy) = start(origin, dir.path())?;
    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let loads = clients::LOADS.iter().flat_map(|load| std::iter::repeat_n(load, load.threads));
    let threads: Vec<_> = loads
        .map(|load| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    // A client that fails is part of the load; that most succeed is checked by their count.
                    if (load.run)(proxy).is_ok() {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    let samples = watch(&mut landfall, time, &done);
    stop.store(true, Ordering::Relaxed);
    for thread in threads {
        thread.join().map_err(|_| "a client panicked".to_owned())?;
    }
    let ended = end(landfall);
    let samples = samples?;
    ended?;
    say(&samples.figures());
    if done.load(Ordering::Relaxed) < time.as_secs() {
        return Err(format!("only {} clients got through", done.load(Ordering::Relaxed)));
    }
    samples.check()
}

fn start(origin: SocketAddr, dir: &std::path::Path) -> Result<(Child, SocketAddr), String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_landfall"))
        .args(["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
        .arg(dir.join("data"))
        .args(["--resolve", &format!("soak.example:80:{origin}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("landfall: {error}"))?;
    let stdout = child.stdout.take().ok_or("no standard output")?;
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let proxy = lines.find_map(|line| {
        let rest = line.trim_start().strip_prefix("proxy")?.trim_start().strip_prefix("http://")?.to_owned();
        rest.split(['/', ' ']).next()?.parse().ok()
    });
    // What else it prints is not needed, but must not fill the pipe.
    std::thread::spawn(move || lines.count());
    proxy.map(|proxy| (child, proxy)).ok_or_else(|| "landfall did not say where it listens".to_owned())
}

fn watch(landfall: &mut Child, time: Duration, done: &AtomicU64) -> Result<Samples, String> {
    let began = Instant::now();
    let mut samples = Samples::default();
    while began.elapsed() < time {
        std::thread::sleep(EVERY.min(time.saturating_sub(began.elapsed())));
        if let Ok(Some(status)) = landfall.try_wait() {
            return Err(format!("landfall ended by itself: {status}"));
        }
        let at = began.elapsed();
        let sample = samples::take(landfall.id(), at).map_err(|error| format!("/proc: {error}"))?;
        let clients = done.load(Ordering::Relaxed);
        say(&format!(
            "{:>6.0} s  {:>8.1} MiB  {:>5} fds  {clients} clients",
            at.as_secs_f64(),
            sample.mib(),
            sample.fds
        ));
        if at >= WARM_UP.min(time / 4) {
            samples.push(sample);
        }
    }
    Ok(samples)
}

fn end(mut landfall: Child) -> Result<(), String> {
    let asked = Command::new("kill").args(["-TERM", &landfall.id().to_string()]).status();
    if !asked.is_ok_and(|status| status.success()) {
        return Err("landfall could not be told to stop".to_owned());
    }
    let status = landfall.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("landfall did not end well: {status}")) }
}

#[expect(clippy::print_stdout, reason = "the program's output")]
fn say(line: &str) {
    println!("{line}");
}
