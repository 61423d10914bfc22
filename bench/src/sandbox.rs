//! The sandbox account beside two programs that people use for the same purpose: localstripe, a stateful stand-in of Stripe, and WireMock, which
//! answers what it was told. Each is started, filled with a hundred records, and sent creates and lists of a hundred.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::intake::median;
use crate::load::{Load, Shot, send_for};
use crate::server::{CRM_KEY, Server};

const CONNECTIONS: usize = 8;
/// Records of the list, and how many of them are asked for.
const LISTED: usize = 100;

pub(crate) struct Setting {
    pub(crate) leadgate: PathBuf,
    /// The folder of WireMock, after `npm ci`.
    pub(crate) wiremock: PathBuf,
    /// A Python environment with localstripe.
    pub(crate) localstripe: PathBuf,
    pub(crate) seconds: u64,
    pub(crate) rounds: usize,
}

/// A server with the two requests that it is sent.
struct Subject {
    server: Server,
    create: (String, String, String),
    list: (String, String, String),
}

#[derive(Default)]
struct Figures {
    ready_ms: Vec<f64>,
    idle_mib: Vec<f64>,
    creates: Vec<f64>,
    lists: Vec<f64>,
    busy_mib: Vec<f64>,
}

impl Figures {
    fn row(&self) -> [f64; 5] {
        [&self.ready_ms, &self.idle_mib, &self.creates, &self.lists, &self.busy_mib].map(|values| median(values))
    }
}

pub(crate) async fn run(setting: &Setting) -> anyhow::Result<()> {
    println!(
        "sandbox: creates and lists of {LISTED} over {CONNECTIONS} connections; median of {} rounds of {} s",
        setting.rounds, setting.seconds
    );
    let names = ["sandbox", "localstripe", "wiremock"];
    let mut figures = names.map(|_| Figures::default());
    for _ in 0..setting.rounds {
        for (name, figures) in names.iter().zip(&mut figures) {
            round(setting, name, figures).await.with_context(|| format!("measuring {name}"))?;
        }
    }
    println!(
        "{:<12} {:>10} {:>10} {:>12} {:>12} {:>12}",
        "", "ready ms", "idle MiB", "creates/s", "lists/s", "after MiB"
    );
    for (name, figures) in names.iter().zip(&figures) {
        let [ready, idle, creates, lists, busy] = figures.row();
        println!("{name:<12} {ready:>10.0} {idle:>10.1} {creates:>12.0} {lists:>12.0} {busy:>12.1}");
    }
    let [_, _, creates, lists, _] = figures[0].row();
    for (name, rival) in names.iter().zip(&figures).skip(1) {
        let [_, _, rival_creates, rival_lists, _] = rival.row();
        println!("{:.1} × the creates and {:.1} × the lists of {name}", creates / rival_creates, lists / rival_lists);
    }
    Ok(())
}

async fn round(setting: &Setting, name: &str, figures: &mut Figures) -> anyhow::Result<()> {
    let subject = match name {
        "sandbox" => sandbox(setting).await?,
        "localstripe" => localstripe(setting).await?,
        _ => wiremock(setting).await?,
    };
    let memory = || subject.server.resident_mib().unwrap_or(f64::NAN);
    figures.ready_ms.push(subject.server.ready_after.as_secs_f64() * 1_000.0);
    figures.idle_mib.push(memory());
    fill(&subject).await?;
    figures.lists.push(load(&subject.server, &subject.list, setting.seconds).await?.per_second());
    figures.creates.push(load(&subject.server, &subject.create, setting.seconds).await?.per_second());
    figures.busy_mib.push(memory());
    Ok(())
}

