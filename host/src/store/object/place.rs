//! Where a bucket of objects is: a folder, or a place in an S3 bucket.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use super::http::Connector;
use crate::outbound;
use crate::store::Error;

/// What a response has beside a value.
const ROOM: u64 = 4 << 20;
/// Attempts after the first, and the pauses between them.
const RETRIES: (usize, Duration, Duration) =
    (3, Duration::from_millis(50), Duration::from_millis(500));

/// Where a bucket is.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(super) place: Place,
    pub(super) patience: Duration,
}

#[derive(Clone)]
pub(super) enum Place {
    Folder(PathBuf),
    S3(S3),
}

#[derive(Clone)]
pub(super) struct S3 {
    bucket: String,
    prefix: Path,
    endpoint: Option<String>,
    region: Option<String>,
    /// Key and secret; otherwise what the environment has for AWS.
    credentials: Option<(String, String)>,
}

/// What configuration says beside the URL. `credentials` are the id of an access key and its secret, with a colon between them.
pub(crate) struct Access<'a> {
    pub(crate) endpoint: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) credentials: Option<&'a str>,
}

impl Settings {
    /// The folder, if it is one.
    pub(crate) fn folder(&self) -> Option<&std::path::Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::S3(_) => None,
        }
    }
}

/// Has the credentials left out.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Folder(folder) => write!(f, "file://{}", folder.display()),
            Place::S3(s3) => {
                write!(f, "s3://{}/{}", s3.bucket, s3.prefix)?;
                s3.endpoint.iter().try_for_each(|it| write!(f, " at {it}"))
            }
        }
    }
}

impl Settings {
    /// # Errors
    /// The key that is wrong, and what is wrong with it.
    pub(crate) fn new(
        url: &str,
        access: &Access<'_>,
        patience: Duration,
    ) -> Result<Self, (&'static str, &'static str)> {
        let place = if let Some(folder) = url.strip_prefix("file://") {
            if !folder.starts_with('/') || folder.contains(['%', '?', '#']) {
                return Err((
                    "url",
                    "must have a whole path, such as file:///var/lib/colloquy",
                ));
            }
            let for_servers = "means nothing for a folder";
            for (key, value) in [
                ("endpoint", access.endpoint),
                ("region", access.region),
                ("credentials", access.credentials),
            ] {
                if value.is_some() {
                    return Err((key, for_servers));
                }
            }
            Place::Folder(folder.into())
        } else if let Some(rest) = url.strip_prefix("s3://") {
            Place::S3(S3::new(rest, access)?)
        } else {
            return Err((
                "url",
                "is not an address such as `s3://bucket/folder` or `file:///folder`",
            ));
        };
        Ok(Self { place, patience })
    }
}

impl S3 {
    fn new(rest: &str, access: &Access<'_>) -> Result<Self, (&'static str, &'static str)> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        if bucket.is_empty() || !rest.chars().all(is_plain) {
            return Err((
                "url",
                "must be the name of a bucket, and a folder of letters, digits, `-`, `.`, `_`",
            ));
        }
        let prefix = Path::parse(prefix).map_err(|_| {
            (
                "url",
                "must have a folder without empty parts, `.` and `..`",
            )
        })?;
        let is_http = |it: &&str| it.starts_with("http://") || it.starts_with("https://");
        if access.endpoint.is_some_and(|it| !is_http(&it)) {
            return Err((
                "endpoint",
                "is not an address such as `https://s3.example.com`",
            ));
        }
        if access.endpoint.is_some_and(|it| it.contains('@')) {
            return Err((
                "endpoint",
                "must not have a password in it: use `credentials`",
            ));
        }
        let credentials = match access.credentials.map(|it| it.split_once(':')) {
            None => None,
            Some(Some((key, secret))) => Some((key.to_owned(), secret.to_owned())),
            Some(None) => {
                return Err((
                    "credentials",
                    "must be the id of a key and its secret with a colon between them",
                ));
            }
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
            endpoint: access.endpoint.map(str::to_owned),
            region: access.region.map(str::to_owned),
            credentials,
        })
    }
}

impl Settings {
    /// The store, and where in it the objects are.
    pub(super) fn open(&self, max_bytes: u64) -> Result<(Arc<dyn ObjectStore>, Path), Error> {
        let failed = |error: &dyn fmt::Display| Error::Backend(error.to_string());
        match &self.place {
            Place::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .map_err(|error| Error::Backend(format!("{}: {error}", folder.display())))?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(|e| failed(&e))?;
                Ok((Arc::new(store), Path::default()))
            }
            Place::S3(s3) => {
                let tls = outbound::tls().map_err(|error| failed(&error))?;
                let max_body = usize::try_from(max_bytes + ROOM).unwrap_or(usize::MAX);
                let connector = Connector::new(tls, self.patience, max_body);
                let store = s3.open(connector, self.patience).map_err(|e| failed(&e))?;
                Ok((store, s3.prefix.clone()))
            }
        }
    }
}

impl S3 {
    fn open(
        &self,
        connector: Connector,
        patience: Duration,
    ) -> object_store::Result<Arc<dyn ObjectStore>> {
        let (max_retries, init_backoff, max_backoff) = RETRIES;
        let mut builder = match &self.credentials {
            Some((key, secret)) => AmazonS3Builder::new()
                .with_access_key_id(key)
                .with_secret_access_key(secret),
            None => AmazonS3Builder::from_env(),
        };
        if let Some(endpoint) = &self.endpoint {
            builder = builder
                .with_endpoint(endpoint.trim_end_matches('/'))
                .with_allow_http(endpoint.starts_with("http://"));
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff,
                max_backoff,
                base: 2.0,
            },
            max_retries,
            retry_timeout: patience,
        };
        let store = builder
            .with_bucket_name(&self.bucket)
            // One object at a time is removed, which every server can.
            .with_disable_bulk_delete(true)
            .with_retry(retry)
            .with_http_connector(connector)
            .build()?;
        Ok(Arc::new(store))
    }
}
