//! What a process uses, as Linux tells it.

use std::time::Duration;

use crate::Result;

/// Clock ticks a second in `/proc/PID/stat`: Linux shows them so on every architecture that we build for.
const TICKS: u64 = 100;

/// Resident memory in MiB, now and at most.
pub(crate) fn memory(id: u32) -> Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let field = |name: &str| -> Result<f64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no memory in /proc")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    };
    Ok((field("VmRSS")?, field("VmHWM")?))
}

/// The processor's time that it took so far.
pub(crate) fn busy(id: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no fields in /proc")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<std::result::Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}
