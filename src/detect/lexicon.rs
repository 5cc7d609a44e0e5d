//! Which elements a name speaks of: every key of every element, in one hash table of word sequences.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;

use super::words;

/// What a matched name is for its element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// The value itself.
    Value,
    /// A part of the value (last four digits).
    Truncated,
    /// The value, if it has the narrower form of a name that several elements claim.
    Shared,
    /// Member of a record, by its index.
    Member(u8),
    Latitude,
    Longitude,
    /// Latitude first.
    Pair,
    /// Longitude first.
    ReversedPair,
    Geohash,
    PlusCode,
    Accuracy,
}

impl Role {
    /// Whether the field by itself is the element.
    pub fn is_value(self) -> bool {
        matches!(self, Self::Value | Self::Truncated | Self::Shared)
    }
}

/// What one key of one element means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Index of the element.
    pub element: u16,
    pub role: Role,
    /// Needs a supporting context.
    pub weak: bool,
    pub place: Place,
    /// Number of the key as the rule writes it.
    pub key: u32,
}

/// Where in a name its words have to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At its end, before nothing but digits and words such as `value`.
    End,
    Whole,
    Anywhere,
}

/// One meaning found in a name, and the words it rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyHit {
    pub meaning: Meaning,
    pub start: u8,
    pub end: u8,
}

impl KeyHit {
    pub fn words(&self) -> u8 {
        self.end - self.start
    }
}

/// A word by number; words that no rule knows share [`UNKNOWN`].
pub(super) type WordId = u32;

pub(super) const UNKNOWN: WordId = u32::MAX;

/// A name, split and looked up word by word.
#[derive(Debug, Clone, Default)]
pub(super) struct Name {
    pub ids: Vec<WordId>,
    /// Hash of the text of each word, so that unknown ones can be told apart.
    texts: Vec<String>,
    /// Says nothing by itself ([`GENERIC`]).
    pub generic: bool,
    /// Names the inside of what the name above tells ([`INNER`]).
    pub inner: bool,
    /// Its value may name what a neighbour holds ([`LABELS`]).
    pub labels: bool,
    /// Its value stands where a value could ([`STAND_INS`]): `email.placeholder`.
    pub stands_in: bool,
}

impl Name {
    /// The words outside of a hit, as text: `start` of `startLat`.
    pub fn rest(&self, hit: &KeyHit, offset: usize) -> String {
        let (start, end) = (usize::from(hit.start).saturating_sub(offset), usize::from(hit.end).saturating_sub(offset));
        let rest = self.texts.iter().enumerate().filter(|(i, _)| !(start..end).contains(i)).map(|(_, t)| t.as_str());
        rest.collect::<Vec<_>>().join(" ")
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the whole name is made of these words (digits aside).
    fn is_one_of(&self, known: &[&str]) -> bool {
        let mut words = self.texts.iter().filter(|t| !t.bytes().all(|b| b.is_ascii_digit())).peekable();
        words.peek().is_some() && words.all(|word| known.contains(&word.as_str()))
    }
}

#[derive(Debug, Default)]
pub(super) struct Lexicon {
    ids: HashMap<Arc<str>, WordId, RandomState>,
    /// The words by their numbers.
    texts: Vec<Arc<str>>,
    sequences: HashMap<Vec<WordId>, Vec<Meaning>, RandomState>,
    longest: usize,
    /// Keys as rules write them.
    keys: Vec<Arc<str>>,
}

/// All meanings found in one name, the longest first.
pub(super) type KeyHits = SmallVec<[KeyHit; 4]>;

/// Names that say nothing by themselves; a neighbour or the name above says what the value is.
const GENERIC: &[&str] = &[
    "value",
    "val",
    "v",
    "values",
    "data",
    "raw",
    "quantity",
    "reading",
    "readings",
    "measurement",
    "samples",
    "sample",
    "points",
    "items",
    "item",
    "list",
    "fp",
    "int",
    "num",
    "float",
    "entries",
    "content",
    "current",
    "latest",
    "avg",
    "average",
    "min",
    "max",
    "text",
    "string",
    // DynamoDB says a value's type so.
    "s",
    "n",
    "number",
    "answer",
    "response",
    "input",
    "attribute",
    "attributes",
    "field",
    "fields",
    "map",
];

/// Words of wrappers that say a value's type: `{stringValue: …}`, `{"$numberLong": …}`.
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "string", "integer", "int", "long", "double", "float", "decimal", "number", "boolean", "timestamp", "date", "bytes",
    "map", "array", "reference", "value", "values",
];

