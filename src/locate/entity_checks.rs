//! What can be wrong with a value in a file of entities.

use jiff::civil::Date;
use psl::{Psl as _, Type};
use serde_saphyr::{Location, Spanned};

use super::Country;
use super::entity_file::{Certainty, Entry, ReviewKind};
use crate::rules::{RuleError, near_miss};

/// What entities do for others. Packs decide by some of these words, so that a mistyped one would change a verdict.
const SERVICES: &[&str] = &[
    "ads",
    "analytics",
    "artificial_intelligence",
    "cdn",
    "commerce",
    "consent",
    "crash_reporting",
    "devices",
    "dns",
    "email",
    "feature_flags",
    "finance",
    "games",
    "genomics",
    "government",
    "health",
    "hosting",
    "identity",
    "maps",
    "media",
    "messaging",
    "network",
    "payments",
    "productivity",
    "push",
    "search",
    "security",
    "social",
    "storage",
    "telephony",
    "transport",
    "travel",
];

/// Problems with values, collected over one file so that all of them can be shown at once.
pub(super) struct Checks<'a> {
    pub file: &'a str,
    pub errors: &'a mut Vec<RuleError>,
}

impl Checks<'_> {
    pub fn fail(&mut self, at: Location, message: String, help: impl Into<String>) {
        self.errors.push(RuleError::in_file(self.file, message).at(at).help(help));
    }

    pub fn country(&mut self, entity: &str, code: &str, at: Location) -> Option<Country> {
        let country = Country::assigned(code);
        if country.is_none() {
            let help = match code {
                "UK" => "did you mean `GB`?",
                _ => "use an ISO 3166-1 alpha-2 code such as `DE`",
            };
            self.fail(at, format!("entity `{entity}`: `{code}` is no country"), help);
        }
        country
    }

    pub fn date(&mut self, text: &Spanned<String>) -> Option<Date> {
        let date = text.value.parse().ok();
        if date.is_none() {
            self.fail(text.referenced, format!("`{}` is no date", text.value), "write it as `2026-11-24`");
        }
        date
    }

    /// A domain as host names are compared with it, label by label: lower case, A-labels.
    pub fn domain(&mut self, entity: &str, text: &Spanned<String>) -> Option<String> {
        let written = text.value.as_str();
        let domain = if written.is_ascii() {
            written.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(written).unwrap_or_default()
        };
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        let named = domain.len() <= 253 && domain.split('.').all(label);
        if !named || domain.parse::<std::net::IpAddr>().is_ok() {
            let help = if written.starts_with("*.") || written.starts_with('.') {
                "leave out what stands before the name: subdomains always match"
            } else {
                "write the bare name, such as `example.com`"
            };
            self.fail(text.referenced, format!("entity `{entity}`: `{written}` is no domain"), help);
            return None;
        }
        if is_registry(&domain) {
            let message = format!("entity `{entity}`: `{written}` is a public suffix, under which anybody registers");
            self.fail(text.referenced, message, "list the names that are the entity's");
            return None;
        }
        Some(domain)
    }

    pub fn service(&mut self, entity: &str, text: &Spanned<String>) {
        if !SERVICES.contains(&text.value.as_str()) {
            let help = match near_miss(&text.value, SERVICES.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are `{}`", SERVICES.join("`, `")),
            };
            self.fail(text.referenced, format!("entity `{entity}`: unknown service `{}`", text.value), help);
        }
    }

    /// What several fields of an entry say together.
    pub fn particulars(&mut self, entry: &Entry, at: Location) {
        let id = &entry.id;
        entry.services.iter().for_each(|service| self.service(id, service));
        for suffix in entry.domains_unverified.iter() {
            self.domain(id, suffix);
        }
        if entry.control_pct.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            self.fail(at, format!("entity `{id}`: `control_pct` is no percentage"), "write 0 to 100");
        }
        if entry.certainty == Some(Certainty::High) && entry.review == Some(ReviewKind::Contested) {
            self.fail(at, format!("entity `{id}` is contested, yet of high certainty"), "lower its `certainty`");
        }
        self.references(entry);
    }

    fn references(&mut self, entry: &Entry) {
        for reference in &entry.sources {
            let url = &reference.url;
            if !url.value.starts_with("https://") && !url.value.starts_with("http://") {
                let message = format!("entity `{}`: `{}` is no address of a source", entry.id, url.value);
                self.fail(url.referenced, message, "write it as `https://…`");
            }
            if let Some(accessed) = &reference.accessed {
                self.date(accessed);
            }
            for domain in &reference.domains {
                let mut listed = entry.domains.iter().chain(&entry.domains_shared_hosting).chain(&entry.cname_suffixes);
                if !listed.any(|other| other.value == domain.value) {
                    let message =
                        format!("entity `{}`: the source backs `{}`, which isn't listed", entry.id, domain.value);
                    self.fail(domain.referenced, message, "list it under `domains`, or leave it out here");
                }
            }
        }
    }
}

/// A name under which a registry sells names to anybody. What a company lets to its customers is the company's.
fn is_registry(domain: &str) -> bool {
    psl::List.suffix(domain.as_bytes()).is_some_and(|suffix| suffix == domain && suffix.typ() == Some(Type::Icann))
}
