//! A sandbox account with one of everything, and a client whose transport remembers what it sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use freshsales::contacts::{self, Contact, ContactAttributes};
use freshsales::custom_modules::{self, CustomModuleAttributes, Module, ModuleRecordAttributes};
use freshsales::deals::Deal;
use freshsales::jobs::{BulkItem, JobId};
use freshsales::leads::Lead;
use freshsales::sales_accounts::SalesAccount;
use freshsales::transport::{HttpTransport, Timeouts};
use freshsales::verbs::UniqueKey;
use freshsales::{Client, Credentials, Error, Record, Request, fields, lists, views};
use freshsales_sandbox::{Account, Generation, Kind, Plan, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tower::ServiceExt;

/// One exchange; the path is relative to the account's address.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
}

type Log = Arc<Mutex<Vec<Sent>>>;

/// The account, the ids in it, and a client that speaks the generation under test.
pub(crate) struct Scene {
    _sandbox: Sandbox,
    client: Client,
    log: Log,
    pub(crate) account: Account,
    pub(crate) ids: Ids,
    pub(crate) of_suite: OfSuite,
    views: HashMap<&'static str, i64>,
}

/// Records that were there before the requests.
pub(crate) struct Ids {
    pub(crate) company: i64,
    pub(crate) contact: i64,
    pub(crate) deal: i64,
    pub(crate) lead: i64,
    pub(crate) note: i64,
    pub(crate) task: i64,
    pub(crate) appointment: i64,
    pub(crate) activity: i64,
    pub(crate) product: i64,
    pub(crate) document: i64,
    pub(crate) user: i64,
    pub(crate) role: i64,
}

/// What only requests of a Suite account make.
pub(crate) struct OfSuite {
    pub(crate) list: i64,
    pub(crate) other_list: i64,
    pub(crate) module_id: i64,
    pub(crate) module: Module,
    pub(crate) record: i64,
    pub(crate) form: i64,
    pub(crate) job: JobId,
}

