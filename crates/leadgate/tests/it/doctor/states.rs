//! The states of which `docs/doctor.md` shows what the doctor says, each made for real.

use std::time::Duration;

use freshsales_sandbox::{Fault, FaultKind, FaultMatching, Generation, Plan, Switches};

use super::Patient;
use crate::process::Running;

/// One state: what it is called, and how it is brought about.
pub(crate) struct State {
    pub(crate) title: &'static str,
    pub(crate) bring_about: fn(&mut Patient) -> Vec<Running>,
}

macro_rules! states {
    ($($title:literal => $bring_about:expr;)*) => {
        /// Every state, in the order of the document.
        pub(crate) const STATES: &[State] = &[$(State { title: $title, bring_about: $bring_about }),*];
    };
}

states! {
    "All is well" => |patient| {
        patient.sandbox.account().set_switches(Switches { search_minimum_characters: 3, ..Switches::default() });
        patient.set("LEADGATE__NAMES__STAGES", "Demo, Won");
        patient.arguments = vec!["--write"];
        make_store(patient);
        vec![]
    };
    "No account in the settings" => |patient| {
        patient.set("FRESHSALES_API_KEY", "");
        brief(patient)
    };
    "A wrong key (401)" => |patient| {
        patient.set("FRESHSALES_API_KEY", "mistyped-key");
        brief(patient)
    };
    "A wrong key behind a proxy that drops headers" => |patient| {
        patient.sandbox.account().set_switches(Switches { accept_header_is_lost: true, ..Switches::default() });
        patient.set("FRESHSALES_API_KEY", "mistyped-key");
        brief(patient)
    };
    "An unknown subdomain (404)" => |patient| {
        patient.sandbox.account().set_switches(Switches { account_is_unknown: true, ..Switches::default() });
        brief(patient)
    };
    "The address of the other generation" => |patient| {
        patient.set("FRESHSALES_SUBDOMAIN", patient.url(Generation::Classic));
        brief(patient)
    };
    "No server at the address" => |patient| {
        patient.set("FRESHSALES_SUBDOMAIN", "http://127.0.0.1:1");
        brief(patient)
    };
    "The CRM is down" => |patient| {
        fault(patient, FaultKind::ServerErrorHtml { status: 503 }, &[""]);
        brief(patient)
    };
    "The CRM answers nothing" => |patient| {
        fault(patient, FaultKind::CutBeforeCommit, &[""]);
        brief(patient)
    };
    "Throttled at the edge (429 with Retry-After)" => |patient| {
        fault(patient, FaultKind::EdgeThrottle { retry_after: 180 }, &[""]);
        brief(patient)
    };
    "The hour's quota is used up (429)" => |patient| {
        fault(patient, FaultKind::Quota429 { reset_after_seconds: Some(1800) }, &[""]);
        brief(patient)
    };
    "Little of the quota is left" => |patient| {
        let account = patient.sandbox.account();
        account.set_plan(Plan::Custom { hour: 1000, minute: 1000 });
        assert_eq!(account.drain_quota(950), 950);
        brief(patient)
    };
    "The clocks differ" => |patient| {
        patient.sandbox.account().advance(Duration::from_secs(600));
        brief(patient)
    };
    "Lists are forbidden (403)" => |patient| {
        fault(patient, FaultKind::Forbidden, &["/deals/view", "/selector/owners", "/selector/deal_pipelines"]);
        patient.set("LEADGATE__NAMES__OWNERS", "Ada");
        brief(patient)
    };
    "Looking people up is forbidden (403)" => |patient| {
        fault(patient, FaultKind::Forbidden, &["/lookup"]);
        brief(patient)
    };
    "Looking people up fails (500)" => |patient| {
        fault(patient, FaultKind::FailBeforeCommit, &["/lookup"]);
        brief(patient)
    };
    "A stage in the settings does not exist (422)" => |patient| {
        patient.set("LEADGATE__NAMES__STAGES", "Negotation, Trial Active");
        brief(patient)
    };
    "A source and an owner in the settings do not exist (422)" => |patient| {
        patient.set("LEADGATE__NAMES__SOURCES", "Web, Trade fare");
        patient.set("LEADGATE__NAMES__OWNERS", "mara.lindqvist@example.com, Ada");
        brief(patient)
    };
    "The key may not make deals nor delete contacts" => |patient| {
        let forbid = |method: &str, path: &str| Fault::new(FaultKind::Forbidden).on(method, path);
        patient.sandbox.account().set_faults(vec![forbid("POST", "/deals"), forbid("DELETE", "/contacts")]);
        patient.arguments.push("--write");
        brief(patient)
    };
    "An admin has made a field mandatory (400)" => |patient| {
        let required = vec!["mobile_number".to_owned()];
        let switches = Switches { required_contact_fields: required, ..Switches::default() };
        patient.sandbox.account().set_switches(switches);
        patient.arguments.push("--write");
        brief(patient)
    };
    "An empty search: the index lags" => |patient| {
        patient.sandbox.account().set_index_lag(Duration::from_secs(3600));
        patient.arguments.extend(["--write", "--search-within", "0s"]);
        brief(patient)
    };
    "The data folder cannot be made" => |patient| {
        std::fs::write(patient.folder().join("file"), "in the way").unwrap();
        patient.set("LEADGATE_DATA", "file/leadgate-data");
        brief(patient)
    };
    "Others can get into the data folder, and the store may lose the last moments" => |patient| {
        make_store(patient);
        open_to_others(patient);
        patient.set("LEADGATE__STORE__DURABILITY", "normal");
        brief(patient)
    };
    "The disk is full" => |patient| {
        make_store(patient);
        say_that_little_is_free(patient, 51_200);
        brief(patient)
    };
    "The store is damaged" => |patient| {
        make_store(patient);
        std::fs::write(patient.folder().join("leadgate-data/leadgate.db"), "no database ".repeat(500)).unwrap();
        brief(patient)
    };
    "A gateway runs, and the world reaches it" => |patient| {
        let running = with_gateway(patient);
        patient.set("LEADGATE__SERVER__PUBLIC_URL", format!("http://127.0.0.1:{}", running[0].ready["port"]));
        patient.arguments.clear();
        running
    };
    "The public address leads nowhere" => |patient| {
        patient.set("LEADGATE__SERVER__PUBLIC_URL", "http://127.0.0.1:1");
        with_gateway(patient)
    };
    "The public address leads to something else" => |patient| {
        patient.set("LEADGATE__SERVER__PUBLIC_URL", patient.sandbox.root_url());
        with_gateway(patient)
    };
    "The public address leads to another gateway" => |patient| {
        let another = Running::start(patient.folder(), &["dev", "--port", "0", "--data", "another"], &[]);
        patient.set("LEADGATE__SERVER__PUBLIC_URL", another.text("url"));
        let mut running = with_gateway(patient);
        running.push(another);
        running
    };
}

