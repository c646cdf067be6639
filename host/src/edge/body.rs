//! Response bodies: the host's own, and those of the edge component with whatever must end together with them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// Any response body of this host.
pub(super) type Body = UnsyncBoxBody<Bytes, Cut>;

/// The response ends before it is complete; the connection is closed so that the client can tell.
#[derive(Debug, thiserror::Error)]
#[error("the response was cut short")]
pub(crate) struct Cut;

/// A body that is there already.
pub(super) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into())
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// How the instance behind a response ended, once it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Finished,
    Failed,
    TimedOut,
}

/// How long an instance whose client has left may take to notice, which it does with the next piece that it writes, and to put away what it
/// holds (a session is claimed by its turn). Pieces come as fast as speech is made.
const NOTICE: Duration = Duration::from_secs(2);

/// How long an instance may take to remove what a client wanted removed that has left before it was.
const REMOVE: Duration = Duration::from_secs(10);

/// A running instance of the edge component, stopped when nobody waits for it any more.
pub(super) struct Running {
    task: Option<JoinHandle<()>>,
    fate: Arc<OnceLock<Fate>>,
    /// Whether it goes on although nobody waits: what is half removed would be neither there nor gone.
    removes: bool,
}

impl Running {
    pub(super) fn new(task: JoinHandle<()>, fate: Arc<OnceLock<Fate>>, removes: bool) -> Self {
        Self {
            task: Some(task),
            fate,
            removes,
        }
    }

    /// How it ended, if it has.
    pub(super) fn fate(&self) -> Option<Fate> {
        self.fate.get().copied()
    }

    /// Stops it, but not before it had that much time.
    fn stop_after(&mut self, patience: Duration) {
        let Some(mut task) = self.task.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move {
                if tokio::time::timeout(patience, &mut task).await.is_err() {
                    task.abort();
                }
            })),
            Err(_) => task.abort(),
        }
    }

    /// Lets it finish by itself: its answer is complete, and it may have something to put away.
    fn release(&mut self) {
        self.task = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.removes {
            self.stop_after(REMOVE);
        } else if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The body that an instance writes. When it is dropped early the instance can write no more, and is stopped; when the instance failed, it
/// is cut, because a body that merely stops would look complete.
pub(super) struct GuestBody {
    inner: HyperOutgoingBody,
    running: Running,
    /// Bytes still to come, when the length was announced.
    left: Option<u64>,
}

impl GuestBody {
    /// `length` is what the response announced.
    pub(super) fn new(inner: HyperOutgoingBody, running: Running, length: Option<u64>) -> Self {
        let mut body = Self {
            inner,
            running,
            left: length,
        };
        body.settle();
        body
    }

    fn settle(&mut self) {
        if self.left == Some(0) {
            self.running.release();
        }
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        self.running.stop_after(NOTICE);
    }
}

impl HttpBody for GuestBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
            return Poll::Pending;
        };
        Poll::Ready(match frame {
            Some(Ok(frame)) => {
                let n = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.left = self.left.map(|left| left.saturating_sub(n));
                self.settle();
                Some(Ok(frame))
            }
            Some(Err(error)) => {
                tracing::warn!("response cut short: {error}");
                Some(Err(Cut))
            }
            None if matches!(self.running.fate(), Some(Fate::Failed | Fate::TimedOut)) => {
                Some(Err(Cut))
            }
            None => {
                self.running.release();
                None
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// A body together with something that ends when it does.
pub(super) struct With<T> {
    pub(super) body: Body,
    pub(super) tail: T,
}

/// Told what passes.
pub(super) trait Tail: Unpin + Send + 'static {
    /// So many bytes were handed on.
    fn sent(&mut self, n: usize);
    /// The body ended by itself.
    fn complete(&mut self, whole: bool);
}

impl<T: Tail> HttpBody for With<T> {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            return Poll::Pending;
        };
        match &frame {
            Some(Ok(frame)) => self.tail.sent(frame.data_ref().map_or(0, Bytes::len)),
            Some(Err(_)) => self.tail.complete(false),
            None => self.tail.complete(true),
        }
        if self.body.is_end_stream() {
            self.tail.complete(true);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
