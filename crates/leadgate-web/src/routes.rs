//! The one table of routes, and the router made from it.

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};
use http::Method;
use http::request::Parts;
use leadgate_core::intake::{EventCall, EventKind};
use leadgate_core::submission::Route;
use leadgate_store::scopes::Scope;
use tower_http::catch_panic::CatchPanicLayer;

use crate::accounts::OperatorDoor;
use crate::answers::Dialect;
use crate::auth::Caller;
use crate::edge::{self, Edge};
use crate::error::ApiError;
use crate::state::Gateway;
use crate::{broker, deliveries, forget, forms, health, hooks, imports, intake, listing, operator, submissions};

/// One route.
#[derive(Debug)]
#[non_exhaustive]
pub struct RouteEntry {
    /// The method it takes.
    pub method: &'static str,
    /// Its path; `{id}` stands for one segment. Also its name in logs and metrics.
    pub path: &'static str,
    /// Who may use it.
    pub access: RouteAccess,
    pub(crate) door: Door,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteAccess {
    /// Those with a key that may do this. To look at what such a key may do, one that may read is enough.
    Key(Scope),
    /// Pages of a form's origins that name the form's key. The handler sees to it, since the key is a field of the form.
    Form,
    /// Those with a secret of the notifications: the CRM.
    Webhook,
    /// Those with a key that may submit; it may also come as the user name of basic authentication, which is how analytics libraries send it.
    WriteKey,
    /// The same, but the key may also come as clients of the CRM send theirs: `Authorization: Token token=…`.
    CrmKey,
    /// Anyone: it tells nothing about the account and changes nothing.
    Anyone,
}

/// What is behind a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Submit(Route),
    Form,
    Notification,
    LatestNotification,
    Events(EventCall),
    Submission,
    Submissions,
    Jobs,
    Job,
    ReleaseJob,
    ReleaseJobs,
    Stages,
    Deliveries,
    Delivery,
    RetryDelivery,
    RetryDeliveries,
    Destinations,
    TestDestination,
    EnableDestination,
    Imports,
    Operator(OperatorDoor),
    Import,
    ImportRows,
    ImportResults,
    PauseImport,
    ResumeImport,
    UndoImport,
    Pass,
    BeginForget,
    Forget,
    Health,
    Ready,
    Loopback,
    Metrics,
    Nowhere,
}

impl Door {
    fn dialect(self) -> Dialect {
        match self {
            Door::Submit(route) => Dialect::of(route),
            Door::Health | Door::Notification => Dialect::Guide,
            Door::LatestNotification => Dialect::V1,
            Door::Events(_) | Door::Submission | Door::Submissions | Door::Jobs => Dialect::V1,
            Door::Job | Door::Stages => Dialect::V1,
            Door::ReleaseJob | Door::ReleaseJobs => Dialect::V1,
            Door::Pass => Dialect::V1,
            Door::Form | Door::Ready | Door::Loopback | Door::Metrics | Door::Nowhere => Dialect::V1,
            Door::Deliveries | Door::Delivery | Door::RetryDelivery | Door::RetryDeliveries => Dialect::V1,
            Door::Destinations | Door::TestDestination | Door::EnableDestination => Dialect::V1,
            Door::Imports | Door::Import | Door::ImportRows | Door::ImportResults => Dialect::V1,
            Door::PauseImport | Door::ResumeImport | Door::UndoImport | Door::Operator(_) => Dialect::V1,
            Door::BeginForget | Door::Forget => Dialect::V1,
        }
    }
}

impl RouteEntry {
    pub(crate) const fn new(method: &'static str, path: &'static str, access: RouteAccess, door: Door) -> RouteEntry {
        RouteEntry { method, path, access, door }
    }

    /// What a key must allow for a request of that method; nothing where no app key is asked for.
    pub fn needs(&self, method: &Method) -> Option<Scope> {
        match self.access {
            RouteAccess::Key(Scope::Operate) if matches!(*method, Method::GET | Method::HEAD) => Some(Scope::Read),
            RouteAccess::Key(scope) => Some(scope),
            RouteAccess::WriteKey => Some(Scope::Submit),
            RouteAccess::CrmKey => Some(Scope::Pass),
            RouteAccess::Form | RouteAccess::Webhook | RouteAccess::Anyone => None,
        }
    }

    /// In whose words it answers.
    pub(crate) fn dialect(&self) -> Dialect {
        self.door.dialect()
    }

    fn allowed(&self) -> &'static str {
        match (self.door, self.method) {
            // An admin can choose among these in the workflow.
            (Door::Notification, _) => "POST, PUT, PATCH",
            (Door::Pass, _) => "GET, HEAD, POST, PUT, PATCH, DELETE",
            (Door::Imports, _) => "GET, HEAD, POST",
            (Door::Operator(door), _) => door.allowed(),
            (_, "GET") => "GET, HEAD",
            (_, method) => method,
        }
    }
}

