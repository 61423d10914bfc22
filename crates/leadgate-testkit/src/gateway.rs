//! The gateway under test.

use std::sync::Arc;
use std::time::Duration;

use freshsales::Credentials;
use freshsales_sandbox::{Account, Clock as SandboxClock, Generation, Plan, Sandbox, SandboxConfig};
use jiff::{SignedDuration, Timestamp};
use leadgate_core::budget::BudgetSettings;
use leadgate_core::clock::Clock;
use leadgate_core::crm::Crm;
use leadgate_core::rules::Rules;
use leadgate_crm_freshsales::{FreshsalesCrm, FreshsalesSettings, Network};
use leadgate_engine::forget::Forgetter;
use leadgate_engine::sync::SyncSettings;
use leadgate_engine::{BrokerSettings, Engine, EngineParts, EngineSettings, Pass, QuotaBroker, Rounds};
use leadgate_outbound::Courier;
use leadgate_postgres_server::Database;
use leadgate_store::Store;
use leadgate_web::broker::BrokerKeys;
use leadgate_web::{Access, Gateway, ServeLimits, WebSettings};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::http::Answer;
use crate::store::{Place, TestStore};

/// The gateway's clock is the sandbox account's: a step moves both.
pub struct AccountClock(pub Account);

impl Clock for AccountClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// A clock that is so far ahead of the account's.
struct WrongClock(Account, SignedDuration);

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        self.0.now() + self.1
    }
}

/// Puts something between the engine and the account.
type WrapCrm = Box<dyn FnOnce(Arc<dyn Crm>) -> Arc<dyn Crm>>;

/// How a [`TestGateway`] is opened.
pub struct TestGatewayBuilder {
    generation: Generation,
    sandbox: SandboxConfig,
    engine: EngineSettings,
    web: WebSettings,
    crm_timeout: Duration,
    wrap_crm: WrapCrm,
    place: Place,
    clock_ahead: SignedDuration,
}

/// A gateway, the account it serves, and the folder that is deleted in the end.
pub struct TestGateway {
    sandbox: Sandbox,
    generation: Generation,
    store: TestStore,
    engine: Engine,
    url: String,
    http: reqwest::Client,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
    folder: tempfile::TempDir,
}

impl Default for TestGatewayBuilder {
    fn default() -> Self {
        let start = "2026-06-15T14:00:00Z".parse().unwrap();
        let mut web = WebSettings::new(Access::OpenToAnyone);
        web.patience = Duration::ZERO;
        web.broker.keys = BrokerKeys::new(vec!["*".to_owned()]);
        let unlimited = BudgetSettings { per_hour: None, per_minute: None, ..BudgetSettings::default() };
        TestGatewayBuilder {
            generation: Generation::Suite,
            sandbox: SandboxConfig {
                clock: SandboxClock::Stepped(start),
                index_lag: Duration::from_secs(5),
                remembered_requests: 1_000_000,
                ..SandboxConfig::default()
            },
            engine: EngineSettings { jitter_seed: Some(1), budget: unlimited, ..EngineSettings::default() },
            web,
            crm_timeout: Duration::from_millis(500),
            wrap_crm: Box::new(|crm| crm),
            place: Place::Usual,
            clock_ahead: SignedDuration::ZERO,
        }
    }
}

