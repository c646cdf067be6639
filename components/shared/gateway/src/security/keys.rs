//! API keys: a file of names and hashes, and the question whose key a client has sent.
//!
//! A key is 32 random bytes. Such a key needs no slow hash (argon2 and its kin make guessing expensive where people choose passwords):
//! guessing one of 2^256 is hopeless at any speed, a slow hash would cost each request tens of milliseconds and megabytes, and so be a way
//! to keep the service busy. SHA-256 is there so that who reads the file does not have the keys.
//!
//! The hash of what was sent is compared with every hash in the file, to its last byte, whether one before it was right or not. The file is
//! read again for each request, so a key is new or gone with the next one. A file that cannot be read, or is wrong in any line, lets
//! nobody in.

use std::{collections::BTreeMap, fmt, path::Path, time::Duration};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::limits::Kind;

/// Most bytes of the file, and most keys in it.
const MAX_BYTES: u64 = 1 << 20;
const MAX_KEYS: usize = 4_096;

/// Longest key that is looked at.
const MAX_KEY: usize = 256;

/// A file that cannot be used. For the log; clients are not told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// More than there may be.
    #[error("it has more than {0}")]
    Size(&'static str),
    /// Not TOML, or not as the documentation says. The text has no hash in it.
    #[error("{0}")]
    Toml(String),
    /// A key that is not as it must be, by its place in the file.
    #[error("[[key]] number {0} {1}")]
    Key(usize, &'static str),
}

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Whose it is. Several keys may have one name: then they are the same tenant, with the same counters.
    pub(crate) name: String,
    hash: [u8; 32],
    /// Milliseconds since 1970; from then on it is worth nothing.
    expires_at_ms: Option<u64>,
    /// Paths that it opens, with what is below them; none for all.
    routes: Option<Vec<String>>,
    limits: BTreeMap<Kind, u32>,
}

/// Hashes stay out of logs, too.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Key {
    /// Whether it opens that path.
    #[must_use]
    pub(crate) fn opens(&self, path: &str) -> bool {
        let Some(routes) = &self.routes else {
            return true;
        };
        routes.iter().any(|route| {
            path.strip_prefix(route.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Most requests of that kind a minute, where it says.
    #[must_use]
    pub(crate) fn limit(&self, kind: Kind) -> Option<u32> {
        self.limits.get(&kind).copied()
    }
}

/// What became of a key that a client has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is this one.
    Known(Box<Key>),
    /// It was one.
    Expired,
    /// It is none.
    Unknown,
}

/// All keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Keys(Vec<Key>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    key: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    sha256: String,
    expires: Option<toml::value::Datetime>,
    routes: Option<Vec<String>>,
    #[serde(default)]
    limits: BTreeMap<Kind, u32>,
}

impl Keys {
    /// Reads the file.
    ///
    /// # Errors
    /// When it is not there, too large, or wrong anywhere.
    pub(crate) fn read(path: &Path) -> Result<Self, KeysError> {
        use std::io::Read as _;
        let mut text = String::new();
        // One byte more than allowed tells that there are too many.
        std::fs::File::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_string(&mut text)?;
        if text.len() as u64 > MAX_BYTES {
            return Err(KeysError::Size("1 MiB"));
        }
        Self::parse(&text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is wrong anywhere.
    pub(crate) fn parse(text: &str) -> Result<Self, KeysError> {
        let file: File = toml::from_str(text).map_err(|error| {
            // Without the line that it quotes, which has a hash or, by mistake, a key.
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |before| before.matches('\n').count() + 1);
            KeysError::Toml(format!("line {line}: {}", what_is_wrong(error.message())))
        })?;
        if file.key.len() > MAX_KEYS {
            return Err(KeysError::Size("4096 keys"));
        }
        let keys = file.key.into_iter().enumerate();
        keys.map(|(index, entry)| {
            entry
                .checked()
                .map_err(|why| KeysError::Key(index + 1, why))
        })
        .collect::<Result<_, _>>()
        .map(Self)
    }

    /// Whose key this is.
    #[must_use]
    pub(crate) fn check(&self, sent: &[u8], now_ms: u64) -> Check {
        if sent.len() > MAX_KEY {
            return Check::Unknown;
        }
        let hash: [u8; 32] = Sha256::digest(sent).into();
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.hash.ct_eq(&hash)) {
                found = Some(key);
            }
        }
        match found {
            None => Check::Unknown,
            Some(key) if key.expires_at_ms.is_some_and(|end| end <= now_ms) => Check::Expired,
            Some(key) => Check::Known(Box::new(key.clone())),
        }
    }
}

/// The message without what it quotes from the file.
fn what_is_wrong(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first
        .split('`')
        .enumerate()
        .map(|(n, part)| {
            if n % 2 == 1 && part.len() > 20 {
                "..."
            } else {
                part
            }
        })
        .collect::<Vec<_>>()
        .join("`")
        .split('"')
        .enumerate()
        .map(|(n, part)| if n % 2 == 1 { "..." } else { part })
        .collect::<Vec<_>>()
        .join("\"")
}

impl Entry {
    fn checked(self) -> Result<Key, &'static str> {
        if !is_name(&self.name) {
            return Err("must have a name of 1 to 64 letters, digits, `-`, `_` and `.`");
        }
        let hash = digest(&self.sha256).ok_or("must have the 64 hexadecimal digits of `sha256`")?;
        let expires_at_ms = match &self.expires {
            None => None,
            Some(time) => Some(
                moment(time)
                    .ok_or("must have a date, or a time with `Z` or an offset, as `expires`")?,
            ),
        };
        let routes = self.routes.unwrap_or_default();
        if routes.iter().any(|route| !route.starts_with('/')) {
            return Err("must have `routes` that begin with `/`");
        }
        Ok(Key {
            name: self.name,
            hash,
            expires_at_ms,
            routes: (!routes.is_empty()).then_some(routes),
            limits: self.limits,
        })
    }
}

