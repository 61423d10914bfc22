//! A PostgreSQL server for one test.

use leadgate_postgres_server::{Fsync, Server};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

pub(crate) fn start() -> Server {
    Server::start(Fsync::Off)
}

pub(crate) async fn connect(server: &Server) -> PgConnection {
    let options = PgConnectOptions::new().socket(server.folder()).username("postgres").database("postgres");
    options.connect().await.unwrap()
}