impl TestGatewayBuilder {
    /// Serves an account of this generation.
    #[must_use]
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Gives the account a plan, and the gateway a budget.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.sandbox.plan = plan;
        self.engine.budget = BudgetSettings::default();
        self
    }

    /// Changes how the account is started.
    #[must_use]
    pub fn sandbox(mut self, change: impl FnOnce(&mut SandboxConfig)) -> Self {
        change(&mut self.sandbox);
        self
    }

    /// Changes how the engine works.
    #[must_use]
    pub fn engine(mut self, change: impl FnOnce(&mut EngineSettings)) -> Self {
        change(&mut self.engine);
        self
    }

    /// Changes how the door works.
    #[must_use]
    pub fn web(mut self, change: impl FnOnce(&mut WebSettings)) -> Self {
        change(&mut self.web);
        self
    }

    /// Has it act by a rules file; `$SECRET` in it stands for `testkit-secret-0123456789`.
    #[must_use]
    pub fn rules(mut self, text: &str) -> Self {
        let variable = |name: &str| (name == "SECRET").then(|| "testkit-secret-0123456789".to_owned());
        let rules = Arc::new(Rules::parse(text, &variable).unwrap());
        self.engine.reading.rules = Arc::clone(&rules);
        self.web.reading.rules = rules;
        self
    }

    /// How long, in real time, the account has for an answer. What is not about time-outs and counts requests needs more than the half second that
    /// is usual here: a machine that is busy with other tests may take as long over a hundred people.
    #[must_use]
    pub fn crm_timeout(mut self, limit: Duration) -> Self {
        self.crm_timeout = limit;
        self
    }

    /// Puts something between the engine and the account.
    #[must_use]
    pub fn crm(mut self, wrap: impl FnOnce(Arc<dyn Crm>) -> Arc<dyn Crm> + 'static) -> Self {
        self.wrap_crm = Box::new(wrap);
        self
    }

    /// The gateway's clock is so far ahead of the account's.
    #[must_use]
    pub fn clock_ahead(mut self, by: SignedDuration) -> Self {
        self.clock_ahead = by;
        self
    }

    /// The disk is full when the store has grown to so many pages of 4,096 bytes.
    #[must_use]
    pub fn disk_of(mut self, pages: u32) -> Self {
        self.place = Place::FullDisk(pages);
        self
    }

    /// Its store is in a PostgreSQL database, whatever other gateways of the run have.
    #[must_use]
    pub fn in_database(mut self) -> Self {
        self.place = Place::Database;
        self
    }

    /// Opens it.
    pub async fn open(self) -> TestGateway {
        let sandbox = Sandbox::start(self.sandbox, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(WrongClock(sandbox.account(), self.clock_ahead));
        let folder = tempfile::tempdir().unwrap();
        let store = TestStore::open(folder.path(), self.place).await;
        let settings = FreshsalesSettings {
            credentials: Credentials::parse("sandbox-key", &sandbox.url(self.generation)).unwrap(),
            timeout: self.crm_timeout,
            remembered: None,
            network: Network::default(),
        };
        let account = Arc::new(FreshsalesCrm::new(settings, Arc::clone(&clock)));
        let crm = (self.wrap_crm)(Arc::clone(&account) as Arc<dyn Crm>);
        let shared = store.shared();
        let outbound = Arc::new(Courier::new(&self.engine.reading.rules.destinations));
        let parts = EngineParts {
            store: Arc::clone(&shared),
            crm,
            outbound,
            clock: Arc::clone(&clock),
            settings: self.engine,
            rounds: Rounds::default(),
        };
        let engine = Engine::open(parts).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let broker = QuotaBroker::new(engine.clone(), account, BrokerSettings::default());
        let web = Gateway::new(shared, clock, self.web).with_broker("default", Arc::new(broker));
        let router = leadgate_web::router(web);
        let server =
            tokio::spawn(leadgate_web::serve(listener, router, ServeLimits::default(), std::future::pending()));
        TestGateway { sandbox, generation: self.generation, store, engine, url, http: http_client(), server, folder }
    }
}

impl TestGateway {
    /// A gateway with an account of the Suite generation, without limits.
    pub async fn open() -> TestGateway {
        TestGatewayBuilder::default().open().await
    }

    /// A gateway with an account of that generation, without limits.
    pub async fn of(generation: Generation) -> TestGateway {
        TestGatewayBuilder::default().generation(generation).open().await
    }

    /// Says how to open one.
    pub fn builder() -> TestGatewayBuilder {
        TestGatewayBuilder::default()
    }

    /// The account behind it.
    pub fn account(&self) -> Account {
        self.sandbox.account()
    }

    /// Where the gateway listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the account's API is, for whoever changes records as a person or another program would.
    pub fn crm(&self) -> String {
        self.sandbox.url(self.generation)
    }

