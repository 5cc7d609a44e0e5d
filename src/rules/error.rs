//! Errors that point at the place and name the remedy.

use std::fmt;

/// What is wrong with a rule file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    pub file: String,
    /// One-based; `None` where the whole file is meant.
    pub line: Option<u64>,
    pub column: Option<u64>,
    /// Lower case, no final period.
    pub message: String,
    /// The remedy.
    pub help: Option<String>,
}

impl RuleError {
    /// An error about a file as a whole, or about an entry that the message names.
    pub fn in_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, column: None, message: message.into(), help: None }
    }

    /// The same error, at a place in the file.
    pub fn at(self, location: serde_saphyr::Location) -> Self {
        Self { line: Some(location.line()), column: Some(location.column()), ..self }
    }

    /// The same error, with a remedy.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, " line {line} column {column}")?;
        }
        write!(f, ": {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// The known word closest to a mistyped one, if any is close enough to be worth suggesting.
pub fn near_miss<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_close() {
        assert_eq!(near_miss("concrn", ["concern", "eea"]), Some("concern"));
        assert_eq!(near_miss("moon", ["concern", "eea"]), None);
    }
}
