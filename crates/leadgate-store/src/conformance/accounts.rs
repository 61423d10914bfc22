//! What every registry of accounts must do: each case proves a sentence of [`crate::accounts`].

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::json;

use super::samples::{accept, at};
use crate::StoreError;
use crate::accounts::{
    Account, AccountChange, AccountNumber, AccountRegistry, AccountState, AddAccountOutcome, Erased, NewAccount,
};

/// Expands to one test for each case, against what the expression opens.
#[macro_export]
macro_rules! account_conformance_suite {
    ($open:expr) => {
        $crate::account_conformance_suite! { @cases $open; [
            the_default_account_is_always_there,
            an_account_is_added_once_by_its_name,
            a_change_is_kept_and_moves_the_account_on,
            a_change_without_content_moves_the_account_on,
            what_is_being_removed_takes_no_change,
            the_default_account_is_not_removed,
            only_what_is_being_removed_is_erased,
            an_erased_account_is_gone_with_all_it_had,
            an_account_whose_store_is_held_is_not_erased,
            accounts_see_nothing_of_each_other,
            an_account_that_is_opened_twice_has_one_store,
            an_account_that_is_not_there_has_no_store,
            a_change_is_hinted_at,
        ] }
    };
    (@cases $open:expr; [$($case:ident),* $(,)?]) => {
        $(#[tokio::test]
        async fn $case() {
            let opened = $open;
            $crate::conformance::accounts::$case(&*opened).await;
        })*
    };
}

async fn add(accounts: &dyn AccountRegistry, name: &str) -> AccountNumber {
    let new = NewAccount { name: name.parse().unwrap(), state: AccountState::Active, settings: json!({"a": 1}) };
    match accounts.add_account(new, at(0)).await.unwrap() {
        AddAccountOutcome::Added(number) => number,
        AddAccountOutcome::NameTaken => panic!("{name} is taken"),
    }
}

async fn account(accounts: &dyn AccountRegistry, number: AccountNumber) -> Account {
    accounts.accounts().await.unwrap().into_iter().find(|account| account.number == number).unwrap()
}

async fn change(accounts: &dyn AccountRegistry, number: AccountNumber, change: AccountChange) -> bool {
    accounts.change_account(number, change, at(5)).await.unwrap()
}

fn to(state: AccountState) -> AccountChange {
    AccountChange { state: Some(state), ..AccountChange::default() }
}

/// Also before anything was added, and its store takes submissions.
pub async fn the_default_account_is_always_there(accounts: &dyn AccountRegistry) {
    let all = accounts.accounts().await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].number, all[0].name.as_str()), (AccountNumber::DEFAULT, "default"));
    assert_eq!((all[0].state, &all[0].credentials), (AccountState::Active, &None));
    accept(&*accounts.open(AccountNumber::DEFAULT).await.unwrap(), 1, 0).await;
}

/// And is as it was said.
pub async fn an_account_is_added_once_by_its_name(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let again = NewAccount { name: "acme".parse().unwrap(), state: AccountState::Paused, settings: json!({}) };
    assert_eq!(accounts.add_account(again, at(1)).await.unwrap(), AddAccountOutcome::NameTaken);
    let expected = Account {
        number,
        name: "acme".parse().unwrap(),
        state: AccountState::Active,
        settings: json!({"a": 1}),
        credentials: None,
        added_at: at(0),
        changed_at: at(0),
    };
    assert_eq!(account(accounts, number).await, expected);
    assert!(number > AccountNumber::DEFAULT);
}

/// What is not among it stays.
pub async fn a_change_is_kept_and_moves_the_account_on(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let credentials = AccountChange { credentials: Some(vec![0, 1, 255]), ..to(AccountState::Paused) };
    assert!(change(accounts, number, credentials).await);
    let settings = AccountChange { settings: Some(json!({"b": [2]})), ..AccountChange::default() };
    assert!(change(accounts, number, settings).await);
    let changed = account(accounts, number).await;
    assert_eq!((changed.state, changed.settings), (AccountState::Paused, json!({"b": [2]})));
    assert_eq!(changed.credentials, Some(vec![0, 1, 255]));
    assert!(!change(accounts, AccountNumber(999), to(AccountState::Paused)).await);
}

/// However often within one instant.
pub async fn a_change_without_content_moves_the_account_on(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let mut last = account(accounts, number).await.changed_at;
    for _ in 0..3 {
        assert!(change(accounts, number, AccountChange::default()).await);
        let next = account(accounts, number).await.changed_at;
        assert!(next > last);
        last = next;
    }
}

/// Not even the way back.
pub async fn what_is_being_removed_takes_no_change(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    assert!(change(accounts, number, to(AccountState::Removing)).await);
    assert!(!change(accounts, number, to(AccountState::Active)).await);
    assert_eq!(account(accounts, number).await.state, AccountState::Removing);
}

