//! The HTTP client of object storage: hyper with the host's TLS, in place of a second HTTP library. Bodies are whole and bounded.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, connect};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpService,
};
use rustls::ClientConfig;

/// How long a connection is kept without use, and how many of them.
const IDLE: (Duration, usize) = (Duration::from_secs(60), 16);

type Pool = legacy::Client<HttpsConnector<connect::HttpConnector>, Full<Bytes>>;

/// Connects to object storage.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pool: Pool,
    patience: Duration,
    max_body: usize,
}

impl Connector {
    /// `patience` is for each request; a response may have a body of `max_body` bytes.
    pub(super) fn new(tls: ClientConfig, patience: Duration, max_body: usize) -> Self {
        let mut tcp = connect::HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(patience));
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let pool = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE.0)
            .pool_max_idle_per_host(IDLE.1)
            .build(https);
        Self {
            pool,
            patience,
            max_body,
        }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = http::Request::from_parts(head, Full::new(body));
        let response = self.pool.request(request).await.map_err(|error| {
            let kind = match error.is_connect() {
                true => HttpErrorKind::Connect,
                false => HttpErrorKind::Interrupted,
            };
            HttpError::new(kind, error)
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, self.max_body).collect().await;
        let body = body.map_err(|error| HttpError::new_boxed(HttpErrorKind::Interrupted, error))?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().into()))
    }
}

#[async_trait::async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(self.patience, self.exchange(request)).await;
        answer.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}
