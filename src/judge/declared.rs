//! What the operator declares: facts that traffic never shows (a contract, an exemption, the type of a transaction). Each is
//! dated and somebody's, and a verdict that it changes says so.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::region::date;
use crate::rules::{RuleError, Source, near_miss};

/// A declared fact about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeclaredFact {
    pub id: String,
    /// Entity, owner group or domain.
    pub recipient: String,
    pub kind: FactKind,
    pub value: String,
    /// Empty: every pack.
    pub packs: Vec<String>,
    /// Empty: every category.
    pub categories: Vec<String>,
    by: String,
    on: Date,
    from: Option<Date>,
    until: Option<Date>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FactKind {
    TransactionType,
    Exemption,
    ContractClause,
    TransferTool,
    PublicRecord,
    Purpose,
}

impl FactKind {
    const ALL: [Self; 6] = [
        Self::TransactionType,
        Self::Exemption,
        Self::ContractClause,
        Self::TransferTool,
        Self::PublicRecord,
        Self::Purpose,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::TransactionType => "transaction_type",
            Self::Exemption => "exemption",
            Self::ContractClause => "contract_clause",
            Self::TransferTool => "transfer_tool",
            Self::PublicRecord => "public_record",
            Self::Purpose => "purpose",
        }
    }

    /// Words that the fact may have; empty: a section of the law.
    fn values(self) -> &'static [&'static str] {
        match self {
            Self::TransactionType => &["brokerage", "vendor", "employment", "investment"],
            Self::Exemption => &[],
            Self::ContractClause => &["in_place", "absent"],
            Self::TransferTool => {
                &["adequacy", "scc", "bcr", "dpf", "certification", "code_of_conduct", "derogation", "none"]
            }
            Self::PublicRecord => &["yes"],
            Self::Purpose => &["telecommunications", "advertising", "analytics", "other"],
        }
    }
}

/// All that was declared.
#[derive(Debug, Clone, Default)]
pub(super) struct Declared(Vec<DeclaredFact>);

impl Declared {
    /// Read the files; a later fact of the same id replaces an earlier one. `categories` are those of all packs.
    pub fn new(sources: &[Source], categories: &[&str]) -> Result<Self, Vec<RuleError>> {
        let mut facts: Vec<DeclaredFact> = Vec::new();
        let mut errors = Vec::new();
        for source in sources {
            match source.parse::<FactsFile>() {
                Ok(file) => file.facts.into_iter().for_each(|fact| match fact.read(source, categories) {
                    Ok(fact) => {
                        facts.retain(|known| known.id != fact.id);
                        facts.push(fact);
                    }
                    Err(error) => errors.push(error),
                }),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self(facts)) } else { Err(errors) }
    }

    /// Facts about a recipient that goes by any of these names, on a day.
    pub fn about(&self, names: &[&str], pack: &str, day: Date) -> Vec<DeclaredFact> {
        let of = |fact: &&DeclaredFact| {
            names.iter().any(|name| is_under(name, &fact.recipient))
                && (fact.packs.is_empty() || fact.packs.iter().any(|known| known == pack))
                && fact.from.is_none_or(|from| from <= day)
                && fact.until.is_none_or(|until| day <= until)
        };
        self.0.iter().filter(of).cloned().collect()
    }
}

fn is_under(name: &str, recipient: &str) -> bool {
    name.strip_suffix(recipient).is_some_and(|rest| rest.is_empty() || (recipient.contains('.') && rest.ends_with('.')))
}

impl DeclaredFact {
    pub fn covers(&self, category: Option<&str>) -> bool {
        self.categories.is_empty() || category.is_some_and(|category| self.categories.iter().any(|it| it == category))
    }

