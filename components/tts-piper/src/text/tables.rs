//! What the reader has to know by heart: abbreviations, months, units, currencies, kinds of things that are numbered.
//!
//! Only data and look-ups; all keys are compared as they are written here.

/// What stands behind an abbreviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// A name; the point never ends a sentence ("Dr. Smith").
    Name,
    /// Anything; the point also ends the sentence when a capital follows ("etc. She").
    Any,
    /// A number; read as written otherwise ("No. 7").
    Number,
}

/// Abbreviations that end in a point, without it.
const ABBREVIATIONS: [(&str, &str, Follows); 68] = [
    ("Dr", "doctor", Follows::Name),
    ("Mr", "mister", Follows::Name),
    ("Mrs", "missus", Follows::Name),
    ("Ms", "miz", Follows::Name),
    ("Prof", "professor", Follows::Name),
    ("Rev", "reverend", Follows::Name),
    ("Hon", "honorable", Follows::Name),
    ("Gen", "general", Follows::Name),
    ("Adm", "admiral", Follows::Name),
    ("Capt", "captain", Follows::Name),
    ("Cmdr", "commander", Follows::Name),
    ("Col", "colonel", Follows::Name),
    ("Maj", "major", Follows::Name),
    ("Lt", "lieutenant", Follows::Name),
    ("Sgt", "sergeant", Follows::Name),
    ("Gov", "governor", Follows::Name),
    ("Sen", "senator", Follows::Name),
    ("Rep", "representative", Follows::Name),
    ("Pres", "president", Follows::Name),
    ("Mt", "mount", Follows::Name),
    ("Ft", "fort", Follows::Name),
    ("Fig", "figure", Follows::Number),
    ("Vol", "volume", Follows::Number),
    ("vol", "volume", Follows::Number),
    ("No", "number", Follows::Number),
    ("no", "number", Follows::Number),
    ("Nos", "numbers", Follows::Number),
    ("Ch", "chapter", Follows::Number),
    ("p", "page", Follows::Number),
    ("pp", "pages", Follows::Number),
    ("c", "circa", Follows::Number),
    ("ca", "circa", Follows::Number),
    ("Jr", "junior", Follows::Any),
    ("Sr", "senior", Follows::Any),
    ("Inc", "incorporated", Follows::Any),
    ("Corp", "corporation", Follows::Any),
    ("Co", "company", Follows::Any),
    ("Ltd", "limited", Follows::Any),
    ("Bros", "brothers", Follows::Any),
    ("Dept", "department", Follows::Any),
    ("dept", "department", Follows::Any),
    ("Univ", "university", Follows::Any),
    ("Assn", "association", Follows::Any),
    ("Ave", "avenue", Follows::Any),
    ("Blvd", "boulevard", Follows::Any),
    ("Rd", "road", Follows::Any),
    ("etc", "et cetera", Follows::Any),
    ("approx", "approximately", Follows::Any),
    ("est", "established", Follows::Number),
    ("vs", "versus", Follows::Any),
    ("al", "al", Follows::Any),
    ("e.g", "for example", Follows::Any),
    ("i.e", "that is", Follows::Any),
    ("a.k.a", "also known as", Follows::Any),
    ("a.m", "AM", Follows::Any),
    ("p.m", "PM", Follows::Any),
    ("A.M", "AM", Follows::Any),
    ("P.M", "PM", Follows::Any),
    ("Ph.D", "PHD", Follows::Any),
    ("Mon", "Monday", Follows::Any),
    ("Tue", "Tuesday", Follows::Any),
    ("Tues", "Tuesday", Follows::Any),
    ("Wed", "Wednesday", Follows::Any),
    ("Thu", "Thursday", Follows::Any),
    ("Thurs", "Thursday", Follows::Any),
    ("Fri", "Friday", Follows::Any),
    ("Sat", "Saturday", Follows::Any),
    ("min", "minutes", Follows::Any),
];

pub(super) fn abbreviation(word: &str) -> Option<(&'static str, Follows)> {
    ABBREVIATIONS
        .iter()
        .find(|(short, ..)| *short == word)
        .map(|(_, long, follows)| (*long, *follows))
}

const MONTHS: [(&str, &str); 12] = [
    ("January", "Jan"),
    ("February", "Feb"),
    ("March", "Mar"),
    ("April", "Apr"),
    ("May", "May"),
    ("June", "Jun"),
    ("July", "Jul"),
    ("August", "Aug"),
    ("September", "Sep"),
    ("October", "Oct"),
    ("November", "Nov"),
    ("December", "Dec"),
];

/// The full name of a month; short forms ("Sept") count.
pub(super) fn month(word: &str) -> Option<&'static str> {
    let word = if word == "Sept" { "Sep" } else { word };
    MONTHS
        .iter()
        .find(|(long, short)| *long == word || *short == word)
        .map(|(long, _)| *long)
}

/// Month by number, 1 to 12.
pub(super) fn month_number(number: u64) -> Option<&'static str> {
    MONTHS
        .get(usize::try_from(number).ok()?.checked_sub(1)?)
        .map(|(long, _)| *long)
}

