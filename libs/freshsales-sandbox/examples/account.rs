//! Starts an account and prints how to reach it: `cargo run -p freshsales-sandbox --example account [port]`.

use std::error::Error;
use std::io::{Write, stdout};

use freshsales_sandbox::{Generation, Sandbox, SandboxConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let config = SandboxConfig::default();
    let key = config.key.clone();
    let sandbox = Sandbox::start(config, ([127, 0, 0, 1], port).into()).await?;
    let mut out = stdout();
    writeln!(out, "Classic  {}", sandbox.url(Generation::Classic))?;
    writeln!(out, "Suite    {}", sandbox.url(Generation::Suite))?;
    writeln!(out, "Control  {}/__sandbox", sandbox.root_url())?;
    writeln!(out, "Key      {key}")?;
    tokio::signal::ctrl_c().await?;
    sandbox.shutdown().await;
    Ok(())
}
