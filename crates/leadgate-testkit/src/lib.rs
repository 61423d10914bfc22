//! A whole gateway in a test: sandbox account, fresh database, real HTTP in and out, and a clock that the test steps.
//!
//! [`TestGateway`] is what tests open. Nothing runs by itself: a test sends requests (answered "accepted" at once unless it asks to wait), and
//! pumps the engine with [`TestGateway::settle`], which steps the clock from one due moment to the next until nothing is left to do.
//! [`TestInstances`] are several engines on one store, a [`TestCrowd`] several accounts in one process. The store is a file, or a database where
//! `LEADGATE_TEST_STORE` is `postgres` or a test asks for one.
#![allow(clippy::unwrap_used)]

mod crowd;
mod faults;
mod gate;
mod gateway;
mod http;
mod instances;
mod receiver;
mod store;

pub use crowd::TestCrowd;
pub use faults::CrmThatPanics;
pub use gate::GatedAccount;
pub use gateway::{AccountClock, TestGateway, TestGatewayBuilder};
pub use http::Answer;
pub use instances::TestInstances;
pub use receiver::{Behaviour, Received, TestReceiver};
pub use store::is_postgres;
