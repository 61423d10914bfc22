//! The rows of the list of accounts.

use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::accounts::{
    Account, AccountChange, AccountName, AccountNumber, AccountState, AddAccountOutcome, NewAccount,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::columns::{Micros, from_json};
use crate::error::{corrupt, store_error};

const REMOVING: i64 = 2;

/// A row as it is stored.
struct Stored {
    number: i64,
    name: String,
    state: i64,
    settings: String,
    credentials: Option<Vec<u8>>,
    added_at: Micros,
    changed_at: Micros,
}

/// What of a row is to change, the settings as text.
pub(crate) struct Columns<'a> {
    pub(crate) settings: Option<&'a str>,
    pub(crate) change: &'a AccountChange,
}

/// Every account, by number.
pub(crate) fn accounts(connection: &Connection) -> Result<Vec<Account>, StoreError> {
    let rows = stored(connection).map_err(|error| store_error(&error))?;
    rows.into_iter().map(account).collect()
}

fn stored(connection: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let sql = "SELECT number, name, state, settings, credentials, added_at, changed_at FROM accounts ORDER BY number";
    connection.prepare_cached(sql)?.query_map([], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        number: row.get(0)?,
        name: row.get(1)?,
        state: row.get(2)?,
        settings: row.get(3)?,
        credentials: row.get(4)?,
        added_at: row.get(5)?,
        changed_at: row.get(6)?,
    })
}

fn account(row: Stored) -> Result<Account, StoreError> {
    const WHAT: &str = "account";
    let state = AccountState::ALL.into_iter().find(|state| state_number(*state) == row.state);
    Ok(Account {
        number: AccountNumber(row.number),
        name: row.name.parse::<AccountName>().map_err(|error| corrupt(WHAT, error))?,
        state: state.ok_or_else(|| corrupt(WHAT, format!("its state is {}", row.state)))?,
        settings: from_json(WHAT, &row.settings)?,
        credentials: row.credentials,
        added_at: row.added_at.0,
        changed_at: row.changed_at.0,
    })
}

fn state_number(state: AccountState) -> i64 {
    match state {
        AccountState::Active => 0,
        AccountState::Paused => 1,
        AccountState::Removing => REMOVING,
    }
}

/// Adds a row, unless the name is taken.
pub(crate) fn add(
    connection: &Connection,
    account: &NewAccount,
    settings: &str,
    now: Timestamp,
) -> rusqlite::Result<AddAccountOutcome> {
    let sql = "INSERT INTO accounts (name, state, settings, added_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?4)
               ON CONFLICT (name) DO NOTHING RETURNING number";
    let values = params![account.name.as_str(), state_number(account.state), settings, Micros(now)];
    let number = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    Ok(number.map_or(AddAccountOutcome::NameTaken, |number| AddAccountOutcome::Added(AccountNumber(number))))
}

/// Puts a row in as it is, in the place of the default account's if it is that. `false` if another row has the number or the name.
pub(crate) fn put(connection: &Connection, account: &Account, settings: &str) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO accounts (number, name, state, settings, credentials, added_at, changed_at)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE name = ?2 AND number <> ?1)
               ON CONFLICT (number) DO UPDATE SET state = excluded.state, settings = excluded.settings,
                   credentials = excluded.credentials, added_at = excluded.added_at, changed_at = excluded.changed_at
               WHERE excluded.number = 1";
    let Account { number, name, state, credentials, added_at, changed_at, .. } = account;
    let (added_at, changed_at) = (Micros(*added_at), Micros(*changed_at));
    let values = params![number.0, name.as_str(), state_number(*state), settings, credentials, added_at, changed_at];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Changes a row that may be changed, and says whether there was one.
pub(crate) fn change(
    connection: &Connection,
    number: AccountNumber,
    columns: Columns<'_>,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let sql = "UPDATE accounts SET state = coalesce(?2, state), settings = coalesce(?3, settings),
                   credentials = coalesce(?4, credentials), changed_at = max(?5, changed_at + 1)
               WHERE number = ?1 AND state <> ?6 AND (number <> 1 OR ?2 IS NULL OR ?2 <> ?6)";
    let Columns { settings, change } = columns;
    let state = change.state.map(state_number);
    let values = params![number.0, state, settings, change.credentials, Micros(now), REMOVING];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Whether there is such an account.
pub(crate) fn is_listed(connection: &Connection, number: AccountNumber) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM accounts WHERE number = ?1")?.exists([number.0])
}

/// Whether it is being removed.
pub(crate) fn is_removing(connection: &Connection, number: AccountNumber) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM accounts WHERE number = ?1 AND state = ?2";
    connection.prepare_cached(sql)?.exists([number.0, REMOVING])
}

/// Takes the row of an account that is being removed out of the list.
pub(crate) fn remove(connection: &Connection, number: AccountNumber) -> rusqlite::Result<()> {
    let sql = "DELETE FROM accounts WHERE number = ?1 AND state = ?2";
    connection.prepare_cached(sql)?.execute([number.0, REMOVING]).map(|_| ())
}
