//! Credentials of HTTP itself: `Authorization` and `Proxy-Authorization` (RFC 9110 section 11, RFC 7617, RFC 6750).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::compile::Compiled;
use super::finding::{Confidence, DetectorKind};
use super::scan::Candidate;
use crate::decode::{Field, PartKind};

/// Add user name and password of Basic credentials, unless decoding has already opened them.
pub(super) fn credentials(compiled: &Compiled, fields: &[Field<'_>], out: &mut Vec<Candidate>) {
    for (i, field) in fields.iter().enumerate() {
        let named = field
            .key
            .is_some_and(|k| k.eq_ignore_ascii_case("authorization") || k.eq_ignore_ascii_case("proxy-authorization"));
        if field.part.kind != PartKind::Header || !named {
            continue;
        }
        let Some((user, password)) = basic(field.value) else { continue };
        let mut push = |element: &str, value: &str| {
            if let Some(id) = compiled.elements.iter().position(|e| &*e.id == element) {
                out.push(Candidate::new(id as u16, i, value, DetectorKind::Format, Confidence::High));
            }
        };
        // A name without a password is how public write keys of SDKs are sent.
        if !password.is_empty() && !user.is_empty() {
            push("username", &user);
            push("password", &password);
        }
    }
}

/// Take back user names that stand in `Authorization` without a password: that is how public write keys of SDKs are sent.
pub(super) fn drop_lone_names(compiled: &Compiled, fields: &[Field<'_>], candidates: &mut Vec<Candidate>) {
    let in_credentials = |field: &Field<'_>| {
        field.part.kind == PartKind::Header
            && field.path.keys_up().nth(1).is_some_and(|key| key.to_ascii_lowercase().ends_with("authorization"))
    };
    if !fields.iter().any(in_credentials) {
        return;
    }
    let password = fields.iter().any(|field| in_credentials(field) && field.key == Some("password"));
    candidates.retain(|candidate| {
        let lone = !password && in_credentials(&fields[candidate.field as usize]);
        !(lone && &*compiled.elements[usize::from(candidate.element)].id == "username")
    });
}

fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, rest) = value.split_once(' ')?;
    let bytes = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_basic_credentials() {
        assert_eq!(basic("Basic bm9vcjpzM2NyZXQ="), Some(("noor".to_owned(), "s3cret".to_owned())));
        assert_eq!(basic("Bearer bm9vcjpzM2NyZXQ="), None);
        assert_eq!(basic("Basic !!"), None);
    }
}
