//! Publishes made-up deals to every kind of sink, and has another program read them: `readers PROGRAM ARGUMENTS…` runs the program with the
//! folder of the files and the folder of a PostgreSQL server's socket behind its arguments. `cargo xtask readers` does so with Python.
#![expect(dead_code, clippy::unwrap_used, reason = "the made-up deals and the server are those of the tests")]

#[path = "../tests/it/postgres_server.rs"]
mod postgres_server;
#[path = "../tests/it/samples.rs"]
mod samples;
#[path = "../tests/it/support.rs"]
mod support;

use std::process::{Command, ExitCode};

use leadgate_warehouse::SinkSpec;

#[tokio::main]
async fn main() -> ExitCode {
    let mut program = std::env::args_os().skip(1);
    let mut command = Command::new(program.next().expect("the first argument is the program that reads"));
    let folder = tempfile::tempdir().unwrap();
    let server = postgres_server::start();
    let mut copying = samples::copied();
    let shown = folder.path().display();
    let sinks = [
        format!("{shown}/csv/?format=csv"),
        format!("{shown}/ndjson/?format=ndjson"),
        format!("{shown}/parquet/?format=parquet"),
        format!("{shown}/mirror.db"),
        server.url(),
    ];
    for moved in [false, true] {
        if moved {
            samples::move_on(&mut copying);
        }
        for sink in &sinks {
            samples::publish(&copying, &SinkSpec::parse(sink).unwrap()).await;
        }
    }
    let read = command.args(program).arg(folder.path()).arg(server.folder()).status().unwrap();
    if read.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
