//! Where the ledger, the keys and the CA lie when nobody says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ConfigError;

/// The data directory: the one named, else `$XDG_DATA_HOME/landfall`, else `~/.local/share/landfall`. It need not exist.
pub fn data_dir(named: Option<&Path>) -> Result<PathBuf, ConfigError> {
    match named {
        Some(dir) => Ok(dir.to_owned()),
        None => default_dir(|name| std::env::var_os(name)),
    }
}

fn default_dir(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ConfigError> {
    // The XDG base directory specification: a relative path is to be ignored.
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("landfall"))
        .ok_or_else(|| {
            ConfigError::invalid(
                "no data directory: neither `XDG_DATA_HOME` nor `HOME` is set; name one with `--data DIR`",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xdg: Option<&str>, home: Option<&str>, expect: Option<&str>) {
        let dir = default_dir(|name| if name == "HOME" { home } else { xdg }.map(OsString::from)).ok();
        assert_eq!(dir.as_deref(), expect.map(Path::new), "XDG_DATA_HOME={xdg:?} HOME={home:?}");
    }

    #[test]
    fn the_environment_names_the_default() {
        check(Some("/x"), Some("/home/a"), Some("/x/landfall"));
        check(None, Some("/home/a"), Some("/home/a/.local/share/landfall"));
        check(Some("relative"), Some("/home/a"), Some("/home/a/.local/share/landfall"));
        check(Some(""), None, None);
    }
}
