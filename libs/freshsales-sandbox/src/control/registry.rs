//! `/__sandbox/accounts`: the accounts of the process, and `/__sandbox/seed`: filling one.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Outcome, parse, unknown};
use crate::accounts::Accounts;
use crate::wire::Reply;
use crate::{Account, AccountSpec};

pub(super) async fn answer(accounts: &Accounts, method: &Method, path: &[&str], body: &Bytes) -> Outcome {
    match (method, path) {
        (&Method::GET, []) => {
            let all: Vec<Value> = accounts.all().iter().map(shown).collect();
            Ok(Reply::json(json!({"accounts": all})))
        }
        (&Method::POST, []) => {
            let spec: AccountSpec = parse(body)?;
            let account = accounts.add(spec.config()?).map_err(|error| error.to_string())?;
            if let Some(records) = spec.records {
                fill(account.clone(), records, spec.seed.unwrap_or(1)).await?;
            }
            Ok(Reply::json(shown(&account)).with_status(StatusCode::CREATED))
        }
        (&Method::DELETE, [name]) => {
            accounts.remove(name).map_err(|error| error.to_string())?;
            Ok(Reply::json(json!({"removed": name})))
        }
        _ => Ok(unknown()),
    }
}

fn shown(account: &Account) -> Value {
    let state = account.lock();
    let config = &state.config;
    json!({
        "name": config.subdomain,
        "path_prefix": format!("/@{}", config.subdomain),
        "key": config.key,
        "profile": config.profile,
        "plan": state.quota.plan(),
        "now": state.now().to_string(),
    })
}

#[derive(serde::Deserialize)]
struct Seeding {
    records: usize,
    #[serde(default = "first_seed")]
    seed: u64,
}

const fn first_seed() -> u64 {
    1
}

pub(super) async fn seed(account: Account, body: &Bytes) -> Outcome {
    let Seeding { records, seed } = parse(body)?;
    fill(account.clone(), records, seed).await?;
    Ok(Reply::json(super::summary(&mut account.lock())))
}

async fn fill(account: Account, records: usize, seed: u64) -> Result<(), String> {
    let filling = tokio::task::spawn_blocking(move || account.seed_records(records, seed));
    filling.await.map_err(|_| "seeding failed".to_owned())
}