/// Units as written after a number, with singular and plural.
const UNITS: [(&str, &str, &str); 55] = [
    ("km", "kilometer", "kilometers"),
    ("m", "meter", "meters"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("µm", "micrometer", "micrometers"),
    ("nm", "nanometer", "nanometers"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("yd", "yard", "yards"),
    ("sq", "square", "square"),
    ("kg", "kilogram", "kilograms"),
    ("g", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("s", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("ms", "millisecond", "milliseconds"),
    ("µs", "microsecond", "microseconds"),
    ("ns", "nanosecond", "nanoseconds"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("W", "watt", "watts"),
    ("kW", "kilowatt", "kilowatts"),
    ("MW", "megawatt", "megawatts"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("V", "volt", "volts"),
    ("KB", "kilobyte", "kilobytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("mph", "mile per hour", "miles per hour"),
    ("rpm", "revolution per minute", "revolutions per minute"),
    ("fps", "frame per second", "frames per second"),
    ("dB", "decibel", "decibels"),
    ("°", "degree", "degrees"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("x", "times", "times"),
];

/// The name of a unit for an amount; "km/h" and the like are put together.
pub(super) fn unit(word: &str, singular: bool) -> Option<String> {
    if let Some((over, under)) = word.split_once('/') {
        return Some(format!(
            "{} per {}",
            unit(over, singular)?,
            unit(under, true)?
        ));
    }
    UNITS
        .iter()
        .find(|(short, ..)| *short == word)
        .map(|(_, one, many)| (if singular { *one } else { *many }).into())
}

/// A currency: sign, one and many of it, one and many of its hundredth.
pub(super) struct Currency {
    pub(super) sign: char,
    pub(super) one: &'static str,
    pub(super) many: &'static str,
    pub(super) cent: &'static str,
    pub(super) cents: &'static str,
}

const CURRENCIES: [Currency; 4] = [
    Currency {
        sign: '$',
        one: "dollar",
        many: "dollars",
        cent: "cent",
        cents: "cents",
    },
    Currency {
        sign: '£',
        one: "pound",
        many: "pounds",
        cent: "penny",
        cents: "pence",
    },
    Currency {
        sign: '€',
        one: "euro",
        many: "euros",
        cent: "cent",
        cents: "cents",
    },
    Currency {
        sign: '¥',
        one: "yen",
        many: "yen",
        cent: "sen",
        cents: "sen",
    },
];

pub(super) fn currency(sign: char) -> Option<&'static Currency> {
    CURRENCIES.iter().find(|c| c.sign == sign)
}

/// Words after a number that belong to it: "3.5 million".
pub(super) fn is_magnitude(word: &str) -> bool {
    matches!(
        word,
        "hundred" | "thousand" | "million" | "billion" | "trillion"
    )
}

/// What "K", "M", "B" and "T" mean right behind an amount of money.
pub(super) fn money_magnitude(letter: &str) -> Option<&'static str> {
    match letter {
        "k" | "K" => Some("thousand"),
        "m" | "M" => Some("million"),
        "b" | "B" | "bn" => Some("billion"),
        "t" | "T" | "tn" => Some("trillion"),
        _ => None,
    }
}

/// Things that are numbered with Roman numerals read as cardinals: "Mark I", "World War II".
pub(super) fn is_numbered(word: &str) -> bool {
    matches!(
        word,
        "Mark"
            | "War"
            | "Part"
            | "Chapter"
            | "Volume"
            | "Book"
            | "Act"
            | "Scene"
            | "Phase"
            | "Type"
            | "Class"
            | "Section"
            | "Article"
            | "Level"
            | "Stage"
            | "Title"
            | "Apollo"
            | "Model"
            | "Version"
            | "Appendix"
            | "Table"
            | "Figure"
            | "Bowl"
            | "Unit"
            | "UNIVAC"
    )
}

/// First names of rulers and popes, after which a Roman numeral is an ordinal: "Elizabeth II".
pub(super) fn is_ruler(word: &str) -> bool {
    matches!(
        word,
        "Elizabeth"
            | "George"
            | "Henry"
            | "Louis"
            | "Charles"
            | "James"
            | "William"
            | "Edward"
            | "Richard"
            | "John"
            | "Paul"
            | "Philip"
            | "Frederick"
            | "Catherine"
            | "Nicholas"
            | "Pius"
            | "Benedict"
            | "Gregory"
            | "Leo"
            | "Napoleon"
            | "Alexander"
            | "Peter"
            | "Mary"
            | "Francis"
            | "Ferdinand"
            | "Leopold"
            | "Rudolf"
            | "Otto"
            | "Robert"
            | "Davis"
            | "Thomas"
    )
}

/// Words before a four-digit number that make it a quantity: "more than 1500".
pub(super) fn is_comparison(word: &str) -> bool {
    matches!(
        word,
        "than"
            | "nearly"
            | "almost"
            | "roughly"
            | "approximately"
            | "exactly"
            | "least"
            | "most"
            | "some"
            | "only"
            | "all"
            | "over"
    )
}

/// Lower-case words that end in s without being a plural, as they may follow a year.
pub(super) fn is_singular_s(word: &str) -> bool {
    matches!(
        word,
        "is" | "was"
            | "has"
            | "does"
            | "as"
            | "this"
            | "its"
            | "his"
            | "us"
            | "across"
            | "perhaps"
            | "always"
            | "yes"
            | "thus"
            | "besides"
            | "plus"
            | "versus"
            | "gives"
            | "marks"
            | "sees"
    ) || word.ends_with("ss")
        || word.ends_with("'s")
}
