//! Bulk upserts: reading the rows, and carrying a job out when its time has come.

use serde_json::{Map, Value, json};

use super::upsert;
use crate::model::jobs::{DueJob, JobOutcome, JobRow};
use crate::model::{Kind, State};
use crate::switches::FailureItem;
use crate::wire::{Manner, Refusal};

/// Most rows of one call. Source: official reference.
const MAXIMUM_ROWS: usize = 100;

/// Rows of `{"contacts":[{"emails":"…","data":{…}}]}`: one identifier key beside `data`.
pub(crate) fn rows(kind: Kind, body: &Map<String, Value>) -> Result<Vec<JobRow>, Refusal> {
    let items = body.get(kind.plural()).and_then(Value::as_array).filter(|items| !items.is_empty());
    let Some(items) = items else { return Err(Refusal::invalid(format!("{} can't be blank", kind.plural()))) };
    if items.len() > MAXIMUM_ROWS {
        return Err(Refusal::invalid(format!("A maximum of {MAXIMUM_ROWS} records can be sent at once")));
    }
    items.iter().map(row).collect()
}

fn row(item: &Value) -> Result<JobRow, Refusal> {
    let unusable = || Refusal::invalid("Every record needs one unique identifier and data");
    let object = item.as_object().ok_or_else(unusable)?;
    let data = object.get("data").and_then(Value::as_object).ok_or_else(unusable)?.clone();
    let identifier = object.iter().find(|(name, _)| name.as_str() != "data").ok_or_else(unusable)?;
    Ok(JobRow { identifier: (identifier.0.clone(), identifier.1.clone()), data })
}

/// Upserts every row; a row that is refused is reported and does not stop the others.
pub(crate) fn carry_out(state: &mut State, job: DueJob) -> (i64, JobOutcome) {
    let mut outcome = JobOutcome::default();
    for row in job.rows {
        let (name, value) = &row.identifier;
        match upsert(state, job.kind, job.generation, &row.identifier, row.data) {
            Ok(record) => {
                outcome.succeeded += 1;
                if record.created_at == job.due {
                    state.derive(job.kind, record.id, |record| record.imported = true);
                }
            }
            Err(refusal) => {
                let mut failure = Map::new();
                failure.insert(name.clone(), value.clone());
                failure.extend(failure_parts(state, &refusal));
                outcome.failures.push(Value::Object(failure));
            }
        }
    }
    (job.id, outcome)
}

/// What a failure report says beside the identifier.
fn failure_parts(state: &State, refusal: &Refusal) -> Map<String, Value> {
    let manner = Manner::of(state);
    let said = manner.sentences(refusal);
    let parts = match state.switches.job_failure_item {
        FailureItem::Errors => json!({"errors": said}),
        FailureItem::Message => json!({"message": said.join(" ")}),
        FailureItem::FieldMap => json!({"errors": manner.field_map(refusal)}),
        FailureItem::Envelope => json!({"error": {"code": 400, "message": said}}),
    };
    parts.as_object().cloned().unwrap_or_default()
}
