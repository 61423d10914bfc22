//! Every operation of the API that is known, made by the client of a sandbox account. What was sent and answered is compared with the list of
//! operations, and `docs/api-coverage.md` is made of it.

mod activities;
mod commerce;
mod contacts;
mod deals;
mod document;
mod fixtures;
mod leads;
mod modules;
mod sales_accounts;
mod scene;
mod selectors;
mod settings;

use std::collections::BTreeSet;
use std::pin::Pin;

use self::fixtures::{Known, known};
use self::scene::{Scene, Sent};

/// One operation: which function of the client makes it, and the making.
pub(crate) struct Operation {
    name: &'static str,
    client: &'static str,
    file: &'static str,
    send: for<'a> fn(&'a Scene) -> Sending<'a>,
}

/// A request on its way; done when its reply was read into the typed output.
type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), freshsales::Error>> + 'a>>;

/// An operation, the client's function, and its arguments in the scene. The function's name is that of the function called.
macro_rules! operation {
    ($name:literal, $client:expr, |$scene:ident| ($($argument:expr),* $(,)?)) => {
        $crate::operations::Operation {
            name: $name,
            client: stringify!($client),
            file: file!(),
            send: |$scene| {
                let _unused = $scene;
                let request = ($client)($($argument),*);
                Box::pin(async move { $scene.send(&request).await })
            },
        }
    };
}
use operation;

fn table() -> impl Iterator<Item = &'static Operation> {
    let parts: [&[Operation]; 9] = [
        contacts::OPERATIONS,
        sales_accounts::OPERATIONS,
        deals::OPERATIONS,
        leads::OPERATIONS,
        activities::OPERATIONS,
        commerce::OPERATIONS,
        modules::OPERATIONS,
        settings::OPERATIONS,
        selectors::OPERATIONS,
    ];
    parts.into_iter().flatten()
}

/// Makes the operation in a fresh account of one generation; the status of its reply, or what is wrong.
async fn make(operation: &Operation, known: &Known, generation: freshsales::Generation) -> Result<u16, String> {
    let scene = Scene::open(generation).await;
    let done = (operation.send)(&scene).await;
    let Sent { method, path, status } = scene.only_sent();
    let fault =
        |what: String| Err(format!("{} in {generation}: {method} {path} gave {status}: {what}", operation.name));
    match done {
        Err(error) => fault(format!("{error:?}")),
        Ok(()) if method != known.method || !known.fits(&path) => fault(format!("known as {}", known.path)),
        Ok(()) if !(200..300).contains(&status) => fault("not granted".to_owned()),
        Ok(()) => Ok(status),
    }
}

#[test]
fn every_known_operation_is_in_the_table_once() {
    let names: Vec<&str> = table().map(|operation| operation.name).collect();
    let (listed, known) = (BTreeSet::from_iter(names.iter().copied()), known());
    let known: BTreeSet<&str> = known.iter().map(|known| known.operation.as_str()).collect();
    assert_eq!(listed, known);
    assert_eq!(names.len(), listed.len(), "an operation is in the table twice");
}

#[tokio::test]
async fn every_operation_is_sent_as_it_is_known_and_answered() {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for known in known() {
        let operation = table().find(|operation| operation.name == known.operation).expect("it is in the table");
        let mut seen = Vec::new();
        for generation in known.spoken() {
            match make(operation, &known, generation).await {
                Ok(status) => seen.push((generation, status)),
                Err(fault) => faults.push(fault),
            }
        }
        rows.push((known, operation, seen));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    document::assert_current(&rows);
}
