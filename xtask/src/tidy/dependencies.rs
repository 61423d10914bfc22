//! Which crate may lean on which, inside the workspace and outside.
//!
//! [`RULES`] is the table of `ARCHITECTURE.md` as data. Two things are asked of each crate: that the workspace members it is built on are
//! among those it may use, and that nothing it is built on, however far down, is a crate it must never contain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use cargo_metadata::{Dependency, DependencyKind, FeatureName, Metadata, MetadataCommand, NodeDep, Package};

use super::Finding;

/// What one crate of the workspace may be built on.
struct Rule {
    name: &'static str,
    /// Members of the workspace.
    may_use: &'static [&'static str],
    /// Crates that must not be reachable from it, not even through others. Its tests are free.
    never: &'static [&'static str],
    /// The same, its tests included.
    never_in_tests: &'static [&'static str],
}

const EVERY_MEMBER_BUT_TEST_CRATES: &[&str] = &[
    "freshsales",
    "freshsales-sandbox",
    "leadgate-core",
    "leadgate-crm-freshsales",
    "leadgate-engine",
    "leadgate-outbound",
    "leadgate-store",
    "leadgate-store-postgres",
    "leadgate-store-sqlite",
    "leadgate-warehouse",
    "leadgate-web",
];

const EVERY_MEMBER: &[&str] = &[
    "freshsales",
    "freshsales-sandbox",
    "leadgate",
    "leadgate-core",
    "leadgate-crm-freshsales",
    "leadgate-engine",
    "leadgate-outbound",
    "leadgate-postgres-server",
    "leadgate-store",
    "leadgate-store-postgres",
    "leadgate-store-sqlite",
    "leadgate-testkit",
    "leadgate-warehouse",
    "leadgate-web",
];

