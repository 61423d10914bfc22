//! Users, pipelines, stages, products and fields: lists of names that come in one piece.

use freshsales::Generation;
use freshsales::raw;
use http::Method;
use leadgate_core::crm::CrmFailure;
use leadgate_core::sync::{RawRow, RowsPage, Stream};
use serde_json::{Map, Value};

use super::Reading;
use super::list::id_of;

/// The kinds of records whose fields are listed, by their names in paths.
const OF_FIELDS: [&str; 5] = ["leads", "contacts", "sales_accounts", "deals", "sales_activities"];

type Rows = Vec<Map<String, Value>>;

impl Reading<'_, '_> {
    /// The rows of a stream of names, and where it goes on.
    pub(super) async fn read_names(&mut self, stream: Stream) -> Result<RowsPage, CrmFailure> {
        let rows = match stream {
            Stream::Users => self.selector("owners", "users").await?,
            Stream::Products => {
                let products = self.selector("deal_products", "deal_products").await;
                super::if_there(products)?.unwrap_or_default()
            }
            Stream::Pipelines => self.pipelines().await?,
            Stream::Stages => stages(self.pipelines().await?),
            _ => return self.fields().await,
        };
        let rows: Vec<RawRow> = rows.iter().map(RawRow::of_object).collect();
        Ok(RowsPage { total: Some(rows.len() as u64), rows, ..RowsPage::default() })
    }

    pub(super) async fn pipelines(&mut self) -> Result<Rows, CrmFailure> {
        self.selector("deal_pipelines", "deal_pipelines").await
    }

    async fn selector(&mut self, path: &str, key: &str) -> Result<Rows, CrmFailure> {
        self.get(&format!("selector/{path}"), key).await
    }

    async fn get(&mut self, path: &str, key: &str) -> Result<Rows, CrmFailure> {
        let mut body = self.account.send(raw::request(Method::GET, path)).await?;
        let Some(Value::Array(rows)) = body.get_mut(key).map(Value::take) else {
            return Err(CrmFailure::Malformed(format!("a list expected at `{key}` of the reply to {path}")));
        };
        let is_row = |row: &Map<String, Value>| row.get("id").and_then(id_of).is_some() || row.contains_key("name");
        let rows = rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None });
        Ok(rows.filter(is_row).collect())
    }

    /// The fields of one kind of record after the other; accounts without leads have none of theirs.
    async fn fields(&mut self) -> Result<RowsPage, CrmFailure> {
        let mut page = RowsPage::default();
        while let Some(record) = OF_FIELDS.get(self.bookmark.list).filter(|_| self.may_ask()) {
            let missing = *record == "leads" && self.account.client.generation() == Generation::Suite;
            let read =
                if missing { None } else { Some(self.get(&format!("settings/{record}/fields"), "fields").await) };
            for mut row in read.transpose()?.unwrap_or_default() {
                tell_field(record, &mut row);
                page.rows.push(RawRow::of_object(&row));
            }
            self.bookmark.turn();
        }
        page.next = (self.bookmark.list < OF_FIELDS.len()).then(|| self.bookmark.to_text());
        Ok(page)
    }
}

/// Every stage of every pipeline: the selector of stages has those of the default pipeline alone.
fn stages(pipelines: Rows) -> Rows {
    let mut stages = Vec::new();
    for mut pipeline in pipelines {
        let Some(Value::Array(own)) = pipeline.shift_remove("deal_stages") else { continue };
        for stage in own {
            let Value::Object(mut stage) = stage else { continue };
            let id = pipeline.get("id").cloned().unwrap_or_default();
            stage.entry("deal_pipeline_id").or_insert(id);
            stage.insert("deal_pipeline_name".to_owned(), pipeline.get("name").cloned().unwrap_or_default());
            stages.push(stage);
        }
    }
    stages
}

/// Ids of fields are only their own within the fields of a kind of record, and UUIDs in places: the row's id is made of both, and stays the same when the field
/// gets another name.
fn tell_field(record: &str, row: &mut Map<String, Value>) {
    let text =
        |value: Option<&Value>| value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let own = text(row.get("id").filter(|id| !id.is_null())).or_else(|| text(row.get("name"))).unwrap_or_default();
    let model = text(row.get("base_model")).unwrap_or_default();
    let field_id = row.get("id").and_then(id_of);
    let custom = row.get("default").and_then(Value::as_bool).map(|default| !default);
    let named_so = row.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("cf_"));
    row.insert("id".to_owned(), fingerprint(&format!("{record}/{model}/{own}")).into());
    row.insert("field_id".to_owned(), field_id.into());
    row.insert("record".to_owned(), record.into());
    row.insert("is_custom".to_owned(), custom.unwrap_or(named_so).into());
}

/// A positive number for a text that is the same in every version and on every machine (FNV-1a): it is stored.
fn fingerprint(text: &str) -> i64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    (text.bytes().fold(0xcbf2_9ce4_8422_2325, fold) >> 1).cast_signed()
}
