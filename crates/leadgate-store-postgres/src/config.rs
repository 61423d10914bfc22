//! Where the database is, and by which way.

use std::time::Duration;

use secrecy::SecretString;

/// Far longer than a process takes between two statements, and no longer than callers wait for a connection.
const LONGEST_STANDSTILL: Duration = Duration::from_secs(4);

/// How to open a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database`, with the parameters that libpq knows.
    pub url: SecretString,
    /// The schema of the database that the tables are in, which is made if it is not there: lower-case letters, digits and underscores. Without one,
    /// they are where the database's `search_path` leads.
    pub schema: Option<String>,
    /// The most connections that this process holds to it, besides the one that listens.
    pub max_connections: u32,
    /// Whether a pooler in transaction mode, such as PgBouncer, stands between: then nothing is kept in a session.
    pub pooled: bool,
    /// Where to listen for what other processes announce, past the pooler. Without it, a pooled store polls.
    pub listen_url: Option<SecretString>,
    /// How long the database waits for the next statement of a transaction that was begun. Whoever is paused or cut off in the middle of one holds locks
    /// that others wait for; after this the database undoes it and ends the connection.
    pub longest_standstill: Duration,
}

impl PostgresConfig {
    /// A store at that address, without a pooler, with ten connections.
    pub fn new(url: SecretString) -> PostgresConfig {
        PostgresConfig {
            url,
            schema: None,
            max_connections: 10,
            pooled: false,
            listen_url: None,
            longest_standstill: LONGEST_STANDSTILL,
        }
    }

    /// The same with its tables in that schema.
    pub fn with_schema(mut self, schema: String) -> PostgresConfig {
        self.schema = Some(schema);
        self
    }

    /// The same with so many connections at most; at least two are used.
    pub fn with_max_connections(mut self, most: u32) -> PostgresConfig {
        self.max_connections = most;
        self
    }

    /// The same with another patience for whoever stands still in the middle of a transaction.
    pub fn with_longest_standstill(mut self, longest: Duration) -> PostgresConfig {
        self.longest_standstill = longest;
        self
    }

    /// The same through a pooler in transaction mode; `listen_url` leads past it, if there is such a way.
    pub fn pooled(mut self, listen_url: Option<SecretString>) -> PostgresConfig {
        self.pooled = true;
        self.listen_url = listen_url;
        self
    }
}
