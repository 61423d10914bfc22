//! Where the file is and how durable a write must be.

use std::path::PathBuf;

/// How to open a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteConfig {
    /// The database file. It is made if it is missing; its folder must exist.
    pub path: PathBuf,
    /// What a commit survives.
    pub durability: Durability,
    /// The largest size the database may grow to, in pages of 4,096 bytes; `None`: as large as the disk allows.
    pub max_pages: Option<u32>,
    /// It is one of many in this process: fewer threads and smaller caches.
    pub is_one_of_many: bool,
}

impl SqliteConfig {
    /// A store in this file, with every commit on disk before it is answered.
    pub fn new(path: impl Into<PathBuf>) -> SqliteConfig {
        SqliteConfig { path: path.into(), durability: Durability::Full, max_pages: None, is_one_of_many: false }
    }

    /// The same with another durability.
    pub fn with_durability(mut self, durability: Durability) -> SqliteConfig {
        self.durability = durability;
        self
    }

    /// The same as one of many in this process: one thread that reads and one that writes, with small caches.
    pub fn as_one_of_many(mut self) -> SqliteConfig {
        self.is_one_of_many = true;
        self
    }

    /// The same with a largest size.
    pub fn with_max_pages(mut self, pages: u32) -> SqliteConfig {
        self.max_pages = Some(pages);
        self
    }
}

/// What a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: one fsync for each group of writes.
    #[default]
    Full,
    /// A crash of the process. The last moments before a loss of power may be gone, the file stays whole.
    Normal,
}