impl Scene {
    pub(crate) async fn open(generation: freshsales::Generation) -> Self {
        let none = Duration::ZERO;
        let config = SandboxConfig { plan: Plan::Off, index_lag: none, job_duration: none, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let account = sandbox.account();
        let ids = seed(&account);
        let of_suite = prepare(&client(&sandbox, freshsales::Generation::Suite, &Log::default()), ids.contact).await;
        let views = saved_views(&sandbox).await;
        let log = Log::default();
        let client = client(&sandbox, generation, &log);
        Self { client, log, account, ids, of_suite, views, _sandbox: sandbox }
    }

    /// Sends the request and reads its reply.
    pub(crate) async fn send<R: Request>(&self, request: &R) -> Result<(), Error> {
        self.client.send(request).await.map(drop)
    }

    /// The one exchange that there was.
    pub(crate) fn only_sent(&self) -> Sent {
        let log = self.log.lock().unwrap();
        assert_eq!(log.len(), 1, "an operation is one request");
        log[0].clone()
    }

    /// The id of a record that is now in the recycle bin.
    pub(crate) fn deleted(&self, kind: Kind, id: i64) -> i64 {
        assert!(self.account.delete(kind, id));
        id
    }

    /// The id of the saved view that shows all records of the kind, or of the first view.
    pub(crate) fn view<T: Record>(&self) -> i64 {
        self.views[T::PLURAL]
    }

    /// The id of the first entry of a selector's list with this name.
    pub(crate) fn choice(&self, selector: &str, name: &str) -> i64 {
        self.account.selector_id(selector, name).unwrap()
    }
}

/// A client that writes down what it sends and which status comes back.
fn client(sandbox: &Sandbox, generation: freshsales::Generation, log: &Log) -> Client {
    let (theirs, prefix) = match generation {
        freshsales::Generation::Classic => (Generation::Classic, ""),
        freshsales::Generation::Suite => (Generation::Suite, "/crm/sales"),
    };
    let network = HttpTransport::for_loopback(Timeouts::default()).unwrap();
    let log = Arc::clone(log);
    let transport = tower::service_fn(move |request: http::Request<Bytes>| {
        let (network, log) = (network.clone(), Arc::clone(&log));
        async move {
            let method = request.method().to_string();
            let path = request.uri().path().strip_prefix(prefix).expect("a path of the generation").to_owned();
            let reply = network.oneshot(request).await?;
            log.lock().unwrap().push(Sent { method, path, status: reply.status().as_u16() });
            Ok(reply)
        }
    });
    let credentials = Credentials::parse("sandbox-key", &sandbox.url(theirs)).unwrap();
    Client::builder(credentials).generation(generation).transport(transport).build().unwrap()
}

fn seed(account: &Account) -> Ids {
    let choice = |selector: &str, name: &str| account.selector_id(selector, name).unwrap();
    let company = account.seed(Kind::SalesAccount, &json!({"name": "Acme"}));
    let contact = account.seed_contact(&json!({"first_name": "Ada", "last_name": "King", "email": "ada@example.com",
        "sales_accounts": [{"id": company, "is_primary": true}]}));
    account.seed_contact(&json!({"first_name": "Ada", "last_name": "King"}));
    let deal = json!({"name": "Pilot", "amount": 5, "sales_account_id": company, "contacts_added_list": [contact]});
    let deal = account.seed_deal(&deal);
    let about = |mut record: Value| {
        record["targetable_type"] = json!("Contact");
        record["targetable_id"] = json!(contact);
        record
    };
    let meeting = choice("sales_activity_types", "Meeting");
    let demo = json!({"title": "Demo", "from_date": "2026-06-20T08:00:00Z", "end_date": "2026-06-20T09:00:00Z"});
    let visit = json!({"title": "Visit", "start_date": "2026-06-10T10:30:00Z", "end_date": "2026-06-10T11:00:00Z",
        "sales_activity_type_id": meeting});
    account.seed(Kind::EmailConversation, &about(json!({"subject": "Quote", "direction": "Outgoing"})));
    Ids {
        lead: account.seed_lead(&json!({"last_name": "Haddad", "email": "amir@example.com"})),
        note: account.seed(Kind::Note, &about(json!({"description": "x"}))),
        task: account.seed(Kind::Task, &about(json!({"title": "Call", "due_date": "2026-06-19"}))),
        appointment: account.seed(Kind::Appointment, &about(demo)),
        activity: account.seed(Kind::SalesActivity, &about(visit)),
        product: account.seed(Kind::Product, &json!({"name": "Seat", "unit_price": 80})),
        document: account.seed(Kind::CpqDocument, &json!({"deal_id": deal, "document_type": "Quote"})),
        user: choice("owners", "Nadia Rahman"),
        role: choice("designations", "Account manager"),
        company,
        contact,
        deal,
    }
}

async fn prepare(suite: &Client, contact: i64) -> OfSuite {
    let list = suite.send(&lists::create("June")).await.unwrap().output.record.id;
    let other_list = suite.send(&lists::create("Fair")).await.unwrap().output.record.id;
    suite.send(&lists::add_contacts(list, [contact])).await.unwrap();
    let names =
        CustomModuleAttributes::new().entity_name("cm_project").singular_name("Project").plural_name("Projects");
    let module_id = suite.send(&custom_modules::create(names.icon("i"))).await.unwrap().output.record.id;
    let module = custom_modules::of("cm_project");
    let first = module.create(&ModuleRecordAttributes::new().name("A"));
    let record = suite.send(&first).await.unwrap().output.record.id;
    let form = suite.send(&fields::forms_of("cm_project")).await.unwrap().output[0].id.unwrap();
    let eve = BulkItem::new(UniqueKey::emails("eve@example.com"), ContactAttributes::new().last_name("Lund"));
    let job = suite.send(&contacts::bulk_upsert(vec![eve])).await.unwrap().output.id;
    OfSuite { list, other_list, module_id, module, record, form, job }
}

async fn saved_views(sandbox: &Sandbox) -> HashMap<&'static str, i64> {
    let classic = client(sandbox, freshsales::Generation::Classic, &Log::default());
    HashMap::from([
        saved_view::<Contact>(&classic).await,
        saved_view::<SalesAccount>(&classic).await,
        saved_view::<Deal>(&classic).await,
        saved_view::<Lead>(&classic).await,
    ])
}

async fn saved_view<T: Record>(client: &Client) -> (&'static str, i64) {
    let views = client.send(&views::saved::<T>()).await.unwrap().output;
    let all = views.iter().find(|view| view.name.as_deref().is_some_and(|name| name.starts_with("All ")));
    (T::PLURAL, all.unwrap_or(&views[0]).id)
}
