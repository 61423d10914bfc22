//! What is served is kept equal to the list of accounts.
//!
//! Each account has a [`Site`] with a turn of its own: to set up one, or to end one whose calls take long, holds up no other. A site is set up anew when
//! its row has moved on, and one that is broken by its store is tried again at each look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use leadgate_store::accounts::{Account, AccountName, AccountNumber, AccountRegistry, AccountState};
use leadgate_store::model::AppKey;
use leadgate_store::{Store, StoreError};
use leadgate_web::accounts::{AccountRouters, AccountStanding};
use leadgate_web::state::Shut;
use leadgate_web::{Access, Lifecycle, WebSettings};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::envelope::MasterKeys;
use super::gauges::Measured;
use super::host::{AtWork, InCommon, Work, WorkParts, until_ended};
use super::secrets;
use crate::config::{AccountSettings, OfAccount, Settings};
use crate::data_folder;
use crate::shutdown::Shutdown;
use crate::wiring::{self, SystemClock};

/// What another process changed in the list is noticed by then.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How many accounts are set up at once.
const AT_ONCE: usize = 8;
/// Rows that one step of erasing takes.
const ROWS_OF_A_STEP: u32 = 1_000;
/// How long to leave a store alone that did not let an account be erased.
const ERASE_AGAIN: Duration = Duration::from_millis(200);

/// What the accounts are served with.
pub(crate) struct HostsParts {
    pub(crate) registry: Arc<dyn AccountRegistry>,
    /// A store for gateways that let nobody in.
    pub(crate) main: Arc<dyn Store>,
    pub(crate) routers: AccountRouters,
    pub(crate) keys: Option<Arc<MasterKeys>>,
    /// Those of the process.
    pub(crate) settings: Settings,
    pub(crate) until_idle: Option<SignedDuration>,
    pub(crate) in_common: InCommon,
}

/// Every account that is served beside the default one.
pub(crate) struct Hosts {
    parts: HostsParts,
    sites: Mutex<BTreeMap<AccountNumber, Arc<Site>>>,
    at_once: Semaphore,
}

/// Where an account is served.
struct Site {
    name: AccountName,
    /// What works there; whoever holds it may change it.
    turn: tokio::sync::Mutex<AtSite>,
    told: Mutex<Told>,
}

/// What is at a site.
#[derive(Default)]
struct AtSite {
    at_work: Option<AtWork>,
    lifecycle: Option<Lifecycle>,
    erasing: Option<JoinHandle<()>>,
}

/// What is known of a site without waiting for its turn.
struct Told {
    /// The row that it was set up by last.
    as_of: Option<Timestamp>,
    standing: AccountStanding,
    /// A store failed, which may pass.
    is_tried_again: bool,
    measured: Option<Measured>,
    ended: Option<watch::Receiver<bool>>,
}

/// An account that was set up.
struct SetUp {
    web: leadgate_web::Gateway,
    work: Option<(Work, Arc<dyn Store>)>,
    standing: AccountStanding,
    is_tried_again: bool,
}

impl Hosts {
    pub(crate) fn new(parts: HostsParts) -> Arc<Hosts> {
        Arc::new(Hosts { parts, sites: Mutex::default(), at_once: Semaphore::new(AT_ONCE) })
    }

    /// Sets up what the list says. Returns when every account is served or told as broken.
    ///
    /// # Errors
    /// [`StoreError`] if the list cannot be read.
    pub(crate) async fn open(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut settling = self.look().await?;
        while settling.join_next().await.is_some() {}
        Ok(())
    }

