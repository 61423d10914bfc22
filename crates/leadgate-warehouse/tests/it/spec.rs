//! How sinks are written.

use leadgate_warehouse::SinkSpec;
use rstest::rstest;

#[rstest]
#[case("won.csv", "won.csv")]
#[case("reports/won.parquet", "reports/won.parquet")]
#[case("out/", "out/ (csv)")]
#[case("out/?format=parquet", "out/ (parquet)")]
#[case("-", "the standard output")]
#[case("copy.db", "sqlite:copy.db")]
#[case("sqlite:data/copy", "sqlite:data/copy")]
#[case("s3://bucket/leads?format=parquet", "s3://bucket/leads")]
#[case("az://container/won.csv", "az://container/won.csv")]
#[case("postgres://me:secret@db.example:5433/crm", "postgres://db.example:5433/crm (schema freshsales)")]
#[case("postgresql://me:secret@db/crm?sslmode=require&schema=sales", "postgres://db:5432/crm (schema sales)")]
fn texts_name_sinks(#[case] text: &str, #[case] shown: &str) {
    let spec = SinkSpec::parse(text).unwrap();
    assert_eq!(spec.to_string(), shown);
    assert!(!format!("{spec:?}").contains("secret"));
}

#[rstest]
#[case("won.xlsx", "`won.xlsx` names no sink")]
#[case("out", "`out` names no sink")]
#[case("", "`` names no sink")]
#[case("ftp://me:secret@host/x", "`ftp://` names no sink")]
#[case("out/?format=xml", "`xml` is no format of files")]
#[case("postgres://me:secret@host:port/x", "the Postgres address cannot be read")]
#[case("postgres://me:secret@host/x?schema=Sales;", "is no name for a schema")]
#[case("s3://me:secret@bucket/x", "the object store address cannot be read")]
#[case("s3:///x", "the object store address cannot be read")]
#[case("sqlite:", "the SQLite address cannot be read")]
fn what_names_no_sink_is_refused_without_repeating_a_secret(#[case] text: &str, #[case] expected: &str) {
    let error = SinkSpec::parse(text).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[rstest]
#[case("won.csv", Some("parquet"), None, "the file's name says Csv, the format Parquet")]
#[case("copy.db", Some("csv"), None, "`format` does not go with this kind of sink")]
#[case("out/", None, Some("sales"), "`schema` does not go with this kind of sink")]
fn what_does_not_go_together_is_refused(
    #[case] text: &str,
    #[case] format: Option<&str>,
    #[case] schema: Option<&str>,
    #[case] expected: &str,
) {
    let error = SinkSpec::parse_with(text, format, schema).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case(r#""out/?format=ndjson""#, "out/ (ndjson)")]
#[case(r#"{"to": "out", "format": "parquet"}"#, "out (parquet)")]
#[case(r#"{"to": "postgres://db/crm", "schema": "sales"}"#, "postgres://db:5432/crm (schema sales)")]
fn settings_are_a_text_or_a_table(#[case] settings: &str, #[case] shown: &str) {
    assert_eq!(serde_json::from_str::<SinkSpec>(settings).unwrap().to_string(), shown);
}
