//! The `[keyvalue.*]` sections: which bucket is where, and how much of it there may be.

use std::time::Duration;

use super::{Bucket, Mistake, Reader, file};
use crate::store::{Backend, Bounds, object, redis};

/// How long a server of buckets may take, in milliseconds, when nothing is said.
const REDIS_MS: u64 = 2_000;
const OBJECT_MS: u64 = 10_000;

pub(super) fn resolve(
    reader: &Reader<'_>,
    name: &str,
    bucket: &file::KeyValue,
) -> Result<Bucket, Mistake> {
    let key = |field: &str| format!("keyvalue.{name}.{field}");
    reader.positive(&key("max_mib"), bucket.max_mib)?;
    if let Some(ms) = bucket.timeout_ms {
        reader.range(&key("timeout_ms"), ms, 50, 60_000)?;
    }
    let section = Section {
        reader,
        name,
        bucket,
    };
    section.check_keys()?;
    let max_age = bucket
        .max_age_minutes
        .map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    Ok(Bucket {
        name: name.to_owned(),
        backend: section.backend()?,
        bounds: Bounds {
            max_bytes: bucket.max_mib << 20,
            max_age,
        },
    })
}

struct Section<'a> {
    reader: &'a Reader<'a>,
    name: &'a str,
    bucket: &'a file::KeyValue,
}

