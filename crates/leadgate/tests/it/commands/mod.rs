//! Subcommands that look at rules and at the way in from the CRM, and the one that forgets people, as people run them.

mod forget;
mod playbook;
mod route;
mod webhook;