async fn load(server: &Server, request: &(String, String, String), seconds: u64) -> anyhow::Result<Load> {
    let shot = |connection: usize| {
        let (line, headers, body) = request;
        Shot::new(line, headers, &body.replace("<connection>", &format!("{connection:03}")))
    };
    send_for(server.port, CONNECTIONS, Duration::from_millis(500), &shot).await?;
    let measured = |connection: usize| shot(connection + CONNECTIONS);
    send_for(server.port, CONNECTIONS, Duration::from_secs(seconds), measured).await
}

/// Makes the records that the list has.
async fn fill(subject: &Subject) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let (line, headers, body) = &subject.create;
    let path = line.strip_prefix("POST ").context("a create is a POST")?;
    for number in 0..LISTED {
        let body = body.replace("<connection>", "fill").replace("<counter>", &number.to_string());
        let mut request = client.post(format!("http://127.0.0.1:{}{path}", subject.server.port)).body(body);
        for (name, value) in headers.lines().filter_map(|header| header.split_once(": ")) {
            request = request.header(name, value);
        }
        request.send().await?.error_for_status()?;
    }
    Ok(())
}

async fn sandbox(setting: &Setting) -> anyhow::Result<Subject> {
    let server = Server::sandbox(&setting.leadgate, "suite", "off").await?;
    let root = format!("http://127.0.0.1:{}/crm/sales/api", server.port);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request =
        client.get(format!("{root}/contacts/filters")).header("authorization", format!("Token token={CRM_KEY}"));
    let filters: Value = serde_json::from_str(&request.send().await?.error_for_status()?.text().await?)?;
    let views = filters["filters"].as_array().context("no views")?;
    let all = views.iter().find(|view| view["name"] == "All Contacts").context("no view of all contacts")?;
    let headers = format!("authorization: Token token={CRM_KEY}\r\ncontent-type: application/json\r\n");
    let body = r#"{"contact":{"first_name":"Ada","last_name":"King","email":"ada<connection>x<counter>@example.com"}}"#;
    Ok(Subject {
        server,
        create: ("POST /crm/sales/api/contacts".to_owned(), headers.clone(), body.to_owned()),
        list: (format!("GET /crm/sales/api/contacts/view/{}?per_page={LISTED}", all["id"]), headers, String::new()),
    })
}

async fn localstripe(setting: &Setting) -> anyhow::Result<Subject> {
    let server = Server::localstripe(&setting.localstripe).await?;
    let headers =
        "authorization: Bearer sk_test_12345\r\ncontent-type: application/x-www-form-urlencoded\r\n".to_owned();
    let body = "email=ada<connection>x<counter>@example.com&name=Ada+King";
    Ok(Subject {
        server,
        create: ("POST /v1/customers".to_owned(), headers.clone(), body.to_owned()),
        list: (format!("GET /v1/customers?limit={LISTED}"), headers, String::new()),
    })
}

/// Its answers have the size of the sandbox's.
async fn wiremock(setting: &Setting) -> anyhow::Result<Subject> {
    let server = Server::wiremock(&setting.wiremock).await?;
    let contact = json!({"id": 1, "first_name": "Ada", "last_name": "King", "filler": "x".repeat(2_000)});
    let stubs = [
        json!({"request": {"method": "POST", "url": "/contacts"}, "response": {"status": 201, "jsonBody": {"contact": contact}}}),
        json!({"request": {"method": "GET", "url": "/contacts"}, "response": {"status": 200, "jsonBody": {"contacts": vec![contact.clone(); LISTED]}}}),
    ];
    let client = reqwest::Client::builder().no_proxy().build()?;
    for stub in stubs {
        let url = format!("http://127.0.0.1:{}/__admin/mappings", server.port);
        client.post(url).body(stub.to_string()).send().await?.error_for_status()?;
    }
    let headers = "content-type: application/json\r\n".to_owned();
    Ok(Subject {
        server,
        create: ("POST /contacts".to_owned(), headers.clone(), r#"{"email":"<connection>x<counter>"}"#.to_owned()),
        list: ("GET /contacts".to_owned(), headers, String::new()),
    })
}
