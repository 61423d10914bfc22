//! Where the whole run is on PostgreSQL, the binary too has its store there: a database for each folder that it is started in, as a folder would have a file.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

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
    let mut urls = URLS.lock().unwrap_or_else(PoisonError::into_inner);
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
