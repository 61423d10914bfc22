//! An account's secrets: made text, sealed, and back.

use std::collections::BTreeMap;

use leadgate_store::accounts::{Account, AccountNumber};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde::Serialize;

use super::envelope::{Belonging, MasterKeys};
use crate::config::{AccountSecrets, ConfigError, Settings};

const NO_MASTER_KEY: &str = "no secret of an account is kept without a master key: set LEADGATE_MASTER_KEY to 32 random bytes in base64 \
                             (`openssl rand -base64 32` makes them), or LEADGATE_MASTER_KEY_FILE to a file with them";

/// The configured master keys, if there are any.
pub(crate) fn master_keys(settings: &Settings) -> Result<Option<MasterKeys>, ConfigError> {
    let section = &settings.accounts;
    let text = match (&section.master_key, &section.master_key_file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => {
            let unread = |error| ConfigError::one(format!("the master key in {file} could not be read: {error}"));
            std::fs::read_to_string(file).map_err(unread)?.into()
        }
        (None, None) => return Ok(None),
    };
    MasterKeys::parse(&text).map(Some).map_err(|error| ConfigError::one(error.to_string()))
}

/// Whose they are and what for.
pub(super) fn belonging(account: AccountNumber) -> Belonging {
    Belonging { account, purpose: "credentials" }
}

/// The secrets as text, which nobody else sees.
#[derive(Serialize)]
struct Exposed<'a> {
    api_key: Option<&'a str>,
    variables: BTreeMap<&'a str, &'a str>,
}

/// Seals an account's secrets. The error says what to do.
pub(crate) fn seal(
    keys: Option<&MasterKeys>,
    account: AccountNumber,
    secrets: &AccountSecrets,
) -> Result<Vec<u8>, String> {
    let keys = keys.ok_or(NO_MASTER_KEY)?;
    let variables = secrets.variables.iter().map(|(name, value)| (name.as_str(), value.expose_secret()));
    let api_key = secrets.api_key.as_ref().map(|key| key.expose_secret());
    let exposed = Exposed { api_key, variables: variables.collect() };
    let text = Zeroizing::new(serde_json::to_vec(&exposed).map_err(|error| error.to_string())?);
    keys.seal(belonging(account), &text).map_err(|error| format!("the account's secrets were not sealed: {error}"))
}

/// Opens an account's secrets; one that has none has none. The error says what to do.
pub(crate) fn open(keys: Option<&MasterKeys>, account: &Account) -> Result<AccountSecrets, String> {
    let Some(sealed) = &account.credentials else { return Ok(AccountSecrets::default()) };
    let keys = keys.ok_or(
        "the account's secrets are sealed and there is no master key: set LEADGATE_MASTER_KEY to the one that they were sealed with",
    )?;
    let failed = |error| format!("the account's secrets cannot be opened: {error}");
    let text = keys.open(belonging(account.number), sealed).map_err(failed)?;
    // What is wrong with the text would quote it.
    serde_json::from_slice(&text)
        .map_err(|_| "the account's secrets were written by a newer leadgate; upgrade".to_owned())
}
