//! Looks at an account as an installation sees it: at the door, behind it, and, where that is allowed, by making marked records.
//!
//! Nothing is judged here; see `leadgate_core::doctor`. Cast: `door` knocks, `inside` reads what the gateway reads, `writes` makes and removes.

mod door;
mod inside;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use freshsales::{Credentials, Generation};
use leadgate_core::clock::Clock;
use leadgate_core::doctor::observed::{AskedSeen, InsideSeen, Wanted};
use url::Url;

use crate::marked::Ledger;
use crate::wire::Wire;

/// What a look is to find out.
pub struct Examination {
    /// The account.
    pub credentials: Credentials,
    /// How long a request may take.
    pub timeout: Duration,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// The account that the data folder is about.
    pub noted_account: Option<String>,
    /// Names that must exist.
    pub wanted: Wanted,
    /// Where marked records are noted; without it nothing is written.
    pub ledger: Option<Ledger>,
    /// How long a new record is searched for.
    pub search_within: Duration,
}

/// An account that let the key in.
#[derive(Clone)]
pub(crate) struct Inside {
    pub(crate) generation: Generation,
    pub(crate) root: Url,
}

impl Examination {
    /// Looks. Every request is counted on the wire. Where it is broken off, what was made stands in the ledger.
    pub async fn run(&self, wire: &Wire) -> AskedSeen {
        let access = door::knock(self, wire).await;
        let inside = match door::let_in(&access.with_key) {
            Some((inside, clock)) => Some(InsideSeen { clock, ..inside::look(self, wire, &inside).await }),
            None => None,
        };
        AskedSeen { access, inside }
    }
}