    /// The declaration in words, for a verdict's reasons.
    pub fn said(&self) -> String {
        let (kind, value) = (self.kind.as_str().replace('_', " "), self.value.replace('_', " "));
        format!("declared by {} on {}: {kind} is {value} (`{}`)", self.by, self.on, self.id)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactsFile {
    #[serde(default, rename = "version")]
    _version: Option<u32>,
    facts: Vec<FactFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactFile {
    id: String,
    recipient: String,
    fact: Spanned<String>,
    value: Spanned<String>,
    #[serde(default)]
    packs: Vec<String>,
    #[serde(default)]
    categories: Vec<Spanned<String>>,
    declared_by: Spanned<String>,
    declared_on: Spanned<String>,
    from: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
    /// For people; nothing is decided by it.
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

impl FactFile {
    fn read(self, source: &Source, categories: &[&str]) -> Result<DeclaredFact, RuleError> {
        let kinds = FactKind::ALL.map(FactKind::as_str);
        let kind = FactKind::ALL.into_iter().find(|kind| kind.as_str() == self.fact.value);
        let kind = kind.ok_or_else(|| unknown(source, &self.fact, "fact", &kinds))?;
        if !kind.values().is_empty() && !kind.values().contains(&self.value.value.as_str()) {
            return Err(unknown(source, &self.value, "value of this fact", kind.values()));
        }
        if kind == FactKind::Exemption && !self.value.value.chars().any(|c| c.is_ascii_digit()) {
            let error = RuleError::in_file(&source.name, "an exemption names its section").at(self.value.referenced);
            return Err(error.help("write `value: \"28 CFR 202.505(a)(5)\"`"));
        }
        for category in &self.categories {
            if !categories.contains(&category.value.as_str()) {
                return Err(unknown(source, category, "category", categories));
            }
        }
        if self.declared_by.value.trim().is_empty() {
            let error = RuleError::in_file(&source.name, "nobody declared it").at(self.declared_by.referenced);
            return Err(error.help("name who did"));
        }
        let day = |text: &Option<Spanned<String>>| text.as_ref().map(|text| date(text, source)).transpose();
        Ok(DeclaredFact {
            on: date(&self.declared_on, source)?,
            from: day(&self.from)?,
            until: day(&self.until)?,
            id: self.id,
            recipient: self.recipient,
            kind,
            value: self.value.value,
            packs: self.packs,
            categories: self.categories.into_iter().map(|category| category.value).collect(),
            by: self.declared_by.value,
        })
    }
}

fn unknown(source: &Source, word: &Spanned<String>, what: &str, known: &[&str]) -> RuleError {
    let error = RuleError::in_file(&source.name, format!("unknown {what} `{}`", word.value)).at(word.referenced);
    error.help(match near_miss(&word.value, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("one of `{}`", known.join("`, `")),
    })
}

/// What `needs` and `missing` call a fact.
pub(super) fn settles(kind: FactKind) -> Arc<str> {
    match kind {
        FactKind::Purpose => "necessity".into(),
        FactKind::PublicRecord => "exemption".into(),
        other => other.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Declared, String> {
        let source = Source { name: "facts.yaml".into(), path: "facts.yaml".into(), text: text.into() };
        Declared::new(&[source], &["personal_health"]).map_err(|errors| errors[0].to_string())
    }

    const FACT: &str = "facts:\n- {id: dpa, recipient: jadelake, fact: transaction_type, value: vendor, \
                        declared_by: A. Counsel, declared_on: 2026-11-01, from: 2026-10-01, until: 2026-12-31}\n";

    #[test]
    fn a_fact_holds_for_its_recipient_and_its_time() {
        let declared = read(FACT).unwrap();
        let day = |text: &str| text.parse().unwrap();
        assert_eq!(declared.about(&["x", "jadelake"], "pppaus", day("2026-10-01")).len(), 1);
        assert!(declared.about(&["jadelake"], "pppaus", day("2026-09-30")).is_empty());
        assert!(declared.about(&["jadelake"], "pppaus", day("2027-01-01")).is_empty());
        assert!(declared.about(&["notjadelake"], "pppaus", day("2026-11-01")).is_empty());
        assert!(is_under("a.ads.example", "ads.example") && !is_under("badads.example", "ads.example"));
        let said = declared.0[0].said();
        assert_eq!(said, "declared by A. Counsel on 2026-11-01: transaction type is vendor (`dpa`)");
    }

    #[test]
    fn errors_name_the_place_and_the_near_miss() {
        let check = |from: &str, to: &str, expect: &[&str]| {
            let error = read(&FACT.replace(from, to)).unwrap_err();
            assert!(error.contains("line 2 column") && expect.iter().all(|part| error.contains(part)), "{error}");
        };
        check("transaction_type", "transaction_typ", &["unknown fact", "did you mean `transaction_type`?"]);
        check("vendor", "vender", &["did you mean `vendor`?"]);
        check("2026-11-01", "soon", &["`soon` is not a date"]);
        check("declared_by", "declared_bye", &["did you mean `declared_by`?"]);
        check("id: dpa,", "id: dpa, categories: [personal_helth],", &["did you mean `personal_health`?"]);
    }
}
