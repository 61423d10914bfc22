//! A database that is named for the first time on an installation whose file still holds work: nothing of it is left behind unseen.

use anyhow::Context as _;
use jiff::Timestamp;
use leadgate_store::StoreError;
use leadgate_store::accounts::AccountRegistry;
use leadgate_store::deliveries::{DeliveryFilter, DeliveryProgress};

use super::{OpenStore, is_empty, place};
use crate::config::{ConfigError, StoreSettings};
use crate::data_folder;
use crate::exit::Failure;

/// Refuses to go on where the data folder's file holds work and the chosen database was never handed any.
pub(crate) async fn refuse_to_leave_work(
    settings: &StoreSettings,
    chosen: &OpenStore,
    now: Timestamp,
) -> Result<(), Failure> {
    let file = data_folder::store_file(&settings.data);
    if !matches!(chosen, OpenStore::Database(..)) || !file.is_file() {
        return Ok(());
    }
    let is_new = is_new(chosen).await.with_context(|| format!("reading the store in {} failed", place(settings)));
    if !is_new? {
        return Ok(());
    }
    let opened = OpenStore::open(&settings.in_folder(settings.data.clone())).await;
    let left = opened.context("whether it holds work that the database does not have could not be seen")?;
    let open = missed_of_all(&*left.accounts(), now).await;
    left.close().await;
    match open.with_context(|| format!("reading the store in {} failed", file.display()))? {
        0 => Ok(()),
        open => Err(refused(&file.display().to_string(), open, settings).into()),
    }
}

fn refused(file: &str, open: u64, settings: &StoreSettings) -> ConfigError {
    let (database, folder) = (place(settings), settings.data.display());
    ConfigError::one(format!(
        "the store is to be {database}, which is empty, but {file} holds {open} things that it does not have (submissions and deliveries that have not ended, app keys, accounts): \
         `leadgate store copy --from {folder} --to URL` carries everything over; or remove the file, or go on with it by \
         setting LEADGATE__STORE__URL to sqlite"
    ))
}

async fn is_new(chosen: &OpenStore) -> Result<bool, StoreError> {
    Ok(chosen.accounts().accounts().await?.len() <= 1 && is_empty(&*chosen.store()).await?)
}

/// What would be missed: the accounts but the default one, and of each its keys and what has not ended, what needs a person among it.
async fn missed_of_all(accounts: &dyn AccountRegistry, now: Timestamp) -> Result<u64, StoreError> {
    let listed = accounts.accounts().await?;
    let mut open = listed.len().saturating_sub(1) as u64;
    for account in listed {
        let store = accounts.open(account.number).await?;
        open += store.app_keys().await?.len() as u64;
        let stats = store.stats(now).await?;
        open += stats.unplanned + stats.parked + stats.open_by_lane.iter().sum::<u64>();
        for progress in [DeliveryProgress::Waiting, DeliveryProgress::Parked] {
            let filter = DeliveryFilter { progress: Some(progress), destination: None, limit: 1_000 };
            open += store.deliveries(filter).await?.len() as u64;
        }
    }
    Ok(open)
}