    /// Follows the list until `shutdown`, then ends every account's work.
    pub(crate) async fn run(self: Arc<Self>, shutdown: Shutdown) {
        let mut settling = JoinSet::new();
        let requested = shutdown.requested();
        tokio::pin!(requested);
        loop {
            tokio::select! {
                () = &mut requested => break,
                () = self.parts.registry.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match self.look().await {
                Ok(started) => settling = joined(settling, started),
                Err(error) => tracing::error!(%error, "the list of accounts cannot be read; trying again"),
            }
            while settling.try_join_next().is_some() {}
        }
        self.end().await;
    }

    /// Begins to settle every account whose row has moved on, or that is gone.
    async fn look(self: &Arc<Self>) -> Result<JoinSet<()>, StoreError> {
        let accounts = self.parts.registry.accounts().await?;
        let mut settling = JoinSet::new();
        for number in self.gone(&accounts) {
            let hosts = Arc::clone(self);
            settling.spawn(async move { hosts.forget(number).await });
        }
        let further = accounts.into_iter().filter(|account| account.number != AccountNumber::DEFAULT);
        for account in further.filter(|account| self.is_due(account)) {
            let hosts = Arc::clone(self);
            settling.spawn(async move { hosts.settle(account).await });
        }
        Ok(settling)
    }

    fn gone(&self, accounts: &[Account]) -> Vec<AccountNumber> {
        let listed: BTreeSet<AccountNumber> = accounts.iter().map(|account| account.number).collect();
        self.sites().keys().filter(|number| !listed.contains(number)).copied().collect()
    }

    fn is_due(&self, account: &Account) -> bool {
        let site = self.sites().get(&account.number).cloned();
        site.is_none_or(|site| site.is_due(account))
    }

    /// Serves an account as its row says. Returns when that is so, or it is told as broken.
    pub(crate) async fn settle(self: &Arc<Self>, account: Account) {
        let site = Arc::clone(self.sites().entry(account.number).or_insert_with(|| Arc::new(Site::of(&account))));
        let mut at_site = site.turn.lock().await;
        if !site.is_due(&account) {
            return;
        }
        let Ok(_permit) = self.at_once.acquire().await else { return };
        at_site.end(self.parts.settings.server.shutdown_deadline).await;
        site.told().measured = None;
        if account.state == AccountState::Removing {
            return self.begin_erasing(&site, &mut at_site, account).await;
        }
        let SetUp { web, work, standing, is_tried_again } = self.set_up(&account).await;
        if let AccountStanding::Broken(reason) = &standing {
            tracing::error!(account.name = %account.name, "account {} is broken: {reason}", account.name);
        }
        at_site.lifecycle = Some(web.lifecycle.clone());
        self.parts.routers.put(&account.name, web);
        let measured = work.as_ref().map(|(work, store)| (work.engine().clone(), Arc::clone(store)));
        at_site.at_work = work.map(|(work, _)| work.start(Shutdown::unsignalled()));
        let ended = at_site.at_work.as_ref().map(AtWork::ended);
        *site.told() = Told { as_of: Some(account.changed_at), standing, is_tried_again, measured, ended };
    }

    async fn set_up(&self, account: &Account) -> SetUp {
        match self.open_store(account.number).await {
            Ok((store, keys)) => self.set_up_on(account, store, keys).await,
            Err(error) => {
                let web = self.gateway(Arc::clone(&self.parts.main), WebSettings::new(Access::Keys(Vec::new())));
                let standing = AccountStanding::Broken(format!("its store cannot be opened: {error}"));
                SetUp { web: web.shut(Shut::OutOfOrder), work: None, standing, is_tried_again: true }
            }
        }
    }

    async fn open_store(&self, number: AccountNumber) -> Result<(Arc<dyn Store>, Vec<AppKey>), StoreError> {
        let store = self.parts.registry.open(number).await?;
        let keys = store.app_keys().await?;
        Ok((store, keys))
    }

    async fn set_up_on(&self, account: &Account, store: Arc<dyn Store>, keys: Vec<AppKey>) -> SetUp {
        let access = Access::Keys(keys);
        let of_account = self.settings_of(account);
        let settings = match &of_account {
            Ok(OfAccount { settings, .. }) => settings.clone(),
            Err(_) => self.parts.settings.without_own(self.folder(account.number)),
        };
        let mut web = wiring::web_settings(&settings, access);
        let (work, standing) = match (account.state, of_account) {
            (AccountState::Active, of_account) => self.work_of(of_account, &store).await,
            _ => (None, AccountStanding::Keeping),
        };
        if work.is_none() {
            // Nothing ends meanwhile, so nobody is kept waiting for it.
            (web.patience, web.longest_patience) = (Duration::ZERO, Duration::ZERO);
        }
        let mut web = self.gateway(Arc::clone(&store), web);
        if let Some(work) = &work {
            web = web.with_broker(account.name.as_str(), work.broker());
        }
        SetUp { web, work: work.map(|work| (work, store)), standing, is_tried_again: false }
    }

    async fn work_of(
        &self,
        of_account: Result<OfAccount, String>,
        store: &Arc<dyn Store>,
    ) -> (Option<Work>, AccountStanding) {
        let usable = of_account.and_then(|OfAccount { settings, credentials }| Ok((settings, credentials?)));
        let (settings, credentials) = match usable {
            Ok(usable) => usable,
            Err(reason) => return (None, AccountStanding::Broken(reason)),
        };
        let (store, until_idle) = (Arc::clone(store), self.parts.until_idle);
        let parts = WorkParts {
            settings: &settings,
            credentials,
            store,
            account_since: None,
            until_idle,
            is_one_of_many: true,
            in_common: self.parts.in_common.clone(),
        };
        match Work::open(parts).await {
            Ok(work) => (Some(work), AccountStanding::Serving),
            Err(error) => (None, AccountStanding::Broken(format!("{error:#}"))),
        }
    }

    fn settings_of(&self, account: &Account) -> Result<OfAccount, String> {
        let secrets = secrets::open(self.parts.keys.as_deref(), account)?;
        AccountSettings::read(&account.settings)?.over(&self.parts.settings, &secrets, self.folder(account.number))
    }

    fn folder(&self, number: AccountNumber) -> std::path::PathBuf {
        leadgate_store_sqlite::account_folder(&self.parts.settings.store.data, number)
    }

    fn gateway(&self, store: Arc<dyn Store>, settings: WebSettings) -> leadgate_web::Gateway {
        leadgate_web::Gateway::new(store, Arc::new(SystemClock), settings)
    }

    /// Tells those with a key that the account is removed, and erases it in the background.
    async fn begin_erasing(self: &Arc<Self>, site: &Arc<Site>, at_site: &mut AtSite, account: Account) {
        // Where its store does not open any more, nobody is told more than of an account that is not there.
        let keys = self.open_store(account.number).await.map(|(_, keys)| keys).unwrap_or_default();
        let web = self.gateway(Arc::clone(&self.parts.main), WebSettings::new(Access::Keys(keys)));
        self.parts.routers.put(&account.name, web.shut(Shut::Removed));
        *site.told() = Told { as_of: Some(account.changed_at), ..Told::removing() };
        let (hosts, number) = (Arc::clone(self), account.number);
        at_site.erasing = Some(tokio::spawn(async move { hosts.erase(number, &account.name).await }));
    }

    async fn erase(&self, number: AccountNumber, name: &AccountName) {
        data_folder::remove_copy(&self.folder(number));
        loop {
            match self.parts.registry.erase_account(number, ROWS_OF_A_STEP).await {
                Ok(erased) if erased.finished => break,
                Ok(_) => tokio::task::yield_now().await,
                Err(error) => {
                    tracing::debug!(account.name = %name, %error, "account {name} is not erased yet");
                    tokio::time::sleep(ERASE_AGAIN).await;
                }
            }
        }
        self.parts.routers.take_away(name);
        self.sites().remove(&number);
        tracing::info!(account.name = %name, "account {name} is erased");
    }

    /// Ends what works for an account that is not in the list any more.
    async fn forget(&self, number: AccountNumber) {
        let Some(site) = self.sites().remove(&number) else { return };
        self.parts.routers.take_away(&site.name);
        site.turn.lock().await.end(self.parts.settings.server.shutdown_deadline).await;
    }

    /// Ends the work of every account. What comes in is still kept, until [`Hosts::close`].
    async fn end(&self) {
        // From now on nothing is set up.
        self.at_once.close();
        let sites: Vec<Arc<Site>> = self.sites().values().cloned().collect();
        let deadline = self.parts.settings.server.shutdown_deadline;
        futures::future::join_all(sites.iter().map(async |site| site.turn.lock().await.end(deadline).await)).await;
    }

    /// Lets go of the accounts' stores, once no request comes in any more.
    pub(crate) fn close(&self) {
        for site in std::mem::take(&mut *self.sites()).into_values() {
            self.parts.routers.take_away(&site.name);
        }
    }

    /// Resolves when the engine of every account has ended by itself.
    pub(crate) async fn at_rest(&self) {
        let ended: Vec<_> = self.sites().values().filter_map(|site| site.told().ended.clone()).collect();
        futures::future::join_all(ended.into_iter().map(until_ended)).await;
    }

    /// What is going on with an account.
    pub(crate) fn standing(&self, number: AccountNumber) -> AccountStanding {
        let site = self.sites().get(&number).cloned();
        site.map_or(AccountStanding::NotServed, |site| site.told().standing.clone())
    }

    /// The engines at work, and their stores.
    pub(crate) fn measured(&self) -> Vec<Measured> {
        self.sites().values().filter_map(|site| site.told().measured.clone()).collect()
    }

    fn sites(&self) -> MutexGuard<'_, BTreeMap<AccountNumber, Arc<Site>>> {
        // A panic while the lock was held leaves a map that is still whole.
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Site {
    fn of(account: &Account) -> Site {
        let told = Told { standing: AccountStanding::NotServed, ..Told::removing() };
        Site { name: account.name.clone(), turn: tokio::sync::Mutex::default(), told: Mutex::new(told) }
    }

    /// Whether it must be set up for the row to hold. A row that is older than the one that holds is not.
    fn is_due(&self, account: &Account) -> bool {
        let told = self.told();
        told.as_of.is_none_or(|as_of| as_of < account.changed_at) || told.is_tried_again
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn removing() -> Told {
        let standing = AccountStanding::Removing;
        Told { as_of: None, standing, is_tried_again: false, measured: None, ended: None }
    }
}

impl AtSite {
    /// Ends what works here. Those who wait for an end are told "accepted".
    async fn end(&mut self, deadline: Duration) {
        if let Some(lifecycle) = self.lifecycle.take() {
            lifecycle.drain();
        }
        if let Some(erasing) = self.erasing.take() {
            erasing.abort();
        }
        if let Some(at_work) = self.at_work.take() {
            at_work.end(deadline).await;
        }
    }
}

fn joined(mut one: JoinSet<()>, mut other: JoinSet<()>) -> JoinSet<()> {
    while other.try_join_next().is_some() {}
    if one.is_empty() {
        return other;
    }
    one.spawn(async move { while other.join_next().await.is_some() {} });
    one
}