/// Names of the inside of a thing that the name above has told: `medication: {name}`, `diagnosis: {code}`.
const INNER: &[&str] = &["name", "code", "title", "display"];

/// Neighbours whose value names what a generic field holds.
const LABELS: &[&str] = &[
    "type",
    "system",
    "data",
    "name",
    "key",
    "metric",
    "code",
    "kind",
    "field",
    "measure",
    "label",
    "property",
    "attribute",
    "parameter",
    "display",
    "k",
    "id",
    "attr",
    "param",
    "column",
    "header",
    "question",
    "prompt",
    "title",
    "slug",
    "identifier",
    "variable",
    "dimension",
    "trait",
    "tag",
];

/// Last words of names whose values are forms and samples for the reader of a screen.
#[rustfmt::skip]
const STAND_INS: &[&str] = &[
    "placeholder", "hint", "mask", "format", "example", "sample", "regex", "pattern", "tooltip", "caption", "label", "helper",
    "beispiel", "platzhalter", "ejemplo", "exemple", "exemplo", "esempio", "ornek", "voorbeeld", "przyklad", "пример",
    "示例", "例",
];

/// Words at the end of a name that say nothing of what it names.
const TAIL: &[&str] = &[
    "value",
    "val",
    "text",
    "txt",
    "str",
    "string",
    "raw",
    "plain",
    "field",
    "input",
    "param",
    "primary",
    "main",
    "hash",
    "hashed",
    "norm",
    "normalized",
    "sha",
    "md",
    "new",
    "old",
    "current",
    "confirm",
    "confirmation",
    // Encodings of it.
    "hex",
    "encoded",
    "enc",
    "decoded",
    // Units.
    "kg",
    "kgs",
    "lb",
    "lbs",
    "cm",
    "mm",
    "bpm",
    "mmhg",
    "mmol",
    "celsius",
    "fahrenheit",
    "c",
    "f",
    "percent",
    "pct",
    "usd",
    "eur",
    "gbp",
    // Whose it is, where a language says so behind it: `nachname_kunde`, `telefonoCliente`.
    "kunde",
    "kunden",
    "cliente",
    "client",
    "klient",
    "klienta",
    "klanta",
    "klant",
    "customer",
    "user",
    "usuario",
    "utente",
    "utilisateur",
    "uzytkownika",
    "abonenta",
    "paciente",
    "paziente",
    "pacjenta",
    "patient",
    "osoby",
    "musteri",
    "клиента",
    "пациента",
    "пользователя",
    // What Chinese and Japanese put behind a word for the thing itself.
    "名",
    "名称",
    "値",
    "值",
    "歴",
    "史",
    "情報",
    "信息",
    "内容",
    "番号",
    "号码",
    "编号",
    "コード",
];

/// The last of these are looked for at the end of words that have no borders.
const IDEOGRAPHIC_TAIL: &[&str] =
    &["名称", "情報", "信息", "内容", "番号", "号码", "编号", "コード", "名", "値", "值", "歴", "史"];

/// Whose it is: words that are often glued to the front of another.
const OWNERS: &[&str] = &[
    "user",
    "usr",
    "customer",
    "client",
    "cust",
    "contact",
    "member",
    "account",
    "device",
    "patient",
    "guest",
    "home",
    "work",
    "my",
    "owner",
    "recipient",
    "sender",
    "profile",
    "person",
    "student",
    "driver",
    "passenger",
    "billing",
    "shipping",
    "delivery",
    "employee",
    "card",
    "phone",
    "last",
    "start",
    "end",
    "current",
    "pickup",
    "dropoff",
    "wifi",
    "bank",
    "mobile",
    "birth",
    "legal",
    "payer",
    "payee",
    "beneficiary",
    "applicant",
    "borrower",
    "traveler",
    "traveller",
    "rider",
    "buyer",
    "worker",
    "emergency",
    "primary",
    "secondary",
    "registered",
    "verified",
    "device",
    "login",
    "auth",
    "full",
    "first",
    "new",
    "old",
    "numero",
    "num",
];

impl Lexicon {
    /// Teach a key as a rule writes it: `first name`, `=name`, `blood pressure *`.
    pub fn learn(&mut self, key: &str, element: u16, role: Role, weak: bool) {
        let (key, place) = match (key.strip_prefix('='), key.strip_suffix('*')) {
            (Some(key), _) => (key, Place::Whole),
            (None, Some(key)) => (key, Place::Anywhere),
            (None, None) => (key, Place::End),
        };
        let meaning = Meaning { element, role, weak, place, key: self.keys.len() as u32 };
        self.keys.push(key.trim().into());
        let words = words::split(key);
        let sequence: Vec<WordId> = words.iter().map(|word| self.word(word)).collect();
        // `firstname` is what `first name` becomes where nobody marks the border.
        if words.len() > 1 && !words.iter().any(|w| w.bytes().all(|b| b.is_ascii_digit())) {
            let glued = vec![self.word(&words.concat())];
            self.insert(glued, meaning);
        }
        self.insert(sequence, meaning);
    }

