//! What the disk allows: how long one small append takes to be durable.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// The median time of appending a page and flushing it, in milliseconds, in the folder where the store will be.
pub(crate) fn median_ms(folder: &Path) -> anyhow::Result<f64> {
    let mut file = File::create(folder.join("fsync-probe"))?;
    let page = [7_u8; 4096];
    let mut times = Vec::with_capacity(500);
    for _ in 0..500 {
        let started = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    std::fs::remove_file(folder.join("fsync-probe"))?;
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}
