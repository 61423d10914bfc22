//! What a run would cost: from what the copy knows, and from one question where it knows nothing.

use leadgate_core::clock::Clock as _;
use leadgate_core::sync::{Forecast, Known, Part, Reading, Stream, grouped};
use leadgate_engine::sync::{CopyKeeper, RowsReader, SyncSettings};
use serde_json::json;

use crate::cli::Session;
use crate::config::Settings;
use crate::exit::{CommandResult, Exit, Failure};
use crate::syncing::{Reader, wait_until};
use crate::wiring::{self, SystemClock};

pub(super) async fn show(
    reader: &Reader,
    sync: &SyncSettings,
    settings: &Settings,
    session: &Session,
) -> CommandResult {
    let copy = CopyKeeper::open(&sync.copy).await.map_err(anyhow::Error::new)?;
    let (mut known, mut asked) = (Vec::new(), 0);
    for stream in sync.in_order() {
        if stream == Stream::Notes {
            continue;
        }
        let mut of = from_copy(&copy, sync, stream).await?;
        if of.rows.is_none() && stream.tells_changes() {
            let (rows, requests) = from_account(reader, stream).await?;
            asked += requests;
            of.rows = rows;
        }
        known.push(of);
    }
    let forecast = Forecast::of(known, &wiring::engine_settings(settings).budget);
    let document = json!({"forecast": forecast, "asked": asked});
    session.screen.show(&document, || text(&forecast, asked, session));
    Ok(Exit::Done)
}

/// What the copy knows of a stream.
async fn from_copy(copy: &CopyKeeper, sync: &SyncSettings, stream: Stream) -> Result<Known, Failure> {
    let state = copy.with(move |copy| Ok((copy.state(stream)?, copy.count(stream)?))).await;
    let (state, count) = state.map_err(anyhow::Error::new)?;
    let reading = Reading::resume(stream, state.as_deref());
    let whole = reading.watermark().is_none() || reading.is_whole_due(SystemClock.now(), &sync.pace);
    let is_known = reading.watermark().is_some() || !stream.tells_changes();
    Ok(Known { stream, rows: is_known.then_some(count), whole })
}

/// What the account says of it, and how many requests that took.
async fn from_account(reader: &Reader, stream: Stream) -> Result<(Option<u64>, u64), Failure> {
    let mut rows = RowsReader::new(reader.engine.clone(), stream, Part::Whole, 1);
    loop {
        match rows.total().await {
            Ok(Ok(total)) => return Ok((total, rows.requests())),
            Ok(Err(until)) => wait_until(until).await,
            Err(failure) => return Err(anyhow::anyhow!("{stream} could not be counted: {failure}").into()),
        }
    }
}

fn text(forecast: &Forecast, asked: u64, session: &Session) -> String {
    let rows = forecast.streams.iter().map(|cost| {
        let reading = if cost.whole { "everything" } else { "what changed" };
        let rows = cost.rows.map_or_else(|| "?".to_owned(), grouped);
        [cost.stream.name().to_owned(), reading.to_owned(), rows, grouped(cost.requests)]
    });
    let table = session.screen.table(["STREAM", "READS", "ROWS", "REQUESTS"], rows.collect());
    let note = "each hundred rows that changed cost one request more";
    format!(
        "{table}\n{}\n{}",
        forecast.sentence(),
        session.screen.faint(&format!("{note}; {asked} requests were made to find this out"))
    )
}
