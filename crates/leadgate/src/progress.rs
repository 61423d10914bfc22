//! How far a reading of the account is, for people who wait: a bar on a terminal, a line now and then elsewhere, nothing beside JSON.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use leadgate_core::clock::Clock as _;
use leadgate_core::sync::{Stream, Underway, grouped, span, time_left};
use leadgate_engine::sync::SyncProgress;

use crate::screen::Screen;
use crate::syncing::Reader;
use crate::wiring::SystemClock;

/// How often a line is written where there is no terminal.
const A_LINE_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// Shorter waits are not told.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(5);

/// Shows how far a reading is, on standard error.
pub(crate) struct Watched {
    place: Place,
    /// What is being read, and since when.
    reading: Cell<Option<(Stream, Timestamp)>>,
}

enum Place {
    Terminal(ProgressBar),
    /// Written to last then.
    Lines(Screen, Cell<Timestamp>),
    Nowhere,
}

impl Watched {
    /// Begins to watch.
    pub(crate) fn begin(screen: &Screen) -> Watched {
        let place = match (screen.json, std::io::stderr().is_terminal()) {
            (true, _) => Place::Nowhere,
            (false, true) => Place::Terminal(bar()),
            (false, false) => Place::Lines(*screen, Cell::new(SystemClock.now())),
        };
        Watched { place, reading: Cell::new(None) }
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, progress: &SyncProgress, reader: &Reader) {
        let now = SystemClock.now();
        let before = self.reading.get().filter(|(stream, _)| Some(*stream) == progress.stream);
        let since = before.map_or(now, |(_, since)| since);
        self.reading.set(progress.stream.map(|stream| (stream, since)));
        if let Place::Terminal(bar) = &self.place {
            bar.set_length(progress.of.unwrap_or(progress.rows).max(1));
            bar.set_position(progress.rows);
        }
        self.tell(now, || line(progress, since, reader, now));
    }

    /// Says that nothing can be asked before then.
    pub(crate) fn waits(&self, until: Timestamp) {
        let now = SystemClock.now();
        let wait = until.duration_since(now);
        if wait > WORTH_TELLING {
            let seconds = u64::try_from(wait.as_secs()).unwrap_or_default();
            self.tell(now, || format!("the account's quota is used up for now: going on in {}", span(seconds)));
        }
    }

    fn tell(&self, now: Timestamp, line: impl FnOnce() -> String) {
        match &self.place {
            Place::Terminal(bar) => bar.set_message(line()),
            Place::Lines(screen, last) if now.duration_since(last.get()) >= A_LINE_EVERY => {
                last.set(now);
                screen.note(&line());
            }
            Place::Lines(..) | Place::Nowhere => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(self) {
        if let Place::Terminal(bar) = self.place {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{spinner} [{bar:24}] {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn line(progress: &SyncProgress, began: Timestamp, reader: &Reader, now: Timestamp) -> String {
    let requests = format!("{} requests", grouped(progress.requests));
    let Some(stream) = progress.stream else { return format!("publishing, {requests}") };
    let (rows, of) = (progress.rows, progress.of);
    let read = match of.filter(|of| *of > rows) {
        Some(of) => format!("{stream}: {} of {} rows, {requests}", grouped(rows), grouped(of)),
        None => return format!("{stream}: {} rows, {requests}", grouped(rows)),
    };
    let left = time_left(&Underway { began, rows, of }, &reader.engine.standing(), now);
    match left.and_then(|left| u64::try_from(left.as_secs()).ok()) {
        Some(seconds) => format!("{read}, about {} left", span(seconds.max(1))),
        None => read,
    }
}
