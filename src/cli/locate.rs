//! `landfall locate`: one destination's placement as a short argument that a person can check, or as the record's objects.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Exit, GeoArgs, OrExit, locate_facts, locate_text, print};
use crate::capture::{ResolveError, ResolveOverride, Resolved, Resolver};
use crate::config::{self, Settings};
use crate::exchange::{Destination, NoPeer, Peer, TlsFacts};
use crate::ledger::record;
use crate::locate::{Locators, Observed, Placement, attributions};

#[derive(Debug, clap::Args)]
pub struct LocateArgs {
    /// Hosts and addresses to place. Names are resolved as the proxy would.
    #[arg(value_name = "HOST|IP", required_unless_present = "facts")]
    destinations: Vec<String>,
    /// Place recorded facts instead, one JSON object a line (`id`, `ip`, `host`, `rtt_ms`, …), without any query.
    #[arg(long, value_name = "FILE", conflicts_with = "destinations")]
    facts: Option<PathBuf>,
    /// Print JSON: one document, or with `--facts` one object a line.
    #[arg(long)]
    json: bool,
    /// Directory whose `entities.yaml` and `entities/` add to the built-in entities or override them; may be repeated.
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Take this address for a destination instead; may be repeated.
    #[arg(long, value_name = "HOST:PORT:ADDR[:PORT]")]
    resolve: Vec<ResolveOverride>,
    /// Ask for each address's own name (PTR) as a hint, too: a query to the outside that tells of the interest in it.
    #[arg(long, conflicts_with = "facts")]
    reverse_dns: bool,
    #[command(flatten)]
    geo: GeoArgs,
}

pub fn run(args: &LocateArgs) -> anyhow::Result<ExitCode> {
    let locators = locators(args)?;
    if let Some(path) = &args.facts {
        return locate_facts::run(path, &locators, args.json);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let resolver = Resolver::new(args.resolve.clone());
    let mut found = Vec::new();
    for host in &args.destinations {
        let resolved = runtime.block_on(resolver.resolve(host, PORT));
        let address = resolved.as_ref().ok().and_then(|resolved| resolved.candidates.first()).map(SocketAddr::ip);
        let asked = address.filter(|_| args.reverse_dns);
        let reverse_name = asked.and_then(|address| runtime.block_on(resolver.name_of(address)));
        found.push(place(host, resolved, reverse_name, &locators)?);
    }
    if args.json {
        print_json(&found)?
    } else {
        print_text(&found)?
    }
    let unresolved = found.iter().any(|answer| answer.destination.peer.is_err());
    Ok(if unresolved { Exit::Partial } else { Exit::Ok }.into())
}

/// Names are resolved for HTTPS; nothing is connected to.
pub(super) const PORT: u16 = 443;

struct Answer {
    destination: Destination,
    /// Every address the name has; the first is placed.
    addresses: Vec<IpAddr>,
    /// Why there is no address.
    trouble: Option<String>,
    placement: Arc<Placement>,
}

fn locators(args: &LocateArgs) -> anyhow::Result<Locators> {
    let mut settings = Settings::default();
    args.geo.apply(&mut settings);
    let entities = config::read_rules(&args.rules)?.rules.entities;
    let config = config::locator_config(&settings.locate, entities)?;
    config::unpack_beside(&config);
    Ok(Locators::new(config)?)
}

/// A name without an address is still somebody's; anything that is no host is refused.
fn place(
    host: &str,
    resolved: Result<Resolved, ResolveError>,
    reverse_name: Option<String>,
    locators: &Locators,
) -> anyhow::Result<Answer> {
    let (peer, addresses, trouble) = match resolved {
        Ok(Resolved { candidates, cname, .. }) => {
            let addresses = candidates.iter().map(SocketAddr::ip).collect();
            let peer = candidates.first().map(|address| Peer { cname, ..Peer::at(*address) });
            (peer.ok_or(NoPeer::Unresolved), addresses, None)
        }
        Err(ResolveError::Host(error)) => {
            return Err(error).with_context(|| format!("`{host}` is no host or address")).or_exit(Exit::Usage);
        }
        Err(error) => (Err(NoPeer::Unresolved), Vec::new(), Some(error.to_string())),
    };
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
    let destination = Destination { host, port: PORT, peer };
    let observed = Observed { reverse_name, ..Observed::default() };
    let placement = locators.place(&destination, &TlsFacts::default(), None, &observed, Timestamp::now());
    Ok(Answer { destination, addresses, trouble, placement })
}

/// One object, or an array where several destinations were asked for.
fn print_json(found: &[Answer]) -> anyhow::Result<()> {
    let mut documents = found.iter().map(document).collect::<Result<Vec<_>, _>>()?;
    let document = if found.len() == 1 { documents.remove(0) } else { Json::Array(documents) };
    print(format_args!("{}\n", serde_json::to_string_pretty(&document)?))
}

fn document(answer: &Answer) -> Result<Json, serde_json::Error> {
    let mut document = serde_json::to_value(record::destination(&answer.destination, &answer.placement))?;
    document["addresses"] = json!(answer.addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>());
    document["attribution"] = json!(attributions());
    Ok(document)
}

fn print_text(found: &[Answer]) -> anyhow::Result<()> {
    let mut text = String::new();
    for answer in found {
        let Answer { destination, addresses, trouble, placement } = answer;
        writeln!(text, "{}", destination.host)?;
        match destination.peer.as_ref().map(|peer| peer.address.ip()) {
            Ok(address) if addresses.len() > 1 => {
                writeln!(text, "  address   {address}, the first of {}", addresses.len())?;
            }
            Ok(address) => writeln!(text, "  address   {address}")?,
            Err(_) => writeln!(text, "  address   unknown: {}", trouble.as_deref().unwrap_or("none was found"))?,
        }
        if let Ok(peer) = &destination.peer
            && !peer.cname.is_empty()
        {
            writeln!(text, "  alias of  {}", peer.cname.join(", "))?;
        }
        locate_text::placement(&mut text, placement)?;
        text.push('\n');
    }
    locate_text::attribution(&mut text)?;
    print(text)
}