const RULES: &[Rule] = &[
    Rule {
        name: "freshsales",
        may_use: &[],
        never: &["axum", "rusqlite", "sqlx"],
        // If the client and the account it is tried against shared a type, a wrong type would agree with itself.
        never_in_tests: &["freshsales-sandbox"],
    },
    Rule { name: "freshsales-sandbox", may_use: &[], never: &["rusqlite", "sqlx"], never_in_tests: &["freshsales"] },
    Rule {
        name: "leadgate-core",
        may_use: &[],
        never: &["tokio", "rusqlite", "libsqlite3-sys", "sqlx", "reqwest", "axum", "hyper", "rand"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-store",
        may_use: &["leadgate-core"],
        never: &["rusqlite", "libsqlite3-sys", "sqlx", "tokio-postgres", "diesel"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-store-sqlite",
        may_use: &["leadgate-core", "leadgate-store"],
        never: &["reqwest", "axum", "hyper"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-store-postgres",
        may_use: &["leadgate-core", "leadgate-store"],
        never: &["rusqlite", "libsqlite3-sys", "reqwest", "axum", "hyper", "native-tls"],
        never_in_tests: &[],
    },
    Rule { name: "leadgate-postgres-server", may_use: &[], never: &["tokio", "sqlx"], never_in_tests: &[] },
    Rule {
        name: "leadgate-crm-freshsales",
        may_use: &["leadgate-core", "freshsales"],
        never: &["rusqlite", "libsqlite3-sys", "sqlx", "axum"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-engine",
        may_use: &["leadgate-core", "leadgate-store", "leadgate-warehouse"],
        // Databases and HTTP come with the warehouse, whose copy the engine fills.
        never: &["axum", "freshsales", "leadgate-store-sqlite", "leadgate-store-postgres"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-outbound",
        may_use: &["leadgate-core"],
        never: &["axum", "rusqlite", "libsqlite3-sys", "sqlx", "freshsales", "native-tls"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-warehouse",
        may_use: &["leadgate-core"],
        never: &["axum", "freshsales", "native-tls"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate-web",
        may_use: &["leadgate-core", "leadgate-store"],
        never: &["reqwest", "rusqlite", "libsqlite3-sys", "sqlx", "freshsales", "leadgate-engine"],
        never_in_tests: &[],
    },
    Rule {
        name: "leadgate",
        may_use: EVERY_MEMBER_BUT_TEST_CRATES,
        never: &["leadgate-testkit", "leadgate-postgres-server"],
        never_in_tests: &[],
    },
    Rule { name: "leadgate-testkit", may_use: EVERY_MEMBER, never: &[], never_in_tests: &[] },
    Rule { name: "leadgate-bench", may_use: EVERY_MEMBER, never: &[], never_in_tests: &[] },
    Rule { name: "xtask", may_use: &["leadgate-postgres-server"], never: &["tokio"], never_in_tests: &[] },
];

/// Who is built on whom, by name. Two versions of a crate are one here.
#[derive(Default)]
pub(crate) struct Graph {
    members: BTreeSet<String>,
    /// What a crate needs to be built, build scripts included.
    normal: BTreeMap<String, BTreeSet<String>>,
    /// What the tests of a member need besides.
    tests: BTreeMap<String, BTreeSet<String>>,
}

/// The graph of the workspace at `root`, for every platform.
pub(crate) fn read(root: &Path) -> anyhow::Result<Graph> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root.join("Cargo.toml"));
    graph(&command.exec().context("could not read the dependencies with `cargo metadata`")?)
}

fn graph(metadata: &Metadata) -> anyhow::Result<Graph> {
    let name = |id| metadata[id].name.to_string();
    let resolve = metadata.resolve.as_ref().context("`cargo metadata` resolved nothing")?;
    let mut graph = Graph { members: metadata.workspace_members.iter().map(name).collect(), ..Graph::default() };
    for node in &resolve.nodes {
        for dependency in &node.deps {
            if for_tests_only(dependency) {
                graph.tests.entry(name(&node.id)).or_default().insert(name(&dependency.pkg));
            } else if is_built(&metadata[&node.id], &node.features, &metadata[&dependency.pkg]) {
                graph.normal.entry(name(&node.id)).or_default().insert(name(&dependency.pkg));
            }
        }
    }
    Ok(graph)
}

/// Whether a dependency is really switched on. The resolution for the lock file, which `cargo metadata` shows, also follows features of the
/// form `name?/feature`, and these alone do not switch `name` on.
fn is_built(package: &Package, enabled: &[FeatureName], dependency: &Package) -> bool {
    let named = |declared: &&Dependency| declared.name == dependency.name.as_str();
    let mut declared =
        package.dependencies.iter().filter(named).filter(|declared| declared.kind != DependencyKind::Development);
    declared.any(|declared| {
        let key = declared.rename.as_deref().unwrap_or(&declared.name);
        !declared.optional || enabled.iter().any(|feature| switches_on(package, feature, key))
    })
}

fn switches_on(package: &Package, feature: &FeatureName, dependency: &str) -> bool {
    let parts = package.features.get(feature.as_str()).into_iter().flatten();
    let mut named =
        parts.map(|part| part.strip_prefix("dep:").unwrap_or(part)).filter_map(|part| part.split('/').next());
    named.any(|name| name == dependency)
}

fn for_tests_only(dependency: &NodeDep) -> bool {
    dependency.dep_kinds.iter().all(|info| info.kind == DependencyKind::Development)
}

/// Where `graph` goes against the table.
pub(crate) fn check(graph: &Graph) -> Vec<Finding> {
    check_against(RULES, graph)
}

fn check_against(rules: &[Rule], graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &graph.members {
        match rules.iter().find(|rule| rule.name == member) {
            Some(rule) => findings.extend(check_member(rule, graph)),
            None => findings
                .push(Finding::new(member, "is not in the table of dependencies: say in `xtask` what it may use")),
        }
    }
    findings
}

fn check_member(rule: &Rule, graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    let direct = graph.normal.get(rule.name).into_iter().flatten();
    for used in direct.filter(|used| graph.members.contains(*used) && !rule.may_use.contains(&used.as_str())) {
        findings.push(Finding::new(rule.name, format!("must not use {used}: see the table in ARCHITECTURE.md")));
    }
    for forbidden in rule.never {
        findings.extend(forbid(rule.name, forbidden, &paths(graph, rule.name, false)));
    }
    for forbidden in rule.never_in_tests {
        findings.extend(forbid(rule.name, forbidden, &paths(graph, rule.name, true)));
    }
    findings
}

fn forbid(name: &str, forbidden: &str, reached_from: &BTreeMap<&str, &str>) -> Option<Finding> {
    reached_from.get(forbidden)?;
    let mut way = vec![forbidden];
    while let Some(previous) = reached_from.get(way[way.len() - 1]) {
        way.push(previous);
    }
    way.reverse();
    Some(Finding::new(name, format!("must never contain {forbidden}, but does: {}", way.join(" -> "))))
}

/// For each crate that `start` is built on, the crate that brought it in first.
fn paths<'graph>(graph: &'graph Graph, start: &'graph str, with_tests: bool) -> BTreeMap<&'graph str, &'graph str> {
    let mut reached_from = BTreeMap::new();
    let mut waiting = vec![start];
    while let Some(current) = waiting.pop() {
        let tests = if with_tests && current == start { graph.tests.get(current) } else { None };
        for next in graph.normal.get(current).into_iter().chain(tests).flatten() {
            if next != start && !reached_from.contains_key(next.as_str()) {
                reached_from.insert(next.as_str(), current);
                waiting.push(next);
            }
        }
    }
    reached_from
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `edges` are `a -> b`, or `a ~> b` where only a's tests need b.
    fn sample(members: &[&str], edges: &[&str]) -> Graph {
        let mut graph = Graph { members: members.iter().map(ToString::to_string).collect(), ..Graph::default() };
        for edge in edges {
            let normal = edge.split_once(" -> ").map(|ends| (ends, &mut graph.normal));
            let ((from, to), map) = normal.or(edge.split_once(" ~> ").map(|ends| (ends, &mut graph.tests))).unwrap();
            map.entry(from.into()).or_default().insert(to.into());
        }
        graph
    }

    fn messages(members: &[&str], edges: &[&str]) -> Vec<String> {
        check(&sample(members, edges)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn allowed_edges_pass() {
        let edges = [
            "leadgate-web -> leadgate-core",
            "leadgate-web -> axum",
            "leadgate-core ~> tokio",
            "leadgate ~> leadgate-testkit",
        ];
        let members = ["leadgate", "leadgate-core", "leadgate-testkit", "leadgate-web"];
        assert_eq!(messages(&members, &edges), Vec::<String>::new());
    }

    #[test]
    fn a_member_outside_the_table_is_found() {
        assert!(messages(&["leadgate-new"], &[])[0].starts_with("leadgate-new: is not in the table"));
    }

    #[test]
    fn a_wrong_direction_is_found() {
        let found = messages(&["leadgate-core", "leadgate-store"], &["leadgate-core -> leadgate-store"]);
        assert_eq!(found, ["leadgate-core: must not use leadgate-store: see the table in ARCHITECTURE.md"]);
    }

    #[test]
    fn a_forbidden_crate_is_found_however_far_down_and_the_way_to_it_is_shown() {
        let found = messages(&["leadgate-core"], &["leadgate-core -> a", "a -> b", "b -> tokio", "b -> a"]);
        assert_eq!(found, ["leadgate-core: must never contain tokio, but does: leadgate-core -> a -> b -> tokio"]);
    }

    #[test]
    fn sandbox_and_client_stay_apart_even_in_tests() {
        let found = messages(&["freshsales-sandbox"], &["freshsales-sandbox ~> kit", "kit -> freshsales"]);
        assert_eq!(
            found,
            ["freshsales-sandbox: must never contain freshsales, but does: freshsales-sandbox -> kit -> freshsales"]
        );
        assert_eq!(messages(&["freshsales"], &["freshsales ~> freshsales-sandbox"]).len(), 1);
    }

    #[test]
    fn the_testkit_is_for_tests_and_the_bench() {
        assert!(!messages(&["leadgate", "leadgate-testkit"], &["leadgate -> leadgate-testkit"]).is_empty());
        assert!(
            !messages(&["leadgate-engine", "leadgate-testkit"], &["leadgate-engine -> leadgate-testkit"]).is_empty()
        );
        assert!(messages(&["leadgate-bench", "leadgate-testkit"], &["leadgate-bench -> leadgate-testkit"]).is_empty());
    }

    #[test]
    fn each_forbidden_crate_of_the_table_is_found() {
        for rule in RULES {
            for forbidden in rule.never.iter().chain(rule.never_in_tests) {
                let edge = format!("{} -> {forbidden}", rule.name);
                assert_eq!(messages(&[rule.name], &[&edge]).len(), 1, "{edge}");
            }
        }
    }

    #[test]
    fn the_real_workspace_is_read_with_tests_kept_apart() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let graph = read(root).unwrap();
        assert!(graph.members.contains("xtask"));
        assert!(graph.normal["xtask"].contains("cargo_metadata"));
        assert!(!graph.normal["rust_decimal"].contains("rand"), "only named by a weak feature");
        assert!(graph.normal["reqwest"].contains("rustls"), "switched on by a feature");
        assert!(graph.tests["leadgate"].contains("leadgate-testkit"));
        assert!(!graph.normal["leadgate"].contains("leadgate-testkit"));
    }
}
