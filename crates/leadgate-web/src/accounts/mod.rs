//! Many accounts behind one port.
//!
//! Cast: [`AccountRouters`] has the router of each account by name, which whoever runs the accounts puts in and takes out while requests come in;
//! [`router`] sends a request to the one that it names; [`desk`] is what the operator's API asks of the accounts, and [`operator`] that API; [`export`]
//! writes everything of an account, line by line.
//!
//! Flow: `/accounts/{name}/v1/leads` is handed to the account's own router as `/v1/leads`, which knows this account's keys and this account's store and
//! no others; `/crm/{name}/api/…` is handed to it as it is. A name that no account has is handed to a router without any key, so it is answered as a wrong key is.

pub mod desk;
pub mod export;
pub mod operator;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::Uri;
use http::uri::PathAndQuery;
use leadgate_store::accounts::AccountName;
use tower::ServiceExt as _;

pub use self::desk::{AccountDesk, AccountStanding, AccountView, DeskError};
pub(crate) use self::operator::OperatorDoor;
use crate::state::{Access, Gateway, WebSettings};

/// What stands before an account's name.
const PREFIX: &str = "/accounts/";
/// The same where a request is to go through to the account.
const PASS_PREFIX: &str = "/crm/";
/// The operator's API.
const OPERATOR: &str = "/operator/";

/// The routers of the accounts that are served by their names. Clones share them.
#[derive(Clone)]
pub struct AccountRouters {
    by_name: Arc<RwLock<HashMap<String, Router>>>,
    nobody: Router,
}

impl AccountRouters {
    /// No account yet. What belongs to no account is answered by a gateway that is like `any`, but has no key, no form and no secret, so that nothing
    /// of it can be reached.
    pub fn new(any: &Gateway) -> AccountRouters {
        let settings = WebSettings::new(Access::Keys(Vec::new()));
        let mut nobody = Gateway::new(Arc::clone(&any.store), Arc::clone(&any.clock), settings);
        nobody.account = Some("unknown".into());
        AccountRouters { by_name: Arc::default(), nobody: crate::router(nobody) }
    }

    /// From now on, requests for this account are answered by this gateway.
    pub fn put(&self, name: &AccountName, gateway: Gateway) {
        let router = crate::router(gateway.under(name));
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert(name.as_str().to_owned(), router);
    }

    /// From now on there is no such account.
    pub fn take_away(&self, name: &AccountName) {
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).remove(name.as_str());
    }

    fn find(&self, name: &str) -> Router {
        let routers = self.by_name.read().unwrap_or_else(PoisonError::into_inner);
        routers.get(name).unwrap_or(&self.nobody).clone()
    }
}

/// Where a request goes.
#[derive(Clone)]
struct Crossing {
    default: Router,
    accounts: AccountRouters,
    operator: Option<Router>,
}

/// The router of a process with many accounts. What names no account is the default account's, or, where there is an operator, the operator's.
pub fn router(default: Gateway, accounts: AccountRouters, operator: Option<Router>) -> Router {
    let crossing = Crossing { default: crate::router(default), accounts, operator };
    Router::new().fallback(async move |request: Request| crossing.answer(request).await)
}

impl Crossing {
    async fn answer(mut self, mut request: Request) -> Response {
        let path = request.uri().path();
        let router = match (path.strip_prefix(PREFIX), self.operator.take()) {
            (Some(rest), _) => {
                let name = first_part(rest);
                let router = self.of(name);
                *request.uri_mut() = without_prefix(request.uri(), PREFIX.len() + name.len());
                router
            }
            (None, Some(operator)) if path.starts_with(OPERATOR) => operator,
            (None, _) => match path.strip_prefix(PASS_PREFIX) {
                Some(rest) => self.of(first_part(rest)),
                None => self.default,
            },
        };
        router.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {})
    }

    fn of(self, name: &str) -> Router {
        match name {
            "default" => self.default,
            name => self.accounts.find(name),
        }
    }
}

fn first_part(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// The address without the first bytes of its path.
fn without_prefix(uri: &Uri, bytes: usize) -> Uri {
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = whole.get(bytes..).unwrap_or_default();
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    // A part of an address that was read is one too; where that failed, nothing is there.
    rest.parse().unwrap_or_else(|_| Uri::from_static("/"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/accounts/acme/v1/leads", "/v1/leads")]
    #[case("/accounts/acme/v1/jobs?limit=3", "/v1/jobs?limit=3")]
    #[case("/accounts/acme", "/")]
    #[case("/accounts/acme/", "/")]
    #[case("/accounts/acme?a=b", "/?a=b")]
    #[case("/accounts/acme//v1", "//v1")]
    fn the_prefix_is_stripped(#[case] whole: &str, #[case] rest: &str) {
        let stripped = without_prefix(&whole.parse().unwrap(), "/accounts/acme".len());
        assert_eq!(stripped.path_and_query().map(PathAndQuery::as_str), Some(rest));
    }
}
