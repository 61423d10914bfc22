//! A PostgreSQL server for tests: in a folder of its own, on a socket in it, gone when the test ends. Never a dependency of the product.
//!
//! [`Server::start`] panics where a server cannot be had: a test without it proves nothing.
// All of it is test code: what fails here fails the test.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// Names the server that a whole run of tests shares: a URL of a database in it, in which others can be made.
pub const SHARED: &str = "LEADGATE_TEST_POSTGRES";

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// It does, as in production.
    On,
    /// It does not: for tests that stop no server.
    Off,
}

/// A running server; it is stopped and its files are removed when this is dropped.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    process: Child,
    settings: Vec<String>,
}

impl Server {
    /// Starts one. It runs as `postgres` where the test runs as root, since PostgreSQL refuses to.
    pub fn start(fsync: Fsync) -> Server {
        Server::start_with(fsync, &[])
    }

    /// The same with settings such as `shared_buffers=256MB`.
    pub fn start_with(fsync: Fsync, settings: &[&str]) -> Server {
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        if is_root(folder.path()) {
            chown(folder.path(), Some(id_of("-u")), Some(id_of("-g"))).unwrap();
        }
        let mut initdb = program(folder.path(), "initdb");
        initdb.args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"]);
        let made = initdb.arg("-D").arg(folder.path().join("data")).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let fsync = if fsync == Fsync::On { "fsync=on" } else { "fsync=off" };
        let settings = std::iter::once(&fsync).chain(settings).map(ToString::to_string).collect::<Vec<_>>();
        let process = launch(folder.path(), &settings);
        Server { folder, process, settings }
    }

    /// Its own database `postgres`, as a URL.
    pub fn url(&self) -> String {
        format!("postgres://postgres@localhost/postgres?host={}", self.folder.path().display())
    }

    /// Where its socket is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The number of its first process, whose children the others are.
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// Kills it as a crash would, and starts it again on the same data.
    pub fn crash(&mut self) {
        self.stop();
        self.process = launch(self.folder.path(), &self.settings);
    }

    /// Kills it as a crash would. It answers nobody until [`Server::crash`] starts it again.
    pub fn stop(&mut self) {
        // Asks the whole family of processes to end, without looking after its files.
        let mut stop = program(self.folder.path(), "pg_ctl");
        let _ = stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.folder.path().join("data")).status();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A database of a test's own, in the shared server where there is one; it is dropped with this.
#[derive(Debug)]
pub struct Database {
    maintenance: String,
    name: String,
    // Stopped after the database is dropped.
    server: Option<Server>,
}

impl Database {
    /// Makes one in the server that [`SHARED`] names, or in one of its own.
    pub fn fresh() -> Database {
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration to take it from")]
        let shared = std::env::var(SHARED).ok();
        match shared {
            Some(url) => Database::in_server(url, None),
            None => Database::in_own_server(Fsync::Off),
        }
    }

    /// Makes one in a server that is there. It must be dropped before the server.
    pub fn beside_others(server: &Server) -> Database {
        Database::in_server(server.url(), None)
    }

    /// Makes one in a server of its own, which may be stopped.
    pub fn in_own_server(fsync: Fsync) -> Database {
        let server = Server::start(fsync);
        Database::in_server(server.url(), Some(server))
    }

    fn in_server(maintenance: String, server: Option<Server>) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("d_{}_{number}", std::process::id());
        let database = Database { maintenance, name, server };
        database.maintain(&format!("CREATE DATABASE {} TEMPLATE template0", database.name));
        database
    }

    /// How a store addresses it.
    pub fn url(&self) -> String {
        let (address, parameters) = self.maintenance.split_once('?').unwrap_or((&self.maintenance, ""));
        let (server, _) = address.rsplit_once('/').unwrap();
        format!("{server}/{}?{parameters}", self.name)
    }

    /// The server, where it is its own.
    pub fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("the server is shared")
    }

    /// Runs SQL in the database and returns the first column of what it answers, a row a line.
    pub fn ask(&self, sql: &str) -> String {
        psql(&self.url(), sql)
    }

    /// All that is in it as `pg_dump` writes it, and behind that, for whoever looks for a text in it, what the binary values in it are as text.
    pub fn dump(&self) -> String {
        let ended = Command::new(binaries().join("pg_dump")).arg("-d").arg(self.url()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let dump = String::from_utf8(ended.stdout).unwrap();
        let binary = dump.split(['\t', '\n']).filter_map(|value| value.strip_prefix(r"\\x"));
        let texts: Vec<String> = binary.map(|hex| String::from_utf8_lossy(&bytes_of(hex)).into_owned()).collect();
        format!("{dump}\n{}", texts.join("\n"))
    }

    fn maintain(&self, sql: &str) {
        psql(&self.maintenance, sql);
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.server.is_none() {
            self.maintain(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// The bytes that hexadecimal digits stand for, as far as they are any.
fn bytes_of(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map_while(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn psql(url: &str, sql: &str) -> String {
    let mut psql = Command::new(binaries().join("psql"));
    let ended = psql
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
        .output()
        .unwrap();
    // What fails while another failure is under way would hide it.
    assert!(ended.status.success() || std::thread::panicking(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

fn launch(folder: &Path, settings: &[String]) -> Child {
    let mut postgres = program(folder, "postgres");
    postgres.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    postgres.args(["-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=200"]);
    // Of two values of a setting the later holds.
    for setting in settings {
        postgres.args(["-c", setting]);
    }
    let mut process = postgres.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready to accept connections"));
    assert!(ready, "the server ended before it was ready");
    // So that the server never waits for somebody to read what it says.
    std::thread::spawn(move || lines.for_each(drop));
    process
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
