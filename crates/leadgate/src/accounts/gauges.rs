//! What is measured of the accounts when somebody reads the metrics: sums, so that a thousand accounts are no more series than one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::iter;
use jiff::Timestamp;
use leadgate_core::clock::Clock as _;
use leadgate_core::mirror::Tally;
use leadgate_core::record::RecordKind;
use leadgate_engine::Engine;
use leadgate_engine::metrics;
use leadgate_store::model::QueueStats;
use leadgate_store::{Store, StoreError};
use metrics_exporter_prometheus::PrometheusHandle;

use super::hosts::Hosts;
use crate::wiring::SystemClock;

/// How long reading the metrics may wait for the stores.
const STATS_WITHIN: Duration = Duration::from_secs(2);
/// Stores that are read at once.
const AT_ONCE: usize = 16;

/// An engine and the store that it works on.
pub(crate) type Measured = (Engine, Arc<dyn Store>);

type Read = (Engine, QueueStats, Vec<(RecordKind, Tally)>);

/// Renders the metrics, the gauges read at that moment.
pub(crate) fn render(
    handle: PrometheusHandle,
    default: Option<Measured>,
    hosts: Arc<Hosts>,
) -> leadgate_web::state::RenderMetrics {
    Arc::new(move || {
        let measured: Vec<Measured> = default.iter().cloned().chain(hosts.measured()).collect();
        let read = tokio::task::block_in_place(|| {
            let runtime = tokio::runtime::Handle::current();
            let within = tokio::time::timeout(STATS_WITHIN, read_and_set(measured, default.as_ref()));
            runtime.block_on(within)
        });
        if !matches!(read, Ok(Ok(()))) {
            tracing::warn!("a store did not say how much waits; the gauges are those of the last time");
        }
        handle.render()
    })
}

/// Destinations are told apart only for the default account: the names that accounts give theirs have no bound.
async fn read_and_set(measured: Vec<Measured>, default: Option<&Measured>) -> Result<(), StoreError> {
    let now = SystemClock.now();
    let reads = iter(measured).map(|measured| read(measured, now)).buffer_unordered(AT_ONCE);
    let read: Vec<Result<Read, StoreError>> = reads.collect().await;
    let read = read.into_iter().collect::<Result<Vec<Read>, StoreError>>()?;
    metrics::set_change_counts(&sums(&read));
    let stats: Vec<(Engine, QueueStats)> = read.into_iter().map(|(engine, stats, _)| (engine, stats)).collect();
    metrics::set_gauges(&stats, now);
    if let Some((engine, store)) = default {
        metrics::set_delivery_gauges(&store.destination_standings().await?, engine, now);
    }
    Ok(())
}

async fn read((engine, store): Measured, now: Timestamp) -> Result<Read, StoreError> {
    Ok((engine, store.stats(now).await?, store.tallies().await?))
}

fn sums(read: &[Read]) -> Vec<(RecordKind, Tally)> {
    let mut sums: BTreeMap<&'static str, (RecordKind, Tally)> = BTreeMap::new();
    for (kind, tally) in read.iter().flat_map(|(_, _, tallies)| tallies) {
        let (_, sum) = sums.entry(kind.name()).or_insert_with(|| (*kind, Tally::default()));
        sum.told += tally.told;
        sum.lost += tally.lost;
        sum.late += tally.late;
    }
    sums.into_values().collect()
}
