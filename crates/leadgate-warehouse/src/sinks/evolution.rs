//! How a table that was made for yesterday's columns gets today's.
//!
//! A column is the same if it is of the same field of the account, or, for the CRM's own fields, of the same name. So a renamed field keeps
//! its column, under the new name. A column that the account no longer has stays in a table as it is, for whoever reads it.

use leadgate_core::sync::{Column, ColumnKind};

use super::TablePublished;

/// What has to be done to a table's columns.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Evolution<'columns> {
    /// Columns with a new name: the old one, the new one.
    pub(crate) renamed: Vec<(&'columns str, &'columns str)>,
    /// Columns of another kind than before.
    pub(crate) retyped: Vec<&'columns Column>,
    pub(crate) added: Vec<&'columns Column>,
    pub(crate) retired: Vec<&'columns str>,
}

impl<'columns> Evolution<'columns> {
    /// From the columns that were to those that are.
    pub(crate) fn between(stored: &'columns [Column], today: &'columns [Column]) -> Evolution<'columns> {
        let mut evolution = Evolution::default();
        for column in today {
            match stored.iter().find(|other| is_same(other, column)) {
                None => evolution.added.push(column),
                Some(before) => {
                    if before.name != column.name {
                        evolution.renamed.push((&before.name, &column.name));
                    }
                    if before.kind != column.kind {
                        evolution.retyped.push(column);
                    }
                }
            }
        }
        let gone = stored.iter().filter(|other| !today.iter().any(|column| is_same(other, column)));
        evolution.retired = gone.map(|column| column.name.as_str()).collect();
        evolution
    }

    /// Whether rows that were written before have other cells now.
    pub(crate) fn touches_rows(&self) -> bool {
        !self.retyped.is_empty() || !self.added.is_empty()
    }

    /// For people.
    pub(crate) fn told(&self) -> TablePublished {
        let name = |(old, new): &(&str, &str)| ((*old).to_owned(), (*new).to_owned());
        TablePublished {
            added: self.added.iter().map(|column| column.name.clone()).collect(),
            renamed: self.renamed.iter().map(name).collect(),
            retired: self.retired.iter().map(|name| (*name).to_owned()).collect(),
            ..TablePublished::default()
        }
    }

    /// The statements that do it to `table`, which has columns of the names `present`, retired ones among them. Names are quoted by the
    /// caller's `dialect`.
    pub(crate) fn statements(&self, table: &str, present: &[String], dialect: &Dialect) -> Vec<String> {
        let quote = |name: &str| quoted(&(dialect.name)(name));
        let moving: Vec<String> = self.renamed.iter().map(|(old, _)| (dialect.name)(old)).collect();
        let is_in_the_way = |name: &str| {
            let name = (dialect.name)(name);
            present.contains(&name) && !moving.contains(&name)
        };
        let drop = |name: &str| format!("ALTER TABLE {table} DROP COLUMN {}", quote(name));
        let add = |column: &Column| {
            format!("ALTER TABLE {table} ADD COLUMN {} {}", quote(&column.name), (dialect.kind)(column.kind))
        };
        let in_the_way = self.renamed.iter().map(|(_, new)| *new).chain(self.added.iter().map(|add| add.name.as_str()));
        let mut statements: Vec<String> = in_the_way.filter(|name| is_in_the_way(name)).map(drop).collect();
        // In two steps, since two columns may have swapped their names.
        let rename = |from: String, to: String| format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}");
        let between = |index: usize| format!("\"leadgate_renamed_{index}\"");
        let renamed = || self.renamed.iter().enumerate();
        statements.extend(renamed().map(|(index, (old, _))| rename(quote(old), between(index))));
        statements.extend(renamed().map(|(index, (_, new))| rename(between(index), quote(new))));
        for column in &self.retyped {
            statements.extend([drop(&column.name), add(column)]);
        }
        statements.extend(self.added.iter().map(|column| add(column)));
        statements
    }
}

