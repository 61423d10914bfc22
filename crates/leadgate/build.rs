//! How the binary is linked: with its relocations packed, where what loads it can read them so.
//!
//! A position-independent program is full of addresses that are completed when it is loaded. Written out one by one they are 2 MB, read once and then held in memory
//! for as long as the process lives; packed they are a few dozen kB. The loader of glibc reads packed ones since 2.36.

#![expect(clippy::disallowed_methods, reason = "a build script is told things in variables")]

use std::env;
use std::process::Command;

/// The first glibc whose loader reads packed relocations.
const READS_PACKED: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if runs_where_it_is_built() && glibc().is_some_and(|version| version >= READS_PACKED) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Of another machine nothing is known, so nothing is assumed.
fn runs_where_it_is_built() -> bool {
    let is = |name, value| env::var(name).is_ok_and(|found| found == value);
    is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && env::var("HOST") == env::var("TARGET")
}

/// This machine's glibc, as `getconf` tells it: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
