//! Lists as text: the same JSON that [`Render`] makes, without a tree for each row. Programs that copy an account read little else.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::links::each_link;
use super::{Render, Reply, ReplyBody, SideLoads};
use crate::model::columns::{Blank, Column, Shape, columns};
use crate::model::{Kind, Record};

/// A text that JSON is written to.
#[derive(Debug, Default)]
struct Text(Vec<u8>);

impl Text {
    fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        // Neither a buffer nor a value of JSON fails.
        drop(serde_json::to_writer(&mut self.0, value));
    }

    fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A comma before all members but the first, and the name, which needs no escapes.
    fn name(&mut self, name: &str) {
        self.comma();
        self.raw("\"");
        self.raw(name);
        self.raw("\":");
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.name(name);
        self.json(value);
    }

    fn comma(&mut self) {
        if !matches!(self.0.last(), Some(b'{' | b'[') | None) {
            self.raw(",");
        }
    }
}

/// The rows of a list and what comes beside them, while they are written.
#[derive(Debug)]
pub(crate) struct WrittenList<'a> {
    render: Render<'a>,
    loads: SideLoads,
    rows: Text,
}

impl<'a> WrittenList<'a> {
    pub(crate) fn new(render: Render<'a>) -> Self {
        Self { render, loads: SideLoads::default(), rows: Text::default() }
    }

    /// Adds a record with its side loads.
    pub(crate) fn add(&mut self, record: &Record) {
        self.rows.comma();
        if self.render.everything {
            let shown = self.render.record_with(record, &mut self.loads);
            return self.rows.json(&shown);
        }
        let mut more = Map::new();
        self.loads.load(&self.render, record, &mut more);
        write_record(&self.render, record, more, &mut self.rows);
    }

    /// The reply: side loads, the rows, `meta`.
    pub(crate) fn reply(self, kind: Kind, meta: Option<&Value>) -> Reply {
        let mut text = Text(Vec::with_capacity(self.rows.0.len() + 8192));
        text.raw("{");
        for (key, items) in self.loads.arrays().filter(|(key, _)| *key != kind.plural()) {
            text.name(key);
            text.raw("[");
            for item in items {
                text.comma();
                text.json(item);
            }
            text.raw("]");
        }
        text.name(kind.plural());
        text.raw("[");
        text.0.extend_from_slice(&self.rows.0);
        text.raw("]");
        if let Some(meta) = meta {
            text.member("meta", meta);
        }
        text.raw("}");
        Reply::new(http::StatusCode::OK, ReplyBody::Text(text.0))
    }
}

/// The columns of a record, then what its side loads add to it: what they say of a column counts.
fn write_record(render: &Render<'_>, record: &Record, mut more: Map<String, Value>, text: &mut Text) {
    text.raw("{");
    for column in columns(record.kind).iter().filter(|column| render.shows(column)) {
        text.name(column.name);
        match more.shift_remove(column.name) {
            Some(value) => text.json(&value),
            None => write_value(render, record, column, text),
        }
    }
    if render.shows_accounts(record) {
        text.member("sales_accounts", &render.accounts_of(record));
    }
    for (name, value) in more {
        text.member(&name, &value);
    }
    text.raw("}");
}

fn write_value(render: &Render<'_>, record: &Record, column: &Column, text: &mut Text) {
    if column.shape != Shape::Computed {
        return match record.get(column.name) {
            Value::Null => write_blank(column.blank, text),
            Value::String(_) if column.shape == Shape::Moment => text.json(&render.value(record, column)),
            value => text.json(value),
        };
    }
    match (record.kind, column.name) {
        (Kind::Contact | Kind::Lead | Kind::SalesAccount | Kind::Deal, "links") => write_links(render, record, text),
        (Kind::Contact | Kind::Lead | Kind::SalesAccount | Kind::Deal, "custom_field") => {
            write_custom_fields(render, record, text);
        }
        (Kind::Contact | Kind::Lead, "emails") => write_emails(record, text),
        _ => text.json(&render.value(record, column)),
    }
}

fn write_blank(blank: Blank, text: &mut Text) {
    match blank {
        Blank::Null => text.raw("null"),
        Blank::Integer(number) => text.json(&number),
        Blank::False => text.raw("false"),
        Blank::True => text.raw("true"),
        Blank::EmptyList => text.raw("[]"),
        Blank::Word(word) => text.json(word),
    }
}

fn write_links(render: &Render<'_>, record: &Record, text: &mut Text) {
    text.raw("{");
    each_link(record.kind, render.generation, |name, prefix, rest| {
        text.name(name);
        text.raw("\"");
        text.raw(prefix);
        text.raw("/");
        text.raw(record.kind.plural());
        text.raw("/");
        text.json(&record.id);
        text.raw("/");
        text.raw(rest);
        text.raw("\"");
    });
    text.raw("}");
}

fn write_custom_fields(render: &Render<'_>, record: &Record, text: &mut Text) {
    text.raw("{");
    let held = &record.custom;
    for field in render.state.fields_of(record) {
        text.comma();
        text.json(&field.name);
        text.raw(":");
        text.json(held.get(&field.name).unwrap_or(&Value::Null));
    }
    for (name, value) in held {
        if render.state.fields_of(record).all(|field| field.name != *name) {
            text.comma();
            text.json(name);
            text.raw(":");
            text.json(value);
        }
    }
    text.raw("}");
}

fn write_emails(record: &Record, text: &mut Text) {
    text.raw("[");
    for email in &record.emails {
        text.comma();
        text.raw("{");
        text.member("id", &email.id);
        text.member("value", &email.address);
        text.member("is_primary", &email.primary);
        text.member("label", &email.label);
        text.member("_destroy", &json!(false));
        text.raw("}");
    }
    text.raw("]");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::account::Account;
    use crate::model::State;
    use crate::wire::list_reply;
    use crate::{Generation, SandboxConfig};

    const GENERATIONS: [Generation; 2] = [Generation::Classic, Generation::Suite];

    fn text_of(reply: Reply) -> String {
        match reply.body {
            ReplyBody::Json(value) => value.to_string(),
            ReplyBody::Text(text) => String::from_utf8(text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_are_written_as_they_are_rendered() {
        let account = Account::new(State::new(SandboxConfig::default()));
        account.seed_records(60, 5);
        account.seed_contact(
            &json!({"last_name": "\"Quote\"\n", "custom_field": {"cf_license_key": "é\"1", "cf_seats": 3}, "tags": ["a"]}),
        );
        account.advance(Duration::from_secs(10));
        let includes = [
            "owner",
            "notes",
            "deals",
            "sales_account",
            "sales_accounts",
            "contacts",
            "source",
            "targetable",
            "users",
            "products",
        ];
        let state = &*account.lock();
        for (kind, generation) in
            Kind::ALL.into_iter().flat_map(|kind| GENERATIONS.map(|generation| (kind, generation)))
        {
            let render = Render::new(state, generation, &includes);
            let (mut written, mut loads) = (WrittenList::new(render), SideLoads::default());
            let records = || state.table(kind).live().take(200);
            records().for_each(|record| written.add(record));
            let rows = records().map(|record| render.record_with(record, &mut loads)).collect();
            let meta = json!({"total": 3});
            let rendered = text_of(list_reply(loads, kind, rows, Some(meta.clone())));
            let parsed = |text: String| serde_json::from_str::<Value>(&text).unwrap();
            assert_eq!(parsed(text_of(written.reply(kind, Some(&meta)))), parsed(rendered), "{kind:?}");
        }
    }
}
