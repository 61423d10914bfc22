//! What a test sends to the gateway over HTTP, and the answer as it looks at it.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer of the gateway.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

impl Answer {
    pub(crate) async fn read(response: reqwest::Response) -> Answer {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.unwrap_or_default();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// The submission's id in the answer, wherever that shape keeps it.
    pub fn submission(&self) -> &str {
        ["submission", "id"].iter().find_map(|key| self.body[*key].as_str()).expect("the answer names its submission")
    }
}
