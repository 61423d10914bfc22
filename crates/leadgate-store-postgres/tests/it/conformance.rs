//! Every case that all backends must pass.

use crate::support::open_fresh;

leadgate_store::conformance_suite!(open_fresh().await);