    /// The number of a word, new or known. A word and its plural have one.
    pub fn word(&mut self, word: &str) -> WordId {
        let word = singular(in_full(word));
        let word = word.as_ref();
        if let Some(&id) = self.ids.get(word) {
            return id;
        }
        let id = self.ids.len() as WordId;
        let word: Arc<str> = word.into();
        self.ids.insert(Arc::clone(&word), id);
        self.texts.push(word);
        id
    }

    /// Whether every word of a key is one that rules use.
    pub fn knows(&self, key: &str) -> bool {
        words::split(key).iter().all(|word| self.find(word) != UNKNOWN)
    }

    /// The text of a word that a rule uses.
    pub fn text(&self, id: WordId) -> Option<Arc<str>> {
        self.texts.get(id as usize).cloned()
    }

    /// A key as its rule writes it.
    pub fn key(&self, meaning: &Meaning) -> Arc<str> {
        Arc::clone(&self.keys[meaning.key as usize])
    }

    /// The words of a name; a known word glued to an owner's (`useremail`) counts as two.
    pub fn read(&self, key: &str) -> Name {
        let mut name = Name::default();
        for text in words::split(key) {
            match self.find(&text) {
                UNKNOWN => match self.split_unmarked(&text) {
                    Some((owner, rest)) => {
                        name.push(owner.to_owned(), self.find(owner));
                        name.push(rest.to_owned(), self.find(rest));
                    }
                    None => name.push(text, UNKNOWN),
                },
                id => name.push(text, id),
            }
        }
        name.generic = name.is_one_of(GENERIC) || name.len() > 1 && name.is_one_of(TYPES);
        name.inner = name.is_one_of(INNER);
        name.labels = name.is_one_of(LABELS);
        name.stands_in = name.texts.last().is_some_and(|last| stands_in(last, name.texts.len()));
        name
    }

    /// What the name says; `outer` is the name above it, so that `card: {number}` is `card number`.
    ///
    /// Hits are counted from the first word of `outer`. A hit inside a longer one says nothing of its own.
    pub fn hits(&self, outer: &Name, name: &Name) -> KeyHits {
        let border = outer.len();
        let all: SmallVec<[WordId; 16]> = outer.ids.iter().chain(&name.ids).copied().collect();
        let end_from = border + name.texts.iter().rposition(|t| !is_tail(t)).map_or(0, |last| last + 1);
        let mut hits = KeyHits::new();
        for end in border + 1..=all.len() {
            for start in end.saturating_sub(self.longest)..end {
                // Keys are made of known words only.
                if all[start] == UNKNOWN || all[end - 1] == UNKNOWN {
                    continue;
                }
                let Some(meanings) = self.sequences.get(&all[start..end]) else { continue };
                let at_end = end >= end_from;
                let fits = meanings.iter().filter(|m| match m.place {
                    Place::End => at_end,
                    Place::Whole => at_end && start == border,
                    Place::Anywhere => true,
                });
                hits.extend(fits.map(|&meaning| KeyHit { meaning, start: start as u8, end: end as u8 }));
            }
        }
        let shadowed =
            |hit: &KeyHit| hits.iter().any(|o| o.start <= hit.start && o.end >= hit.end && o.words() > hit.words());
        let mut kept: KeyHits = hits.iter().filter(|hit| !shadowed(hit)).copied().collect();
        kept.sort_by_key(|hit| std::cmp::Reverse((hit.words(), !hit.meaning.weak)));
        kept
    }

    fn insert(&mut self, sequence: Vec<WordId>, meaning: Meaning) {
        self.longest = self.longest.max(sequence.len());
        let meanings = self.sequences.entry(sequence).or_default();
        if !meanings.iter().any(|known| Meaning { key: meaning.key, ..*known } == meaning) {
            meanings.push(meaning);
        }
    }

    /// Number of a word in the singular or plural.
    fn find(&self, word: &str) -> WordId {
        let known = |w: &str| self.ids.get(singular(in_full(w)).as_ref()).copied();
        let short = || word.strip_suffix('s').filter(|w| w.len() > 1).and_then(known);
        let es = || word.strip_suffix("es").filter(|w| w.len() > 2).and_then(known);
        known(word).or_else(short).or_else(es).unwrap_or(UNKNOWN)
    }

