#!/bin/sh
# Builds the binary that is published, outside of the workspace: what lies in the workspace is published with it, and a build is gigabytes.
set -eu

CARGO_TARGET_DIR=${TMPDIR:-/tmp}/leadgate-build
export CARGO_TARGET_DIR
cargo build --release --locked --package leadgate
mkdir -p bin
cp "$CARGO_TARGET_DIR/release/leadgate" bin/leadgate