/// Every route there is.
pub static ROUTES: &[RouteEntry] = &[
    RouteEntry::new("POST", "/leads", RouteAccess::Key(Scope::Submit), Door::Submit(Route::GuideLead)),
    RouteEntry::new("POST", "/notes", RouteAccess::Key(Scope::Submit), Door::Submit(Route::GuideNote)),
    RouteEntry::new("PUT", "/deals/{id}/stage", RouteAccess::Key(Scope::Submit), Door::Submit(Route::GuideStage)),
    RouteEntry::new("POST", "/v1/leads", RouteAccess::Key(Scope::Submit), Door::Submit(Route::Lead)),
    RouteEntry::new("POST", "/v1/notes", RouteAccess::Key(Scope::Submit), Door::Submit(Route::Note)),
    RouteEntry::new("PUT", "/v1/deals/{id}/stage", RouteAccess::Key(Scope::Submit), Door::Submit(Route::Stage)),
    RouteEntry::new("POST", "/forms/{form}", RouteAccess::Form, Door::Form),
    RouteEntry::new("POST", "/freshsales/webhook", RouteAccess::Webhook, Door::Notification),
    RouteEntry::new("POST", "/freshsales/webhook/{source}", RouteAccess::Webhook, Door::Notification),
    RouteEntry::new("GET", "/v1/notifications/latest", RouteAccess::Key(Scope::Read), Door::LatestNotification),
    RouteEntry::new("POST", "/v1/events", RouteAccess::WriteKey, Door::Events(EventCall::Own)),
    RouteEntry::new("POST", "/v1/track", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Track))),
    RouteEntry::new("POST", "/v1/identify", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Identify))),
    RouteEntry::new("POST", "/v1/group", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Group))),
    RouteEntry::new("POST", "/v1/page", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Page))),
    RouteEntry::new("POST", "/v1/screen", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Screen))),
    RouteEntry::new("POST", "/v1/alias", RouteAccess::WriteKey, Door::Events(EventCall::One(EventKind::Alias))),
    RouteEntry::new("POST", "/v1/batch", RouteAccess::WriteKey, Door::Events(EventCall::Batch)),
    RouteEntry::new("GET", "/v1/submissions/{id}", RouteAccess::Key(Scope::Read), Door::Submission),
    RouteEntry::new("GET", "/v1/submissions", RouteAccess::Key(Scope::Read), Door::Submissions),
    RouteEntry::new("GET", "/v1/jobs", RouteAccess::Key(Scope::Read), Door::Jobs),
    RouteEntry::new("GET", "/v1/jobs/{id}", RouteAccess::Key(Scope::Read), Door::Job),
    RouteEntry::new("POST", "/v1/jobs/{id}/release", RouteAccess::Key(Scope::Operate), Door::ReleaseJob),
    RouteEntry::new("POST", "/v1/jobs/release", RouteAccess::Key(Scope::Operate), Door::ReleaseJobs),
    RouteEntry::new("GET", "/v1/stages", RouteAccess::Key(Scope::Read), Door::Stages),
    RouteEntry::new("GET", "/v1/deliveries", RouteAccess::Key(Scope::Read), Door::Deliveries),
    RouteEntry::new("GET", "/v1/deliveries/{id}", RouteAccess::Key(Scope::Read), Door::Delivery),
    RouteEntry::new("POST", "/v1/deliveries/{id}/retry", RouteAccess::Key(Scope::Operate), Door::RetryDelivery),
    RouteEntry::new("POST", "/v1/deliveries/retry", RouteAccess::Key(Scope::Operate), Door::RetryDeliveries),
    RouteEntry::new("GET", "/v1/destinations", RouteAccess::Key(Scope::Read), Door::Destinations),
    RouteEntry::new("POST", "/v1/destinations/{id}/test", RouteAccess::Key(Scope::Operate), Door::TestDestination),
    RouteEntry::new("POST", "/v1/destinations/{id}/enable", RouteAccess::Key(Scope::Operate), Door::EnableDestination),
    RouteEntry::new("POST", "/v1/imports", RouteAccess::Key(Scope::Operate), Door::Imports),
    RouteEntry::new("GET", "/v1/imports/{id}", RouteAccess::Key(Scope::Operate), Door::Import),
    RouteEntry::new("POST", "/v1/imports/{id}/rows", RouteAccess::Key(Scope::Operate), Door::ImportRows),
    RouteEntry::new("GET", "/v1/imports/{id}/results", RouteAccess::Key(Scope::Operate), Door::ImportResults),
    RouteEntry::new("POST", "/v1/imports/{id}/pause", RouteAccess::Key(Scope::Operate), Door::PauseImport),
    RouteEntry::new("POST", "/v1/imports/{id}/resume", RouteAccess::Key(Scope::Operate), Door::ResumeImport),
    RouteEntry::new("POST", "/v1/imports/{id}/undo", RouteAccess::Key(Scope::Operate), Door::UndoImport),
    RouteEntry::new("POST", "/v1/forget", RouteAccess::Key(Scope::Operate), Door::BeginForget),
    RouteEntry::new("GET", "/v1/forget/{id}", RouteAccess::Key(Scope::Operate), Door::Forget),
    RouteEntry::new("GET", "/crm/{account}/api/{*path}", RouteAccess::CrmKey, Door::Pass),
    RouteEntry::new("GET", "/crm/{account}/crm/sales/api/{*path}", RouteAccess::CrmKey, Door::Pass),
    RouteEntry::new("GET", "/metrics", RouteAccess::Key(Scope::Read), Door::Metrics),
    RouteEntry::new("GET", "/health", RouteAccess::Anyone, Door::Health),
    RouteEntry::new("GET", "/ready", RouteAccess::Anyone, Door::Ready),
    RouteEntry::new("GET", "/loopback/{nonce}", RouteAccess::Anyone, Door::Loopback),
];

