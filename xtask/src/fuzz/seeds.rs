//! What a target starts from: the fixtures, turned into its form of input. They are written at each run, so that none is kept in the repository.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

/// One recorded exchange.
struct Example {
    method: String,
    /// Path and query, from `/`.
    target: String,
    request: Option<Value>,
    status: u64,
    reply: Option<Value>,
}

/// Ids of a seeded sandbox account by the path segment that stands before them, or by the key that holds them.
const IDS: [(&str, i64); 21] = [
    ("contacts", 71_000_000_001),
    ("leads", 5_000_000_101),
    ("sales_accounts", 72_000_000_001),
    ("deals", 73_000_000_001),
    ("notes", 74_000_000_001),
    ("tasks", 75_000_000_001),
    ("appointments", 70_100_000_001),
    ("sales_activities", 70_200_000_001),
    ("products", 70_700_000_001),
    ("cpq_documents", 70_800_000_001),
    ("documents", 70_400_000_001),
    ("view", 79_000_010_001),
    ("owner_id", 79_000_000_002),
    ("deal_stage_id", 79_000_002_003),
    ("deal_pipeline_id", 79_000_003_001),
    ("lifecycle_stage_id", 79_000_014_001),
    ("sales_account_id", 72_000_000_001),
    ("contact_id", 71_000_000_001),
    ("targetable_id", 71_000_000_001),
    ("contacts_added_list", 71_000_000_002),
    ("selected_ids", 71_000_000_002),
];

/// Writes the seeds of a target into its corpus.
pub(super) fn write(root: &Path, target: &str) -> anyhow::Result<()> {
    let folder = root.join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let examples = read(root)?;
    for (number, seed) in of(root, target, &examples)?.into_iter().enumerate() {
        std::fs::write(folder.join(format!("seed-{number:04}")), seed)?;
    }
    Ok(())
}

fn of(root: &Path, target: &str, examples: &[Example]) -> anyhow::Result<Vec<Vec<u8>>> {
    let replies = || examples.iter().filter_map(|example| Some((example.status, example.reply.as_ref()?.to_string())));
    let by_hand = std::fs::read(root.join("fuzz/seeds").join(target)).unwrap_or_default();
    let mut seeds: Vec<Vec<u8>> = split(&by_hand);
    match target {
        "client_replies" => seeds.extend(replies().enumerate().flat_map(|(number, (_, body))| {
            // Each body to a few readers; coverage finds the rest.
            [0, 25, 50].map(|step| [&[(number + step) as u8 % 75], body.as_bytes()].concat())
        })),
        "client_errors" => {
            seeds.extend(replies().filter(|(status, _)| *status >= 300).map(|(status, body)| {
                format!("{status} contacts/1 retry-after=5 x-ratelimit-remaining=0\n{body}").into_bytes()
            }));
        }
        "client_flows" => seeds.extend((0..8_u8).flat_map(|choice| {
            let flow = move |(status, body): (u64, String)| {
                format!("{choice}{status}\n{body}\n====\n{status}\n{body}").into_bytes()
            };
            replies().filter(|(_, body)| body.len() < 4000).map(flow)
        })),
        "copy_pages" => seeds.extend(replies().map(|(_, body)| body.into_bytes())),
        "client_custom_fields" => {
            let metadata = replies().filter(|(_, body)| body.contains("\"fields\""));
            let values = r#"{"cf_a":1,"cf_b":"x","cf_c":["a","b"],"cf_d":"2026-01-31","cf_e":true,"cf_f":null}"#;
            seeds.extend(metadata.map(|(_, body)| format!("{values}\n{body}").into_bytes()));
        }
        "sandbox_requests" | "sandbox_journal" => {
            seeds.extend(examples.iter().map(|example| request(example).into_bytes()))
        }
        "sandbox_filters" => seeds.extend(examples.iter().filter_map(|example| {
            let kind = example.target.split("/filtered_search/").nth(1)?;
            Some(format!("{kind}\n{}", example.request.as_ref()?).into_bytes())
        })),
        _ => {}
    }
    Ok(seeds)
}

/// Seeds by hand stand in one file, between lines `%%%%`.
fn split(file: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(file);
    text.split("\n%%%%\n")
        .filter(|seed| !seed.is_empty())
        .map(|seed| seed.trim_end_matches('\n').as_bytes().to_vec())
        .collect()
}

fn request(example: &Example) -> String {
    let mut body = example.request.clone().unwrap_or(Value::Null);
    localise(&mut body);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    format!("{} {}\n\n{body}", example.method, localised_target(&example.target))
}

/// A path with ids that the seeded account has.
fn localised_target(target: &str) -> String {
    let ids = BTreeMap::from(IDS);
    let mut before = "";
    let segments = target.split('/').map(|segment| {
        let is_id = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        let id = ids.get(before).filter(|_| is_id);
        before = segment;
        id.map_or_else(|| segment.to_owned(), ToString::to_string)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The same in a body, by the names of its keys.
fn localise(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                match IDS.iter().find(|(key, _)| key == name) {
                    Some((_, id)) if value.is_number() => *value = json!(id),
                    Some((_, id)) if name.ends_with("_ids") => *value = json!([id]),
                    _ => localise(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(localise),
        _ => {}
    }
}

fn read(root: &Path) -> anyhow::Result<Vec<Example>> {
    let mut examples = Vec::new();
    for file in std::fs::read_dir(root.join("fixtures/freshsales")).context("could not list fixtures/freshsales")? {
        let path = file?.path();
        let text = std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        let fixture: Value = serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", path.display()))?;
        examples.extend(fixture["examples"].as_array().into_iter().flatten().filter_map(example));
    }
    Ok(examples)
}

fn example(item: &Value) -> Option<Example> {
    let request = item.get("request")?;
    let url = request["url"].as_str()?;
    let after_host = url.split_once("://")?.1;
    Some(Example {
        method: request["method"].as_str()?.to_owned(),
        target: after_host.get(after_host.find('/')?..)?.to_owned(),
        request: request.get("body").filter(|body| body.is_object()).cloned(),
        status: item["response"]["status"].as_u64().unwrap_or(200),
        reply: item["response"].get("body").cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn every_target_has_seeds() {
        let examples = read(root()).unwrap();
        for target in super::super::targets(&root().join("fuzz")).unwrap() {
            assert!(!of(root(), &target, &examples).unwrap().is_empty(), "{target} has no seed");
        }
    }

    #[test]
    fn requests_name_records_that_the_sandbox_has() {
        assert_eq!(localised_target("/api/deals/402/notes"), "/api/deals/73000000001/notes");
        let mut body = json!({"deal": {"owner_id": 7, "name": "x"}});
        localise(&mut body);
        assert_eq!(body, json!({"deal": {"owner_id": 79_000_000_002_i64, "name": "x"}}));
    }
}