/// How a database writes things.
pub(crate) struct Dialect {
    /// What it calls a kind of column.
    pub(crate) kind: fn(ColumnKind) -> &'static str,
    /// What a column is called in it.
    pub(crate) name: fn(&str) -> String,
}

impl Dialect {
    /// The statement that makes a table.
    pub(crate) fn create(&self, table: &str, columns: &[Column], key: Option<usize>) -> String {
        let definition = |(index, column): (usize, &Column)| {
            let key = if key == Some(index) { " PRIMARY KEY" } else { "" };
            format!("{} {}{key}", quoted(&(self.name)(&column.name)), (self.kind)(column.kind))
        };
        let definitions: Vec<_> = columns.iter().enumerate().map(definition).collect();
        format!("CREATE TABLE {table} ({})", definitions.join(", "))
    }

    /// The names of the columns, quoted.
    pub(crate) fn names(&self, columns: &[Column]) -> Vec<String> {
        columns.iter().map(|column| quoted(&(self.name)(&column.name))).collect()
    }

    /// What follows an insert so that a row of the same key is replaced; nothing without a key.
    pub(crate) fn on_conflict(&self, columns: &[Column], key: Option<usize>) -> String {
        let Some(key) = key else { return String::new() };
        let mut names = self.names(columns);
        let key = names.remove(key);
        if names.is_empty() {
            return format!(" ON CONFLICT ({key}) DO NOTHING");
        }
        let sets: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
        format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
    }
}

/// What an export leaves as the identity of the copy that its rows are of.
pub(crate) const EXPORT: &str = "export";

/// Whether a table that remembers this identity is kept equal to a copy.
pub(crate) fn is_followed(copy: &str) -> bool {
    !copy.is_empty() && copy != EXPORT
}

fn is_same(stored: &Column, today: &Column) -> bool {
    match (stored.field, today.field) {
        (Some(stored), Some(today)) => stored == today,
        _ => stored.name == today.name,
    }
}

/// A name in SQL.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect { kind: |_| "TEXT", name: str::to_owned };

    fn own(name: &str, field: i64) -> Column {
        Column { name: name.into(), kind: ColumnKind::Text, label: None, field: Some(field) }
    }

    #[test]
    fn swapped_names_are_renamed_over_a_third() {
        let (stored, today) = ([own("a", 1), own("b", 2)], [own("b", 1), own("a", 2)]);
        let evolution = Evolution::between(&stored, &today);
        let statements = evolution.statements("t", &["a".into(), "b".into()], &DIALECT);
        assert_eq!(
            statements,
            [
                r#"ALTER TABLE t RENAME COLUMN "a" TO "leadgate_renamed_0""#,
                r#"ALTER TABLE t RENAME COLUMN "b" TO "leadgate_renamed_1""#,
                r#"ALTER TABLE t RENAME COLUMN "leadgate_renamed_0" TO "b""#,
                r#"ALTER TABLE t RENAME COLUMN "leadgate_renamed_1" TO "a""#,
            ]
        );
        assert!(!evolution.touches_rows());
    }

    #[test]
    fn a_column_that_comes_back_takes_the_place_of_the_retired_one() {
        let (stored, today) = ([own("a", 1)], [own("a", 1), own("b", 2)]);
        let evolution = Evolution::between(&stored, &today);
        let statements = evolution.statements("t", &["a".into(), "b".into()], &DIALECT);
        assert_eq!(statements, [r#"ALTER TABLE t DROP COLUMN "b""#, r#"ALTER TABLE t ADD COLUMN "b" TEXT"#]);
        assert!(evolution.touches_rows());
    }

    #[test]
    fn another_field_of_the_same_name_replaces_the_column() {
        let (stored, today) = ([own("a", 1)], [own("a", 2)]);
        let evolution = Evolution::between(&stored, &today);
        assert_eq!(evolution.told().added, ["a"]);
        assert_eq!(evolution.statements("t", &["a".into()], &DIALECT).len(), 2);
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted(r#"a"; DROP"#), r#""a""; DROP""#);
    }
}
