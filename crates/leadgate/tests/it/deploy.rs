//! The files under `deploy/` say what is so: variables, settings, commands, ports, folders and waits are the binary's own. And what platforms
//! set, the binary follows or leaves alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format as _, Toml};
use rstest::rstest;
use serde_json::{Value, json};

use crate::process::{Running, request, run};
use crate::serve::{House, add};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(file: &str) -> String {
    let path = root().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file under a folder, with its text.
fn files(folder: &Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![(path.display().to_string(), std::fs::read_to_string(&path).unwrap())],
    });
    found.collect()
}

fn deploy_files() -> Vec<(String, String)> {
    files(&root().join("deploy"))
}

/// The settings without any file or variable.
fn defaults() -> Value {
    let folder = tempfile::tempdir().unwrap();
    serde_json::from_str(&run(folder.path(), &["config", "--json"], &[]).out).unwrap()
}

/// Names of variables that are Leadgate's to read.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_uppercase() && !letter.is_ascii_digit() && letter != '_');
    words.filter(|word| word.starts_with("LEADGATE_") || word.starts_with("FRESHSALES_") || *word == "PORT")
}

/// A value that the setting behind a variable can have.
fn a_value(variable: &str, defaults: &Value) -> String {
    let path = variable.trim_start_matches("LEADGATE__").to_lowercase().replace("__", ".");
    match (variable, &defaults[path]["value"]) {
        ("PORT", _) => "3000".to_owned(),
        ("LEADGATE__SERVER__HOST", _) => "127.0.0.1".to_owned(),
        ("LEADGATE__SERVER__PUBLIC_URL", _) => "https://leads.example.com".to_owned(),
        ("LEADGATE_RULES", _) => "rules.toml".to_owned(),
        ("LEADGATE__STORE__URL", _) => "sqlite".to_owned(),
        (_, Value::String(default)) if !default.is_empty() => default.clone(),
        (_, Value::Number(default)) => default.to_string(),
        _ => "acme".to_owned(),
    }
}

#[test]
fn every_variable_is_one_that_the_settings_know() {
    let defaults = defaults();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.toml"), "").unwrap();
    let all = deploy_files();
    let named: BTreeSet<&str> = all.iter().flat_map(|(_, text)| variables(text)).collect();
    // The commands that speak to a running gateway read this one, not the settings.
    for name in named.iter().filter(|name| **name != "LEADGATE_URL") {
        let shown = run(folder.path(), &["config", "--json"], &[(name, &a_value(name, &defaults))]);
        assert!(shown.out.contains(&format!("\"variable {name}\"")), "{name}: {shown:?}");
    }
    assert!(named.len() > 5, "{named:?}");
}

#[test]
fn every_setting_that_a_page_names_exists() {
    let defaults = defaults();
    let sections: BTreeSet<&str> =
        defaults.as_object().unwrap().keys().filter_map(|path| Some(path.split_once('.')?.0)).collect();
    let mut seen = 0;
    for (file, text) in deploy_files() {
        let words = text.split(|letter: char| !letter.is_ascii_lowercase() && !matches!(letter, '_' | '.' | '-'));
        let settings = words.filter(|word| word.split_once('.').is_some_and(|(section, _)| sections.contains(section)));
        for setting in settings
            .map(|name| name.trim_end_matches('.'))
            .filter(|name| name.contains('.') && !name.ends_with(".toml"))
        {
            assert!(defaults.get(setting).is_some(), "{file}: there is no setting {setting}");
            seen += 1;
        }
    }
    assert!(seen > 3);
}

#[test]
fn every_command_that_is_named_exists() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"], &[]).out;
    let known = |word: &str| help.contains(&format!("\n  {word} "));
    for (file, text) in deploy_files() {
        for (_, after) in text.match_indices("leadgate ").map(|(at, name)| text.split_at(at + name.len())) {
            let word = after.split(|letter: char| !letter.is_ascii_lowercase()).next().unwrap();
            assert!(word.is_empty() || word == "leadgate" || known(word), "{file}: there is no `leadgate {word}`");
        }
    }
}

#[rstest]
#[case::docker("deploy/docker/Dockerfile", &["EXPOSE {port}", "ENV LEADGATE_DATA=/data", "VOLUME /data", "WORKDIR /config"])]
#[case::compose("deploy/docker/compose.yaml", &["127.0.0.1:{port}:{port}", "- data:/data", "./config:/config:ro"])]
#[case::fly("deploy/fly/fly.toml", &["internal_port = {port}", "PORT = \"{port}\"", "LEADGATE_DATA = \"/data\"", "destination = \"/data\""])]
#[case::render("deploy/render/render.yaml", &["value: \"{port}\"", "value: /data", "mountPath: /data"])]
#[case::replit("deploy/replit/.replit", &["localPort = {port}", "PORT = \"{port}\""])]
#[case::systemd("deploy/systemd/leadgate.service", &["LEADGATE_DATA=/var/lib/leadgate", "StateDirectory=leadgate\n", "WorkingDirectory=/etc/leadgate"])]
#[case::systemd_folders("deploy/systemd/tmpfiles.conf", &["d /var/lib/leadgate 0700", "/etc/leadgate/leadgate.env 0600"])]
fn ports_and_folders_agree(#[case] file: &str, #[case] expected: &[&str]) {
    let port = defaults()["server.port"]["value"].to_string();
    let text = text(file);
    for line in expected {
        let line = line.replace("{port}", &port);
        assert!(text.contains(&line), "{file} does not say `{line}`");
    }
}