    /// The two words of one that no rule knows and that has no border: the known one, and whose it is or what of it.
    fn split_unmarked<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str)> {
        self.unglue(word).or_else(|| self.unglue_ideographs(word)).or_else(|| self.unglue_tail(word))
    }

    /// `診断名`, `アレルギー歴`: a known word, and what Chinese and Japanese put behind it.
    fn unglue_tail<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str)> {
        IDEOGRAPHIC_TAIL.iter().find_map(|&tail| {
            let stem = word.strip_suffix(tail)?;
            (!stem.is_ascii() && self.find(stem) != UNKNOWN).then(|| word.split_at(stem.len()))
        })
    }

    fn unglue<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str)> {
        OWNERS.iter().find_map(|&owner| {
            let rest = word.strip_prefix(owner)?;
            (rest.len() > 2 && self.find(rest) != UNKNOWN).then(|| word.split_at(owner.len()))
        })
    }

    /// Chinese, Japanese and Korean mark no borders between words: the longest known end of a word is one.
    fn unglue_ideographs<'w>(&self, word: &'w str) -> Option<(&'w str, &'w str)> {
        if word.is_ascii() || !word.chars().all(words::is_ideograph) {
            return None;
        }
        let mut splits = word.char_indices().skip(1).map(|(at, _)| word.split_at(at));
        splits.find(|(_, end)| end.len() > 3 && self.find(end) != UNKNOWN)
    }
}

impl Name {
    fn push(&mut self, text: String, id: WordId) {
        // Positions in a name are kept in a byte.
        if self.ids.len() < 60 {
            self.texts.push(text);
            self.ids.push(id);
        }
    }
}

/// The word that a database column's abbreviation stands for.
fn in_full(word: &str) -> &str {
    match word {
        "nbr" => "number",
        "acct" => "account",
        "addr" => "address",
        word => word,
    }
}

/// A word without the plural's ending; words that end in s by themselves keep it.
fn singular(word: &str) -> Cow<'_, str> {
    let own = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    match word.strip_suffix('s') {
        Some(stem) if word.len() > 3 && word.is_ascii() && !own => match stem.strip_suffix("ie") {
            Some(stem) if stem.len() > 2 => Cow::Owned(format!("{stem}y")),
            _ => Cow::Borrowed(stem),
        },
        _ => Cow::Borrowed(word),
    }
}

/// `hint` is a stand-in's name by itself, `label` only of something: `email.label`.
fn stands_in(last: &str, words: usize) -> bool {
    const ALONE: &[&str] = &["hint", "placeholder", "mask", "tooltip", "platzhalter"];
    STAND_INS.contains(&last) && (words > 1 || ALONE.contains(&last))
}

fn is_tail(word: &str) -> bool {
    TAIL.contains(&word) || word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(outer: &str, key: &str) -> Vec<u16> {
        let mut lexicon = Lexicon::default();
        for (key, element) in [
            ("lat", 0),
            ("=name", 1),
            ("first name", 2),
            ("card number", 3),
            ("email", 4),
            ("address", 5),
            ("ip address", 6),
        ] {
            lexicon.learn(key, element, Role::Value, false);
        }
        lexicon.hits(&lexicon.read(outer), &lexicon.read(key)).iter().map(|hit| hit.meaning.element).collect()
    }

    #[test]
    fn words_not_substrings() {
        assert_eq!(elements("", "startLat"), [0]);
        assert_eq!(elements("", "latency"), [0u16; 0]);
        assert_eq!(elements("", "nameserver"), [0u16; 0]);
        assert_eq!(elements("", "emailVerified"), [0u16; 0]);
    }

    #[test]
    fn glued_plural_and_across_levels() {
        assert_eq!(elements("", "firstname"), [2]);
        assert_eq!(elements("", "useremail"), [4]);
        assert_eq!(elements("", "emails"), [4]);
        assert_eq!(elements("card", "number"), [3]);
        assert_eq!(elements("user", "name"), [1]);
    }

    #[test]
    fn scripts_without_spaces_are_read_from_their_end() {
        let mut lexicon = Lexicon::default();
        lexicon.learn("手机号", 7, Role::Value, false);
        let found = |key: &str| lexicon.hits(&Name::default(), &lexicon.read(key)).len();
        assert_eq!((found("用户手机号"), found("手机号"), found("手机号码牌")), (1, 1, 0));
    }

    #[test]
    fn the_longer_name_wins() {
        assert_eq!(elements("", "ip_address"), [6]);
        assert_eq!(elements("", "home_address_1"), [5]);
    }
}
