//! Flags that several commands share.

use std::path::PathBuf;

use crate::config::{NotAValue, Value};
use crate::locate::Vantage;

/// Which rules are in force.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub struct RuleArgs {
    /// Directory of rules that add to the built-in ones or override them (`elements/`, `regions/`, `entities/`,
    /// `packs/`); may be repeated.
    #[arg(long, value_name = "DIR")]
    pub rules: Vec<PathBuf>,
    /// File of facts that you declare of recipients (exemptions, contracts, types of transactions); may be repeated.
    #[arg(long, value_name = "FILE")]
    pub facts: Vec<PathBuf>,
    /// Rule pack to run; may be repeated [default: every pack].
    #[arg(long = "pack", value_name = "ID")]
    pub packs: Vec<String>,
}

/// What a tester knows of the device and account in hand.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Persona")]
pub struct PersonaArgs {
    /// TOML file of known values (`[[persona]]`, `[[persona.identifier]]` with `element` and `value`), found in whatever form they
    /// travel; may be repeated.
    #[arg(long = "persona", value_name = "FILE")]
    pub personas: Vec<PathBuf>,
}

/// Where addresses are looked up.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Location")]
pub struct GeoArgs {
    /// Country database (MMDB); may be repeated, and replaces the embedded ones.
    #[arg(long, value_name = "FILE")]
    pub country_db: Vec<PathBuf>,
    /// AS database (MMDB); replaces the embedded one.
    #[arg(long, value_name = "FILE")]
    pub asn_db: Option<PathBuf>,
    /// Range file of a cloud operator (AWS, Google, Oracle, Azure, Cloudflare, Fastly), as it publishes it; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub cloud_ranges: Vec<PathBuf>,
    /// Where connect times are measured, with a radius where that is not exact; they then rule out what is too far away.
    #[arg(long, value_name = "LAT,LON[,KM]", value_parser = vantage, allow_hyphen_values = true)]
    pub vantage: Option<Vantage>,
}

fn vantage(text: &str) -> Result<Vantage, NotAValue> {
    <Vantage as Value>::parse(text)
}

/// Where the ledger, the keys and the CA lie.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct DataArgs {
    /// Data directory [default: `$XDG_DATA_HOME/landfall`, else `~/.local/share/landfall`].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}
