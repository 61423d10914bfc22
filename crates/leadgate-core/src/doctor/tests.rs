//! Judgements that no sandbox can bring about, as tables.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::observed::*;
use super::{Finding, access, account, asks_on, gateway, machine, rights, writes};
use crate::catalog::Catalog;
use crate::crm::QuotaReading;

fn names(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.name).collect()
}

fn reply(status: u16, body: BodyKind) -> ReplySeen {
    ReplySeen { status, body, to_sign_in: false, retry_after: None, quota: None, clock: None }
}

fn knock(root: &str, reply: ReplySeen) -> Knock {
    let answer = Answer { asked: "GET selector/owners".to_owned(), came: Came::Reply(reply) };
    Knock { generation: "Freshsales".to_owned(), root: root.to_owned(), answer }
}

const CLASSIC: &str = "https://acme.freshsales.io/api";
const SUITE: &str = "https://acme.myfreshworks.com/crm/sales/api";

#[rstest]
#[case::let_in(reply(200, BodyKind::Json), "key-accepted")]
#[case::known_but_not_allowed(reply(403, BodyKind::Json), "key-accepted")]
#[case::a_page_of_a_proxy(reply(200, BodyKind::Page), "address-strange")]
#[case::a_page_that_forbids(reply(403, BodyKind::Page), "address-strange")]
#[case::a_redirect_elsewhere(reply(301, BodyKind::Empty), "address-strange")]
#[case::sign_in(ReplySeen { to_sign_in: true, ..reply(302, BodyKind::Page) }, "key-sent-to-sign-in")]
#[case::refused(reply(401, BodyKind::Json), "key-refused")]
#[case::unknown(reply(404, BodyKind::Page), "address-unknown")]
#[case::throttled(ReplySeen { retry_after: Some(60), ..reply(429, BodyKind::Empty) }, "edge-throttled")]
#[case::spent(reply(429, BodyKind::Empty), "quota-spent")]
#[case::down(reply(502, BodyKind::Page), "account-down")]
fn an_answer_at_the_door(#[case] reply: ReplySeen, #[case] code: &str) {
    let seen = AccessSeen { with_key: vec![knock(SUITE, reply)], ..AccessSeen::default() };
    assert_eq!(names(&access::judge(&seen))[0], code);
}

#[test]
fn of_two_addresses_the_one_that_says_more_is_told() {
    let with_key = vec![knock(SUITE, reply(404, BodyKind::Page)), knock(CLASSIC, reply(401, BodyKind::Json))];
    let findings = access::judge(&AccessSeen { with_key, ..AccessSeen::default() });
    assert_eq!(names(&findings), ["key-refused"]);
    assert!(findings[0].seen.contains(CLASSIC) && !findings[0].seen.contains(SUITE));
}

#[test]
fn what_lets_anyone_in_proves_nothing_of_the_key() {
    let open = knock(SUITE, reply(200, BodyKind::Json));
    let seen = AccessSeen { without_key: Some(open.answer.clone()), with_key: vec![open], ..AccessSeen::default() };
    assert_eq!(names(&access::judge(&seen)), ["key-accepted", "key-not-needed"]);
}

#[rstest]
#[case::noted("acmee", Some("acme"), "Did you mean acme? The data folder is about that account.")]
#[case::product_in_the_name("acme-crm", None, "Did you mean acme?")]
#[case::of_a_url("https://acme-freshsales.myfreshworks.com/crm/sales/api", None, "Did you mean acme?")]
#[case::far_from_what_is_noted("globex", Some("acme"), "Set FRESHSALES_SUBDOMAIN")]
#[case::nothing_to_go_by("globex", None, "Set FRESHSALES_SUBDOMAIN")]
fn a_mistyped_subdomain(#[case] address: &str, #[case] noted: Option<&str>, #[case] mend: &str) {
    let seen = AccessSeen {
        address: address.to_owned(),
        noted_account: noted.map(str::to_owned),
        with_key: vec![knock(SUITE, reply(404, BodyKind::Page))],
        ..AccessSeen::default()
    };
    let mended = access::judge(&seen)[0].mend();
    assert!(mended.starts_with(mend), "{mended}");
}

/// A Suite account at the host of the Classic generation (seen in the wild).
#[rstest]
#[case::seen_elsewhere(Some(knock(SUITE, reply(401, BodyKind::Json))), "address-other-generation", SUITE)]
#[case::not_asked(None, "edge-throttled", "use that address")]
fn a_suite_account_at_the_classic_host(#[case] elsewhere: Option<Knock>, #[case] code: &str, #[case] mend: &str) {
    let throttled = ReplySeen { retry_after: Some(300), ..reply(429, BodyKind::Empty) };
    let seen = AccessSeen { with_key: vec![knock(CLASSIC, throttled)], elsewhere, ..AccessSeen::default() };
    let findings = access::judge(&seen);
    assert_eq!(names(&findings), [code]);
    assert!(findings[0].mend().contains(mend), "{}", findings[0].mend());
}

