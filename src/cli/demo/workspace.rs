//! A directory of the demo's own, gone when the demo ends.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use ulid::Ulid;

pub const UPSTREAM_CA: &str = "origins-ca.pem";
pub const COUNTRY_DB: &str = "lab.mmdb";
pub const ASN_DB: &str = "lab-asn.mmdb";
pub const RULES: &str = "rules";
pub const DATA: &str = "data";
pub const EVENTS: &str = "events.jsonl";

/// Removed when dropped.
pub struct Workspace {
    dir: PathBuf,
}

impl Workspace {
    /// Make it, with the laboratory's databases and the demo's owners in it.
    pub fn create() -> io::Result<Self> {
        let dir = std::env::temp_dir().join(format!("landfall-demo-{}", Ulid::generate()));
        fs::DirBuilder::new().mode(0o700).create(&dir)?;
        let workspace = Self { dir };
        workspace.write(COUNTRY_DB, include_bytes!("../../../data/lab/lab.mmdb"))?;
        workspace.write(ASN_DB, include_bytes!("../../../data/lab/lab-asn.mmdb"))?;
        fs::create_dir(workspace.path(RULES))?;
        workspace.write("rules/entities.yaml", include_bytes!("entities.yaml"))?;
        Ok(workspace)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        fs::write(self.path(name), bytes)
    }

    pub fn read(&self, name: &str) -> io::Result<String> {
        fs::read_to_string(self.path(name))
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, dir = %self.dir.display(), "the demo's directory could not be removed");
        }
    }
}
