//! A rule in plain words, for `landfall rules explain`.

use super::pack::{CategoryRule, Form, Pack, Rule, Span, Threshold, When};

impl Pack {
    /// What a rule waits for, whom it asks about, how it counts and what it cannot see; one thought a line.
    pub fn explain(&self, rule: &Rule) -> Vec<String> {
        let mut lines = vec![format!("speaks when {}", self.condition(rule))];
        match rule.when {
            When::Category(index) => {
                let category = &self.categories[index];
                lines.extend(self.formation(index, category));
                lines.push(self.count(category));
                lines.push(format!(
                    "in scope towards an owner based or organised {} ({}); not towards one in {} ({})",
                    self.recipients.concern_words(),
                    self.recipients.cite,
                    self.recipients.home.id,
                    self.recipients.home_cite
                ));
            }
            When::UnreadRequest => lines.push("silent only towards an owner known to be at home".to_owned()),
            When::OtherForeignRecipient => {
                lines.push("always undetermined: the contract with the recipient decides".to_owned());
            }
        }
        if !rule.needs.is_empty() {
            lines.push(format!("traffic never shows: {}", rule.needs.join(", ")));
        }
        lines
    }

    fn condition(&self, rule: &Rule) -> String {
        match rule.when {
            When::Category(index) => {
                let category = &self.categories[index];
                let verb = if matches!(category.form, Form::Presence { .. }) { "met" } else { "sent" };
                format!("{} is {verb} ({})", category.title, category.section)
            }
            When::UnreadRequest => "something that the client sent could not be read".to_owned(),
            When::OtherForeignRecipient => {
                format!("any category is sent to a foreign owner that is not {}", self.recipients.concern_words())
            }
        }
    }

    fn formation(&self, index: usize, category: &CategoryRule) -> Vec<String> {
        match &category.form {
            Form::Elements { precision_m } => {
                let mut lines = vec![format!("formed of: {}", self.elements_of(index))];
                lines.extend(precision_m.map(|limit| format!("a position counts when known to {limit} m or better")));
                lines
            }
            Form::LinkedIdentifiers => self.combination_lines(),
            Form::Combined => {
                vec!["formed of more than one other category, or of a listed identifier linked to one".to_owned()]
            }
            Form::Presence { groups, missing, .. } => {
                let who = if groups.is_empty() { "any candidate".to_owned() } else { groups.join(", ") };
                let open = missing.iter().map(|fact| format!("open until `{fact}` is known"));
                std::iter::once(format!("formed by any exchange with: {who}")).chain(open).collect()
            }
            Form::InsideAreas { of, missing } => vec![format!(
                "formed of a position ({}) inside an area of the list that the operator loads; without one `{missing}` is missing",
                self.categories[*of].id
            )],
        }
    }

    fn combination_lines(&self) -> Vec<String> {
        let rule = &self.combination;
        let names = |classes: &[usize]| -> String {
            classes.iter().map(|class| self.listed[*class].id.as_ref()).collect::<Vec<_>>().join(", ")
        };
        let listed: Vec<String> = self.listed.iter().map(|class| format!("{} ({})", class.id, class.section)).collect();
        vec![
            format!("formed of two linked listed identifiers: {}", listed.join(", ")),
            format!("not where all are of {} ({})", names(&rule.excluded_alone), rule.excluded_alone_cite),
            format!(
                "not where all are of {} and telecommunications need the link, which traffic cannot show ({})",
                names(&rule.excluded_if_necessary),
                rule.necessity_cite
            ),
            format!(
                "one of {} linked to other sensitive data is enough ({})",
                names(&rule.with_sensitive_data),
                rule.with_sensitive_cite
            ),
        ]
    }

    fn elements_of(&self, index: usize) -> String {
        let forms = |category: &usize| *category == index;
        let mut elements: Vec<&str> = self
            .elements
            .iter()
            .filter(|(_, role)| role.forms.iter().any(|(category, _)| forms(category)))
            .map(|(element, _)| element.as_ref())
            .collect();
        elements.sort_unstable();
        if elements.is_empty() { "nothing that is found yet".to_owned() } else { elements.join(", ") }
    }

    fn count(&self, category: &CategoryRule) -> String {
        let unit = &self.units[category.unit].id;
        let window = match self.span {
            Span::Months(months) => format!("within {months} months ({})", self.window_cite),
            Span::CalendarYear => format!("since 1 January ({})", self.window_cite),
        };
        match category.threshold {
            Threshold::MoreThan(number) => {
                format!("bulk is more than {number} {unit}s per recipient {window}, {}", category.threshold_section)
            }
            Threshold::AtLeast(number) => {
                format!("bulk is {number} {unit}s or more per recipient {window}, {}", category.threshold_section)
            }
            Threshold::LowestOfPresent => {
                format!(
                    "bulk is the lowest number among the categories present {window}, {}",
                    category.threshold_section
                )
            }
            Threshold::AnyVolume => format!("at any volume ({})", category.threshold_section),
        }
    }
}