#[rstest]
#[case("deploy/docker/compose.yaml", "stop_grace_period: ")]
#[case("deploy/systemd/leadgate.service", "TimeoutStopSec=")]
#[case("deploy/fly/fly.toml", "kill_timeout = ")]
#[case("deploy/render/render.yaml", "maxShutdownDelaySeconds: ")]
fn a_platform_waits_longer_than_the_gateway_takes_to_end(#[case] file: &str, #[case] setting: &str) {
    let seconds =
        |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap();
    let deadline = defaults()["server.shutdown_deadline"]["value"].as_str().unwrap().to_owned();
    let text = text(file);
    let (_, waits) = text.split_once(setting).unwrap();
    assert!(seconds(waits) > seconds(&deadline), "{file} waits {}, the gateway takes {deadline}", seconds(waits));
}

#[test]
fn the_image_is_built_with_the_toolchain_of_the_repository() {
    let toolchain: Value = Figment::from(Toml::string(&text("rust-toolchain.toml"))).extract().unwrap();
    let channel = toolchain["toolchain"]["channel"].as_str().unwrap();
    let dockerfile = text("deploy/docker/Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{channel}-")), "{channel}");
    assert!(dockerfile.contains(&format!("RUSTUP_TOOLCHAIN={channel}\n")), "{channel}");
}

#[rstest]
#[case("deploy/fly/fly.toml", "/http_service/auto_stop_machines", json!("off"))]
#[case("deploy/fly/fly.toml", "/http_service/min_machines_running", json!(1))]
#[case("deploy/replit/.replit", "/deployment/deploymentTarget", json!("vm"))]
fn a_platform_that_can_sleep_is_told_not_to(#[case] file: &str, #[case] path: &str, #[case] value: Value) {
    let read: Value = Figment::from(Toml::string(&text(file))).extract().unwrap();
    assert_eq!(read.pointer(path), Some(&value));
}

#[rstest]
#[case::docker("deploy/docker/leadgate.env.example")]
#[case::systemd("deploy/systemd/leadgate.env.example")]
fn an_example_of_secrets_holds_none(#[case] file: &str) {
    let text = text(file);
    let set: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.ends_with('=')).collect();
    assert_eq!(set, Vec::<&str>::new());
    for name in ["FRESHSALES_API_KEY=", "FRESHSALES_SUBDOMAIN=", "LEADGATE_APP_KEY="] {
        assert!(text.contains(name), "{name}");
    }
}

#[rstest]
#[case::serve("serve")]
#[case::dev("dev")]
fn the_port_of_the_platform_is_the_port(#[case] command: &str) {
    let house = House::new();
    let gateway = Running::start(house.folder.path(), &[command], &house.variables(&[("PORT", "0")]));
    assert_ne!(gateway.ready["port"], json!(3000));
    assert_eq!(request("GET", &format!("{}/health", gateway.text("url")), None, None).0, 200);
}

#[test]
fn where_a_key_protects_it_the_gateway_listens_for_the_platform() {
    let house = House::new();
    let gateway = house.serve_with(&[("LEADGATE__SERVER__HOST", "")]);
    assert!(gateway.text("url").starts_with("http://0.0.0.0:"), "{}", gateway.ready);
}

#[test]
fn a_database_of_the_platform_can_be_left_alone() {
    let house = House::new();
    let database = ("DATABASE_URL", "postgres://somebody:s3cret@127.0.0.1:1/nothing");
    let gateway = house.serve_with(&[database, ("LEADGATE__STORE__URL", "sqlite")]);
    assert_eq!(add(&gateway, json!({"email": "ingrid@example.com"})).0, 201);
    assert!(!gateway.ready.to_string().contains("s3cret"));
    let shown = run(house.folder.path(), &["config"], &[database]);
    assert!(shown.code == 0 && !shown.out.contains("s3cret"), "{shown:?}");
}

#[rstest]
#[case::runs(&["health"], 0, "well")]
#[case::takes_leads(&["health", "--ready"], 0, "well")]
fn health_is_asked_for_without_a_key(#[case] arguments: &[&str], #[case] code: i32, #[case] says: &str) {
    let house = House::new();
    let gateway = house.serve_with(&[]);
    let port = gateway.ready["port"].to_string();
    let ended = run(house.folder.path(), arguments, &[("PORT", &port)]);
    assert_eq!(ended.code, code, "{ended:?}");
    assert!(ended.out.contains(says), "{ended:?}");
}

#[rstest]
#[case::nobody_there(&["health", "--url", "http://127.0.0.1:1"], &[], "http://127.0.0.1:1/health cannot be reached")]
#[case::wrong_settings(&["health"], &[("PORT", "http")], "variable PORT")]
fn what_is_unwell_exits_with_1(#[case] arguments: &[&str], #[case] variables: &[(&str, &str)], #[case] says: &str) {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(folder.path(), arguments, variables);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains(says), "{ended:?}");
}
