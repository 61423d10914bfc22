//! A transport that answers from a script and remembers what it was asked, and the fixtures as exchanges.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use freshsales::transport::{TransportError, TransportFailure};
use freshsales::{Client, Credentials, Generation};
use http::{Request, Response};
use serde_json::Value;

/// What the transport does when it is asked.
#[derive(Clone)]
pub(crate) enum Answer {
    Reply(u16, &'static str),
    Headers(u16, &'static [(&'static str, &'static str)], &'static str),
    Fail(TransportFailure),
}

#[derive(Clone, Default)]
pub(crate) struct Script {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    asked: Arc<Mutex<Vec<Request<Bytes>>>>,
}

impl Script {
    pub(crate) fn of(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() }
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|request| request.uri().to_string()).collect()
    }

    /// One header of each request.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|request| request.headers()[name].to_str().unwrap().to_owned()).collect()
    }

    fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.asked.lock().unwrap().push(request);
        let (status, headers, body) =
            match self.answers.lock().unwrap().pop_front().expect("no answer left in the script") {
                Answer::Fail(failure) => return Err(TransportError::new(failure)),
                Answer::Reply(status, body) => (status, [].as_slice(), body),
                Answer::Headers(status, headers, body) => (status, headers, body),
            };
        let mut reply = Response::builder().status(status);
        for (name, value) in headers {
            reply = reply.header(*name, *value);
        }
        Ok(reply.body(Bytes::from_static(body.as_bytes())).unwrap())
    }

    pub(crate) async fn detect(&self, address: &str) -> Result<Client, freshsales::Error> {
        self.builder(address).detect().await
    }

    pub(crate) fn builder(&self, address: &str) -> freshsales::ClientBuilder {
        let script = self.clone();
        let transport = tower::service_fn(move |request| std::future::ready(script.answer(request)));
        Client::builder(Credentials::parse("EXAMPLE_KEY_NOT_REAL_00", address).unwrap()).transport(transport)
    }

    pub(crate) fn client(&self) -> Client {
        self.builder("acme").generation(Generation::Classic).build().unwrap()
    }
}

/// One recorded request with its reply.
pub(crate) struct Exchange {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) request: Value,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// All exchanges of a fixture file; those without a request are none.
pub(crate) fn exchanges(file: &str) -> Vec<Exchange> {
    let examples = examples(file);
    let asked = examples.iter().filter(|example| example["request"]["method"].is_string());
    asked.map(|example| exchange(file, example)).collect()
}

/// The names of all fixture files.
pub(crate) fn files() -> Vec<String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/freshsales")).unwrap();
    let mut names: Vec<String> =
        folder.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// All examples of a fixture file, as they are.
pub(crate) fn examples(file: &str) -> Vec<Value> {
    let path = format!("{}/../../fixtures/freshsales/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let document: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    document["examples"].as_array().cloned().unwrap_or_default()
}

/// The exchange of this name.
pub(crate) fn exchange_named(file: &str, name: &str) -> Exchange {
    exchanges(file).into_iter().find(|exchange| exchange.name == name).expect("no exchange of that name")
}

fn exchange(file: &str, example: &Value) -> Exchange {
    let (request, response) = (&example["request"], &example["response"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = response["headers"].as_object().cloned().unwrap_or_default();
    Exchange {
        file: file.to_owned(),
        name: text(&example["name"]),
        method: text(&request["method"]),
        path: path_of(request["url"].as_str().unwrap()),
        request: request["body"].clone(),
        status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
        headers: headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
        body: match response.get("body") {
            Some(body) => serde_json::to_vec(body).unwrap(),
            None => text(&response["body_raw"]).into_bytes(),
        },
    }
}

/// The path below the API's root, or below the account's where it is no path of the API, with its query.
fn path_of(url: &str) -> String {
    let path = url.splitn(4, '/').nth(3).unwrap();
    let path = path.strip_prefix("crm/sales/").unwrap_or(path);
    path.strip_prefix("api/").unwrap_or(path).to_owned()
}
