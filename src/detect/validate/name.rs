//! Names of people: letters, a few marks, few words.

/// Words that firms put into their names.
const FIRMS: &[&str] = &[
    "llc",
    "ltd",
    "inc",
    "plc",
    "gmbh",
    "corp",
    "co",
    "company",
    "group",
    "gym",
    "store",
    "shop",
    "hotel",
    "restaurant",
    "cafe",
    "bank",
    "clinic",
    "hospital",
    "pharmacy",
    "studio",
    "center",
    "centre",
    "services",
    "solutions",
    "market",
    "bar",
    "school",
    "university",
    "limited",
    "ag",
    "kg",
    "sa",
    "srl",
    "bv",
    "llp",
    "partners",
    "bakery",
    "salon",
    "spa",
    "fitness",
    "club",
];

pub(super) fn can_be_a_name(value: &str) -> bool {
    let value = value.trim();
    let words: Vec<&str> = value.split([' ', ',', '\u{3000}']).filter(|w| !w.is_empty()).collect();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    // `ROE/JANE MRS` of tickets and `ROE^JANE^Q` of HL7.
    let parted = value.contains(['/', '^']) && !value.chars().any(|c| c.is_lowercase() && value.contains('/'));
    let shaped = value.chars().all(|c| {
        parted && matches!(c, '/' | '^')
            || c.is_alphabetic()
            || matches!(c, ' ' | '-' | '\'' | '’' | '.' | ',' | '·' | '・' | '\u{3000}')
            || is_mark(c)
    });
    let firm = words.iter().any(|w| FIRMS.contains(&w.trim_matches('.').to_lowercase().as_str()));
    // A dot inside a word is a host, a bundle or a key; after a word it ends an abbreviation.
    let dotted = words.iter().any(|w| w.trim_end_matches('.').contains('.') && w.len() > 5);
    shaped && !firm && !dotted && letters >= 1 && (1..=6).contains(&words.len()) && value.chars().count() <= 60
}

/// Combining marks of scripts that write vowels with them.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{dff}' | '\u{e00}'..='\u{e7f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}')
}
