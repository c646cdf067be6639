//! The settings of who may use the gateway, and how much.
//!
//! | variable | default | meaning |
//! |---|---|---|
//! | `KEYS_FILE` | none | TOML file of API keys; once it is named, a key is needed |
//! | `CORS_ORIGINS` | none | origins of pages that may use the gateway, with commas between them, or `*` for all |
//! | `CORS_CREDENTIALS` | false | whether these pages may send cookies, such as a proxy's; not with `*` |
//! | `PEER_HEADER` | none | header in which the host tells who has connected; the host must take it from clients. Ours sets both |
//! | `TASK_HEADER` | none | header in which the host, and nobody else, has the gateway look after its stores, which requests then leave to it; see `PEER_HEADER` |
//! | `TRUSTED_PROXIES` | none | addresses or networks (`10.0.0.0/8`) of proxies whose word on the client's address counts |
//! | `FORWARDED_HEADER` | x-forwarded-for | header in which they give it: `x-forwarded-for` or `forwarded` |
//! | `RATE_TURNS` | 60 | turns and transcriptions a minute for each key or address; 0 for any number |
//! | `RATE_SYNTHESES` | 100 | syntheses a minute |
//! | `RATE_QUERIES` | 200 | questions to the content base and new sessions a minute |
//! | `RATE_UNCOUNTED` | allow | what becomes of a request that cannot be counted, because the store is down: `allow` or `refuse` |
//! | `KV_LIMITS` | limits | key-value store of the counters |
//! | `LOG_TRANSCRIPTS` | false | whether questions and answers go to the log |

use http::HeaderName;
use ipnet::IpNet;

use super::ConfigError;

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// File of API keys.
    pub keys_file: Option<String>,
    /// Pages that may use the gateway.
    pub cors_origins: Origins,
    /// Whether they may send cookies.
    pub cors_credentials: bool,
    /// Header in which the host tells who has connected.
    pub peer_header: Option<HeaderName>,
    /// Header in which the host asks for what no client may ask for.
    pub task_header: Option<HeaderName>,
    /// Proxies whose word on the client's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Where they give it.
    pub forwarded_header: Forwarded,
    /// Most turns, syntheses and queries a minute; 0 for any number.
    pub rates: Rates,
    /// Whether a request that cannot be counted is refused.
    pub refuse_uncounted: bool,
    /// Store of the counters.
    pub kv_limits: String,
    /// Whether questions and answers go to the log.
    pub log_transcripts: bool,
}

/// Most requests a minute; 0 for any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Turns and transcriptions.
    pub turns: u32,
    /// Syntheses.
    pub syntheses: u32,
    /// Questions to the content base, and new sessions.
    pub queries: u32,
}

/// Pages that may use the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// These, in lower case, such as `https://example.org`. May be empty.
    Listed(Vec<String>),
    /// All of them, without cookies.
    Any,
}

/// How a proxy gives the client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// `X-Forwarded-For`.
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Rfc7239,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            keys_file: None,
            cors_origins: Origins::Listed(Vec::new()),
            cors_credentials: false,
            peer_header: None,
            task_header: None,
            trusted_proxies: Vec::new(),
            forwarded_header: Forwarded::XForwardedFor,
            rates: Rates {
                turns: 60,
                syntheses: 100,
                queries: 200,
            },
            refuse_uncounted: false,
            kv_limits: "limits".to_owned(),
            log_transcripts: false,
        }
    }
}

