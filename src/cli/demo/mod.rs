//! `landfall demo`: a simulated app and its servers on loopback, and the real proxy between them. Needs no network.

mod app;
mod origins;
mod table;
mod workspace;

use std::process::ExitCode;

use super::{Exit, OrExit, print};
use crate::capture::ResolveOverride;
use crate::config::{Export, Settings};
use crate::serve::{RunOptions, Running};

/// No options: what the demo shows is always the same.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DemoArgs {}

/// Run the app through the proxy, and print who got what, where.
pub fn run(_args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let workspace = workspace::Workspace::create().or_exit(Exit::Io)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().or_exit(Exit::Io)?;
    let origins = runtime.block_on(origins::start()).or_exit(Exit::Io)?;
    workspace.write(workspace::UPSTREAM_CA, &origins.ca_pem).or_exit(Exit::Io)?;
    let settings = settings(&workspace, &origins)?;
    let options = RunOptions { session: Some("demo".to_owned()), app: Some("com.example.sunny".to_owned()) };
    let landfall = Running::start(&settings, &options).or_exit(Exit::Internal)?;
    let facts = landfall.facts();
    let (proxy, ca) = (facts.proxy, facts.ca.pem.clone());
    let sent = runtime.block_on(app::run(proxy, &ca));
    landfall.drain().or_exit(Exit::Internal)?;
    let sent = sent.or_exit(Exit::Internal)?;
    let events = workspace.read(workspace::EVENTS).or_exit(Exit::Io)?;
    print(&table::render(&events, sent).or_exit(Exit::Internal)?)?;
    Ok(Exit::Ok.into())
}

/// The defaults, with the laboratory's databases, the demo's owners and the demo's addresses.
fn settings(workspace: &workspace::Workspace, origins: &origins::Origins) -> anyhow::Result<Settings> {
    let mut settings = Settings::default();
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    settings.capture.listen = any_port;
    settings.console.listen = any_port;
    settings.capture.upstream_ca = vec![workspace.path(workspace::UPSTREAM_CA)];
    settings.capture.resolve = origins
        .addresses
        .iter()
        .map(|(host, address)| format!("{host}:443:{address}").parse::<ResolveOverride>())
        .collect::<Result<_, _>>()
        .or_exit(Exit::Internal)?;
    settings.locate.country_db = vec![workspace.path(workspace::COUNTRY_DB)];
    settings.locate.asn_db = Some(workspace.path(workspace::ASN_DB));
    settings.judge.rules = vec![workspace.path(workspace::RULES)];
    settings.ledger.data = Some(workspace.path(workspace::DATA));
    let events = Export::Events { path: workspace.path(workspace::EVENTS) };
    settings.export.insert("demo".to_owned(), events);
    Ok(settings)
}
