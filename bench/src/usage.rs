//! What a process and the machine have used, as Linux counts it.

use std::time::Instant;

use anyhow::Context as _;

/// Clock ticks a second in `/proc`: the same on every Linux.
const TICKS: f64 = 100.0;

/// What a process holds and has used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) resident_mib: f64,
    /// Of that, what is no file: the process's own.
    pub(crate) own_mib: f64,
    /// The most that was resident ever.
    pub(crate) peak_mib: f64,
    pub(crate) threads: u64,
    pub(crate) open_files: usize,
    cpu_seconds: f64,
    at: Instant,
}

impl Usage {
    /// As it is now.
    pub(crate) fn of(process: u32) -> anyhow::Result<Usage> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}"));
        let (status, stat) = (read("status").context("the process has ended")?, read("stat")?);
        let mib = |name: &str| number(&status, name) / 1024.0;
        Ok(Usage {
            resident_mib: mib("VmRSS:"),
            own_mib: mib("RssAnon:"),
            peak_mib: mib("VmHWM:"),
            threads: number(&status, "Threads:") as u64,
            open_files: std::fs::read_dir(format!("/proc/{process}/fd"))?.count(),
            cpu_seconds: cpu_seconds(&stat),
            at: Instant::now(),
        })
    }

    /// Cores that were used since an earlier look: seconds of processor time a second.
    pub(crate) fn cores_since(&self, earlier: &Usage) -> f64 {
        (self.cpu_seconds - earlier.cpu_seconds) / (self.at - earlier.at).as_secs_f64()
    }
}

fn number(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// The name of the program stands in brackets and may hold anything; the numbers come after it.
fn cpu_seconds(stat: &str) -> f64 {
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// How the machine's cores have spent their time since it started, in ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    idle: f64,
    waiting_for_disks: f64,
    all: f64,
}

impl Machine {
    /// As it is now.
    pub(crate) fn now() -> anyhow::Result<Machine> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().and_then(|line| line.strip_prefix("cpu ")).context("/proc/stat has no cpu")?;
        let ticks: Vec<f64> = line.split_whitespace().take(8).filter_map(|ticks| ticks.parse().ok()).collect();
        Ok(Machine { idle: ticks[3], waiting_for_disks: ticks[4], all: ticks.iter().sum() })
    }

    /// Shares of the time since an earlier look in which cores had nothing to do, and nothing to do but wait for a disk.
    pub(crate) fn idle_since(&self, earlier: &Machine) -> (f64, f64) {
        let all = (self.all - earlier.all).max(1.0);
        ((self.idle - earlier.idle) / all, (self.waiting_for_disks - earlier.waiting_for_disks) / all)
    }
}

/// How many cores the machine has.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
