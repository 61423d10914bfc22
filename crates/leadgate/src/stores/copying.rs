//! Carrying everything over from one store to another: a folder's to a database's, or back.

use std::path::Path;

use anyhow::anyhow;
use leadgate_store::transfer::{CopiedAccount, CopyError, TransferAccounts, copy_accounts};
use secrecy::SecretString;

use super::OpenStore;
use crate::config::{ConfigError, StoreSettings, is_postgres};
use crate::data_folder;
use crate::exit::{Exit, Failure};

/// A store by its address, or by its folder; the rest is as the settings say.
pub(crate) fn named(place: &str, settings: &StoreSettings) -> StoreSettings {
    let url = SecretString::from(place);
    if is_postgres(&url) { settings.in_database(url) } else { settings.in_folder(Path::new(place).to_owned()) }
}

/// Copies every account. Neither store may be in use.
pub(crate) async fn copy(from: &StoreSettings, to: &StoreSettings) -> Result<Vec<CopiedAccount>, Failure> {
    if from.database().is_none() && !data_folder::store_file(&from.data).is_file() {
        let folder = from.data.display();
        return Err(ConfigError::one(format!("there is no store in {folder}; --from names a folder with one")).into());
    }
    let source = OpenStore::open(from).await?;
    let copied = match OpenStore::open(to).await {
        Ok(target) => {
            let copied = copy_accounts(source.rows(), target.rows()).await;
            target.close().await;
            copied.map_err(refused)
        }
        Err(error) => Err(error.into()),
    };
    source.close().await;
    copied
}

fn refused(error: CopyError) -> Failure {
    match error {
        CopyError::Store(error) => anyhow::Error::new(error).context("copying the store failed").into(),
        error => Failure::new(Exit::Refused, anyhow!("{error}")),
    }
}

impl OpenStore {
    /// The accounts with their rows.
    fn rows(&self) -> &dyn TransferAccounts {
        match self {
            OpenStore::File(_, accounts) => &**accounts,
            OpenStore::Database(_, accounts) => &**accounts,
        }
    }
}
