//! What an import would do, without doing it.

use leadgate_core::import::{Expected, expected};
use serde_json::{Value, json};

use super::super::listing::text as shown;
use super::file::Prepared;
use crate::screen::Screen;

/// How much of a sample value is shown, in characters.
const SHOWN: usize = 30;

pub(super) fn document(prepared: &Prepared, in_crm: Option<Value>) -> Value {
    let tally = &prepared.tally;
    let columns = prepared.mapping.columns.iter().zip(&prepared.samples).map(|(column, sample)| {
        let value: String = sample.values.first().map(String::as_str).unwrap_or_default().chars().take(SHOWN).collect();
        let field = column.target.as_ref().map(ToString::to_string);
        json!({ "column": column.header, "field": field, "sure": column.score, "sample": value })
    });
    let problems = tally.problems.iter().map(|(row, problem)| json!({ "row": row, "problem": problem }));
    let leads = tally.rows - tally.refused - tally.duplicates;
    let without_ids = prepared.options.rules.without_ids;
    json!({
        "file": prepared.options.path,
        "columns": columns.collect::<Vec<_>>(),
        "rows": tally.rows,
        "leads": leads,
        "refused": tally.refused,
        "duplicates": tally.duplicates,
        "without_email": tally.without_email,
        "problems": problems.collect::<Vec<_>>(),
        "requests_expected": { "suite": requests(leads, true, without_ids), "classic": requests(leads, false, without_ids) },
        "in_crm": in_crm,
    })
}

fn requests(leads: u64, in_packs: bool, without_ids: bool) -> u64 {
    let so_far = Expected { waiting: leads, ended: 0, cost_milli: 0, without_ids };
    let facts = leadgate_core::catalog::AccountFacts {
        generation: String::new(),
        separate_leads: !in_packs,
        // As accounts are unless somebody changed it.
        contact_email_unique: in_packs.then_some(true),
        lead_stage_id: None,
        bulk_people: in_packs.then_some(100),
        batch_find: Some(100),
        keyed_person_upsert: true,
    };
    expected(&so_far, Some(&facts), None, jiff::Timestamp::UNIX_EPOCH).requests
}

pub(super) fn text(document: &Value, screen: &Screen) -> String {
    let rows = |name: &str| document[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let column = |column: &Value| {
        let field = column["field"].as_str().map_or_else(|| "(left out)".to_owned(), str::to_owned);
        [shown(&column["column"]), field, shown(&column["sure"]), shown(&column["sample"])]
    };
    let table = screen.table(["COLUMN", "FIELD", "SURE", "SAMPLE"], rows("columns").iter().map(column).collect());
    let expected = &document["requests_expected"];
    let mut lines = vec![
        table,
        String::new(),
        format!(
            "{} rows: {} leads, {} duplicates, {} that cannot be read",
            document["rows"], document["leads"], document["duplicates"], document["refused"]
        ),
        format!("about {} requests on a Suite account, {} on Classic", expected["suite"], expected["classic"]),
    ];
    if let Some(found) = document["in_crm"].as_object() {
        lines.push(format!("{} of {} addresses are in the account already", found["found"], found["looked_up"]));
    }
    let problem = |problem: &Value| format!("row {}: {}", problem["row"], shown(&problem["problem"]));
    lines.extend(rows("problems").iter().map(problem));
    lines.join("\n")
}

pub(super) fn duplicates_refused(prepared: &Prepared) -> String {
    let mut rows: Vec<_> = prepared.spoken_for.iter().collect();
    rows.sort_unstable();
    let told: Vec<String> = rows.iter().take(10).map(|(row, first)| format!("row {row} repeats row {first}")).collect();
    format!(
        "{} rows repeat the person of another: {}\nremove them, or choose what to do with --duplicates first, last or merge",
        rows.len(),
        told.join(", ")
    )
}
