//! File to meaning: `landfall.toml`, the rule directories and the data directory.
//!
//! What a file says is parsed once into [`Settings`], where every value already is what it means. Flags change the settings
//! afterwards, so that they win over the file; [`Settings::check`] then looks at the whole.

mod check;
mod data_dir;
mod error;
mod file;
mod geo;
mod persona;
mod rules_dir;
mod settings;
mod value;
mod ways_in;

pub use data_dir::data_dir;
pub use error::ConfigError;
pub use file::{EXAMPLE, load};
pub use geo::{locator_config, unpack_beside};
pub use persona::read_personas;
pub use rules_dir::{ReadRules, add_facts, add_gov_locations, read_rules};

pub use settings::{
    Capture, ClientCertificate, Console, Decode, Detect, Export, Judge, Ledger, Limits, Locate, Pinning, Settings,
    UpstreamProxy,
};
pub use value::{NotAValue, Value};
pub use ways_in::{BypassRule, Device, Https, Listener};