impl Section<'_> {
    fn about(&self, field: &str, what: &str) -> Mistake {
        let key = format!("keyvalue.{}.{field}", self.name);
        self.reader.about(&key, what)
    }

    /// What means something for one backend only must not stand elsewhere.
    fn check_keys(&self) -> Result<(), Mistake> {
        use file::Backend::{Object, Redis, Sqlite};
        let bucket = self.bucket;
        let keys: [(&str, bool, &[file::Backend]); 7] = [
            ("path", bucket.path.is_some(), &[Sqlite]),
            ("url", bucket.url.is_some(), &[Redis, Object]),
            (
                "credentials",
                bucket.credentials.is_some(),
                &[Redis, Object],
            ),
            ("timeout_ms", bucket.timeout_ms.is_some(), &[Redis, Object]),
            ("prefix", bucket.prefix.is_some(), &[Redis]),
            ("endpoint", bucket.endpoint.is_some(), &[Object]),
            ("region", bucket.region.is_some(), &[Object]),
        ];
        for (field, is_there, backends) in keys {
            if is_there && !backends.contains(&bucket.backend) {
                let what = format!("means nothing for the backend `{}`", bucket.backend.name());
                return Err(self.about(field, &what));
            }
        }
        Ok(())
    }

    fn backend(&self) -> Result<Backend, Mistake> {
        let bucket = self.bucket;
        match bucket.backend {
            file::Backend::Memory => Ok(Backend::Memory),
            file::Backend::Sqlite => match &bucket.path {
                Some(path) => Ok(Backend::Sqlite(self.reader.resolve(path))),
                None => Err(self.about("path", "is missing: the backend `sqlite` needs a file")),
            },
            file::Backend::Redis => Ok(Backend::Redis(self.redis()?)),
            file::Backend::Object => Ok(Backend::Object(self.object()?)),
        }
    }

    fn redis(&self) -> Result<redis::Settings, Mistake> {
        let bucket = self.bucket;
        let Some(url) = &bucket.url else {
            return Err(self.about("url", "is missing: the backend `redis` needs a server"));
        };
        let prefix = bucket.prefix.as_deref().unwrap_or("colloquy");
        if !prefix.bytes().all(|byte| byte.is_ascii_graphic()) || prefix.contains(['{', '}']) {
            return Err(self.about(
                "prefix",
                "must be letters, digits and signs, without braces",
            ));
        }
        let credentials = self.credentials()?;
        let patience = Duration::from_millis(bucket.timeout_ms.unwrap_or(REDIS_MS));
        // In braces: what a cluster keeps together.
        let prefix = format!("{prefix}:{{{}}}", self.name);
        redis::Settings::new(url, credentials.as_deref(), prefix, patience)
            .map_err(|what| self.about("url", what))
    }

    fn object(&self) -> Result<object::Settings, Mistake> {
        let bucket = self.bucket;
        let Some(url) = &bucket.url else {
            return Err(self.about("url", "is missing: the backend `object` needs a place"));
        };
        let credentials = self.credentials()?;
        let access = object::Access {
            endpoint: bucket.endpoint.as_deref(),
            region: bucket.region.as_deref(),
            credentials: credentials.as_deref(),
        };
        let patience = Duration::from_millis(bucket.timeout_ms.unwrap_or(OBJECT_MS));
        object::Settings::new(url, &access, patience)
            .map_err(|(field, what)| self.about(field, what))
    }

    fn credentials(&self) -> Result<Option<String>, Mistake> {
        let key = format!("keyvalue.{}.credentials", self.name);
        let credential = self.bucket.credentials.as_ref();
        credential
            .map(|it| self.reader.secret(&key, it))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn parse(section: &str) -> Result<Config, String> {
        let text = format!("[keyvalue.s]\nmax_mib = 1\n{section}\n");
        let config = Config::parse(Path::new("/etc/colloquy.toml"), &text);
        config.map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn a_bucket_may_be_in_a_redis_server() {
        let shown = |section: &str| {
            let bucket = parse(section).unwrap().buckets.remove(0);
            let shown = bucket.backend.to_string();
            assert!(!format!("{bucket:?}").contains(&std::env::var("PATH").unwrap()));
            shown
        };
        assert_eq!(
            shown("backend = 'redis'\nurl = 'redis://h:1/3'\ncredentials = { env = 'PATH' }"),
            "colloquy:{s} at h:1, database 3"
        );
        let section = "backend = 'redis'\nurl = 'rediss://h'\nprefix = 'mine'\ntimeout_ms = 100";
        assert_eq!(shown(section), "mine:{s} at h:6379, database 0");
    }

    #[test]
    fn a_bucket_may_be_in_object_storage() {
        for (section, expected) in [
            ("url = 's3://b'", "s3://b/"),
            (
                "url = 's3://b/a/b'\nendpoint = 'http://h:1'\nregion = 'x'",
                "s3://b/a/b at http://h:1",
            ),
            ("url = 'file:///var/audio'", "file:///var/audio"),
        ] {
            let mut config = parse(&format!("backend = 'object'\n{section}")).unwrap();
            assert_eq!(config.buckets.remove(0).backend.to_string(), expected);
        }
    }

    #[test]
    fn mistakes_in_buckets_have_their_line() {
        for (section, told) in [
            ("backend = 'object'", "line 1: keyvalue.s.url is missing"),
            (
                "backend = 'object'\nurl = 'gs://b'",
                "line 4: keyvalue.s.url is not an address such as `s3://bucket/folder`",
            ),
            (
                "backend = 'object'\nurl = 'file://data'",
                "line 4: keyvalue.s.url must have a whole path",
            ),
            (
                "backend = 'object'\nurl = 's3://b/../c'",
                "line 4: keyvalue.s.url must have a folder without",
            ),
            (
                "backend = 'object'\nurl = 's3://k:s@b'",
                "line 4: keyvalue.s.url must be the name of a bucket",
            ),
            (
                "backend = 'object'\nurl = 's3://b'\nendpoint = 'h:1'",
                "line 5: keyvalue.s.endpoint is not an address",
            ),
            (
                "backend = 'object'\nurl = 'file:///d'\nregion = 'x'",
                "line 5: keyvalue.s.region means nothing for a folder",
            ),
            (
                "backend = 'object'\nurl = 's3://b'\ncredentials = { env = 'HOME' }",
                "line 5: keyvalue.s.credentials must be the id of a key and its secret",
            ),
            (
                "backend = 'object'\nurl = 's3://b'\nprefix = 'x'",
                "line 5: keyvalue.s.prefix means nothing for the backend `object`",
            ),
            ("backend = 'redis'", "line 1: keyvalue.s.url is missing"),
            (
                "backend = 'redis'\nurl = 'http://h'",
                "line 4: keyvalue.s.url is not an address such as `redis://127.0.0.1:6379/0`",
            ),
            (
                "backend = 'redis'\nurl = 'redis://u:p@h'",
                "line 4: keyvalue.s.url must not have a password in it",
            ),
            (
                "backend = 'redis'\nurl = 'redis://h/x'",
                "line 4: keyvalue.s.url is not an address",
            ),
            (
                "backend = 'redis'\nurl = 'rediss://h#insecure'",
                "line 4: keyvalue.s.url is not an address",
            ),
            (
                "backend = 'redis'\nurl = 'redis://h'\ncredentials = { env = 'NOT_SET_AT_ALL' }",
                "line 5: keyvalue.s.credentials names the environment variable NOT_SET_AT_ALL",
            ),
            (
                "backend = 'redis'\nurl = 'redis://h'\nprefix = 'a{b'",
                "line 5: keyvalue.s.prefix must be letters",
            ),
            (
                "backend = 'redis'\nurl = 'redis://h'\ntimeout_ms = 1",
                "line 5: keyvalue.s.timeout_ms must be 50 to 60000",
            ),
            (
                "backend = 'redis'\nurl = 'redis://h'\npath = 'x'",
                "line 5: keyvalue.s.path means nothing for the backend `redis`",
            ),
            (
                "backend = 'memory'\nurl = 'redis://h'",
                "line 4: keyvalue.s.url means nothing for the backend `memory`",
            ),
        ] {
            let text = parse(section).unwrap_err();
            assert!(text.contains(told), "{section}: {text}");
        }
    }
}
