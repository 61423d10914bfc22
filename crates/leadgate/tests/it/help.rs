//! Help texts and completions.

use rstest::rstest;

use crate::process::run;

#[test]
fn the_subcommands_and_exit_codes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["-h"], &[]).out;
    insta::assert_snapshot!(help);
}

#[rstest]
#[case("bash")]
#[case("zsh")]
#[case("fish")]
fn a_shell_learns_the_subcommands(#[case] shell: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = run(folder.path(), &["completions", shell], &[]).out;
    assert!(script.contains("sandbox") && script.contains("open-to-anyone"));
}
