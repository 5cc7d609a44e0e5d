//! Reading the persona files that were named. What they mean `Detectors::with_personas` finds out.

use std::fs;
use std::path::PathBuf;

use super::ConfigError;
use crate::detect::{self, Identifier};

/// All identifiers of the files. A file that was named and cannot be read is an error.
pub fn read_personas(files: &[PathBuf]) -> Result<Vec<Identifier>, ConfigError> {
    let mut identifiers = Vec::new();
    for path in files {
        let text =
            fs::read_to_string(path).map_err(|error| ConfigError::unreadable("the persona file", path, error))?;
        let read = detect::parse_persona(&path.display().to_string(), &text);
        identifiers.extend(read.map_err(|error| ConfigError::invalid(error.to_string()))?);
    }
    Ok(identifiers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_and_cannot_be_read_is_an_error_without_values() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("p.toml");
        let missing = read_personas(std::slice::from_ref(&path)).expect_err("no such file").to_string();
        assert!(missing.starts_with("cannot read the persona file `"), "{missing}");
        fs::write(&path, "[[persona]]\nid = \"p\"\nmail = \"kim@a.example\"\n").expect("the file is written");
        let bad = read_personas(&[path]).expect_err("an unknown key").to_string();
        assert!(bad.contains("unknown field `mail`") && !bad.contains("kim@"), "{bad}");
    }
}
