//! The rows of the list of accounts.

use jiff::Timestamp;
use leadgate_store::accounts::{
    Account, AccountChange, AccountName, AccountNumber, AccountState, AddAccountOutcome, NewAccount,
};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::columns::{from_json, micros, moment};
use crate::error::{Failure, corrupt};
use crate::session::Session;
use crate::transaction::Work;

pub(super) const REMOVING: i16 = 2;

/// What of a row is to change, the settings as text.
pub(super) struct Columns<'a> {
    pub(super) settings: Option<&'a str>,
    pub(super) change: &'a AccountChange,
}

/// Every account, by number.
pub(super) async fn accounts(connection: &mut Session) -> Result<Vec<Account>, Failure> {
    let sql = "SELECT number, name, state, settings, credentials, added_at, changed_at FROM accounts ORDER BY number";
    sqlx::query(sql).fetch_all(connection).await?.iter().map(account).collect()
}

fn account(row: &PgRow) -> Result<Account, Failure> {
    const WHAT: &str = "account";
    let (name, number): (&str, i16) = (row.try_get(1)?, row.try_get(2)?);
    let state = AccountState::ALL.into_iter().find(|state| state_number(*state) == number);
    Ok(Account {
        number: AccountNumber(row.try_get(0)?),
        name: name.parse::<AccountName>().map_err(|error| corrupt(WHAT, error))?,
        state: state.ok_or_else(|| corrupt(WHAT, format!("its state is {number}")))?,
        settings: from_json(WHAT, row.try_get(3)?)?,
        credentials: row.try_get(4)?,
        added_at: moment(row, 5)?,
        changed_at: moment(row, 6)?,
    })
}

fn state_number(state: AccountState) -> i16 {
    match state {
        AccountState::Active => 0,
        AccountState::Paused => 1,
        AccountState::Removing => REMOVING,
    }
}

/// Adds a row, unless the name is taken.
pub(super) async fn add(
    work: &mut Work,
    (account, settings): (&NewAccount, &str),
    now: Timestamp,
) -> Result<AddAccountOutcome, sqlx::Error> {
    let sql = "INSERT INTO accounts (name, state, settings, added_at, changed_at) VALUES ($1, $2, $3, $4, $4)
               ON CONFLICT (name) DO NOTHING RETURNING number";
    let add = sqlx::query_scalar(sql).bind(account.name.as_str()).bind(state_number(account.state));
    let number = add.bind(settings).bind(micros(now)).fetch_optional(work.connection()).await?;
    work.announcements.accounts = true;
    Ok(number.map_or(AddAccountOutcome::NameTaken, |number| AddAccountOutcome::Added(AccountNumber(number))))
}

/// Puts a row in as it is, in the place of the default account's if it is that. `false` if another row has the number or the name.
pub(super) async fn put(work: &mut Work, account: &Account, settings: &str) -> Result<bool, sqlx::Error> {
    let sql = "INSERT INTO accounts AS listed (number, name, state, settings, credentials, added_at, changed_at)
               OVERRIDING SYSTEM VALUE
               SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE name = $2 AND number <> $1)
               ON CONFLICT (number) DO UPDATE SET state = excluded.state, settings = excluded.settings,
                   credentials = excluded.credentials, added_at = excluded.added_at, changed_at = excluded.changed_at
               WHERE excluded.number = 1";
    let put = sqlx::query(sql).bind(account.number.0).bind(account.name.as_str()).bind(state_number(account.state));
    let put = put.bind(settings).bind(account.credentials.as_deref());
    let put = put.bind(micros(account.added_at)).bind(micros(account.changed_at)).execute(work.connection()).await?;
    // Accounts that are added later are numbered behind it.
    let number_on =
        "SELECT setval(pg_get_serial_sequence('accounts', 'number'), greatest($1, (SELECT max(number) FROM accounts)))";
    sqlx::query(number_on).bind(account.number.0).execute(work.connection()).await?;
    work.announcements.accounts = true;
    Ok(put.rows_affected() > 0)
}

/// Changes a row that may be changed, and says whether there was one.
pub(super) async fn change(
    work: &mut Work,
    number: AccountNumber,
    columns: &Columns<'_>,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    let sql = "UPDATE accounts SET state = coalesce($2, state), settings = coalesce($3, settings),
                   credentials = coalesce($4, credentials), changed_at = greatest($5, changed_at + 1)
               WHERE number = $1 AND state <> $6 AND (number <> 1 OR $2 IS NULL OR $2 <> $6)";
    let Columns { settings, change } = columns;
    let update = sqlx::query(sql).bind(number.0).bind(change.state.map(state_number)).bind(settings);
    let update = update.bind(change.credentials.as_deref()).bind(micros(now)).bind(REMOVING);
    let changed = update.execute(work.connection()).await?;
    work.announcements.accounts = true;
    Ok(changed.rows_affected() > 0)
}

/// Whether there is such an account.
pub(super) async fn is_listed(connection: &mut Session, number: AccountNumber) -> Result<bool, sqlx::Error> {
    let listed = sqlx::query("SELECT 1 FROM accounts WHERE number = $1").bind(number.0);
    Ok(listed.fetch_optional(connection).await?.is_some())
}
