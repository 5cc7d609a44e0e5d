//! The real binary, running as a proxy.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::{eventually, http, root};

pub const BINARY: &str = env!("CARGO_BIN_EXE_landfall");

/// A debug build on a busy machine may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Landfall {
    child: Child,
    pub proxy: SocketAddr,
    pub admin: SocketAddr,
    /// Further listeners, by name.
    listeners: Vec<(String, SocketAddr)>,
    dir: TempDir,
    readers: Vec<JoinHandle<String>>,
    stopped: bool,
}

/// All that a run left behind.
pub struct Left {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    pub events: Vec<Value>,
    /// Every file written, by path: data directory and events.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    dir: TempDir,
}

impl Landfall {
    /// Start in a new directory, with the lab's databases and these further arguments.
    pub fn start(args: &[String]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), args)
    }

    /// Start in the directory of an earlier run.
    pub fn start_in(dir: TempDir, args: &[String]) -> Self {
        Self::start_under(Command::new(BINARY), dir, args)
    }

    /// The same by a command that becomes the binary in the end.
    pub fn start_under(mut command: Command, dir: TempDir, args: &[String]) -> Self {
        let geo = root().join("tests/data/geo");
        let mut child = command
            .args(["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"])
            .arg(dir.path().join("data"))
            .arg("--events")
            .arg(dir.path().join("events.jsonl"))
            .arg("--country-db")
            .arg(geo.join("lab.mmdb"))
            .arg("--asn-db")
            .arg(geo.join("lab-asn.mmdb"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (lines, addresses) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let mut stderr = child.stderr.take().expect("piped");
        let readers = vec![
            std::thread::spawn(move || {
                let mut all = String::new();
                for line in stdout.lines().map_while(Result::ok) {
                    all.push_str(&line);
                    all.push('\n');
                    // Nobody listens any more once the addresses are known.
                    lines.send(line).unwrap_or_default();
                }
                all
            }),
            std::thread::spawn(move || {
                let mut all = Vec::new();
                stderr.read_to_end(&mut all).expect("stderr can be read");
                String::from_utf8_lossy(&all).into_owned()
            }),
        ];
        let mut landfall = Self {
            child,
            proxy: SocketAddr::from(([0; 4], 0)),
            admin: SocketAddr::from(([0; 4], 0)),
            listeners: Vec::new(),
            dir,
            readers,
            stopped: false,
        };
        landfall.read_addresses(&addresses);
        landfall
    }

    fn read_addresses(&mut self, lines: &mpsc::Receiver<String>) {
        let (mut proxy, mut admin) = (None, None);
        while proxy.is_none() || admin.is_none() {
            let Ok(line) = lines.recv_timeout(PATIENCE) else {
                self.child.kill().expect("it can be ended");
                let said: Vec<_> = self.readers.drain(..).filter_map(|reader| reader.join().ok()).collect();
                panic!("landfall did not say its addresses: {said:?}");
            };
            let address = |name: &str| {
                let rest = line.trim_start().strip_prefix(name)?.trim_start().strip_prefix("http://")?;
                rest.split(['/', ' ']).next()?.parse().ok()
            };
            if let Some((address, name)) = line.strip_prefix("listens ").and_then(|rest| rest.split_once(" (")) {
                let address = address.parse().expect("an address");
                self.listeners.push((name.trim_end_matches(')').to_owned(), address));
            }
            proxy = proxy.or_else(|| address("proxy"));
            admin = admin.or_else(|| address("admin"));
        }
        (self.proxy, self.admin) = (proxy.expect("said"), admin.expect("said"));
    }

    /// Address of the listener with this name.
    pub fn listener(&self, name: &str) -> SocketAddr {
        self.listeners.iter().find(|(of, _)| of == name).expect("the banner named it").1
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn ca(&self) -> PathBuf {
        self.dir.path().join("data/ca.pem")
    }

    /// The text of `/metrics`.
    pub fn metrics(&self) -> String {
        let (status, body) = http::get(self.admin, "/metrics")
            .unwrap_or_else(|error| panic!("/metrics: {error}; the process: {:?}", fs::read_to_string(self.status())));
        assert_eq!(status, 200);
        String::from_utf8(body).expect("UTF-8")
    }

    /// `/metrics` once this many exchanges are audited.
    pub fn metrics_after(&self, exchanges: u64) -> String {
        eventually(&format!("{exchanges} exchanges in /metrics"), PATIENCE, || {
            let metrics = self.metrics();
            (sum(&metrics, "landfall_exchanges_total", &[]) >= exchanges as f64).then_some(metrics)
        })
    }

    fn status(&self) -> String {
        format!("/proc/{}/status", self.pid())
    }

    /// Bytes of a line of `/proc/PID/status`: `VmHWM`, `VmRSS`.
    pub fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(self.status()).expect("the process runs");
        let value = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':')).expect("the line is there");
        value.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// SIGTERM, and all that it left. The exit must be clean.
    #[track_caller]
    pub fn stop(self) -> Left {
        self.signal("-TERM");
        let left = self.left();
        assert!(left.status.success(), "{}: {}", left.status, left.stderr);
        left
    }

    /// SIGKILL; the directory for another start.
    pub fn kill(self) -> TempDir {
        self.signal("-KILL");
        self.left().dir
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("`kill` runs");
        assert!(status.success());
    }

    fn left(mut self) -> Left {
        let status =
            eventually("the end of landfall", PATIENCE, || self.child.try_wait().expect("it can be waited for"));
        self.stopped = true;
        let mut said = self.readers.drain(..).map(|reader| reader.join().expect("no panic"));
        let (stdout, stderr) = (said.next().expect("two"), said.next().expect("two"));
        drop(said);
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().expect("a temporary directory"));
        let mut files = Vec::new();
        collect(dir.path(), &mut files);
        let events = fs::read_to_string(dir.path().join("events.jsonl")).unwrap_or_default();
        let events = events.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect();
        Left { status, stdout, stderr, events, files, dir }
    }
}

impl Drop for Landfall {
    fn drop(&mut self) {
        if !self.stopped {
            // A test failed; its process must not outlive it.
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl Left {
    /// The directory, for another start.
    pub fn into_dir(self) -> TempDir {
        self.dir
    }

    /// Exchange events in the order of their beginnings; the workers record them as they get done.
    pub fn exchanges(&self) -> Vec<&Value> {
        let mut exchanges: Vec<_> =
            self.events.iter().filter(|event| event["schema"] == "landfall.exchange/1").collect();
        exchanges.sort_by_key(|event| event["time"].as_str());
        exchanges
    }
}

fn collect(dir: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(dir).expect("it can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.is_file() {
            files.push((path.clone(), fs::read(&path).expect("it can be read")));
        }
    }
}

/// Sum of a metric's series that carry all these labels.
pub fn sum(metrics: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let series = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let (of, value) = if rest.starts_with('{') { rest.rsplit_once("} ")? } else { ("", rest.strip_prefix(' ')?) };
        let all = labels.iter().all(|(label, value)| of.contains(&format!("{label}=\"{value}\"")));
        all.then(|| value.parse::<f64>().ok())?
    });
    series.sum()
}
