//! The body of a request as it comes in: not too large, and not too slow.
//!
//! While a body arrives, an instance of the edge component waits for it, and there are only so many. A client that sends a byte now and
//! then would keep one for as long as a request may take. So a body has a time in which it must have begun or gone on, and a rate: waiting
//! uses that time up, and bytes give it back, never more than all of it. Who has sent a lot at once may not be silent for longer than others.
//! A microphone that is heard while it speaks is far above the rate.
//!
//! And a body that nobody wants any more is read on for a while. A client that is turned away is mostly still sending, and if the
//! connection is closed under it, it never sees the answer that says why and when to come back.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep};

/// How fast a body has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Longest wait for anything of it.
    pub(crate) grace: Duration,
    /// Bytes per second, on average; 0 for none: any byte is enough.
    pub(crate) rate: u64,
}

/// Whether a body was given up because it was too slow.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict(Arc<AtomicBool>);

impl Verdict {
    /// Whether it was.
    pub(super) fn is_too_slow(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A body was too slow.
#[derive(Debug, thiserror::Error)]
#[error("the request body came too slowly")]
pub(super) struct TooSlow;

/// A body with a pace. Only the time counts in which somebody waits for it: when the edge component is busy, so may the client be.
pub(super) struct Paced<B> {
    inner: B,
    pace: Pace,
    /// How much longer somebody may wait.
    patience: Duration,
    /// Since when somebody waits, and the end of that.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    verdict: Verdict,
}

impl<B> Paced<B> {
    pub(super) fn new(inner: B, pace: Pace) -> (Self, Verdict) {
        let verdict = Verdict::default();
        let paced = Self {
            inner,
            pace,
            patience: pace.grace,
            waiting: None,
            verdict: verdict.clone(),
        };
        (paced, verdict)
    }

    /// Bytes have come, after a wait.
    fn settle(&mut self, waited: Duration, n_bytes: usize) {
        let Pace { grace, rate } = self.pace;
        let paid = match (n_bytes as u64).saturating_mul(1_000).checked_div(rate) {
            Some(ms) => Duration::from_millis(ms),
            None => grace,
        };
        let left = self.patience.saturating_sub(waited);
        self.patience = left.saturating_add(paid).min(grace);
    }
}

/// How long a body that nobody wants is read on.
const LINGER: Duration = Duration::from_secs(10);

/// A body that is read on when it is dropped before its end.
pub(super) struct Lingering<B>
where
    B: Body + Unpin + Send + 'static,
{
    inner: Option<B>,
}

impl<B> Lingering<B>
where
    B: Body + Unpin + Send + 'static,
{
    pub(super) fn new(inner: B) -> Self {
        Self { inner: Some(inner) }
    }
}

impl<B> Body for Lingering<B>
where
    B: Body + Unpin + Send + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(inner).poll_frame(context);
        // Its end is there, or it is too large or too slow: there is nothing to wait for.
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            this.inner = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl<B> Drop for Lingering<B>
where
    B: Body + Unpin + Send + 'static,
{
    fn drop(&mut self) {
        let Some(mut body) = self.inner.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            let _enough = tokio::time::timeout(LINGER, rest).await;
        });
    }
}

