//! Media types (RFC 9110 section 8.3.1), read without copying.

use crate::exchange::Headers;

/// A `Content-Type`, as sent. Empty where there was none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Media<'x>(&'x str);

impl<'x> Media<'x> {
    pub const NONE: Media<'static> = Media("");

    pub fn new(value: &'x str) -> Self {
        Self(value)
    }

    /// The type that a message's headers name.
    pub fn of(headers: &'x Headers) -> Self {
        Self(headers.get("content-type").unwrap_or_default())
    }

    /// `type/subtype`, without parameters.
    pub fn essence(self) -> &'x str {
        self.0.split(';').next().unwrap_or_default().trim()
    }

    /// Whether the type is `pattern`: a whole type, a `type/` with its slash, or a `+suffix`.
    pub fn is(self, pattern: &str) -> bool {
        let essence = self.essence().as_bytes();
        if pattern.ends_with('/') {
            essence.get(..pattern.len()).is_some_and(|start| start.eq_ignore_ascii_case(pattern.as_bytes()))
        } else if pattern.starts_with('+') {
            let start = essence.len().saturating_sub(pattern.len());
            essence[start..].eq_ignore_ascii_case(pattern.as_bytes())
        } else {
            essence.eq_ignore_ascii_case(pattern.as_bytes())
        }
    }

    /// A parameter's value, without quotes.
    pub fn param(self, name: &str) -> Option<&'x str> {
        param(self.0, name)
    }
}

/// A parameter of a header value such as `form-data; name="a"`, without its quotes; escapes stay.
pub fn param<'x>(value: &'x str, name: &str) -> Option<&'x str> {
    let mut rest = value;
    loop {
        rest = &rest[end_of_item(rest)?..];
        rest = rest[1..].trim_start();
        let (key, after) = rest.split_at_checked(rest.find(['=', ';'])?)?;
        if key.trim_end().eq_ignore_ascii_case(name) {
            let item = after.strip_prefix('=')?.trim_start();
            let item = &item[..end_of_item(item).unwrap_or(item.len())];
            let quoted = item.trim_end().strip_prefix('"').and_then(|item| item.strip_suffix('"'));
            return Some(quoted.unwrap_or(item.trim()));
        }
    }
}

/// Where the next `;` outside quotes stands.
fn end_of_item(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b';' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = byte == b'\\' && quoted && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_and_parameters() {
        let media = Media::new("Multipart/Form-Data; Boundary=\"a;b\"; charset = UTF-8");
        assert!(media.is("multipart/form-data") && media.is("multipart/") && !media.is("+json"));
        assert_eq!(media.param("boundary"), Some("a;b"));
        assert_eq!(media.param("charset"), Some("UTF-8"));
        assert_eq!(media.param("x"), None);
        assert!(Media::new("application/vnd.api+JSON; v=1").is("+json"));
        assert_eq!(param("form-data; name=\"a\"; filename=\"b.txt\"", "filename"), Some("b.txt"));
        assert_eq!(param("form-data; name=\"a", "name"), Some("\"a"));
        assert_eq!(param(";;=;", "name"), None);
    }
}