/// Names become part of store keys and log lines.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        // `from_str_radix` would take a sign.
        if !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

/// Milliseconds since 1970 of a date, which ends as it begins, or of a time with an offset.
fn moment(time: &toml::value::Datetime) -> Option<u64> {
    let date = time.date?;
    let (clock, offset_minutes) = match (&time.time, &time.offset) {
        (None, None) => ("00:00:00".to_owned(), 0),
        (Some(clock), Some(toml::value::Offset::Z)) => (clock.to_string(), 0),
        (Some(clock), Some(toml::value::Offset::Custom { minutes })) => {
            (clock.to_string(), i64::from(*minutes))
        }
        _ => return None,
    };
    let local = humantime::parse_rfc3339(&format!("{date}T{clock}Z")).ok()?;
    let since = local.duration_since(std::time::UNIX_EPOCH).ok()?;
    let offset = Duration::from_secs(offset_minutes.unsigned_abs() * 60);
    let utc = if offset_minutes < 0 {
        since.checked_add(offset)?
    } else {
        since.checked_sub(offset)?
    };
    u64::try_from(utc.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(key: &str) -> String {
        Sha256::digest(key)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn entry(key: &str, more: &str) -> String {
        format!(
            "[[key]]\nname = \"kiosk\"\nsha256 = \"{}\"\n{more}\n",
            hash(key)
        )
    }

    fn known(keys: &Keys, sent: &str, now_ms: u64) -> Key {
        match keys.check(sent.as_bytes(), now_ms) {
            Check::Known(key) => *key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_is_in_the_file_is_known() {
        let keys = Keys::parse(&(entry("cq_one", "") + &entry("cq_two", ""))).unwrap();
        assert_eq!(known(&keys, "cq_one", 0).name, "kiosk");
        assert_eq!(known(&keys, "cq_two", 0).name, "kiosk");
        let long = "x".repeat(10_000);
        for wrong in ["", "cq_on", "cq_one ", "cq_ONE", &hash("cq_one"), &long] {
            assert_eq!(keys.check(wrong.as_bytes(), 0), Check::Unknown, "{wrong}");
        }
        assert_eq!(Keys::parse("").unwrap().check(b"", 0), Check::Unknown);
    }

    #[test]
    fn keys_end() {
        for (expires, end_ms) in [
            ("1970-01-02", 86_400_000),
            ("1970-01-02T00:00:00Z", 86_400_000),
            ("1970-01-02T02:00:00+02:00", 86_400_000),
            ("1970-01-01T22:30:00-01:30", 86_400_000),
        ] {
            let keys = Keys::parse(&entry("k", &format!("expires = {expires}"))).unwrap();
            assert!(matches!(keys.check(b"k", end_ms - 1), Check::Known(_)));
            assert_eq!(keys.check(b"k", end_ms), Check::Expired, "{expires}");
        }
    }

    #[test]
    fn routes_and_limits() {
        let more = "routes = [\"/content\", \"/v1/\"]\nlimits = { turns = 5 }";
        let key = known(&Keys::parse(&entry("k", more)).unwrap(), "k", 0);
        for open in ["/content", "/content/types", "/v1/models"] {
            assert!(key.opens(open), "{open}");
        }
        for closed in ["/", "/contents", "/process", "/v1x", "/session/content"] {
            assert!(!key.opens(closed), "{closed}");
        }
        assert_eq!(
            [Kind::Turns, Kind::Queries].map(|kind| key.limit(kind)),
            [Some(5), None]
        );
        let all = known(&Keys::parse(&entry("k", "")).unwrap(), "k", 0);
        assert!(all.opens("/anything"));
    }

    #[test]
    fn a_mistake_anywhere_is_a_mistake_and_tells_no_secret() {
        let good = entry("cq_one", "");
        for wrong in [
            "[[key]]\nname = \"kiosk\"\n".to_owned(),
            "[[key]]\nname = \"a b\"\nsha256 = \"00\"\n".to_owned(),
            "[[key]]\nname = \"kiosk\"\nsha256 = \"cq_secret_that_belongs_elsewhere\"\n".to_owned(),
            entry("k", "expires = 2027-01-01T00:00:00"),
            entry("k", "expires = \"cq_secret_that_belongs_elsewhere\""),
            entry("k", "routes = [\"content\"]"),
            entry("k", "limits = { dances = 1 }"),
            entry("k", "colour = \"cq_secret_that_belongs_elsewhere\""),
            "cq_secret_that_belongs_elsewhere".to_owned(),
            "key = 1".to_owned(),
        ] {
            let text = format!("{good}{wrong}");
            let message = Keys::parse(&text).unwrap_err().to_string();
            assert!(!message.contains("cq_secret"), "{message}");
            assert!(!message.contains(&hash("cq_one")), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
        assert!(matches!(
            Keys::parse(&(good + "[[key]]\nname = \"x\"\nsha256 = \"00\"")),
            Err(KeysError::Key(2, _))
        ));
        assert!(Keys::read(Path::new("/nowhere/keys.toml")).is_err());
        let debug = format!("{:?}", Keys::parse(&entry("k", "")).unwrap());
        assert!(!debug.contains("hash"), "{debug}");
    }

    #[test]
    fn hexadecimal_digits_only() {
        assert!(digest(&"0a".repeat(32)).is_some());
        for wrong in [
            "+a".repeat(32),
            "é".repeat(32),
            "0".repeat(63),
            "0g".repeat(32),
        ] {
            assert!(digest(&wrong).is_none(), "{wrong}");
        }
    }
}
