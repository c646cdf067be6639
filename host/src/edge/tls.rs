//! TLS of the listener: a certificate that is read again when its files change, or at SIGHUP.
//!
//! HTTP/1.1 only, and ALPN says so. HTTP/2 would need limits of its own (streams, resets, header tables) for what a proxy does better.
//!
//! Invariant: a certificate that cannot be used never takes the place of one that can; the host says so in its log and goes on.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::HeaderValue;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How often the files are looked at. Certificates change every few weeks, and somebody may wait for the change.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Most bytes of either file.
const MOST: u64 = 1 << 20;

/// Where certificate and key are.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The certificate and those that vouch for it, in PEM, the server's first.
    pub(crate) certificate: PathBuf,
    /// Its private key, in PEM.
    pub(crate) key: PathBuf,
    /// For how long browsers are told to come by TLS only.
    pub(crate) hsts: Option<HeaderValue>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{file}: {error}", file = .0.display(), error = .1)]
    File(PathBuf, io::Error),
    /// A file is not PEM, or has not in it what it should.
    #[error("{file}: {what}", file = .0.display(), what = .1)]
    Pem(PathBuf, String),
    /// Certificate and key are not for each other, or of a kind that is not known.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The listener's TLS.
pub(crate) struct Tls {
    settings: Settings,
    current: ArcSwap<Loaded>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    /// Of both files.
    digest: [u8; 32],
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When they cannot be used.
    pub(crate) fn new(settings: Settings) -> Result<Self, TlsError> {
        let files = Files::read(&settings)?;
        let loaded = Loaded {
            config: files.config(&settings)?,
            digest: files.digest,
        };
        Ok(Self {
            settings,
            current: ArcSwap::from_pointee(loaded),
        })
    }

    /// The beginning of a connection.
    ///
    /// # Errors
    /// When the client is no TLS client, goes away, or agrees to nothing that the server can do.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<TlsStream<S>> {
        let config = Arc::clone(&self.current.load().config);
        TlsAcceptor::from(config).accept(stream).await
    }

    /// What browsers are told about coming back.
    pub(super) fn hsts(&self) -> Option<&HeaderValue> {
        self.settings.hsts.as_ref()
    }

    /// Looks after the files for as long as the host runs.
    pub(super) async fn look_after(self: Arc<Self>) {
        let mut asked = signal(SignalKind::hangup())
            .inspect_err(|error| tracing::warn!("no reload at SIGHUP: {error}"))
            .ok();
        let mut told = None;
        loop {
            let was_asked = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                () = hangup(asked.as_mut()) => true,
            };
            let tls = Arc::clone(&self);
            let Ok(outcome) = tokio::task::spawn_blocking(move || tls.renew()).await else {
                continue;
            };
            match outcome {
                Ok(true) => tracing::info!("a new certificate is in use"),
                Ok(false) if was_asked => tracing::info!("the certificate has not changed"),
                Ok(false) => {}
                // Once for each reason: the files are looked at every few seconds, perhaps in the middle of a change.
                Err(error) => {
                    let error = error.to_string();
                    if was_asked || told.as_ref() != Some(&error) {
                        tracing::error!("the old certificate stays in use: {error}");
                    }
                    told = Some(error);
                    continue;
                }
            }
            told = None;
        }
    }

    /// Takes the files as they are now; false when they have not changed.
    fn renew(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.settings)?;
        if files.digest == self.current.load().digest {
            return Ok(false);
        }
        let config = files.config(&self.settings)?;
        self.current.store(Arc::new(Loaded {
            config,
            digest: files.digest,
        }));
        Ok(true)
    }
}

/// Without TLS there is nothing to read again, and SIGHUP would end the host. That is right for one in a terminal that is closed; a
/// supervisor that asks for a reload does not mean it.
pub(super) async fn nothing_to_look_after() {
    if io::stdin().is_terminal() {
        return;
    }
    let Ok(mut asked) = signal(SignalKind::hangup()) else {
        return;
    };
    while asked.recv().await.is_some() {
        tracing::info!("SIGHUP: there is no certificate to read again");
    }
}

async fn hangup(asked: Option<&mut tokio::signal::unix::Signal>) {
    match asked {
        Some(asked) => {
            asked.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Both files as they are.
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    digest: [u8; 32],
}

impl Files {
    fn read(settings: &Settings) -> Result<Self, TlsError> {
        let read = |path: &PathBuf| {
            use std::io::Read as _;
            let mut bytes = Vec::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(MOST).read_to_end(&mut bytes))
                .map_err(|error| TlsError::File(path.clone(), error))?;
            Ok::<_, TlsError>(bytes)
        };
        let (certificate, key) = (read(&settings.certificate)?, read(&settings.key)?);
        let mut digest = Sha256::new();
        digest.update((certificate.len() as u64).to_le_bytes());
        digest.update(&certificate);
        digest.update(&key);
        Ok(Self {
            certificate,
            key,
            digest: digest.finalize().into(),
        })
    }

    fn config(&self, settings: &Settings) -> Result<Arc<ServerConfig>, TlsError> {
        let wrong = |path: &PathBuf, what: String| TlsError::Pem(path.clone(), what);
        let chain = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| wrong(&settings.certificate, error.to_string()))?;
        if chain.is_empty() {
            let what = "there is no certificate in it".to_owned();
            return Err(wrong(&settings.certificate, what));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| wrong(&settings.key, error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
