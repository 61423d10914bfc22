//! A browser for tests: asks for HTML, carries the page's token, sends forms as browsers do.

use freshsales_sandbox::SandboxConfig;
use reqwest::{Method, RequestBuilder};

use crate::client::{App, Got};

pub(crate) struct Browser {
    pub(crate) app: App,
    token: String,
}

impl Browser {
    pub(crate) async fn open() -> Self {
        Self::with(crate::client::config()).await
    }

    pub(crate) async fn with(config: SandboxConfig) -> Self {
        let mut browser = Self { app: App::with(config).await, token: String::new() };
        let page = browser.get("/-/webhooks").await;
        browser.token = value_of(&page.text, "token").expect("a form with a token");
        browser
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A request as a browser makes it, without the API's key.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.app.http.request(method, format!("{}{path}", self.app.sandbox.root_url()));
        request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        App::send(self.request(Method::GET, path)).await
    }

    /// The page, which must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let got = self.get(path).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
        got.text
    }

    /// A form without the token, as another site could send it.
    pub(crate) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let encoded =
            |text: &str| {
                text.bytes()
                    .map(|byte| {
                        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
                    })
                    .collect::<String>()
            };
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        self.request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", self.app.sandbox.root_url())
            .body(body.join("&"))
    }

    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let mut fields = fields.to_vec();
        fields.push(("token", &self.token));
        App::send(self.form(path, &fields)).await
    }

    /// Changes fields of a record through its form.
    pub(crate) async fn edit(&self, path: &str, fields: &[(&str, &str)]) -> Got {
        let version = value_of(&self.page(path).await, "version").expect("a form with a version");
        let mut fields = fields.to_vec();
        fields.push(("version", &version));
        self.submit(path, &fields).await
    }
}

/// The value of the first input of this name.
pub(crate) fn value_of(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
