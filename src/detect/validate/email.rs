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
#[rustfmt::skip]
const OFFICES: &[&str] = &[
    "support", "info", "contact", "help", "sales", "hello", "hi", "hey", "office", "privacy", "press", "legal", "billing",
    "service", "services", "noreply", "admin", "webmaster", "postmaster", "hostmaster", "abuse", "security", "feedback",
    "team", "hr", "jobs", "career", "careers", "marketing", "media", "dpo", "gdpr", "customerservice", "customercare",
    "customer", "customers", "care", "clientservices", "notifications", "notification", "mailer-daemon", "news",
    "newsletter", "helpdesk", "servicedesk", "orders", "order", "enquiries", "enquiry", "inquiries", "inquiry",
    "reservations", "reservation", "booking", "bookings", "editor", "editorial", "editors", "store", "shop", "branch",
    "reception", "accounts", "accounting", "finance", "invoice", "invoices", "partners", "partner", "developers",
    "developer", "dev", "api", "bugs", "compliance", "complaints", "returns", "refunds", "feedbacks", "community", "events",
    "webinfo", "mail", "email", "post", "mailbox", "subscriptions", "unsubscribe", "alerts", "alert", "updates", "system",
    "root", "bot", "ops", "sysadmin", "it", "operations", "frontdesk", "concierge", "clinic", "pharmacy", "hotel",
    "restaurant", "kitchen", "hilfe", "kontakt", "kundenservice", "kundendienst", "kundenbetreuung", "redaktion", "presse",
    "datenschutz", "impressum", "bewerbung", "filiale", "vertrieb", "verkauf", "buchhaltung", "rechnung", "buero", "empfang",
    "zentrale", "anfrage", "bestellung", "bestellungen", "beschwerde", "verwaltung", "praxis", "soporte", "ayuda",
    "contacto", "atencion", "atencionalcliente", "clientes", "prensa", "privacidad", "ventas", "tienda", "reservas",
    "pedidos", "oficina", "facturacion", "informacion", "recepcion", "redaccion", "suporte", "contato", "ajuda",
    "atendimento", "sac", "imprensa", "privacidade", "vendas", "loja", "faleconosco", "ouvidoria", "redacao", "assistance",
    "aide", "contactez", "serviceclient", "clients", "confidentialite", "ventes", "boutique", "magasin", "commandes",
    "accueil", "redaction", "bonjour", "rgpd", "secretariat", "facturation", "assistenza", "aiuto", "contatti", "clienti",
    "stampa", "vendite", "negozio", "ordini", "segreteria", "redazione", "prenotazioni", "ufficio", "klantenservice", "hulp",
    "pers", "winkel", "bestellingen", "redactie", "verkoop", "pomoc", "biuro", "obsluga", "sklep", "prasa", "redakcja",
    "zamowienia", "destek", "iletisim", "bilgi", "yardim", "satis", "musteri", "magaza", "basin", "podderzhka", "pomosch",
    "zakaz", "redakciya", "pressa", "kefu", "fuwu", "lianxi", "shangwu",
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
    // `https://KEY@host/project` of an error reporter's address.
    let key = local.len() >= 24 && local.bytes().all(|b| b.is_ascii_hexdigit());
    plausible && shaped && !key && !FILES.contains(tld) && !local.is_empty() && !stock && !noreply
}

/// Whether the address is a person's rather than an office's.
pub(super) fn is_personal(value: &str) -> bool {
    // `press-office@` and `support.de@` are offices as well.
    parts(value).is_some_and(|(local, _)| {
        let name = local.split('+').next().unwrap_or(&local);
        let first = name.split(['.', '-', '_']).next().unwrap_or(name);
        let last = name.rsplit(['.', '-', '_']).next().unwrap_or(name);
        let automatic =
            ["noreply", "no-reply", "no_reply", "donotreply", "do-not-reply"].iter().any(|n| name.starts_with(n));
        !automatic
            && !OFFICES.contains(&name)
            && !(name.len() > first.len() && OFFICES.contains(&first) && (OFFICES.contains(&last) || last.len() <= 3))
    })
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
