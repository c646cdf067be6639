//! The end of exchanges that nobody waits for: a guest cannot be told, and would wait for a silent server, and ask it again.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::watch;
use wasmtime_wasi_http::{Error, WasiBody};

/// Returns when nobody waits any more; never where nobody is to be watched.
pub(super) async fn unwanted(wanted: Option<watch::Receiver<()>>) {
    match wanted {
        Some(mut wanted) => while wanted.changed().await.is_ok() {},
        None => std::future::pending().await,
    }
}

/// A body that fails once nobody waits for it.
pub(super) struct WhileWanted {
    body: WasiBody,
    unwanted: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl WhileWanted {
    pub(super) fn new(body: WasiBody, wanted: Option<watch::Receiver<()>>) -> Self {
        Self {
            body,
            unwanted: Box::pin(unwanted(wanted)),
        }
    }
}

impl Body for WhileWanted {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.unwanted.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(Error::HttpRequestDenied)));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
