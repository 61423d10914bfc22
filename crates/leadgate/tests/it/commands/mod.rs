//! Subcommands that look at rules and at the way in from the CRM, as people run them.

mod playbook;
mod route;
mod webhook;
