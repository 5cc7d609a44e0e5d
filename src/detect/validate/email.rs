//! E-mail addresses (RFC 5321), without documentation's stock examples and without file names.

/// Local parts that documentation uses at `example.com` and its like (RFC 2606).
const STOCK: &[&str] = &[
    "test",
    "user",
    "username",
    "email",
    "mail",
    "name",
    "you",
    "me",
    "foo",
    "bar",
    "someone",
    "somebody",
    "anyone",
    "example",
    "john",
    "jane",
    "john.doe",
    "jane.doe",
    "johndoe",
    "janedoe",
    "your",
    "your.email",
    "your.name",
    "youremail",
    "admin",
    "first.last",
    "firstname.lastname",
    "joe",
];

/// Local parts that name an office.
const OFFICES: &[&str] = &[
    "support",
    "info",
    "contact",
    "help",
    "sales",
    "hello",
    "office",
    "privacy",
    "press",
    "legal",
    "billing",
    "service",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "admin",
    "webmaster",
    "postmaster",
    "abuse",
    "security",
    "feedback",
    "team",
    "hr",
    "jobs",
    "careers",
    "marketing",
    "media",
    "dpo",
    "customerservice",
    "customer.service",
    "care",
    "kontakt",
    "soporte",
    "ayuda",
    "contacto",
    "suporte",
    "contato",
    "assistance",
    "notifications",
    "mailer-daemon",
    "news",
    "newsletter",
    "helpdesk",
    "orders",
    "enquiries",
    "inquiries",
    "reservations",
    "booking",
    "bookings",
];

/// Last labels that are file types, not domains.
const FILES: &[&str] =
    &["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "html", "ico", "woff", "pdf", "xml"];

pub(super) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = parts(value) else { return false };
    let labels: Vec<&str> = domain.split('.').collect();
    let Some(tld) = labels.last().filter(|_| labels.len() > 1) else { return false };
    let plausible = tld.chars().count() >= 2 && (tld.chars().all(char::is_alphabetic) || tld.starts_with("xn--"));
    let shaped = labels.iter().all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-'));
    let stock = is_documentation_domain(&domain) && STOCK.contains(&local.as_str());
    let noreply = matches!(local.as_str(), "noreply" | "no-reply" | "no_reply" | "donotreply" | "do-not-reply");
    plausible && shaped && !FILES.contains(tld) && !local.is_empty() && !stock && !noreply
}

/// Whether the address is a person's rather than an office's.
pub(super) fn is_personal(value: &str) -> bool {
    parts(value).is_some_and(|(local, _)| !OFFICES.contains(&local.split('+').next().unwrap_or(&local)))
}

fn parts(value: &str) -> Option<(String, String)> {
    let value = value.trim();
    let value = value.strip_prefix("mailto:").unwrap_or(value);
    let (local, domain) = value.rsplit_once('@')?;
    (!local.contains('@') || local.starts_with('"')).then(|| (local.to_lowercase(), domain.to_lowercase()))
}

fn is_documentation_domain(domain: &str) -> bool {
    ["example.com", "example.net", "example.org", "example"]
        .iter()
        .any(|d| domain == *d || domain.ends_with(&format!(".{d}")))
        || matches!(domain, "domain.com" | "email.com" | "test.com" | "yourdomain.com")
}
