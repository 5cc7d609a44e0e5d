//! The form of a persona file: what a tester knows of a test device or account.
//!
//! ```toml
//! [[persona]]
//! id = "p1"
//! platform = "ios"
//!   [[persona.identifier]]
//!   element = "email"
//!   value = "kim@a.example"
//! ```

use serde::Deserialize;

use crate::detect::Sensitive;
use crate::rules::RuleError;

/// One identifier of one persona, as the tester wrote it.
#[derive(Debug, Clone)]
pub struct Identifier {
    /// Id of the element that the value is.
    pub element: String,
    pub value: Sensitive<String>,
    /// File and persona, for messages.
    pub(super) whose: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    persona: Vec<PersonaEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonaEntry {
    id: String,
    #[serde(default, rename = "platform")]
    _platform: Option<toml::Value>,
    #[serde(default, rename = "note")]
    _note: Option<toml::Value>,
    #[serde(default)]
    identifier: Vec<IdentifierEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentifierEntry {
    element: String,
    value: toml::Value,
}

/// Read a persona file. `name` is what messages call it.
///
/// # Errors
/// Text that is no TOML or not of this form, and files without a value. Messages name line and key, never a value.
pub fn parse(name: &str, text: &str) -> Result<Vec<Identifier>, RuleError> {
    let file: File = toml::from_str(text).map_err(|error| told(name, text, &error))?;
    let mut identifiers = Vec::new();
    for persona in file.persona {
        let whose = format!("persona `{}`", persona.id);
        if persona.identifier.is_empty() {
            return Err(RuleError::in_file(name, format!("{whose} has no identifier"))
                .help("add a `[[persona.identifier]]` with `element` and `value`"));
        }
        for IdentifierEntry { element, value } in persona.identifier {
            let value = match value {
                toml::Value::String(text) => text.trim().to_owned(),
                toml::Value::Integer(number) => number.to_string(),
                _ => String::new(),
            };
            if value.is_empty() {
                return Err(RuleError::in_file(name, format!("{whose} has no value for `{element}`"))
                    .help("write the value as text in quotes"));
            }
            identifiers.push(Identifier { element, value: Sensitive::new(value), whose: whose.clone() });
        }
    }
    if identifiers.is_empty() {
        return Err(RuleError::in_file(name, "holds no persona").help("add a `[[persona]]` with its identifiers"));
    }
    Ok(identifiers)
}

/// The parser's words quote what they found; of them only those that speak of keys are passed on.
fn told(name: &str, text: &str, error: &toml::de::Error) -> RuleError {
    let message = error.message();
    let of_keys = ["missing field", "unknown field", "duplicate field", "duplicate key"];
    let message = match of_keys.iter().any(|words| message.starts_with(words)) {
        true => message.lines().next().unwrap_or_default(),
        false => "is not a persona file: TOML with `[[persona]]` and `[[persona.identifier]]` was expected",
    };
    let mut told = RuleError::in_file(name, message);
    let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1) as u64);
    (told.line, told.column) = (line, line.map(|_| 1));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[persona]]\nid = \"p\"\nplatform = \"ios\"\n[[persona.identifier]]\nelement = \"zip_code\"\n";

    #[test]
    fn reads_texts_and_numbers() {
        let identifiers = parse("p.toml", &format!("{GOOD}value = 43215\n")).expect("reads");
        assert_eq!(identifiers[0].value.expose(), "43215");
        assert_eq!(identifiers[0].whose, "persona `p`");
    }

    #[test]
    fn errors_hold_no_value() {
        let bad = [
            format!("{GOOD}value = \"secret-43215\"\nsecret = \"43215\"\n"),
            format!("{GOOD}value = [\"43215\"]\n"),
            format!("{GOOD}value = \"43215\n"),
            GOOD.to_owned(),
            "[[persona]]\nid = 43215\n".to_owned(),
            String::new(),
            "[[persona]]\nid = \"p\"\n".to_owned(),
        ];
        for text in bad {
            let error = parse("p.toml", &text).expect_err("bad").to_string();
            assert!(error.starts_with("`p.toml`") && !error.contains("43215"), "{error}");
        }
    }
}
