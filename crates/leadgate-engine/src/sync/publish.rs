//! Publishing: each sink is brought up to date with what was read to its end.

use leadgate_core::sync::Stream;
use leadgate_warehouse::{Published, SinkError, SinkSpec};

use super::CopyKeeper;
use super::run::SyncRun;

impl SyncRun {
    /// Tries each sink before anything is asked for. One that cannot be used is a problem of the run; without any that can, nothing is read.
    pub(super) async fn try_sinks(&mut self) {
        let (sinks, streams) = (self.settings.sinks.clone(), self.settings.streams.clone());
        let mut usable = sinks.is_empty();
        for sink in &sinks {
            match tried(sink, &streams).await {
                Ok(()) => usable = true,
                Err(error) => self.sink_fails(sink, &error),
            }
        }
        self.settle_sinks(usable);
    }

    fn sink_fails(&mut self, sink: &SinkSpec, error: &SinkError) {
        let message = with_causes(error);
        tracing::error!(sync.sink = %sink, "publishing to {sink} failed: {message}");
        self.report.problem(sink.to_string(), message);
    }

    /// Publishes to one sink. Returns whether there is such a one. A sink that fails is a problem of the run; the next run publishes again.
    pub(super) async fn publish(&mut self, number: usize) -> bool {
        let Some(sink) = self.settings.sinks.get(number).cloned() else { return false };
        let streams = self.streams_to_publish();
        let has_failed = self.report.problems.iter().any(|problem| problem.of == sink.to_string());
        if streams.is_empty() || has_failed {
            return true;
        }
        match published(&sink, &self.copy, &streams).await {
            Ok(published) => self.report.published.extend(told(&sink, &published)),
            Err(error) => self.sink_fails(&sink, &error),
        }
        true
    }

    /// Streams that were read to their end, as far as they are wanted: half a stream is not published.
    fn streams_to_publish(&self) -> Vec<Stream> {
        let is_read = |stream: &Stream| self.report.streams.get(stream).is_some_and(|report| report.read);
        let wanted = Stream::ALL.into_iter().filter(|stream| self.settings.streams.contains(stream));
        wanted.filter(is_read).collect()
    }
}

async fn tried(sink: &SinkSpec, streams: &[Stream]) -> Result<(), SinkError> {
    sink.open()?.check(streams).await
}

async fn published(sink: &SinkSpec, copy: &CopyKeeper, streams: &[Stream]) -> Result<Published, SinkError> {
    sink.open()?.publish(copy.path(), streams).await
}

/// What was done to a sink, in a line for each table that changed.
fn told(sink: &SinkSpec, published: &Published) -> Vec<String> {
    let changed = published
        .tables
        .iter()
        .filter(|(_, table)| table.written + table.removed > 0 || !table.added.is_empty() || !table.renamed.is_empty());
    changed
        .map(|(name, table)| {
            let mut line = format!("{name} to {sink}: {} written", table.written);
            if table.removed > 0 {
                line.push_str(&format!(", {} removed", table.removed));
            }
            for (from, to) in &table.renamed {
                line.push_str(&format!(", column {from} is now {to}"));
            }
            line
        })
        .collect()
}

/// The error with its causes. None of them shows a password: sinks are told by their names.
fn with_causes(error: &SinkError) -> String {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    message
}
