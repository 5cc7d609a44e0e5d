//! What the process weighs over time, and whether it grows.

use std::fs;
use std::io;
use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub struct Sample {
    at: Duration,
    /// Resident bytes.
    rss: u64,
    pub fds: usize,
}

impl Sample {
    pub fn mib(&self) -> f64 {
        to_f64(self.rss) / f64::from(1 << 20)
    }
}

pub fn take(pid: u32, at: Duration) -> io::Result<Sample> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let rss = kib.ok_or(io::ErrorKind::InvalidData)? << 10;
    Ok(Sample { at, rss, fds: fs::read_dir(format!("/proc/{pid}/fd"))?.count() })
}

#[derive(Debug, Default)]
pub struct Samples(Vec<Sample>);

/// Growth that may be: allocators and caches are not still.
const GROWTH: f64 = 1.15;
const GROWTH_MIB: f64 = 16.0;
const GROWTH_FDS: f64 = 32.0;

impl Samples {
    pub fn push(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// Medians of the first and the last quarter.
    fn quarters(&self, of: impl Fn(&Sample) -> f64) -> (f64, f64) {
        let quarter = (self.0.len() / 4).max(1);
        let median = |samples: &[Sample]| {
            let mut values: Vec<f64> = samples.iter().map(&of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or_default()
        };
        (median(&self.0[..quarter.min(self.0.len())]), median(&self.0[self.0.len() - quarter.min(self.0.len())..]))
    }

    /// Least squares, per minute.
    fn slope(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        let count = to_f64(self.0.len() as u64);
        let mean = |f: &dyn Fn(&Sample) -> f64| self.0.iter().map(f).sum::<f64>() / count;
        let (time, value) = (mean(&|s| s.at.as_secs_f64()), mean(&|s| of(s)));
        let with = self.0.iter().map(|s| (s.at.as_secs_f64() - time) * (of(s) - value)).sum::<f64>();
        let alone = self.0.iter().map(|s| (s.at.as_secs_f64() - time).powi(2)).sum::<f64>();
        with / alone.max(1.0) * 60.0
    }

    pub fn figures(&self) -> String {
        let line = |name: &str, of: &dyn Fn(&Sample) -> f64| {
            let (first, last) = self.quarters(of);
            format!("{name}: first quarter {first:.1}, last quarter {last:.1}, slope {:+.2} a minute", self.slope(of))
        };
        format!("{}\n{}", line("memory, MiB", &Sample::mib), line("descriptors", &fds))
    }

    pub fn check(&self) -> Result<(), String> {
        let (first, last) = self.quarters(Sample::mib);
        if last > first * GROWTH + GROWTH_MIB {
            return Err(format!("memory grew from {first:.1} to {last:.1} MiB"));
        }
        let (first, last) = self.quarters(fds);
        if last > first * GROWTH + GROWTH_FDS {
            return Err(format!("descriptors grew from {first} to {last}"));
        }
        Ok(())
    }
}

fn fds(sample: &Sample) -> f64 {
    to_f64(sample.fds as u64)
}

#[expect(clippy::cast_precision_loss, reason = "far below what a float holds exactly")]
fn to_f64(value: u64) -> f64 {
    value as f64
}