impl<B> Body for Paced<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(context);
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let waiting = this.waiting.take();
                let waited = waiting.map_or(Duration::ZERO, |(since, _)| since.elapsed());
                this.settle(waited, frame.data_ref().map_or(0, Bytes::len));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(other) => Poll::Ready(other.map(|frame| frame.map_err(Into::into))),
            Poll::Pending => {
                let patience = this.patience;
                let (_, end) = this
                    .waiting
                    .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(patience))));
                if end.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                this.verdict.0.store(true, Ordering::SeqCst);
                Poll::Ready(Some(Err(Box::new(TooSlow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces of one byte, one after each time.
    struct Trickle {
        left: usize,
        each: Duration,
        next: Pin<Box<Sleep>>,
    }

    impl Body for Trickle {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            std::task::ready!(self.next.as_mut().poll(context));
            self.left -= 1;
            let next = Instant::now() + self.each;
            self.next.as_mut().reset(next);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    async fn arrives(n: usize, each: Duration, pace: Pace) -> bool {
        let trickle = Trickle {
            left: n,
            each,
            next: Box::pin(sleep(each)),
        };
        let (body, verdict) = Paced::new(trickle, pace);
        let outcome = Box::pin(body.collect()).await;
        assert_eq!(outcome.is_err(), verdict.is_too_slow());
        outcome.is_ok()
    }

    #[tokio::test]
    async fn a_body_may_be_slow_and_not_too_slow() {
        let patient = Pace {
            grace: Duration::from_secs(600),
            rate: 1,
        };
        let strict = Pace {
            grace: Duration::from_millis(50),
            rate: 1_000_000,
        };
        let any = Pace { rate: 0, ..patient };
        let none = Pace { rate: 0, ..strict };
        let moment = Duration::from_millis(2);
        assert!(arrives(20, moment, patient).await);
        assert!(arrives(20, moment, any).await);
        assert!(!arrives(usize::MAX, moment, strict).await);
        assert!(!arrives(1, Duration::from_secs(86_400), strict).await);
        assert!(!arrives(1, Duration::from_secs(86_400), none).await);
    }

    /// A lot at once, and then nothing.
    struct Burst(Option<Bytes>);

    impl Body for Burst {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            self.0.take().map_or(Poll::Pending, |bytes| {
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            })
        }
    }

    #[tokio::test]
    async fn bytes_buy_no_silence() {
        let pace = Pace {
            grace: Duration::from_millis(20),
            rate: 1,
        };
        let (body, verdict) = Paced::new(Burst(Some(vec![0; 1 << 20].into())), pace);
        assert!(body.collect().await.is_err());
        assert!(verdict.is_too_slow());
    }

    /// Counts how many pieces were taken of it.
    struct Counted(Trickle, Arc<std::sync::atomic::AtomicUsize>);

    impl Body for Counted {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let polled = Pin::new(&mut self.0).poll_frame(context);
            if matches!(polled, Poll::Ready(Some(Ok(_)))) {
                self.1.fetch_add(1, Ordering::SeqCst);
            }
            polled
        }
    }

    #[tokio::test]
    async fn what_nobody_wants_is_read_on() {
        let taken = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let each = Duration::from_millis(1);
        let trickle = Trickle {
            left: 20,
            each,
            next: Box::pin(sleep(each)),
        };
        let mut body = Lingering::new(Counted(trickle, Arc::clone(&taken)));
        assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
        drop(body);
        while taken.load(Ordering::SeqCst) < 20 {
            sleep(each).await;
        }
    }

    /// A client that sends a lot and is turned away at once can send all of it, and then read the answer.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_that_is_turned_away_reads_the_answer() {
        use hyper::service::service_fn;
        use hyper_util::rt::TokioIo;
        use std::io::{Read, Write};

        const LENGTH: usize = 8 << 20;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
                drop(Lingering::new(request.into_body()));
                let body = http_body_util::Empty::<Bytes>::new();
                http::Response::builder().status(503).body(body)
            });
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
        });
        let client = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let head = format!(
                "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {LENGTH}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            for _ in 0..LENGTH / 65_536 {
                stream.write_all(&[0; 65_536]).unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = client.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        serve.await.unwrap().unwrap();
    }

    #[test]
    fn bytes_pay_for_time_and_only_waiting_costs_it() {
        let pace = Pace {
            grace: Duration::from_secs(10),
            rate: 100,
        };
        let (mut body, _) = Paced::new((), pace);
        assert_eq!(body.patience, Duration::from_secs(10));
        body.settle(Duration::from_secs(8), 250);
        assert_eq!(body.patience, Duration::from_millis(4_500));
        body.settle(Duration::from_secs(12), 0);
        assert_eq!(body.patience, Duration::ZERO);
        // Nobody can pay ahead.
        for n_bytes in [150_000, usize::MAX] {
            body.settle(Duration::ZERO, n_bytes);
            assert_eq!(body.patience, Duration::from_secs(10));
        }
        let (mut body, _) = Paced::new((), Pace { rate: 0, ..pace });
        body.settle(Duration::from_secs(9), 1);
        assert_eq!(body.patience, Duration::from_secs(10));
    }
}
