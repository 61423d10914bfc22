//! A Slack message from a delivery's content: `{text, blocks?}`.
//!
//! Most of such a text comes from records that anyone could have typed, and Slack reads `<!channel>` or `<https://…|click here>` in it. So the three
//! signs that begin such things are escaped, wherever a text stands. Content that says `"escaped": true` has escaped what it put in, and keeps
//! its own links: the playbook's is of this kind.

use leadgate_core::destinations::slack_text::escape;
use serde_json::{Map, Value, json};

/// The most signs that Slack shows of a text.
const LONGEST_TEXT: usize = 40_000;

/// The body of an incoming webhook; `None` if the content has neither text nor blocks.
pub(crate) fn body(content: &Map<String, Value>) -> Option<Value> {
    let escaped = content.get("escaped") == Some(&Value::Bool(true));
    let text = content.get("text").and_then(Value::as_str).unwrap_or_default();
    let text = if escaped { text.to_owned() } else { escape(text) };
    let text: String = text.chars().take(LONGEST_TEXT).collect();
    let mut body = json!({ "text": text });
    match content.get("blocks") {
        Some(Value::Array(blocks)) if !blocks.is_empty() => {
            let mut blocks = Value::from(blocks.clone());
            if !escaped {
                escape_texts(&mut blocks);
            }
            body["blocks"] = blocks;
        }
        _ if text.is_empty() => return None,
        _ => {}
    }
    Some(body)
}

fn escape_texts(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(escape_texts),
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::String(text) if name == "text" => *text = escape(text),
                    field => escape_texts(field),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(json!({"text": "Ada moved"}), Some(json!({"text": "Ada moved"})))]
    #[case::typed_by_anyone(
        json!({"text": "<!channel> & <https://evil.example.com|here>"}),
        Some(json!({"text": "&lt;!channel&gt; &amp; &lt;https://evil.example.com|here&gt;"}))
    )]
    #[case::escaped_already(
        json!({"text": "<https://a.example.com|deal>", "escaped": true}),
        Some(json!({"text": "<https://a.example.com|deal>"}))
    )]
    #[case::blocks(
        json!({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*<b>*"}}]}),
        Some(json!({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "*&lt;b&gt;*"}}]}))
    )]
    #[case::what_was_found_is_not_shown(json!({"text": "x", "found": {"company": 5}}), Some(json!({"text": "x"})))]
    #[case::nothing(json!({"blocks": []}), None)]
    fn what_is_posted(#[case] content: Value, #[case] posted: Option<Value>) {
        assert_eq!(body(content.as_object().unwrap()), posted);
    }
}
