//! What an activity leaves on the records it is about: when they were last contacted and how.

use jiff::Timestamp;
use serde_json::json;

use crate::model::{Kind, List, Record, State};

/// The attributes that tell the moment and the way of the last contact.
struct Attributes {
    moment: &'static str,
    mode: &'static str,
}

const DIRECT: Attributes = Attributes { moment: "last_contacted", mode: "last_contacted_mode" };
const BY_ACTIVITY: Attributes =
    Attributes { moment: "last_contacted_via_sales_activity", mode: "last_contacted_sales_activity_mode" };

/// Notes a contact on the targets of a call, an e-mail or a sales activity that was written.
pub(super) fn note(state: &mut State, activity: &Record) {
    let direction = |out: bool| if out { "Outgoing" } else { "Incoming" };
    match activity.kind {
        Kind::PhoneCall => {
            let mode = format!("Call {}", direction(activity.get("call_direction").as_bool() != Some(true)));
            remember(state, activity, &DIRECT, "conversation_time", &mode);
        }
        Kind::EmailConversation => {
            let incoming = activity.text("direction").is_some_and(|word| word.eq_ignore_ascii_case("incoming"));
            let mode = format!("Email {}", direction(!incoming));
            remember(state, activity, &DIRECT, "conversation_time", &mode);
        }
        Kind::SalesActivity => {
            let kind = activity.id_in("sales_activity_type_id");
            let kind = kind.and_then(|id| state.catalog.entry(List::SalesActivityTypes, id));
            let mode = kind.map(|kind| kind.name.clone()).unwrap_or_default();
            remember(state, activity, &BY_ACTIVITY, "end_date", &mode);
        }
        _ => {}
    }
}

/// Only a later contact replaces an earlier one, and one that is still to come is none yet. Deals keep activities only.
fn remember(state: &mut State, activity: &Record, attributes: &Attributes, time: &str, mode: &str) {
    let Some(moment) = moment(activity, time).filter(|moment| *moment <= state.now()) else { return };
    for &(kind, id) in &activity.targets {
        let newer = state
            .record(kind, id)
            .is_some_and(|record| self::moment(record, attributes.moment).is_none_or(|before| before <= moment));
        if newer && (kind != Kind::Deal || attributes.moment == BY_ACTIVITY.moment) {
            state.derive(kind, id, |record| {
                record.set(attributes.moment, json!(moment.to_string()));
                record.set(attributes.mode, json!(mode));
            });
        }
    }
}

fn moment(record: &Record, name: &str) -> Option<Timestamp> {
    record.text(name)?.parse().ok()
}