/// It may be paused.
pub async fn the_default_account_is_not_removed(accounts: &dyn AccountRegistry) {
    assert!(!change(accounts, AccountNumber::DEFAULT, to(AccountState::Removing)).await);
    assert!(change(accounts, AccountNumber::DEFAULT, to(AccountState::Paused)).await);
    assert_eq!(account(accounts, AccountNumber::DEFAULT).await.state, AccountState::Paused);
}

/// Others lose nothing.
pub async fn only_what_is_being_removed_is_erased(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    accept(&*accounts.open(number).await.unwrap(), 1, 0).await;
    for kept in [number, AccountNumber::DEFAULT] {
        assert_eq!(accounts.erase_account(kept, 1_000).await.unwrap(), Erased { rows: 0, finished: false });
    }
    assert_eq!(accounts.open(number).await.unwrap().stats(at(0)).await.unwrap().unplanned, 1);
    assert_eq!(accounts.accounts().await.unwrap().len(), 2);
}

/// Its name can be given anew, its number is not; others are as they were.
pub async fn an_erased_account_is_gone_with_all_it_had(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let other = add(accounts, "other").await;
    for account in [number, other] {
        accept(&*accounts.open(account).await.unwrap(), 1, 0).await;
    }
    change(accounts, number, to(AccountState::Removing)).await;
    erase(accounts, number).await;
    assert!(accounts.erase_account(number, 1).await.unwrap().finished, "what is gone is finished");
    let again = add(accounts, "acme").await;
    assert_ne!(again, number);
    assert_eq!(accounts.open(again).await.unwrap().stats(at(0)).await.unwrap().unplanned, 0);
    assert_eq!(accounts.open(other).await.unwrap().stats(at(0)).await.unwrap().unplanned, 1);
}

/// One row at a time, which must come to an end.
async fn erase(accounts: &dyn AccountRegistry, number: AccountNumber) {
    for _ in 0..10_000 {
        let erased = accounts.erase_account(number, 1).await.unwrap();
        assert!(erased.rows <= 1);
        if erased.finished {
            return;
        }
    }
    panic!("erasing never ended");
}

/// And loses nothing by the attempt.
pub async fn an_account_whose_store_is_held_is_not_erased(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let held = accounts.open(number).await.unwrap();
    accept(&*held, 1, 0).await;
    change(accounts, number, to(AccountState::Removing)).await;
    let refused = accounts.erase_account(number, 1_000).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(held.stats(at(0)).await.unwrap().unplanned, 1);
    drop(held);
    erase(accounts, number).await;
}

/// Not even of what has the same id.
pub async fn accounts_see_nothing_of_each_other(accounts: &dyn AccountRegistry) {
    let (first, second) = (add(accounts, "first").await, add(accounts, "second").await);
    let (first, second) = (accounts.open(first).await.unwrap(), accounts.open(second).await.unwrap());
    let default = accounts.open(AccountNumber::DEFAULT).await.unwrap();
    let id = accept(&*first, 1, 0).await;
    for stranger in [&second, &default] {
        assert!(stranger.story(id).await.unwrap().is_none());
        assert_eq!(stranger.stats(at(0)).await.unwrap().unplanned, 0);
    }
    assert_eq!(accept(&*second, 1, 0).await, id, "it is no repeat there");
}

/// What one holder put in, the other finds.
pub async fn an_account_that_is_opened_twice_has_one_store(accounts: &dyn AccountRegistry) {
    let number = add(accounts, "acme").await;
    let (one, other) = (accounts.open(number).await.unwrap(), accounts.open(number).await.unwrap());
    accept(&*one, 1, 0).await;
    assert_eq!(other.stats(at(0)).await.unwrap().unplanned, 1);
    assert!(std::ptr::eq(one.signals(), other.signals()));
    drop((one, other));
    assert_eq!(accounts.open(number).await.unwrap().stats(at(0)).await.unwrap().unplanned, 1);
}

/// Nor is one made for it.
pub async fn an_account_that_is_not_there_has_no_store(accounts: &dyn AccountRegistry) {
    assert!(matches!(accounts.open(AccountNumber(999)).await, Err(StoreError::Unavailable(_))));
}

/// Also if nobody waited at that moment.
pub async fn a_change_is_hinted_at(accounts: &dyn AccountRegistry) {
    let is_hinted = || {
        let mut changed = pin!(accounts.changed());
        changed.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    };
    assert!(!is_hinted());
    let number = add(accounts, "acme").await;
    assert!(is_hinted());
    change(accounts, number, to(AccountState::Paused)).await;
    assert!(is_hinted());
}
