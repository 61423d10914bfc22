//! Stretches: what looks at many rows in one go does so in stretches, between which whoever else wants the thread has it. A row takes up to a tenth of a
//! millisecond, and a process has few threads for all its accounts: without stretches a batch of one account would make the others wait for all of it.

/// Rows of a stretch: about as long as a commit takes.
const ROWS: usize = 8;

/// Counts the rows of one piece of work that waits for something else in between; [`in_stretches`] is for the rest.
#[derive(Debug, Default)]
pub struct Stretch(usize);

impl Stretch {
    /// To be awaited after each row; lets others have the thread at the end of a stretch.
    pub async fn row(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(ROWS) {
            yield_core();
            tokio::task::yield_now().await;
        }
    }
}

/// To be called after each row of work that keeps a thread of its own busy, such as a large transaction's, where others matter more than that it is over
/// soon: it costs less than a microsecond where nobody waits for the core, and else as long as whoever waits has it.
///
/// A system wakes a thread where it last ran, though another core may be idle, and lets it wait there for whole milliseconds while a busy one goes on.
/// So every wake-up on the way of somebody's request could take as long as that.
pub fn yield_core() {
    std::thread::yield_now();
}

/// Makes something of each row, in stretches.
pub async fn in_stretches<Row, Made>(
    rows: impl IntoIterator<Item = Row>,
    mut make: impl FnMut(Row) -> Made,
) -> Vec<Made> {
    let rows = rows.into_iter();
    let (mut all, mut stretch) = (Vec::with_capacity(rows.size_hint().0), Stretch::default());
    for row in rows {
        all.push(make(row));
        stretch.row().await;
    }
    all
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn only_the_last_row_of_a_stretch_lets_others_have_the_thread() {
        let mut stretch = Stretch::default();
        let rows = (0..2 * ROWS).map(|_| stretch.row().now_or_never().is_none());
        let pauses: Vec<usize> = rows.enumerate().filter(|(_, paused)| *paused).map(|(row, _)| row).collect();
        assert_eq!(pauses, [ROWS - 1, 2 * ROWS - 1]);
    }
}