impl Security {
    /// Reads the settings.
    pub(super) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let default = Self::default();
        // An empty value is as good as none: some places cannot unset a variable.
        let set = |name: &str| {
            let value = lookup(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        let refused = |name: &'static str, wanted: &'static str, value: String| ConfigError::Form {
            name,
            wanted,
            value,
        };
        let rate = |name: &'static str, default: u32| match set(name) {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| ConfigError::Number {
                name,
                min: 0,
                max: u32::MAX.into(),
                value,
            }),
        };
        let one_of = |name: &'static str, wanted: &'static str, no: &str, yes: &str| match set(name)
        {
            None => Ok(false),
            Some(value) if value == no => Ok(false),
            Some(value) if value == yes => Ok(true),
            Some(value) => Err(refused(name, wanted, value)),
        };
        let cors_origins = match set("CORS_ORIGINS") {
            None => default.cors_origins,
            Some(all) if all == "*" => Origins::Any,
            Some(list) => Origins::Listed(
                split(&list)
                    .map(|origin| {
                        checked_origin(origin).ok_or_else(|| {
                            let wanted = "`*` alone, or origins such as `https://example.org`, without a path, with commas between them";
                            refused("CORS_ORIGINS", wanted, origin.to_owned())
                        })
                    })
                    .collect::<Result<_, _>>()?,
            ),
        };
        let cors_credentials = one_of("CORS_CREDENTIALS", "`true` or `false`", "false", "true")?;
        if cors_credentials && cors_origins == Origins::Any {
            return Err(refused(
                "CORS_CREDENTIALS",
                "`false` where CORS_ORIGINS is `*`",
                "true".to_owned(),
            ));
        }
        let header = |variable| {
            let named = set(variable).map(|name| {
                HeaderName::try_from(&name)
                    .map_err(|_| refused(variable, "the name of a header", name))
            });
            named.transpose()
        };
        let proxies = set("TRUSTED_PROXIES").unwrap_or_default();
        let trusted_proxies = split(&proxies)
            .map(|text| {
                network(text).ok_or_else(|| {
                    let wanted =
                        "addresses or networks such as `10.0.0.0/8`, with commas between them";
                    refused("TRUSTED_PROXIES", wanted, text.to_owned())
                })
            })
            .collect::<Result<_, _>>()?;
        let is_rfc = one_of(
            "FORWARDED_HEADER",
            "`x-forwarded-for` or `forwarded`",
            "x-forwarded-for",
            "forwarded",
        )?;
        Ok(Self {
            keys_file: set("KEYS_FILE"),
            cors_origins,
            cors_credentials,
            peer_header: header("PEER_HEADER")?,
            task_header: header("TASK_HEADER")?,
            trusted_proxies,
            forwarded_header: if is_rfc {
                Forwarded::Rfc7239
            } else {
                Forwarded::XForwardedFor
            },
            rates: Rates {
                turns: rate("RATE_TURNS", default.rates.turns)?,
                syntheses: rate("RATE_SYNTHESES", default.rates.syntheses)?,
                queries: rate("RATE_QUERIES", default.rates.queries)?,
            },
            refuse_uncounted: one_of("RATE_UNCOUNTED", "`allow` or `refuse`", "allow", "refuse")?,
            kv_limits: set("KV_LIMITS").unwrap_or(default.kv_limits),
            log_transcripts: one_of("LOG_TRANSCRIPTS", "`true` or `false`", "false", "true")?,
        })
    }
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// An origin as browsers write it: scheme and authority, nothing else.
fn checked_origin(origin: &str) -> Option<String> {
    let uri: http::Uri = origin.parse().ok()?;
    let (scheme, authority) = (uri.scheme()?, uri.authority()?);
    let plain = format!("{scheme}://{authority}").to_ascii_lowercase();
    let is_one = matches!(scheme.as_str(), "http" | "https")
        && !authority.as_str().contains('@')
        && plain == origin.to_ascii_lowercase();
    is_one.then_some(plain)
}

/// A network, or an address as the network of itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Security, ConfigError> {
        Security::read(|name| {
            set.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn nothing_set_gives_the_defaults() {
        assert_eq!(read(&[]), Ok(Security::default()));
        assert_eq!(read(&[("KEYS_FILE", " ")]), Ok(Security::default()));
    }

    #[test]
    fn values_are_read() {
        let security = read(&[
            ("KEYS_FILE", "/keys/keys.toml"),
            ("CORS_ORIGINS", "https://Example.org, http://localhost:5173"),
            ("CORS_CREDENTIALS", "true"),
            ("PEER_HEADER", "Spin-Client-Addr"),
            ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("FORWARDED_HEADER", "forwarded"),
            ("RATE_TURNS", "0"),
            ("RATE_UNCOUNTED", "refuse"),
        ])
        .unwrap();
        assert_eq!(
            security.cors_origins,
            Origins::Listed(vec![
                "https://example.org".into(),
                "http://localhost:5173".into()
            ])
        );
        assert_eq!(security.peer_header.unwrap(), "spin-client-addr");
        assert_eq!(
            security.trusted_proxies,
            ["10.0.0.0/8", "::1/128"].map(|net| net.parse::<IpNet>().unwrap())
        );
        assert_eq!(security.forwarded_header, Forwarded::Rfc7239);
        assert_eq!((security.rates.turns, security.rates.queries), (0, 200));
        assert!(security.refuse_uncounted && security.cors_credentials);
        let any = read(&[("CORS_ORIGINS", "*")]).unwrap();
        assert_eq!(any.cors_origins, Origins::Any);
    }

    #[test]
    fn mistakes_are_named() {
        for (name, value) in [
            ("CORS_ORIGINS", "https://example.org/path"),
            ("CORS_ORIGINS", "https://example.org/"),
            ("CORS_ORIGINS", "example.org"),
            ("CORS_ORIGINS", "https://a.example, *"),
            ("CORS_ORIGINS", "null"),
            ("CORS_ORIGINS", "https://user@example.org"),
            ("CORS_CREDENTIALS", "yes"),
            ("PEER_HEADER", "x y"),
            ("TASK_HEADER", "x y"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("TRUSTED_PROXIES", "proxy.example"),
            ("FORWARDED_HEADER", "via"),
            ("RATE_TURNS", "-1"),
            ("RATE_UNCOUNTED", "maybe"),
        ] {
            let message = read(&[(name, value)]).unwrap_err().to_string();
            assert!(message.starts_with(name), "{name}={value}: {message}");
        }
        let both = [("CORS_ORIGINS", "*"), ("CORS_CREDENTIALS", "true")];
        assert!(read(&both).is_err());
    }
}