fn brief(patient: &mut Patient) -> Vec<Running> {
    patient.arguments.push("--brief");
    Vec::new()
}

fn fault(patient: &Patient, kind: FaultKind, prefixes: &[&str]) {
    let fault = |prefix: &&str| {
        let matching = FaultMatching { path_prefix: (*prefix).to_owned(), ..FaultMatching::default() };
        Fault { matching, ..Fault::new(kind.clone()) }
    };
    patient.sandbox.account().set_faults(prefixes.iter().map(fault).collect());
}

/// The smallest command that makes one.
fn make_store(patient: &Patient) {
    let made = crate::process::run(patient.folder(), &["keys", "add", "shop"], &[]);
    assert_eq!(made.code, 0, "{made:?}");
}

#[cfg(unix)]
fn open_to_others(patient: &Patient) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = patient.folder().join("leadgate-data");
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Puts a `df` first that tells of so many free KiB.
#[cfg(unix)]
fn say_that_little_is_free(patient: &mut Patient, kib: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = patient.folder().join("tools");
    std::fs::create_dir(&folder).unwrap();
    let told = format!("#!/bin/sh\necho '/dev/sda1 41943040 41891840 {kib} 99% /'\n");
    std::fs::write(folder.join("df"), told).unwrap();
    std::fs::set_permissions(folder.join("df"), std::fs::Permissions::from_mode(0o755)).unwrap();
    patient.set("PATH", folder.to_str().unwrap());
}

/// A gateway that serves the account, whose port the doctor is told.
pub(crate) fn with_gateway(patient: &mut Patient) -> Vec<Running> {
    // What the gateway reads when it starts would show as somebody else's requests.
    patient.sandbox.account().set_plan(Plan::Off);
    let account = patient.sandbox.root_url();
    let variables = [
        ("FRESHSALES_API_KEY", "sandbox-key"),
        ("FRESHSALES_SUBDOMAIN", account.as_str()),
        ("LEADGATE_APP_KEY", "a-long-app-key-for-tests"),
    ];
    let gateway = Running::start(patient.folder(), &["serve", "--port", "0"], &variables);
    patient.set("PORT", gateway.ready["port"].to_string());
    patient.arguments.push("--brief");
    vec![gateway]
}
