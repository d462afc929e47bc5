//! The processes that come of a command: found, measured and signalled.

#[cfg(target_os = "linux")]
pub(crate) use linux::sweep;
#[cfg(target_os = "linux")]
pub(super) use linux::{adopt, count, exceeds, signal};
#[cfg(not(target_os = "linux"))]
pub(crate) use other::sweep;
#[cfg(not(target_os = "linux"))]
pub(super) use other::{adopt, count, exceeds, signal};

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;
    use std::fs;
    use std::io;

    use rustix::process::{
        Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal, set_child_subreaper,
    };

    use crate::keeper::MARK;

    /// The most bytes of an environment that are looked through for the mark.
    const ENVIRONMENT: u64 = 1024 * 1024;

    /// Makes every orphan among this process's descendants its child.
    pub(crate) fn adopt() -> io::Result<()> {
        Ok(set_child_subreaper(Some(getpid()))?)
    }

    /// A process, as `/proc/…/stat` has it.
    struct Process {
        parent: i32,
        /// When it started: tells it from another one of the same number.
        started: u64,
        /// In pages.
        resident: u64,
    }

    fn read(pid: i32) -> Option<Process> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before may hold anything, brackets too. What follows it is counted from the state, field 3.
        let (_, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ').skip(1);
        let parent = fields.next()?.parse().ok()?;
        let mut fields = fields.skip(17);
        let started = fields.next()?.parse().ok()?;
        let resident = fields.nth(1)?.parse().ok()?;
        Some(Process { parent, started, resident })
    }

    fn pids() -> impl Iterator<Item = i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    /// All that descends from this process, without it.
    fn descendants() -> Vec<(i32, Process)> {
        let mut all: BTreeMap<i32, Process> = pids().filter_map(|pid| Some((pid, read(pid)?))).collect();
        let mut found = Vec::new();
        let mut parents = vec![getpid().as_raw_nonzero().get()];
        while let Some(parent) = parents.pop() {
            let children = all.extract_if(.., |_, process| process.parent == parent);
            for (pid, process) in children {
                parents.push(pid);
                found.push((pid, process));
            }
        }
        found
    }

    /// Signals every process of the tree.
    pub(crate) fn signal(_main: Pid, signal: Signal) {
        for (pid, process) in descendants() {
            send(pid, process.started, signal);
        }
    }

    /// Signals a process, unless its number has come to another one.
    fn send(pid: i32, started: u64, signal: Signal) {
        let Some(number) = Pid::from_raw(pid) else { return };
        let Ok(handle) = pidfd_open(number, PidfdFlags::empty()) else { return };
        if read(pid).is_some_and(|process| process.started == started) {
            // It may be another person's, or gone.
            let _ = pidfd_send_signal(handle, signal);
        }
    }

    /// How many processes there are.
    pub(crate) fn count() -> u32 {
        u32::try_from(descendants().len()).unwrap_or(u32::MAX)
    }

    /// Whether the processes hold more memory than `bound` bytes, all together. What several of them share counts
    /// once, as soon as it matters.
    pub(crate) fn exceeds(bound: u64) -> bool {
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let found = descendants();
        let resident: u64 = found.iter().map(|(_, process)| process.resident * page).sum();
        if resident <= bound {
            return false;
        }
        let proportional = |pid: i32, process: &Process| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
            let kib = text.and_then(|text| {
                let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
                line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
            });
            kib.map_or(process.resident * page, |kib| kib * 1024)
        };
        found.iter().map(|(pid, process)| proportional(*pid, process)).sum::<u64>() > bound
    }

    /// Kills every process that bears `mark` in the environment that it was started with, and says how many there were. For
    /// those that have lost their keeper.
    pub(crate) fn sweep(mark: &str) -> usize {
        let wanted = format!("{MARK}={mark}");
        let bears = |pid: i32| {
            use std::io::Read;
            let mut environment = Vec::new();
            let file = fs::File::open(format!("/proc/{pid}/environ")).ok()?;
            file.take(ENVIRONMENT).read_to_end(&mut environment).ok()?;
            environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()).then_some(())
        };
        let own = getpid().as_raw_nonzero().get();
        let mut found = 0;
        for pid in pids().filter(|pid| *pid != own) {
            let Some(process) = read(pid) else { continue };
            if bears(pid).is_some() {
                send(pid, process.started, Signal::KILL);
                found += 1;
            }
        }
        found
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    use std::io;

    use rustix::process::{Pid, Signal, kill_process_group};

    pub(crate) fn adopt() -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn signal(main: Pid, signal: Signal) {
        let _ = kill_process_group(main, signal);
    }

    pub(crate) fn count() -> u32 {
        0
    }

    /// Nothing here tells how much memory a group of processes has.
    pub(crate) fn exceeds(_bound: u64) -> bool {
        false
    }

    pub(crate) fn sweep(_mark: &str) -> usize {
        0
    }
}
