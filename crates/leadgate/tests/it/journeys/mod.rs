//! Journeys: a whole gateway in process, over real HTTP to a sandbox account, on a stepped clock.

mod broker;
mod budget;
mod bursts;
mod changes;
mod deals;
mod events;
mod faults;
mod forget;
mod forms;
mod leads;
mod notes;
mod outages;
mod playbook;
mod retention;
mod routing;
mod shared_accounts;