/// What a request for no route is counted and answered as.
static NOWHERE: RouteEntry = RouteEntry::new("", "unmatched", RouteAccess::Anyone, Door::Nowhere);

/// The router of the whole HTTP side.
pub fn router(gateway: Gateway) -> Router {
    router_of(ROUTES, gateway)
}

/// The router of a table.
pub(crate) fn router_of(table: &'static [RouteEntry], gateway: Gateway) -> Router {
    let mut router = Router::new();
    for entry in table {
        let around = from_fn_with_state(Edge { gateway: gateway.clone(), entry }, edge::around);
        let handler = behind(entry)
            .fallback(async || ApiError::MethodNotAllowed(entry.allowed()))
            .layer(CatchPanicLayer::custom(|_| ApiError::Panicked.into_response()))
            .layer(around);
        router = router.route(entry.path, handler);
    }
    let around = from_fn_with_state(Edge { gateway: gateway.clone(), entry: &NOWHERE }, edge::around);
    router.fallback(Handler::layer(async || ApiError::NoSuchPath, around)).with_state(gateway)
}

fn behind(entry: &'static RouteEntry) -> MethodRouter<Gateway> {
    match entry.door {
        Door::Submit(route) => {
            let handler =
                async move |State(gateway): State<Gateway>, caller: Caller, Target(target), request: Request| {
                    intake::submit(&gateway, intake::Sender { route, target, caller }, request).await
                };
            if entry.method == "PUT" { put(handler) } else { post(handler) }
        }
        Door::Form => post(forms::submit).options(forms::preflight),
        Door::Notification => post(hooks::receive).put(hooks::receive).patch(hooks::receive),
        Door::LatestNotification => get(hooks::latest),
        Door::Events(call) => post(async move |State(gateway): State<Gateway>, caller: Caller, request: Request| {
            intake::submit_events(&gateway, call, caller, request).await
        }),
        Door::Submission => get(submissions::show),
        Door::Submissions => get(listing::list),
        Door::Jobs => get(operator::list),
        Door::Job => get(operator::show),
        Door::ReleaseJob => post(operator::release),
        Door::ReleaseJobs => post(operator::release_all),
        Door::Stages => get(operator::stages),
        Door::Deliveries => get(deliveries::list),
        Door::Delivery => get(deliveries::show),
        Door::RetryDelivery => post(deliveries::retry),
        Door::RetryDeliveries => post(deliveries::retry_all),
        Door::Destinations => get(deliveries::destinations),
        Door::TestDestination => post(deliveries::test),
        Door::EnableDestination => post(deliveries::enable),
        Door::Imports => post(imports::begin).get(imports::list),
        Door::Operator(door) => door.handler(),
        Door::Import => get(imports::show),
        Door::ImportRows => post(imports::rows),
        Door::ImportResults => get(imports::results),
        Door::PauseImport => post(imports::pause),
        Door::ResumeImport => post(imports::resume),
        Door::UndoImport => post(imports::undo),
        Door::Pass => get(broker::pass).post(broker::pass).put(broker::pass).patch(broker::pass).delete(broker::pass),
        Door::BeginForget => post(forget::begin),
        Door::Forget => get(forget::show),
        Door::Metrics => get(health::metrics),
        Door::Ready => get(health::ready),
        Door::Loopback => get(health::loopback),
        Door::Health => get(health::health),
        Door::Nowhere => MethodRouter::new(),
    }
}

/// The number in the path, on routes that have one. What is no number is for the reading of the body to complain of, in the caller's words.
struct Target(Option<i64>);

impl<S: Sync + Send> FromRequestParts<S> for Target {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let id = params.and_then(|params| params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| number(id)));
        Ok(Target(id))
    }
}

fn number(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
