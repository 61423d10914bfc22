# rustup brings the toolchain that rust-toolchain.toml names; the C compiler builds SQLite.
{ pkgs }: {
  deps = [
    pkgs.rustup
    pkgs.gcc
  ];
}
