//! What this side counts. The names and labels are stable.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `leadgate_http_requests_total` | counter | `route`, `status` | every request answered; `route` is the path's template, or `unmatched` |
//! | `leadgate_answer_seconds` | histogram, seconds | `route`, `status` | from a submission's arrival to its answer, the wait for its end included; `route` is the submission's |
//! | `leadgate_form_posts_total` | counter | `form`, `outcome` | posts to forms, by form and by what became of them |
//! | `leadgate_accepts_total` | counter | `route`, `outcome` | submissions at the door, those without a valid key not counted |
//!
//! Submission routes are named `guide-lead`, `guide-note`, `guide-stage`, `lead`, `note`, `stage`, `form`, `event`. Outcomes are `accepted` (new, kept),
//! `repeat` (recognised, not kept again), `key_reused` (same idempotency key, other body) and `refused` (anything else: nothing was kept). Posts
//! to forms have two more: `robot` and `limited`, which are among the `refused` of all submissions.

use std::time::Duration;

use http::StatusCode;
use leadgate_core::submission::Route;
use metrics::{counter, describe_counter, describe_histogram, histogram};

use crate::routes::{Door, RouteEntry};

const REQUESTS: &str = "leadgate_http_requests_total";
const ANSWER_SECONDS: &str = "leadgate_answer_seconds";
const ACCEPTS: &str = "leadgate_accepts_total";
const FORM_POSTS: &str = "leadgate_form_posts_total";

/// Tells the recorder what the names mean. Call once, after the recorder is installed.
pub fn describe() {
    describe_counter!(REQUESTS, "HTTP requests answered, by route and status");
    describe_histogram!(ANSWER_SECONDS, metrics::Unit::Seconds, "Time from a submission's arrival to its answer");
    describe_counter!(ACCEPTS, "Submissions at the door, by what became of them");
    describe_counter!(FORM_POSTS, "Posts to forms, by form and by what became of them");
}

/// What the forms of accounts that are served by their names are called, all of them: there is no end to the names.
pub(crate) const OF_MANY: &str = "of-an-account";

pub(crate) fn accepted(route: Route, outcome: &'static str) {
    counter!(ACCEPTS, "route" => route.name(), "outcome" => outcome).increment(1);
}

/// `form` is a name of the process's own rules file, or [`OF_MANY`], so there are only so many.
pub(crate) fn form_posted(form: &str, outcome: &'static str) {
    counter!(FORM_POSTS, "form" => form.to_owned(), "outcome" => outcome).increment(1);
}

pub(crate) fn answered(entry: &'static RouteEntry, status: StatusCode, took: Duration) {
    let code = status.as_str().to_owned();
    let submission_route = match entry.door {
        Door::Submit(route) => Some(route),
        Door::Events(_) => Some(Route::Event),
        _ => None,
    };
    if let Some(route) = submission_route {
        histogram!(ANSWER_SECONDS, "route" => route.name(), "status" => code.clone()).record(took);
    }
    counter!(REQUESTS, "route" => entry.path, "status" => code).increment(1);
}
