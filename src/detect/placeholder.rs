//! Texts that stand where a value could: templates, masks, words for nothing.

const WORDS: &[&str] = &[
    "null",
    "nil",
    "none",
    "n/a",
    "na",
    "nan",
    "undefined",
    "unknown",
    "string",
    "true",
    "false",
    "redacted",
    "[redacted]",
    "hidden",
    "masked",
    "anonymous",
    "test",
    "todo",
    "tbd",
    "placeholder",
    "example",
    "default",
    "empty",
    "not set",
    "not_set",
    "unset",
    "unavailable",
    "optional",
    "required",
    "lorem ipsum",
    "<null>",
    "(null)",
    "[object object]",
    "-",
    "--",
];

/// Whether a value is none.
pub(super) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    if value.is_empty() {
        return true;
    }
    if value.len() <= 15 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return true;
    }
    is_template(value)
        || value.chars().all(|c| matches!(c, '*' | '•' | '#' | 'x' | 'X' | '-' | '_' | '.' | ' ' | '…' | '?'))
}

/// `{{first_name}}`, `${user.email}`, `<name>`, `%s`, `:id`, as the whole value or inside a short text of that kind.
fn is_template(value: &str) -> bool {
    let wrapped = |open: &str, close: &str| value.starts_with(open) && value.ends_with(close);
    value.contains("{{") && value.contains("}}") && value.len() < 200
        || value.contains("${") && value.contains('}') && value.len() < 200
        || (wrapped("{", "}") && !value.contains([':', '"', ' ']))
        || (wrapped("<", ">") && !value.contains('/'))
        || (wrapped("%", "%") && !value[1..].contains(' '))
        || matches!(value, "%s" | "%d" | "%@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_values_from_their_stand_ins() {
        for value in [
            "",
            " ",
            "null",
            "N/A",
            "{{email}}",
            "Hi {{first_name}}, we emailed {{email}}",
            "${user}",
            "<name>",
            "****",
            "xxx-xx",
            "%s",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["Noor", "a@b.de", "{\"a\":1}", "***-**-8553", "0"] {
            assert!(!is_placeholder(value), "{value}");
        }
    }
}
