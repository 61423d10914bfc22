//! Bodies: ticked fields as flat keys, and templates whose placeholders are filled in.

use serde_json::{Map, Value};

use super::fields;
use super::rule::Encoding;
use crate::model::{Record, State};

/// The ticked fields under `<kind>_<field>`, in the order they were ticked. Source: seen on recorded deliveries.
pub(super) fn simple(state: &State, record: &Record, ticked: &[String]) -> Map<String, Value> {
    let zone = &state.config.zone;
    let pair = |name: &String| {
        let value = fields::read(state, record, name).map_or(Value::Null, |field| field.simple(zone));
        (format!("{}_{name}", record.kind.singular()), value)
    };
    ticked.iter().map(pair).collect()
}

/// How a value is made safe for the text it is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escaping {
    Raw,
    /// Inside a JSON string.
    Json,
    Xml,
    /// Inside a path, a query or a form.
    Percent,
}

impl From<Encoding> for Escaping {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Json => Self::Json,
            Encoding::Xml => Self::Xml,
            Encoding::Form => Self::Percent,
        }
    }
}

impl Escaping {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::Raw => text.to_owned(),
            Self::Json => {
                let quoted = Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Xml => super::encoding::xml_text(text),
            Self::Percent => super::encoding::percent(text),
        }
    }
}

/// The template with every placeholder replaced; one that names no field becomes empty.
pub(super) fn filled(state: &State, record: &Record, template: &str, escaping: Escaping) -> String {
    replaced(template, |path| {
        let field = field_name(record.kind.singular(), path);
        let text = fields::read(state, record, &field).map(|field| field.text(&state.config.zone));
        escaping.apply(&text.unwrap_or_default())
    })
}

/// The template with something harmless in place of every placeholder, to see whether it is a URL at all.
pub(super) fn without_placeholders(template: &str) -> String {
    replaced(template, |_| "x".to_owned())
}

/// `deal.sales_account.name` and `deal.custom_field.cf_seats` are the fields `sales_account_name` and `cf_seats`.
fn field_name(kind: &str, path: &str) -> String {
    let parts: Vec<&str> = path.split('.').map(str::trim).collect();
    let own = if parts.first() == Some(&kind) { &parts[1..] } else { &parts[..] };
    let parts: Vec<&str> = own.iter().copied().filter(|part| *part != "custom_field").collect();
    parts.join("_")
}

fn replaced(template: &str, value: impl Fn(&str) -> String) -> String {
    let (mut text, mut rest) = (String::with_capacity(template.len()), template);
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((path, tail)) = after.split_once("}}") else { break };
        text.push_str(before);
        text.push_str(&value(path.trim()));
        rest = tail;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("deal.id", "id")]
    #[case("deal.sales_account.name", "sales_account_name")]
    #[case("deal.custom_field.cf_seats", "cf_seats")]
    #[case("sales_account.name", "sales_account_name")]
    fn a_path_names_a_field(#[case] path: &str, #[case] field: &str) {
        assert_eq!(field_name("deal", path), field);
    }

    #[rstest]
    #[case("{{a}}-{{ b }}", "[a]-[b]")]
    #[case("{{a", "{{a")]
    #[case("}} {{a}}", "}} [a]")]
    #[case("", "")]
    fn placeholders_are_found(#[case] template: &str, #[case] expected: &str) {
        assert_eq!(replaced(template, |path| format!("[{path}]")), expected);
    }

    #[rstest]
    #[case(Escaping::Json, "a\"b\\\n", r#"a\"b\\\n"#)]
    #[case(Escaping::Xml, "<a & 'b'>", "&lt;a &amp; &#39;b&#39;&gt;")]
    #[case(Escaping::Percent, "a b/ü", "a%20b%2F%C3%BC")]
    #[case(Escaping::Raw, "\"", "\"")]
    fn values_are_made_safe_for_their_surroundings(#[case] way: Escaping, #[case] text: &str, #[case] expected: &str) {
        assert_eq!(way.apply(text), expected);
    }
}
