//! Custom fields that every write must leave filled.

use super::Draft;

/// Refuses a record that lacks a mandatory custom field. A field that became mandatory counts from then on, for old records too: seen in the wild.
pub(super) fn check_required(draft: &mut Draft<'_>) {
    let fields = draft.state.fields_of(&draft.record).filter(|field| field.required);
    let missing = fields.filter(|field| !draft.record.custom.contains_key(&field.name));
    let sentences: Vec<String> = missing.map(|field| format!("{} can't be empty", field.label)).collect();
    for sentence in sentences {
        draft.wrong(sentence);
    }
}
