//! A whole Freshsales account in one process: leads, contacts, companies, deals, products and what hangs on them over the REST paths of
//! both generations of the API, with a search index that lags, a request quota, faults on demand and a clock that can
//! stand still. Develop and test against it instead of a trial account.
//!
//! ```no_run
//! use freshsales_sandbox::{Fault, FaultKind, Generation, Plan, Sandbox, SandboxConfig};
//! # async fn example() -> std::io::Result<()> {
//! let config = SandboxConfig { plan: Plan::Growth, ..SandboxConfig::default() };
//! let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await?;
//! println!("point your program at {}", sandbox.url(Generation::Classic));
//!
//! let account = sandbox.account();
//! account.set_faults(vec![Fault::new(FaultKind::CommitThenCut).on("POST", "/leads").times(1)]);
//! // … the program creates a lead, loses the reply, and must find out that the lead exists …
//! assert_eq!(account.leads().len(), 1);
//! # Ok(()) }
//! ```
//!
//! # Using the API
//!
//! Send `Authorization: Token token=sandbox-key` and `Accept: application/json`. The host may be a bare loopback address
//! or a name whose first label is the subdomain (`acme.freshsales.io`, `acme.myfreshworks.com`).
//!
//! ```text
//! curl -s localhost:8080/api/leads -H 'Authorization: Token token=sandbox-key' -H 'Accept: application/json' \
//!      -H 'Content-Type: application/json' -d '{"lead":{"last_name":"Haddad","email":"amir@example.com"}}'
//! curl -s 'localhost:8080/crm/sales/api/lookup?q=amir@example.com&f=email&entities=contact' \
//!      -H 'Authorization: Token token=sandbox-key' -H 'Accept: application/json'
//! ```
//!
//! Served today: leads (with convert), contacts, sales accounts, deals — each with create, view, update, upsert, clone,
//! delete, forget, filters, views, scroll, bulk calls, notes, appointments, files and links, activities, timeline, teams —, notes,
//! tasks, appointments, sales activities, calls, uploads, links, job statuses, search, lookup, filtered search, selectors, field
//! metadata, forms and new custom fields; without `/api`, the tasks, e-mails, duplicates and activity counts of a record and
//! suggestions while typing; on Suite paths also marketing lists, products with prices, CPQ documents, and custom modules with
//! their records. What is not known for certain about the real API is a field of [`Switches`], and what an admin sets up is in
//! [`AccountRules`]. Which paths and dialect are served is the [`Profile`].
//!
//! # Control API
//!
//! Under `/__sandbox`, from loopback addresses, without a key and without cost; pages of other sites and proxies are refused:
//!
//! ```text
//! curl -s localhost:8080/__sandbox                                   # summary: counts, quota, clock, faults
//! curl -s localhost:8080/__sandbox/records/leads                     # records of a kind, with every related id
//! curl -s 'localhost:8080/__sandbox/requests?limit=20'               # newest first; callers set x-sandbox-caller
//! curl -s -X DELETE localhost:8080/__sandbox/requests                # forget them
//! curl -s localhost:8080/__sandbox/quota
//! curl -s -X PUT localhost:8080/__sandbox/quota -d '{"plan":"growth"}'
//! curl -s -X PUT localhost:8080/__sandbox/quota -d '{"plan":{"custom":{"hour":50,"minute":10}}}'
//! curl -s localhost:8080/__sandbox/quota/drain -d '{"requests":200}' # as another tool of the account
//! curl -s -X PUT localhost:8080/__sandbox/faults \
//!      -d '{"faults":[{"kind":"commit_then_cut","methods":["POST"],"path_prefix":"/leads","remaining":1}]}'
//! curl -s localhost:8080/__sandbox/faults                            # with what is left of their counts
//! curl -s -X DELETE localhost:8080/__sandbox/faults
//! curl -s localhost:8080/__sandbox/clock
//! curl -s localhost:8080/__sandbox/clock/advance -d '{"seconds":3600}'
//! curl -s -X PUT localhost:8080/__sandbox/clock -d '{"mode":{"accelerated":60}}'   # or "real", "stepped"
//! curl -s -X PUT localhost:8080/__sandbox/job-duration -d '{"seconds":5}'
//! curl -s -X PUT localhost:8080/__sandbox/index-lag -d '{"seconds":0}'
//! curl -s localhost:8080/__sandbox/switches
//! curl -s -X PUT localhost:8080/__sandbox/switches -d '{"mobile_unique":true}'
//! curl -s localhost:8080/__sandbox/stages/add -d '{"name":"Trial Active"}'
//! curl -s -X PUT localhost:8080/__sandbox/stages/79000002004 -d '{"name":"Trial"}'
//! curl -s -X DELETE localhost:8080/__sandbox/stages/79000002004      # its id goes stale
//! curl -s -X POST localhost:8080/__sandbox/custom-fields \
//!      -d '{"kind":"contact","name":"cf_plan","label":"Plan","field_type":"text"}'
//! curl -s localhost:8080/__sandbox/rules                             # what an admin has set up
//! curl -s -X PUT localhost:8080/__sandbox/rules -d '{"lost_deal_needs_reason":true}'
//! curl -s localhost:8080/__sandbox/fields/required -d '{"kind":"contact","name":"job_title"}'
//! curl -s localhost:8080/__sandbox/fields/unique -d '{"kind":"sales_account","name":"website"}'  # "on":false takes it back
//! curl -s localhost:8080/__sandbox/assignment-rules \
//!      -d '{"kind":"contact","conditions":{"country":"Norway"},"owners":[79000000002]}'
//! curl -s -X PUT localhost:8080/__sandbox/language -d '{"language":"nl"}'                        # en, nl, es, de, pseudo
//! curl -s localhost:8080/__sandbox/restore -d '{"kind":"contact","id":71000000001}'
//! curl -s localhost:8080/__sandbox/lifecycle-stages/add -d '{"name":"Partner"}'
//! curl -s localhost:8080/__sandbox/contact-statuses/add -d '{"name":"Signed","lifecycle_stage_id":79000014004,"outcome":"won"}'
//! curl -s -X PUT localhost:8080/__sandbox/pipelines/79000003001 -d '{"rotting_days":7}'
//! curl -s localhost:8080/__sandbox/currencies/add -d '{"code":"EUR","exchange_rate":"1.25"}'
//! curl -s localhost:8080/__sandbox/seed -d '{"records":1000,"seed":7}'             # contacts, and the rest in proportion
//! curl -s localhost:8080/__sandbox/snapshot > account.jsonl                         # ?requests=1 for these too
//! curl -s -X PUT localhost:8080/__sandbox/snapshot -T account.jsonl
//! curl -s localhost:8080/__sandbox/accounts                                         # of this process
//! curl -s localhost:8080/__sandbox/accounts -d '{"name":"globex","key":"k2","plan":"pro"}'
//! curl -s localhost:8080/@globex/__sandbox                                          # the same for another account
//! curl -s -X DELETE localhost:8080/__sandbox/accounts/globex
//! curl -s -X POST localhost:8080/__sandbox/reset
//! curl -s localhost:8080/__sandbox/workflows                         # rules that call webhooks, with their ids
//! curl -s localhost:8080/__sandbox/workflows -d '{"name":"won","kind":"deal","trigger":"updated",
//!      "conditions":{"all":[{"field":"deal_stage_id","operator":"changed","to":"Won"}]},
//!      "webhook":{"url":"http://localhost:9000/hook","content":{"simple":["id","deal_stage_name"]}}}'
//! curl -s -X PUT localhost:8080/__sandbox/workflows/1 -d '{"name":"won", …}'
//! curl -s -X DELETE localhost:8080/__sandbox/workflows/1
//! curl -s localhost:8080/__sandbox/workflows/1/test -d '{"record":73000000001}'  # send one now; no body: the newest
//! curl -s localhost:8080/__sandbox/workflows/fields/deal             # what can be ticked
//! curl -s 'localhost:8080/__sandbox/workflows/deliveries?limit=20'   # newest first; DELETE forgets them
//! curl -s -X PUT localhost:8080/__sandbox/workflows/faults \
//!      -d '{"faults":[{"kind":"deliver_twice","probability":0.2}]}'  # or reorder, drop; DELETE clears
//! ```
//!
//! Kinds of faults: `fail_before_commit`, `commit_then_fail`, `server_error_html` (`status`), `commit_then_cut`,
//! `cut_before_commit`, `cut_then_commit` (`delay_milliseconds`), `hang` (`then_commit`), `quota_429` (`reset_after_seconds`), `quota_429_in_400`, `edge_throttle`
//! (`retry_after`), `slow_body` (`chunk_bytes`, `pause_milliseconds`), `forbidden`, `bulk_busy_405`. Each can carry `methods`,
//! `path` (a pattern), `path_prefix`, `path_suffix`, `probability`, `remaining`, `skip`, `from` and `until`. A POST of
//! faults adds to those that are set.
//!
//! # The page
//!
//! A browser that asks the account's address for HTML gets a page that shows and changes what the account holds. Rules of
//! webhooks and the page are described in `docs/sandbox-webhooks.md`.
//!
//! # How it is built
//!
//! `server` speaks HTTP; `gate` does what surrounds a route, in the real order (edge limiter, host, sign-in, quota, fault,
//! answer); `routes` has one file per resource; `write` turns bodies into records; `wire` turns records into JSON; `model`
//! is the account itself, behind one lock; `workflows` decides which webhooks a write fires and sends them; `page` is what
//! people see. Everything that depends on time reads the account's clock, so with
//! [`Clock::Stepped`] nothing happens until [`Account::advance`]. `accounts` finds the account of a request; `snapshot`
//! writes and reads whole accounts; `seeding` fills one.
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod accounts;
mod config;
mod control;
mod fault;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod model;
mod page;
mod routes;
mod rules;
mod sandbox;
mod seeding;
mod server;
mod snapshot;
mod switches;
mod wire;
mod workflows;
mod write;

pub use account::Account;
pub use accounts::{AccountSpec, AccountsError};
pub use config::{Clock, CustomField, CustomFieldType, Generation, Language, Plan, Profile, SandboxConfig};
pub use fault::{Fault, FaultKind, FaultMatching};
pub use model::Kind;
pub use model::catalog::StageOutcome;
pub use model::quota::QuotaState;
pub use model::request_log::RequestSeen;
pub use rules::{AccountRules, AssignmentRule, ConversionRules, FieldMapping, UNIQUE_FIELDS_MAXIMUM};
pub use sandbox::Sandbox;
pub use snapshot::{SnapshotError, SnapshotOptions};
pub use switches::{
    ConvertAgain, ConvertReply, CreateStatus, CustomFieldUpdate, DeletedRecord, ErrorShape, FailureItem,
    LookupFreshness, LookupMissingField, PageAboveMaximum, QuotaBody, Switches, UnrecordedTexts,
};
pub use workflows::{
    Authentication, Condition, Content, DeliveryResult, DeliverySeen, Encoding, FieldCondition, FieldTest, Secret,
    Trigger, Webhook, WebhookFault, WebhookFaultKind, WebhookMethod, Workflow,
};
