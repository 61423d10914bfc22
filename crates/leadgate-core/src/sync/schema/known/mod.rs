//! The CRM's own columns of each stream. `docs/streams.md` is made of these tables.

mod activities;
mod names;
mod people;
mod records;

use crate::sync::{ColumnKind, Stream};

/// A column that every account has; accounts of one generation leave some of them blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownColumn {
    /// Its name.
    pub name: &'static str,
    /// What its cells are.
    pub kind: ColumnKind,
    /// What they mean, in a few words.
    pub meaning: &'static str,
    /// Whether the value can change without the row being told as changed: it is right as of the last time the row was read.
    pub lags: bool,
}

/// The columns of a stream, in order; the first is `id`.
pub fn known_columns(stream: Stream) -> impl Iterator<Item = &'static KnownColumn> {
    let tables: &[&[KnownColumn]] = match stream {
        Stream::Leads => &[ID, people::PERSON, people::LEAD, OWNERSHIP, SOURCE, TIMES],
        Stream::Contacts => &[ID, people::PERSON, people::CONTACT, OWNERSHIP, SOURCE, TIMES],
        Stream::SalesAccounts => &[ID, records::SALES_ACCOUNT, OWNERSHIP, TIMES],
        Stream::Deals => &[ID, records::DEAL, OWNERSHIP, SOURCE, TIMES],
        Stream::Notes => &[ID, activities::NOTE, activities::TARGET, activities::MADE_BY, TIMES],
        Stream::Tasks => &[ID, activities::TASK, activities::TARGET, activities::HELD_BY, TIMES],
        Stream::Appointments => &[ID, activities::APPOINTMENT, activities::TARGET, activities::HELD_BY, TIMES],
        Stream::SalesActivities => &[ID, activities::SALES_ACTIVITY, activities::TARGET, activities::HELD_BY, TIMES],
        Stream::Products | Stream::Lists => &[ID, names::NAMED],
        Stream::Users => &[ID, names::USER],
        Stream::Stages => &[ID, names::STAGE],
        Stream::Pipelines => &[ID, names::PIPELINE],
        Stream::Fields => &[ID, names::FIELD],
    };
    tables.iter().flat_map(|table| table.iter())
}

const fn column(name: &'static str, kind: ColumnKind, meaning: &'static str) -> KnownColumn {
    KnownColumn { name, kind, meaning, lags: false }
}

const fn text(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Text, meaning)
}

const fn integer(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Integer, meaning)
}

const fn decimal(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Decimal, meaning)
}

const fn boolean(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Boolean, meaning)
}

const fn date(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Date, meaning)
}

const fn time(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Time, meaning)
}

const fn json(name: &'static str, meaning: &'static str) -> KnownColumn {
    column(name, ColumnKind::Json, meaning)
}

const fn lagging(column: KnownColumn) -> KnownColumn {
    KnownColumn { lags: true, ..column }
}

const ID: &[KnownColumn] = &[integer("id", "what tells the row from the others of its stream")];

/// Whose a record is.
const OWNERSHIP: &[KnownColumn] = &[
    integer("owner_id", "the user who owns it"),
    lagging(text("owner_name", "the owner's name")),
    lagging(text("owner_email", "the owner's e-mail address")),
    integer("creater_id", "the user who made it"),
    lagging(text("creater_name", "the name of the user who made it")),
    integer("updater_id", "the user who changed it last"),
    lagging(text("updater_name", "the name of the user who changed it last")),
    integer("territory_id", "the territory"),
    lagging(text("territory_name", "the territory's name")),
    json("team_user_ids", "users of its team"),
    lagging(time("last_assigned_at", "when it got its owner")),
    json("tags", "its tags"),
];

/// Where a record came from.
const SOURCE: &[KnownColumn] = &[
    integer("lead_source_id", "where it came from"),
    lagging(text("lead_source_name", "the source's name")),
    integer("campaign_id", "the campaign"),
    lagging(text("campaign_name", "the campaign's name")),
];

const TIMES: &[KnownColumn] = &[time("created_at", "when it was made"), time("updated_at", "when it was changed last")];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_stream_begins_with_its_id_and_names_no_column_twice() {
        for stream in Stream::ALL {
            let names: Vec<_> = known_columns(stream).map(|column| column.name).collect();
            assert_eq!(names[0], "id", "{stream}");
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{stream}: {names:?}");
            let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(names.iter().all(|name| is_plain(name)), "{stream}: {names:?}");
        }
    }
}