#[rstest]
#[case::not_there(reply(404, BodyKind::Page), true, true)]
#[case::refused_on_one_host(reply(401, BodyKind::Json), true, false)]
#[case::refused_by_perhaps_somebody_else(reply(401, BodyKind::Json), false, true)]
#[case::throttled(ReplySeen { retry_after: Some(300), ..reply(429, BodyKind::Empty) }, false, false)]
fn whether_to_knock_on(#[case] reply: ReplySeen, #[case] one_host: bool, #[case] expected: bool) {
    assert_eq!(asks_on(&knock(SUITE, reply).answer, one_host), expected);
}

#[rstest]
#[case::together(0, 1_000, "clock-right")]
#[case::explained_by_the_way(6, 2_000, "clock-right")]
#[case::ahead(20, 1_000, "clock-off")]
#[case::behind(-20, 1_000, "clock-off")]
#[case::far_off(-90, 1_000, "clock-wrong")]
fn clocks(#[case] seconds: i64, #[case] uncertain_ms: i64, #[case] code: &str) {
    let (ahead, uncertainty) = (SignedDuration::from_secs(seconds), SignedDuration::from_millis(uncertain_ms));
    let finding = account::judge_clock(ClockSeen { ahead, uncertainty });
    assert_eq!(finding.code.name, code);
}

#[rstest]
#[case::alone((900, 890), 10, &["plan-known", "quota-left", "quota-alone"])]
#[case::shared((900, 850), 10, &["plan-known", "quota-left", "quota-shared"])]
#[case::little_left((60, 50), 10, &["plan-known", "quota-low", "quota-alone"])]
#[case::spent((5, 0), 5, &["plan-known", "quota-spent", "quota-alone"])]
#[case::the_hour_ended_in_between((5, 995), 10, &["plan-known", "quota-left", "quota-alone"])]
fn quotas(#[case] (first, last): (u32, u32), #[case] own_between: u32, #[case] codes: &[&str]) {
    let reading = |remaining| QuotaReading { limit: 1000, remaining, reset: None };
    let at = Timestamp::UNIX_EPOCH;
    let quota = QuotaSeen { first: reading(first), last: reading(last), own_first: 1, own_between, at };
    let found = account::judge(&InsideSeen { quota: Some(quota), ..InsideSeen::default() });
    assert_eq!(names(&found)[1..4], *codes);
}

fn healthy_machine() -> MachineSeen {
    MachineSeen {
        folder: "leadgate-data".to_owned(),
        state: FolderSeen::Writable { mode: Some(0o40700) },
        other_account: None,
        free_bytes: Some(20 << 30),
        sync: Some(SignedDuration::from_millis(2)),
        store: StoreSeen::InUse,
    }
}

#[rstest]
#[case::healthy(|_: &mut MachineSeen| {}, "")]
#[case::no_room(|seen: &mut MachineSeen| seen.free_bytes = Some(50 << 20), "disk-full")]
#[case::little_room(|seen: &mut MachineSeen| seen.free_bytes = Some(500 << 20), "disk-low")]
#[case::slow(|seen: &mut MachineSeen| seen.sync = Some(SignedDuration::from_secs(2)), "sync-slow")]
#[case::open(|seen: &mut MachineSeen| seen.state = FolderSeen::Writable { mode: Some(0o40750) }, "folder-open")]
#[case::of_another(|seen: &mut MachineSeen| seen.other_account = Some(("acme".to_owned(), "globex".to_owned())), "folder-other-account")]
#[case::no_log(|seen: &mut MachineSeen| seen.store = opened("delete", 2, true), "store-otherwise")]
#[case::not_durable(|seen: &mut MachineSeen| seen.store = opened("wal", 1, true), "store-otherwise")]
#[case::as_configured(|seen: &mut MachineSeen| seen.store = opened("wal", 1, false), "store-lax")]
fn machines(#[case] change: fn(&mut MachineSeen), #[case] code: &str) {
    let mut seen = healthy_machine();
    change(&mut seen);
    let findings = machine::judge(&seen);
    let bad = findings.iter().filter(|finding| finding.code.status >= super::Status::Warning);
    assert_eq!(bad.map(|finding| finding.code.name).collect::<Vec<_>>().join(","), code);
}

fn opened(journal: &str, synchronous: i64, wants_power_safety: bool) -> StoreSeen {
    StoreSeen::Opened { journal: journal.to_owned(), synchronous, wants_power_safety }
}

