//! A row as the body that `POST /v1/leads` takes.

use serde_json::{Map, Value};

use super::cell::RowCell;
use super::mapping::Mapping;
use super::target::Target;
use crate::intake::{self, IntakeError, Lead, ReadingRules, Submission};
use crate::submission::{RawSubmission, Route};

/// What every lead of an import is to have besides what its row says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowRules {
    /// Replace values that the CRM has, rather than fill blanks only.
    pub overwrite: bool,
    /// Tags for all.
    pub tags: Vec<String>,
    /// Lead source, where the row names none.
    pub source: Option<String>,
    /// The ids of those who are made are not worth a request for each hundred.
    pub without_ids: bool,
}

/// The body of a row's lead. `cells` are in the order of the columns; blank ones say nothing.
pub fn lead_of(mapping: &Mapping, cells: &[RowCell], rules: &RowRules) -> Map<String, Value> {
    let mut lead = Map::new();
    for (column, cell) in mapping.columns.iter().zip(cells) {
        if let Some(target) = column.target.as_ref().filter(|_| !cell.is_blank()) {
            set(&mut lead, target, cell);
        }
    }
    // A size or a site without the name of the company has nowhere to go.
    if lead.get("company").is_some_and(|company| company.get("name").is_none()) {
        lead.remove("company");
    }
    if lead.get("deal").is_some_and(|deal| deal.get("name").is_none()) {
        lead.remove("deal");
    }
    add_tags(&mut lead, rules.tags.iter().map(String::as_str));
    if let Some(source) = &rules.source {
        lead.entry("source").or_insert_with(|| source.as_str().into());
    }
    if rules.overwrite {
        lead.insert("overwrite".to_owned(), true.into());
    }
    if rules.without_ids {
        lead.insert("wants_id".to_owned(), false.into());
    }
    lead
}

/// What is no number where one belongs stays as it is, so that the mistake is told.
fn set(lead: &mut Map<String, Value>, target: &Target, cell: &RowCell) {
    let text = cell.as_str().trim();
    match target {
        Target::Custom(name) => insert_into(lead, "custom_fields", name, text.into()),
        Target::Named("tags") => add_tags(lead, text.split([';', ',']).map(str::trim).filter(|tag| !tag.is_empty())),
        Target::Named("full_name") => set_name(lead, text),
        Target::Named("employees") => {
            drop(lead.insert("employees".to_owned(), cell.whole_number().map_or_else(|| text.into(), Value::from)))
        }
        Target::Named("deal.amount") => {
            insert_into(lead, "deal", "amount", cell.amount().unwrap_or_else(|| text.to_owned()).into())
        }
        Target::Named(name) => match name.split_once('.') {
            Some((outer, inner)) => insert_into(lead, outer, inner, text.into()),
            None => drop(lead.insert((*name).to_owned(), text.into())),
        },
    }
}

fn insert_into(lead: &mut Map<String, Value>, outer: &str, inner: &str, value: Value) {
    let entry = lead.entry(outer).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(object) = entry {
        object.insert(inner.to_owned(), value);
    }
}

fn add_tags<'a>(lead: &mut Map<String, Value>, tags: impl Iterator<Item = &'a str>) {
    for tag in tags {
        let entry = lead.entry("tags").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(held) = entry
            && !held.iter().any(|known| known == tag)
        {
            held.push(tag.into());
        }
    }
}

/// `Ada King` and `King, Ada` are a first and a last name; a column of its own for either says it better.
fn set_name(lead: &mut Map<String, Value>, full: &str) {
    let (first, last) = match full.split_once(',') {
        Some((last, first)) => (first.trim(), last.trim()),
        None => full.split_once(char::is_whitespace).map_or((full, ""), |(first, last)| (first, last.trim())),
    };
    for (name, part) in [("first_name", first), ("last_name", last)] {
        if !part.is_empty() {
            lead.entry(name).or_insert_with(|| part.into());
        }
    }
}

/// Reads a row's lead as the gateway will.
///
/// # Errors
/// [`IntakeError`] with every problem found, in the words that `POST /v1/leads` uses.
pub fn read_row(lead: &Map<String, Value>, rules: &ReadingRules) -> Result<Lead, IntakeError> {
    let body = Value::Object(lead.clone()).to_string().into_bytes();
    match intake::read(&RawSubmission::new(Route::Lead, None, body), rules)? {
        Submission::Lead(lead) => Ok(*lead),
        // That route reads nothing else.
        _ => Ok(Lead::default()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::import::Sample;

    fn mapping(headers: &[&str]) -> Mapping {
        let samples: Vec<Sample> =
            headers.iter().map(|header| Sample { header: (*header).to_owned(), values: Vec::new() }).collect();
        let said: Vec<String> = headers.iter().map(|header| format!("{header}={header}")).collect();
        Mapping::of(&samples, &said).unwrap()
    }

    #[rstest]
    #[case::plain(&["email", "first_name"], &["ada@x.io", " Ada "], json!({"email": "ada@x.io", "first_name": "Ada"}))]
    #[case::blank_says_nothing(&["email", "phone"], &["ada@x.io", " "], json!({"email": "ada@x.io"}))]
    #[case::inside(&["email", "company.name", "address.city"], &["a@x.io", "Acme", "Oslo"],
        json!({"email": "a@x.io", "company": {"name": "Acme"}, "address": {"city": "Oslo"}}))]
    #[case::site_without_company(&["email", "company.website"], &["a@x.io", "https://x.io"], json!({"email": "a@x.io"}))]
    #[case::tags(&["email", "tags"], &["a@x.io", "a; b,a"], json!({"email": "a@x.io", "tags": ["a", "b"]}))]
    #[case::custom(&["email", "cf_code"], &["a@x.io", "007"], json!({"email": "a@x.io", "custom_fields": {"cf_code": "007"}}))]
    #[case::full_name(&["email", "full_name"], &["a@x.io", "King, Ada"], json!({"email": "a@x.io", "first_name": "Ada", "last_name": "King"}))]
    #[case::employees(&["email", "employees"], &["a@x.io", "1,200"], json!({"email": "a@x.io", "employees": 1200}))]
    fn a_row_is_a_lead(#[case] headers: &[&str], #[case] cells: &[&str], #[case] expected: Value) {
        let cells: Vec<RowCell> = cells.iter().map(|text| RowCell::from(*text)).collect();
        assert_eq!(Value::Object(lead_of(&mapping(headers), &cells, &RowRules::default())), expected);
    }

    #[test]
    fn mistakes_read_as_those_of_a_lead() {
        let row = lead_of(&mapping(&["email"]), &["nobody".into()], &RowRules::default());
        let error = read_row(&row, &ReadingRules::default()).unwrap_err().to_string();
        assert!(error.starts_with("email"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_making_of_a_lead(cells in prop::collection::vec("\\PC{0,30}", 6)) {
            let mapping = mapping(&["email", "full_name", "employees", "deal.amount", "tags", "company.name"]);
            let cells: Vec<RowCell> = cells.into_iter().map(RowCell::Text).collect();
            let _ = read_row(&lead_of(&mapping, &cells, &RowRules::default()), &ReadingRules::default());
        }
    }
}