    /// Changes a record of the account through its API, and waits until its workflows have notified whom they notify.
    pub async fn change(&self, plural: &str, id: i64, fields: &Value) -> Answer {
        let request = self.http.put(format!("{}/{plural}/{id}", self.crm())).json(fields);
        let answer =
            Answer::read(request.header("authorization", "Token token=sandbox-key").send().await.unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.account().webhooks_settled().await;
        answer
    }

    /// Lets time pass until the gateway looks for what no webhook told, has it look, and settles.
    pub async fn look(&self) {
        if let Some(due) = self.engine.watch_due() {
            self.advance_to(due);
        }
        self.settle().await;
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        self.store.store()
    }

    /// The database of its store, where it has one.
    pub fn database(&self) -> Option<&Database> {
        self.store.database()
    }

    /// The folder of its store.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// What forgets people, with the copy and the sinks of these settings.
    pub fn forgetter(&self, sync: SyncSettings) -> Forgetter {
        let clock: Arc<dyn Clock> = Arc::new(AccountClock(self.account()));
        Forgetter::new(self.store.shared(), clock, sync)
    }

    /// Posts a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, body, &[]).await
    }

    /// Posts a JSON body with headers.
    pub async fn post_with(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.url)).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Posts the fields of a form as a browser does for a page of that address. Redirects are not followed.
    pub async fn post_form(&self, path: &str, page: &str, fields: &[(String, String)]) -> Answer {
        let origin = url::Url::parse(page).unwrap().origin().ascii_serialization();
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(format!("{}{path}", self.url)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("accept", "text/html,*/*;q=0.8").header("origin", origin).header("referer", page);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request through to the account: a path below `/crm/default`, and headers.
    pub async fn through(&self, method: &str, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}/crm/default{path}", self.url));
        if !body.is_null() {
            request = request.json(body);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    /// Reads through to the account.
    pub async fn read_through(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.through("GET", path, &Value::Null, headers).await
    }

    /// Puts a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.http.put(format!("{}{path}", self.url)).json(body).send().await.unwrap()).await
    }

    /// Puts a JSON body and waits for the outcome; for [`TestGateway::pumped`].
    pub async fn put_waiting(&self, path: &str, body: &Value) -> Answer {
        let request = self.http.put(format!("{}{path}", self.url)).header("prefer", "wait=30").json(body);
        Answer::read(request.send().await.unwrap()).await
    }

    /// Reads a page.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::read(self.http.get(format!("{}{path}", self.url)).send().await.unwrap()).await
    }

    /// Posts, and pumps the engine until the caller has been answered.
    pub async fn land(&self, path: &str, body: &Value) -> Answer {
        self.pumped(self.post_with(path, body, &[("prefer", "wait=30")])).await
    }

    /// Pumps the engine while a request waits for its end.
    pub async fn pumped<T>(&self, request: impl Future<Output = T>) -> T {
        tokio::pin!(request);
        loop {
            tokio::select! {
                biased;
                answer = &mut request => return answer,
                () = self.step() => {}
            }
        }
    }

    /// One pass; if nothing could be done, moves the clock to the next due moment.
    async fn step(&self) {
        if !self.engine.run_once().await.unwrap().is_idle() {
            return;
        }
        match self.engine.next_due().await.unwrap() {
            Some(due) => self.advance_to(due),
            None => tokio::task::yield_now().await,
        }
    }

    /// Pumps until nothing is left to do, stepping the clock from one due moment to the next. Returns what was done.
    ///
    /// # Panics
    /// If it does not come to rest within a virtual day.
    pub async fn settle(&self) -> Pass {
        let mut done = Pass::default();
        let deadline = self.account().now() + SignedDuration::from_hours(24);
        loop {
            let pass = self.engine.run_once().await.unwrap();
            done.planned += pass.planned;
            done.claimed += pass.claimed;
            done.calls += pass.calls;
            done.ended += pass.ended;
            done.deliveries += pass.deliveries;
            if !pass.is_idle() {
                continue;
            }
            match self.engine.next_due().await.unwrap() {
                Some(due) => self.advance_to(due),
                None => return done,
            }
            assert!(self.account().now() < deadline, "the gateway does not come to rest: {:?}", self.engine.standing());
        }
    }

    /// Moves the clock to a moment, or by a tick if that is not ahead.
    fn advance_to(&self, due: Timestamp) {
        let ahead = due.duration_since(self.account().now()).max(SignedDuration::from_millis(50));
        self.account().advance(Duration::try_from(ahead).unwrap());
    }
}

/// A client for plain HTTP; reqwest wants a TLS provider all the same.
fn http_client() -> reqwest::Client {
    // Somebody else in the process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.server.abort();
    }
}
