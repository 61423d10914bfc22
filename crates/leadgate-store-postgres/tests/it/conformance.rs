//! Every case that all backends must pass.

use crate::support::{open_accounts, open_fresh};

leadgate_store::conformance_suite!(open_fresh().await);
leadgate_store::account_conformance_suite!(open_accounts().await);
