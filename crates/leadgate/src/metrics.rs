//! The recorder behind `/metrics`: what is counted in this process, described, with the buckets of its histograms.

use anyhow::Context as _;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From a repeat that is answered out of the store to a CRM that hangs.
const SECONDS_OF_REQUESTS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];
/// From a lead that lands at once to one that waits for the next hour's quota.
const SECONDS_TO_LAND: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0, 3_600.0, 14_400.0];

/// Installs the recorder for this process.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&SECONDS_OF_REQUESTS)?
        .set_buckets_for_metric(Matcher::Full("leadgate_landing_seconds".to_owned()), &SECONDS_TO_LAND)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).context("metrics were installed twice in one process")?;
    describe();
    Ok(handle)
}

fn describe() {
    leadgate_web::metrics::describe();
    describe_counter!("leadgate_crm_requests_total", "Requests made to the CRM, by call and by what came of them");
    describe_histogram!("leadgate_crm_request_seconds", Unit::Seconds, "How long requests to the CRM took");
    describe_counter!("leadgate_jobs_ended_total", "Jobs that finished or were parked");
    describe_histogram!("leadgate_landing_seconds", Unit::Seconds, "From acceptance until it was in the CRM");
    describe_counter!(
        "leadgate_broker_requests_total",
        "Requests of other programs that were to go through, by lane and by what became of them"
    );
    describe_counter!("leadgate_removed_rows_total", "Rows that were not kept any longer, by kind");
    describe_gauge!("leadgate_queue_jobs", "Jobs at work or waiting");
    describe_gauge!("leadgate_queue_unplanned", "Submissions without a plan yet");
    describe_gauge!("leadgate_queue_oldest_seconds", Unit::Seconds, "Age of the oldest submission that has not ended");
    describe_gauge!("leadgate_jobs_parked", "Jobs that need a person");
    describe_gauge!("leadgate_budget_room_requests", "Requests that a lane could make now");
    describe_gauge!("leadgate_budget_used_requests", "Requests of the current hour, ours and others'");
    describe_gauge!("leadgate_budget_limit_requests", "Requests that the account allows in an hour");
    describe_gauge!("leadgate_account_stopped", "Accounts of which nothing may be asked");
    describe_gauge!("leadgate_outage", "Accounts whose CRM counts as down and is only asked whether it is back");
    describe_counter!("leadgate_outages_total", "Times that the CRM did not answer any call for a while");
}
