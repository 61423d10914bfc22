//! Workflow webhooks: rules that fire when a record is written, and the requests they make to the receivers a person
//! named. It is the only push a customer of the real account can set up.
//!
//! Cast: a [`Workflow`] is the rule, with a [`Condition`] and a [`Webhook`]; `fields` reads one attribute of a record by
//! the name a person ticks; `content` and `encoding` turn a record into a body; [`Workflows`] is the part of the
//! account's state: rules, what is still to be sent, the log, the faults; `sender` is the task that sends; `control` and
//! `handle` are the ways to steer it.
//!
//! Flow: [`record_written`] is told of every write, asks the rules and queues one delivery per rule that fires. The
//! reply to the request that wrote does not wait. The sender takes a delivery, renders the record *as it is then*,
//! makes the request without the lock, and writes the log. Deliveries of one workflow go out one after the other,
//! those of different workflows side by side.
//!
//! Sources: official support articles on workflows with webhooks for triggers, methods, encodings and authentication;
//! keys and formats of the simple content as seen on recorded deliveries; placeholders are inferred.

mod condition;
mod content;
pub(crate) mod control;
#[cfg(feature = "fuzzing")]
pub(crate) mod dry_run;
mod encoding;
mod fault;
pub(crate) mod fields;
mod handle;
mod log;
mod outgoing;
mod rule;
pub(crate) mod sender;
mod state;
mod trigger;

pub use condition::{Condition, FieldCondition, FieldTest};
pub use fault::{WebhookFault, WebhookFaultKind};
pub use log::{DeliveryResult, DeliverySeen};
pub use rule::{Authentication, Content, Encoding, Secret, Trigger, Webhook, WebhookMethod, Workflow};
pub(crate) use state::{Workflows, queue_test};
pub(crate) use trigger::record_written;
