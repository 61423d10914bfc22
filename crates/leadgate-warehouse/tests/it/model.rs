//! Random batches, repeats and reopenings against a simple model: rows, changes and counts are exactly what the documentation says.

use std::collections::BTreeMap;

use leadgate_core::sync::{Cell, ColumnKind, Row, Schema, Stream};
use leadgate_warehouse::{Applied, Batch, Copy, CopyError};
use proptest::prelude::*;

use crate::support::{Copying, at, contacts, own_column, text};

#[derive(Clone, Debug)]
struct Seen {
    id: i64,
    name: u8,
    updated: Option<i64>,
}

#[derive(Clone, Debug)]
enum Action {
    Apply { rows: Vec<Seen>, gone: Vec<i64>, wide: bool, in_pass: bool, sweep: bool },
    NewPass,
    Repeat,
    Reopen,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let seen = (1..7_i64, 0..3_u8, prop::option::weighted(0.8, 0..4_i64)).prop_map(|(id, name, updated)| Seen {
        id,
        name,
        updated,
    });
    let rows = prop::collection::vec(seen, 0..6);
    let gone = prop::collection::vec(1..8_i64, 0..3);
    let apply = (rows, gone, any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let action = prop_oneof![
        6 => apply.prop_map(|(rows, gone, wide, in_pass, sweep)| Action::Apply { rows, gone, wide, in_pass, sweep }),
        1 => Just(Action::NewPass),
        1 => Just(Action::Repeat),
        1 => Just(Action::Reopen),
    ];
    prop::collection::vec(action, 1..40)
}

fn schema(wide: bool) -> Schema {
    let mut schema = contacts();
    schema.columns.truncate(2);
    if wide {
        schema.columns.push(own_column("cf_more", ColumnKind::Integer, "More", 7));
    }
    schema
}

fn row(seen: &Seen, wide: bool) -> Row {
    let mut cells = vec![Cell::Integer(seen.id), text(&format!("name {}", seen.name))];
    cells.extend(wide.then_some(Cell::Integer(i64::from(seen.name))));
    Row { id: seen.id, updated_at: seen.updated.map(at), cells }
}

#[derive(Clone, Debug)]
struct ModelRow {
    name: u8,
    /// Whether the row was stored with the further column.
    wide: bool,
    updated: Option<i64>,
    deleted: bool,
    pass: u64,
}

#[derive(Debug, Default)]
struct Model {
    rows: BTreeMap<i64, ModelRow>,
    pass: u64,
    fields: Vec<(i64, String)>,
}

impl Model {
    fn take(&mut self, seen: &Seen, wide: bool, applied: &mut Applied) {
        let pass = self.pass;
        let Some(stored) = self.rows.get_mut(&seen.id) else {
            let row = ModelRow { name: seen.name, wide, updated: seen.updated, deleted: false, pass };
            self.rows.insert(seen.id, row);
            self.fields.push((seen.id, "created".into()));
            applied.created += 1;
            return;
        };
        let older = seen.updated.is_some() && stored.updated.is_some() && seen.updated < stored.updated;
        stored.pass = pass;
        stored.updated = stored.updated.max(seen.updated);
        let same = stored.name == seen.name && (!wide || stored.wide);
        if older || (same && !stored.deleted) {
            applied.unchanged += 1;
            return;
        }
        if stored.deleted {
            self.fields.push((seen.id, "restored".into()));
            applied.restored += 1;
        } else {
            applied.updated += 1;
        }
        if stored.name != seen.name {
            self.fields.push((seen.id, "name".into()));
            if wide && stored.wide {
                self.fields.push((seen.id, "cf_more".into()));
            }
        }
        (stored.name, stored.wide, stored.deleted) = (seen.name, wide, false);
    }

    fn take_away(&mut self, id: i64, applied: &mut Applied) {
        if let Some(stored) = self.rows.get_mut(&id).filter(|stored| !stored.deleted) {
            stored.deleted = true;
            self.fields.push((id, "deleted".into()));
            applied.deleted += 1;
        }
    }

    fn sweep(&mut self, applied: &mut Applied) {
        let unseen = self.rows.iter().filter(|(_, row)| row.pass < self.pass).map(|(id, _)| *id);
        for id in unseen.collect::<Vec<_>>() {
            self.take_away(id, applied);
        }
    }

    fn live(&self, wide: bool) -> Vec<Row> {
        let live = self.rows.iter().filter(|(_, row)| !row.deleted);
        live.map(|(id, stored)| {
            let seen = Seen { id: *id, name: stored.name, updated: stored.updated };
            let mut row = row(&seen, wide);
            if wide && !stored.wide {
                row.cells[2] = Cell::Blank;
            }
            row
        })
        .collect()
    }
}

struct Trial {
    copying: Copying,
    model: Model,
    last: Option<Batch>,
    pass: u64,
    wide: bool,
}

impl Trial {
    fn act(&mut self, action: &Action) {
        match action {
            Action::Apply { rows, gone, wide, in_pass, sweep } => {
                let in_pass = (*in_pass || *sweep) && self.pass > 0;
                let batch = Batch {
                    rows: rows.iter().map(|seen| row(seen, *wide).into()).collect(),
                    gone: gone.clone(),
                    pass: in_pass.then_some(self.pass),
                    sweep: (*sweep && in_pass).then_some(self.pass),
                    ..self.copying.batch(schema(*wide))
                };
                self.model.pass = if in_pass { self.pass } else { self.model.pass };
                let mut applied = Applied::default();
                rows.iter().for_each(|seen| self.model.take(seen, *wide, &mut applied));
                gone.iter().for_each(|id| self.model.take_away(*id, &mut applied));
                if batch.sweep.is_some() {
                    self.model.sweep(&mut applied);
                }
                (self.last, self.wide) = (Some(batch.clone()), *wide);
                assert_eq!(self.copying.apply(batch), applied);
            }
            Action::NewPass => self.pass += 1,
            Action::Repeat => {
                if let Some(batch) = self.last.clone() {
                    let error = self.copying.copy.apply(batch).unwrap_err();
                    assert!(matches!(error, CopyError::OutOfOrder { .. }));
                }
            }
            Action::Reopen => self.copying.copy = Copy::open(&self.copying.path()).unwrap(),
        }
    }

    fn check(&self) {
        let copy = &self.copying.copy;
        let rows = copy.rows_by_id(Stream::Contacts, None, 100).unwrap();
        let rows: Vec<Row> = rows.into_iter().map(|copied| copied.row).collect();
        assert_eq!(rows, self.model.live(self.wide));
        assert_eq!(copy.count(Stream::Contacts).unwrap(), rows.len() as u64);
        let changes = copy.changes_since(0, 10_000).unwrap();
        let fields: Vec<_> = changes.into_iter().map(|change| (change.id, change.field)).collect();
        assert_eq!(fields, self.model.fields);
        let since = copy.rows_since(Stream::Contacts, 0, 100).unwrap();
        assert!(since.is_sorted_by(|one, next| one.seq < next.seq));
        assert_eq!(since.len(), self.model.rows.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_copy_is_what_the_model_says(actions in actions()) {
        let mut trial =
            Trial { copying: Copying::new(), model: Model::default(), last: None, pass: 0, wide: false };
        for action in &actions {
            trial.act(action);
        }
        trial.check();
    }
}
