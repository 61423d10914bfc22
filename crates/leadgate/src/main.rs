//! Leadgate: carries leads, notes and deal moves from an app into a Freshsales account, exactly once and under one request budget.
//!
//! Cast: [`config`] reads the settings; [`cli`] has one file for each subcommand; [`stores`] opens the store that the settings choose; [`wiring`] puts store, CRM, engine and web together;
//! [`gateway`] runs them until told to stop; [`accounts`] are those that one process serves beside the default one; [`syncing`] has what syncs and exports are made of, [`progress`] shows how far they are; [`remote`] speaks to a gateway that runs elsewhere, [`desk`] to that or to the store, and [`account_desk`] about accounts; [`examine`] looks at this machine for `leadgate doctor`; [`screen`] prints; [`logs`] and [`metrics`]
//! report. There is no logic of leads here: it is in the crates below.

mod account_desk;
mod accounts;
mod app_keys;
mod cli;
mod config;
mod data_folder;
mod desk;
mod examine;
mod exit;
mod gateway;
mod logs;
mod metrics;
mod progress;
mod remote;
mod screen;
mod shutdown;
mod stores;
mod syncing;
mod wiring;

fn main() -> std::process::ExitCode {
    cli::run()
}
