//! What cannot work, said before anything is started.

use std::time::Duration;

use freshsales::Credentials;
use freshsales::credentials::{ADDRESS_VARIABLE, KEY_VARIABLE};
use secrecy::ExposeSecret as _;

use super::ConfigError;
use super::sections::{CrmSettings, Settings};

/// The largest body that may be passed through to the account, in bytes.
const LARGEST_BROKER_BODY: usize = 16 * 1024 * 1024;

/// How long a repeat without a key can be recognised: what is looked for in a longer window, accepting would have to look for in too many places.
const WIDEST_CONTENT_WINDOW: Duration = Duration::from_secs(6 * 60 * 60);

/// Every problem with values that can be seen without starting anything.
pub(super) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let budget = &settings.budget;
    let shares = [
        ("budget.reserve_interactive", budget.reserve_interactive),
        ("budget.reserve_event", budget.reserve_event),
        ("budget.reserve_bulk", budget.reserve_bulk),
        ("budget.minute_for_bulk", budget.minute_for_bulk),
    ];
    let mut problems: Vec<String> = shares
        .iter()
        .filter(|(_, share)| !(0.0..=1.0).contains(share))
        .map(|(path, share)| format!("{path} is {share}, but it is a share: from 0 to 1"))
        .collect();
    let reserved = budget.reserve_interactive + budget.reserve_event + budget.reserve_bulk;
    let wrong = [
        (reserved >= 1.0, "the reserves in [budget] leave nothing: together they must be less than 1"),
        (
            settings.engine.worker.trim().is_empty(),
            "engine.worker is empty; give this process a name such as \"leadgate\"",
        ),
        (settings.engine.concurrency == 0, "engine.concurrency is 0, so nothing would ever be sent; 1 is the least"),
        (settings.engine.plan_ahead == 0, "engine.plan_ahead is 0, so nothing would ever be sent; 1 is the least"),
        (settings.retry.max_failures == 0, "retry.max_failures is 0; 1 is the least"),
        (settings.retry.cap < settings.retry.base, "retry.cap is shorter than retry.base; make it at least as long"),
        (settings.crm.total_timeout.is_zero(), "crm.total_timeout is 0; give it at least a few seconds"),
        (settings.intake.patience > settings.intake.max_wait, "intake.patience is longer than intake.max_wait"),
        (settings.broker.wait > settings.broker.max_wait, "broker.wait is longer than broker.max_wait"),
        (
            settings.broker.body_limit > LARGEST_BROKER_BODY,
            "broker.body_limit is more than 16 MiB; so many bodies are held at once that this would not fit",
        ),
        (settings.intake.body_limit < 1_024, "intake.body_limit is too small for a lead; 1024 bytes are the least"),
        (
            !(1..=4).contains(&settings.sync.pages),
            "sync.pages is from 1 to 4: so many pages are asked for side by side",
        ),
        (settings.sync.full_every.is_zero(), "sync.full_every is 0; give it at least an hour"),
        (
            !settings.store.is_known(),
            "store.url is no address of a Postgres database; write postgres://user:password@host:5432/database, or \"sqlite\" for a file in the data folder",
        ),
        (
            !is_plain_name(&settings.store.schema),
            "store.schema is no name of a schema: take up to 63 lower-case letters, digits and underscores, the first a letter",
        ),
        (settings.store.connections < 2, "store.connections is less than 2, which is the least"),
        (settings.store.data.as_os_str().is_empty(), "store.data is empty; name a folder such as \"leadgate-data\""),
    ];
    problems.extend(wrong.iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| (*problem).to_owned()));
    problems.extend(retention_problems(settings));
    problems.extend(phone_region_problem(settings));
    problems.extend(host_problem(&settings.server.host));
    problems.extend(public_url_problem(settings.server.public_url.as_deref()));
    problems.extend(level_problem(&settings.log.level));
    if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
}

fn is_plain_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 63 && name.bytes().all(fits) && name.starts_with(|first: char| first.is_ascii_lowercase())
}

/// Whether anything of an account is configured.
pub(crate) fn names_account(crm: &CrmSettings) -> bool {
    crm.api_key.is_some() || crm.subdomain.is_some()
}

/// The account to talk to, or what to set.
pub(crate) fn account_of(crm: &CrmSettings) -> Result<Credentials, ConfigError> {
    let missing = |variable: &str, path: &str, what: &str| {
        format!("{variable} is not set: set it to {what} (or {path} in leadgate.toml); `leadgate dev` needs no account")
    };
    let mut problems = Vec::new();
    if crm.api_key.is_none() {
        problems.push(missing(
            KEY_VARIABLE,
            "crm.api_key",
            "the API key from profile settings > API settings of your CRM",
        ));
    }
    if crm.subdomain.is_none() {
        problems.push(missing(ADDRESS_VARIABLE, "crm.subdomain", "your account's name, as in `acme.myfreshworks.com`"));
    }
    let (Some(key), Some(address)) = (&crm.api_key, &crm.subdomain) else { return Err(ConfigError { problems }) };
    Credentials::parse(key.expose_secret(), address)
        .map_err(|error| ConfigError::one(format!("{KEY_VARIABLE} and {ADDRESS_VARIABLE} cannot be used: {error}")))
}

fn retention_problems(settings: &Settings) -> impl Iterator<Item = String> {
    let kept = &settings.retention;
    let windows = settings.intake.key_window.max(settings.intake.content_window);
    let is_short = kept.done.is_some_and(|done| Duration::try_from(done).is_ok_and(|done| done <= windows));
    let outlive = match (kept.done, kept.changes) {
        (Some(done), Some(changes)) => changes > done,
        (Some(_), None) => true,
        (None, _) => false,
    };
    let is_wide = settings.intake.content_window > WIDEST_CONTENT_WINDOW;
    let wrong = [
        (
            is_wide,
            "intake.content_window is longer than 6 hours; send an Idempotency-Key where repeats come later than that",
        ),
        (is_short, "retention.done is not longer than intake.key_window and intake.content_window; make it longer"),
        (outlive, "retention.changes is longer than retention.done; make it at most as long"),
    ];
    wrong.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, problem)| problem.to_owned())
}

fn phone_region_problem(settings: &Settings) -> Option<String> {
    let region = settings.intake.phone_region.as_deref()?;
    let is_code = region.len() == 2 && region.chars().all(|letter| letter.is_ascii_uppercase());
    (!is_code)
        .then(|| format!("intake.phone_region is `{region}`, but it is a country's two capital letters, such as DE"))
}

fn host_problem(host: &str) -> Option<String> {
    let usable = host.is_empty() || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok();
    (!usable)
        .then(|| format!("server.host is `{host}`, but it is an address to listen on, such as 0.0.0.0 or 127.0.0.1"))
}

fn public_url_problem(url: Option<&str>) -> Option<String> {
    let url = url?;
    let usable = reqwest::Url::parse(url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    });
    (!usable).then(|| "server.public_url is no web address; write it as https://leads.example.com".to_owned())
}

fn level_problem(level: &str) -> Option<String> {
    let parsed = tracing_subscriber::EnvFilter::builder().parse(level);
    parsed.err().map(|error| format!("log.level is `{level}`, which is no level and no filter: {error}"))
}
