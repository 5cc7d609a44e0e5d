//! A text as it reads once escapes inside it are undone: what decoding leaves alone because only a part of it is escaped.

use percent_encoding::percent_decode_str;

/// A way to read a text.
pub(super) struct View {
    pub text: String,
    /// Words of `encodings`.
    pub layers: &'static [&'static str],
}

/// Percent-encoding may be there twice.
const ROUNDS: usize = 3;

/// Every reading that differs from the text itself.
pub(super) fn of(text: &str) -> Vec<View> {
    let mut views = Vec::new();
    let mut last: Option<String> = None;
    for _ in 0..ROUNDS {
        let source = last.as_deref().unwrap_or(text);
        if !has_percent(source) {
            break;
        }
        let decoded = percent_decode_str(source).decode_utf8_lossy().into_owned();
        if decoded == source {
            break;
        }
        views.push(View { text: decoded.clone(), layers: &["percent"] });
        last = Some(decoded);
    }
    let source = last.as_deref().unwrap_or(text);
    if source.contains('\\') {
        views.push(View { text: without_backslashes(source), layers: &["escape"] });
    }
    if (source.contains("&#") || source.contains("&amp;"))
        && let Ok(plain) = quick_xml::escape::unescape(source)
    {
        views.push(View { text: plain.into_owned(), layers: &["escape"] });
    }
    if source.contains('+') && !source.contains(' ') {
        views.push(View { text: source.replace('+', " "), layers: &["form"] });
    }
    views
}

fn has_percent(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes)
        .any(|at| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// `\u0040`, `\x40` and `\/` undone, as JavaScript and JSON write them.
fn without_backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = match rest.as_bytes().first() {
            Some(b'u') => 4,
            Some(b'x') => 2,
            _ => 0,
        };
        let code = rest.get(1..=digits).filter(|_| digits > 0).and_then(|code| u32::from_str_radix(code, 16).ok());
        match code {
            Some(code) => {
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = &rest[1 + digits..];
            }
            None => {
                let Some(next) = rest.chars().next() else { break };
                out.push(if next == 'n' || next == 'r' || next == 't' { ' ' } else { next });
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_in_a_larger_text_are_undone() {
        let of = |text: &str| of(text).into_iter().map(|view| view.text).collect::<Vec<_>>();
        assert_eq!(of("to=kim%2540a.example &c"), ["to=kim%40a.example &c", "to=kim@a.example &c"]);
        assert_eq!(of(r#"{"a":"kim\u0040a.example"#), [r#"{"a":"kim@a.example"#]);
        assert_eq!(of("kim&#64;a.example"), ["kim@a.example"]);
        assert!(of("100% sure").is_empty() && of("plain text").is_empty());
    }
}
