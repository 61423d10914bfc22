//! `docs/api-coverage.md`, made of what the operations did. `UPDATE_DOCS=1` writes it anew.

use std::path::PathBuf;

use freshsales::Generation;

use super::Operation;
use super::fixtures::{Example, Known, examples, examples_for, known};

const INTRODUCTION: &str = "# Coverage of the API

Every operation of the API that is known, with the function of the client that makes it and the status with which the sandbox answered
it. The table is generated: a test makes each operation by the client of a sandbox account, in each generation that has it, and compares
method, path and status with `fixtures/freshsales/operations.json`. A new operation goes into that list, and into the table under
`crates/leadgate-crm-freshsales/tests/it/operations/`; then

```sh
UPDATE_DOCS=1 cargo nextest run -p leadgate-crm-freshsales operations
```

writes this page anew.

* source: `official`, the vendor's page lists it; `seen`, requests or replies of it were seen.
* client: the function of the crate `freshsales`.
* sandbox: the status of the reply, for each generation that has the operation.
* fixture: the recorded or documented examples in `fixtures/freshsales/`. Operations with one method and path share theirs.
* test: the file of the table's entry.

";

const HEADER: [&str; 8] =
    ["operation", "method and path", "generation", "source", "client", "sandbox", "fixture", "test"];

/// An operation, how the client makes it, and what each generation answered.
pub(crate) type Row<'a> = (Known, &'a Operation, Vec<(Generation, u16)>);

/// One row of the table. Panics where a cell would be empty.
fn row((wanted, operation, seen): &Row<'_>, all: &[Known], recorded: &[Example]) -> String {
    let fixtures: Vec<String> = examples_for(wanted, all, recorded)
        .iter()
        .map(|example| format!("`{}`: {}", example.file, example.name))
        .collect();
    let statuses: Vec<String> = seen.iter().map(|(generation, status)| format!("{status} {generation:?}")).collect();
    let file = operation.file.rsplit_once("tests/it/").map_or(operation.file, |(_, file)| file);
    let cells = [
        format!("`{}`", wanted.operation),
        format!("`{} {}`", wanted.method, wanted.path),
        wanted.generations.clone(),
        wanted.source.clone(),
        format!("`{}`", operation.client.replace(' ', "")),
        statuses.join(", "),
        fixtures.join("; "),
        format!("`{file}`"),
    ];
    for (cell, column) in cells.iter().zip(HEADER) {
        assert!(!cell.trim_matches(['`', ' ']).is_empty(), "{}: no {column}", wanted.operation);
    }
    line(&cells.map(|cell| cell.replace('|', "\\|")))
}

fn line(cells: &[String; 8]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Compares the document with the rows, or writes it.
pub(crate) fn assert_current(rows: &[Row<'_>]) {
    let (all, recorded) = (known(), examples());
    let rows: Vec<String> = rows.iter().map(|one| row(one, &all, &recorded)).collect();
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api-coverage.md");
    let header = line(&HEADER.map(str::to_owned));
    let count = format!("{} operations.\n\n", rows.len());
    let current = format!("{INTRODUCTION}{count}{header}|{}\n{}", "---|".repeat(HEADER.len()), rows.concat());
    if wants_update() {
        std::fs::write(&path, current).unwrap();
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let first = current.lines().zip(written.lines()).find(|(current, written)| current != written);
    let hint = "UPDATE_DOCS=1 cargo nextest run -p leadgate-crm-freshsales operations";
    assert!(current == written, "docs/api-coverage.md has drifted at {first:#?}; {hint} writes it anew");
}

#[expect(clippy::disallowed_methods, reason = "a switch of this test, not a setting")]
fn wants_update() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}
