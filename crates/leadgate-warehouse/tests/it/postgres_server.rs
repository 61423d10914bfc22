//! A PostgreSQL server for one test: in a folder of its own, on a socket in it, gone when the test ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tempfile::TempDir;

pub(crate) struct Server {
    folder: TempDir,
    process: Child,
}

impl Server {
    /// Starts one. It runs as `postgres` where the test runs as root, since PostgreSQL refuses to.
    pub(crate) fn start() -> Server {
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        if is_root(folder.path()) {
            chown(folder.path(), Some(id_of("-u")), Some(id_of("-g"))).unwrap();
        }
        let data = folder.path().join("data");
        let mut initdb = program(folder.path(), "initdb");
        initdb.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
        let made = initdb.arg("-D").arg(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut postgres = program(folder.path(), "postgres");
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path());
        postgres.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB"]);
        let mut process = postgres.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
        assert!(ready, "the server ended before it was ready");
        // So that the server never waits for somebody to read what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Server { folder, process }
    }

    /// How a sink addresses it.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Where its socket is.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn connect(&self) -> PgConnection {
        let options = PgConnectOptions::new().socket(self.folder()).username("postgres").database("postgres");
        options.connect().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asks the whole family of processes to end, without looking after its files.
        let mut stop = program(self.folder.path(), "pg_ctl");
        let _ = stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.folder.path().join("data")).status();
        let _ = self.process.wait();
    }
}

/// A program of PostgreSQL, as the owner of `folder`. The server dies with the test.
fn program(folder: &Path, name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).current_dir("/").stdout(Stdio::null());
    let owner = std::fs::metadata(folder).unwrap();
    let me = std::fs::metadata("/proc/self").unwrap();
    if owner.uid() != me.uid() {
        command.arg(format!("--reuid={}", owner.uid())).arg(format!("--regid={}", owner.gid())).arg("--clear-groups");
    }
    command.arg(binaries().join(name));
    command
}

fn is_root(mine: &Path) -> bool {
    std::fs::metadata(mine).unwrap().uid() == 0
}

fn id_of(flag: &str) -> u32 {
    let asked = Command::new("id").args([flag, "postgres"]).output().unwrap();
    String::from_utf8(asked.stdout).unwrap().trim().parse().expect("there is a user `postgres`")
}

/// Where Debian's package puts them: the latest version there is.
fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map(|entry| entry.unwrap().path());
    let found = versions.map(|version| version.join("bin")).filter(|folder| folder.join("initdb").exists()).max();
    found.expect("PostgreSQL is not installed: `sudo apt-get install postgresql`, or let `cargo xtask test` do it")
}