#[test]
fn each_kind_of_failed_read_is_told() {
    let read = |what: &str, need, went| ReadTried { what: what.to_owned(), need, went };
    let reads = [
        read("stages", Need::Should, Went::Well),
        read("people", Need::Must, Went::Forbidden),
        read("deals", Need::Should, Went::Forbidden),
        read("owners", Need::Should, Went::Failed("GET selector/owners answered 500".to_owned())),
    ];
    assert_eq!(names(&rights::judge(&reads)), ["rights-read", "lookup-forbidden", "list-forbidden", "read-failed"]);
}

#[rstest]
#[case::prompt(Some(2), &[(1, false), (2, true)], &["search-prompt", "search-minimum"])]
#[case::late(Some(30), &[(1, true)], &["search-late", "search-any-length"])]
#[case::never(None, &[], &["search-late", "search-minimum-unknown"])]
fn searches(#[case] found: Option<i64>, #[case] short: &[(usize, bool)], #[case] codes: &[&str]) {
    let search = SearchSeen {
        found_after: found.map(SignedDuration::from_secs),
        waited: SignedDuration::from_secs(40),
        short_queries: short.to_vec(),
    };
    let seen = WritesSeen { search: Some(search), ..WritesSeen::default() };
    assert_eq!(names(&writes::judge(Some(&seen), &Catalog::default(), Timestamp::UNIX_EPOCH)), codes);
}

#[test]
fn a_gateway_that_accepts_nothing_fails() {
    let seen = GatewaySeen {
        local_url: "http://127.0.0.1:3000".to_owned(),
        readiness: Readiness::NotReady(503),
        public_url: None,
        loopback: None,
    };
    assert_eq!(names(&gateway::judge(&seen)), ["gateway-not-ready", "loopback-not-set"]);
}

#[rstest]
#[case::not_tried(None, "loopback-skipped")]
#[case::arrived(Some(Loopback::Arrived), "loopback-arrives")]
#[case::another(Some(Loopback::OtherGateway), "loopback-other-gateway")]
#[case::a_page(Some(Loopback::Elsewhere(404)), "loopback-elsewhere")]
#[case::nothing(Some(Loopback::Nothing), "loopback-unreachable")]
fn what_came_back_through_the_public_address(#[case] loopback: Option<Loopback>, #[case] code: &str) {
    let seen = GatewaySeen {
        local_url: "http://127.0.0.1:3000".to_owned(),
        readiness: Readiness::Ready,
        public_url: Some("https://leads.example.com".to_owned()),
        loopback,
    };
    assert_eq!(names(&gateway::judge(&seen)), ["gateway-ready", code]);
}

#[rstest]
#[case::absent_in_a_folder(|_: &mut MachineSeen| {}, Some("store-new"))]
#[case::absent_without_a_folder(|seen: &mut MachineSeen| seen.state = FolderSeen::Absent, None)]
#[case::open_elsewhere(|seen: &mut MachineSeen| seen.store = StoreSeen::InUse, Some("store-in-use"))]
#[case::database(|seen: &mut MachineSeen| seen.store = StoreSeen::Database { server: "16.4".to_owned(), schema: Some(1), waits_for_disk: true }, Some("database-durable"))]
#[case::lax_database(|seen: &mut MachineSeen| seen.store = StoreSeen::Database { server: "16.4".to_owned(), schema: None, waits_for_disk: false }, Some("database-lax"))]
#[case::no_database(|seen: &mut MachineSeen| seen.store = StoreSeen::DatabaseUnusable("refused".to_owned()), Some("database-unusable"))]
#[case::broken(|seen: &mut MachineSeen| seen.store = StoreSeen::Unusable("no database".to_owned()), Some("store-unusable"))]
fn stores(#[case] change: fn(&mut MachineSeen), #[case] code: Option<&str>) {
    let mut seen = MachineSeen { store: StoreSeen::Absent, ..healthy_machine() };
    change(&mut seen);
    let findings = machine::judge(&seen);
    let is_about_store = |name: &&str| name.starts_with("store-") || name.starts_with("database-");
    let about_store = findings.iter().map(|finding| finding.code.name).find(is_about_store);
    assert_eq!(about_store, code);
}

#[test]
fn codes_are_unique_and_whatever_is_not_well_says_what_to_do() {
    let mut seen = std::collections::BTreeSet::new();
    for code in super::codes::ALL {
        assert!(seen.insert(code.name), "{} twice", code.name);
        let is_explained =
            !code.cause.is_empty() && (!code.mend.is_empty() || ["folder-open", "clock-unknown"].contains(&code.name));
        assert_eq!(code.status != super::Status::Ok, is_explained, "{}", code.name);
    }
}
