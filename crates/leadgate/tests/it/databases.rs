//! Where the whole run is on PostgreSQL, the binary too has its store there: a database for each folder that it is started in, as a folder would have a file.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use leadgate_postgres_server::Database;

/// What says which store it is to be; a test that says so itself is not meddled with.
const SAYS_WHICH: [&str; 2] = ["DATABASE_URL", "LEADGATE__STORE__DATABASE"];

static URLS: Mutex<Option<HashMap<PathBuf, String>>> = Mutex::new(None);

thread_local! {
    /// They are dropped with the thread of the test, when whatever the test had started is gone.
    static OWNED: RefCell<Vec<Database>> = const { RefCell::new(Vec::new()) };
}

/// The address of the store that a command in a folder is to have; none where it is to have its file.
pub(crate) fn store_of(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    let says = |names: &[&str]| variables.iter().any(|(name, _)| names.contains(name));
    if !leadgate_testkit::is_postgres() || says(&SAYS_WHICH) || arguments.first() == Some(&"sandbox") {
        return None;
    }
    let mut urls = urls();
    let urls = urls.get_or_insert_default();
    // A command that speaks to a gateway uses a store only if there is one.
    if says(&["LEADGATE_URL"]) && !urls.contains_key(folder) {
        return None;
    }
    let fresh = || {
        let database = Database::fresh();
        let url = database.url();
        OWNED.with_borrow_mut(|owned| owned.push(database));
        url
    };
    Some(urls.entry(folder.to_owned()).or_insert_with(fresh).clone())
}

/// The address of the database of a folder that something was started in.
pub(crate) fn kept_for(folder: &Path) -> Option<String> {
    urls().as_ref()?.get(folder).cloned()
}

/// Asks that database, if there is one and it is this thread's.
pub(crate) fn ask(folder: &Path, sql: &str) -> Option<String> {
    let url = kept_for(folder)?;
    OWNED.with_borrow(|owned| owned.iter().find(|database| database.url() == url).map(|database| database.ask(sql)))
}

fn urls() -> MutexGuard<'static, Option<HashMap<PathBuf, String>>> {
    URLS.lock().unwrap_or_else(PoisonError::into_inner)
}
