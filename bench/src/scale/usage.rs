//! What processes used, as the system counts it.

/// Ticks a second in `/proc`, which are the same on every Linux machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processor's seconds that a process, its children and those of them that have ended used.
pub(super) fn processor_seconds(process: u32) -> f64 {
    let mut ticks = 0;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = entry.file_name().to_string_lossy().parse::<u32>().ok();
        let Some(fields) = number.and_then(fields) else { continue };
        if number == Some(process) {
            ticks += sum(&fields[11..15]);
        } else if fields[1] == process.to_string() {
            ticks += sum(&fields[11..13]);
        }
    }
    ticks as f64 / TICKS_PER_SECOND
}

/// The fields of `stat` that follow the name: the state is the first, the parent the second.
fn fields(process: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<_> = rest.split_whitespace().map(str::to_owned).collect();
    (fields.len() > 15).then_some(fields)
}

fn sum(fields: &[String]) -> u64 {
    fields.iter().filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// Bytes that a process had written to the disk.
pub(super) fn bytes_to_disk(process: u32) -> u64 {
    let io = std::fs::read_to_string(format!("/proc/{process}/io")).unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: "));
    line.and_then(|number| number.parse().ok()).unwrap_or(0)
}
