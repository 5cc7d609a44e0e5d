//! What a pattern found in running text, told from words that only look like it.

use super::name::can_be_a_name;

/// Capitalised words that are no part of a person's name, or hardly ever.
#[rustfmt::skip]
const NOT_NAMES: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "new", "old", "your", "our", "my", "his", "her", "their", "and", "or", "for", "to",
    "with", "from", "at", "in", "on", "of", "by", "is", "are", "not", "no", "yes", "please", "thanks", "thank", "sorry", "hello",
    "hi", "hey", "dear", "sir", "madam", "team", "all", "everyone", "customer", "service", "support", "user", "users", "admin",
    "account", "order", "orders", "free", "sale", "black", "cyber", "good", "great", "best", "happy", "merry", "big", "home",
    "work", "office", "delivery", "pickup", "store", "shop", "app", "apple", "google", "amazon", "facebook", "microsoft", "android", "windows",
    "paypal", "visa", "mastercard", "bank", "pay", "card", "united", "states", "kingdom", "north", "south", "east", "west", "york", "los",
    "angeles", "francisco", "san", "saint", "st", "city", "street", "avenue", "road", "park", "airport", "station", "hotel", "hospital",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july",
    "august", "september", "october", "november", "december", "today", "tomorrow", "montag", "dienstag", "mittwoch",
    "donnerstag", "freitag", "samstag", "sonntag", "januar", "februar", "märz", "juni", "juli", "oktober", "dezember",
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "lunes", "martes", "jueves", "viernes",
    "domingo", "segunda", "terça", "quarta", "quinta", "sexta", "english", "german", "french", "spanish", "american", "european", "terms",
    "privacy", "policy", "conditions", "version", "update", "beta", "error", "warning", "info", "debug", "null", "true",
    "false", "chrome", "safari", "mozilla", "mobile", "phone", "email", "mail", "address", "name", "date", "time", "number", "code", "der",
    "die", "das", "ein", "eine", "ich", "wir", "sie", "ihr", "mein", "meine", "dein", "und", "oder", "mit", "nicht", "kein", "keine",
    "le", "les", "une", "votre", "notre", "mon", "ma", "vous", "nous", "je", "el", "los", "las", "una", "su", "mi", "tu", "un", "o",
    "os", "as", "uma", "seu", "sua", "meu", "minha", "premium", "gold", "basic", "pro", "plus", "max", "mini", "day", "week", "year",
    "special", "limited", "flash", "summer", "winter", "spring", "autumn", "holiday", "christmas", "easter", "weekend", "night", "morning",
];

/// A name that stands in a sentence: every word can be part of one.
pub(super) fn is_name_in_text(value: &str) -> bool {
    can_be_a_name(value) && !has_a_common_word(value)
}

fn has_a_common_word(value: &str) -> bool {
    // `de la`, `von der` stand inside names; only capitalised words are looked at.
    let capitals = value.split_whitespace().filter(|word| word.starts_with(char::is_uppercase));
    capitals.map(str::to_lowercase).any(|word| NOT_NAMES.contains(&word.trim_end_matches(['.', ',']).trim_matches('’')))
}

/// Latitude and longitude, not within a degree of null island, where drawings have their coordinates.
pub(super) fn are_coordinates_in_text(value: &str) -> bool {
    let mut numbers = value.split([',', ';', ' ']).filter_map(|number| number.parse::<f64>().ok());
    let (Some(latitude), Some(longitude)) = (numbers.next(), numbers.next()) else { return false };
    latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && latitude.abs().max(longitude.abs()) > 1.0
}

/// A street that is no year with a season, no distance and no title.
pub(super) fn is_address_in_text(value: &str) -> bool {
    let mut words = value.split_whitespace();
    let year = words.next().is_some_and(|n| n.len() == 4 && (n.starts_with("19") || n.starts_with("20")));
    let rest: Vec<&str> = words.collect();
    // A street's name is more than its kind.
    let named = rest.len() >= 2 || rest.iter().any(|word| word.contains(','));
    let common =
        ["New", "The", "Best", "Your", "More", "Ways", "Free", "Top", "Key", "Data", "Check", "Bonus", "Reward"];
    named && !(year && rest.len() < 3) && !rest.first().is_some_and(|word| common.contains(word))
}

/// `@name` that is no rule of a style sheet, no annotation of a program, no package.
pub(super) fn is_handle_in_text(value: &str) -> bool {
    #[rustfmt::skip]
    const NOT_HANDLES: &[&str] = &[
        "media", "import", "charset", "keyframes", "supports", "font", "override", "param", "return", "returns", "override", "deprecated",
        "author", "license", "preserve", "see", "since", "todo", "here", "channel", "all", "everyone", "types", "babel", "angular", "page",
        "layer", "container", "property", "namespace", "test", "nullable", "nonnull", "inject", "gmail", "yahoo", "hotmail", "example",
    ];
    let name = value.trim_start_matches('@').to_lowercase();
    name.len() >= 4 && !NOT_HANDLES.contains(&name.as_str()) && !name.starts_with("font")
}
