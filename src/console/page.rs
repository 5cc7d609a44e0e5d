//! The page at `/`: what is here, and how to make a client trust it.

use maud::{DOCTYPE, Markup, html};

use super::Admin;
use crate::locate::attributions;

/// The style sheet, its own resource so that the policy needs no exception for inline styles.
pub(super) const STYLE: &str = include_str!("style.css");

/// An attribution with the address in it as a link, as its licence asks.
fn attribution(line: &str) -> Markup {
    match line.split_once("(https://").and_then(|(before, rest)| Some((before, rest.split_once(')')?))) {
        Some((before, (address, after))) => {
            html! { (before) "(" a href=(format!("https://{address}")) { (address) } ")" (after) }
        }
        None => html! { (line) },
    }
}

pub(super) fn page(admin: &Admin) -> Markup {
    let (proxy, ca) = (admin.proxy.to_string(), admin.ca.path.display().to_string());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Landfall" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    h1 { "Landfall" }
                    p.lead { "This is the admin listener of a proxy that shows where an app's data comes ashore." }
                    h2 { "Send traffic through it" }
                    p { "The proxy listens on " code { (proxy) } ". Clients that can read a proxy file take " a href="/proxy.pac" { "proxy.pac" } "." }
                    h2 { "Trust its certificate authority" }
                    p { "Only on a device under test, and only while it is tested: whoever holds the key can read what that device sends." }
                    p { "For one command:" }
                    pre { "curl --proxy http://" (proxy) " --cacert '" (ca) "' https://example.com/" }
                    p { "For a device, take " a href="/ca.crt" { "ca.crt" } " (DER) or " a href="/ca.pem" { "ca.pem" } ", and compare the SHA-256 fingerprint before you trust it:" }
                    p { code.fingerprint { (admin.ca.fingerprint) } }
                    h2 { "Watch it" }
                    ul {
                        li { a href="/metrics" { "metrics" } " for Prometheus" }
                        li { a href="/-/healthy" { "healthy" } ": the process answers" }
                        li { a href="/-/ready" { "ready" } ": exchanges are taken and recorded" }
                    }
                    footer {
                        "Landfall " (env!("CARGO_PKG_VERSION"))
                        @for line in attributions() { br; (attribution(line)) }
                    }
                }
            }
        }
    }
}
