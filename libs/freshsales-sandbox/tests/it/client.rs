//! A sandbox on a stepped clock with a small HTTP client bound to it.

use freshsales_sandbox::{Account, Clock, Generation, Sandbox, SandboxConfig};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Monday noon, in the middle of an hour and a minute.
pub(crate) const START: &str = "2026-06-15T12:30:30Z";

pub(crate) struct App {
    pub(crate) sandbox: Sandbox,
    pub(crate) account: Account,
    pub(crate) http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body of a reply that must have this status.
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    pub(crate) fn message(&self) -> String {
        self.json()["errors"]["message"][0].as_str().unwrap_or_default().to_owned()
    }
}

pub(crate) fn config() -> SandboxConfig {
    SandboxConfig { clock: Clock::Stepped(START.parse().unwrap()), ..SandboxConfig::default() }
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: SandboxConfig) -> Self {
        let sandbox = Sandbox::start(config, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let account = sandbox.account();
        // The client wants a provider even for plain HTTP; that it is set already is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sandbox, account, http }
    }

    /// A request with the right key that asks for JSON.
    pub(crate) fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{url}", self.sandbox.root_url()));
        request.header("authorization", "Token token=sandbox-key").header("accept", "application/json")
    }

    pub(crate) async fn send(request: RequestBuilder) -> Got {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Got { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn path(generation: Generation, path: &str) -> String {
        format!("{}{path}", generation.api_prefix())
    }

    /// Calls on the Suite path.
    pub(crate) async fn get(&self, path: &str) -> Got {
        Self::send(self.request(Method::GET, &Self::path(Generation::Suite, path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        Self::send(self.request(Method::POST, &Self::path(Generation::Suite, path)).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Got {
        Self::send(self.request(Method::PUT, &Self::path(Generation::Suite, path)).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        Self::send(self.request(Method::DELETE, &Self::path(Generation::Suite, path))).await
    }

    /// Calls on the Classic path.
    pub(crate) async fn classic_get(&self, path: &str) -> Got {
        Self::send(self.request(Method::GET, &Self::path(Generation::Classic, path))).await
    }

    pub(crate) async fn classic_post(&self, path: &str, body: &Value) -> Got {
        Self::send(self.request(Method::POST, &Self::path(Generation::Classic, path)).json(body)).await
    }

    pub(crate) async fn classic_put(&self, path: &str, body: &Value) -> Got {
        Self::send(self.request(Method::PUT, &Self::path(Generation::Classic, path)).json(body)).await
    }

    pub(crate) async fn classic_delete(&self, path: &str) -> Got {
        Self::send(self.request(Method::DELETE, &Self::path(Generation::Classic, path))).await
    }
}

/// The id of the record in a reply.
pub(crate) fn id(body: &Value, key: &str) -> i64 {
    body[key]["id"].as_i64().unwrap_or_else(|| panic!("no {key}.id in {body}"))
}
