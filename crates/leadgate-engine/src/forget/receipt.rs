//! The receipt: what was asked, what was done, what remains.

use std::collections::BTreeMap;

use jiff::Timestamp;
use leadgate_store::erasure::{CrmForget, ForgetState};
use serde_json::{Value, json};

use super::SinkStanding;

/// The receipt of a demand that is done. The person is in it only as salted digests. `in_store` is what the store says of itself.
pub(super) fn receipt(state: &ForgetState, (sinks, in_store): (&[SinkStanding], &[&str]), now: Timestamp) -> Value {
    let (salt, digests) = state.sweep.marks.digests();
    let erased: BTreeMap<&str, u64> = state.sweep.counts.iter().map(|(place, count)| (place.name(), *count)).collect();
    json!({
        "asked_at": state.begun_at,
        "ended_at": now,
        "person": { "salt": salt, "digests": digests.collect::<Vec<_>>() },
        "erased": erased,
        "cancelled": state.sweep.cancelled,
        "crm": crm(&state.crm),
        "sinks": sinks.iter().map(standing).collect::<Vec<_>>(),
        "remains": remains(state, (sinks, in_store), now),
    })
}

fn crm(crm: &CrmForget) -> Value {
    match crm {
        CrmForget::Done(records) => json!({ "asked": true, "records_forgotten": records }),
        CrmForget::LeftAlone | CrmForget::Open | CrmForget::Parked(_) => json!({ "asked": false }),
    }
}

fn standing(sink: &SinkStanding) -> Value {
    json!({ "sink": sink.sink, "published": sink.failure.is_none(), "failure": sink.failure })
}

/// What still holds the person, in sentences.
fn remains(state: &ForgetState, (sinks, in_store): (&[SinkStanding], &[&str]), now: Timestamp) -> Vec<String> {
    let mut remains = vec![format!(
        "backups of the data folder and of the sinks from before {now:.0}, until you delete them; after restoring one, forget the person again"
    )];
    remains.extend(in_store.iter().map(|&sentence| sentence.to_owned()));
    if state.crm == CrmForget::LeftAlone {
        remains
            .push("the CRM, which was not asked to forget: what it tells of the person later is kept again".to_owned());
    }
    if state.sweep.of_others > 0 {
        remains.push(format!(
            "{} open submissions of other people that name the person, until they have landed; then forget the person again",
            state.sweep.of_others
        ));
    }
    if state.sweep.marks.digests().1.next().is_none() {
        remains.push(
            "what came in under an address or a number, of which none was named and none is known of the record: name it as well"
                .to_owned(),
        );
    }
    let failed = sinks.iter().filter(|sink| sink.failure.is_some());
    remains.extend(failed.map(|sink| format!("the sink {}, until it is next published", sink.sink)));
    remains
}
