//! A fixed number of workers, each a thread with one bench that is lent to one caller at a time.
//!
//! The pool knows nothing of wasmtime: a [`Bench`] is whatever the loader makes. Rules:
//! * A worker joins only after its loader succeeded, and loads again by itself when its bench broke, so that a pool never has more
//!   benches in memory than it has workers. A loader that fails is tried again with growing pauses.
//! * A lease is exclusive. When it is dropped the worker first finishes what it was given, then puts the bench in order, then takes
//!   the next lease: an abandoned call never costs the next caller its time.
//! * At most `queue` callers wait, in order of arrival, for at most `queue_timeout`.
//! * Dropping the pool lets the leases that are out finish, then ends the threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, oneshot, watch};
use tracing::Span;

use super::fault::{Fault, Retired};

/// Shortest and longest pause before a failed loader is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Bounds of the hint that a refused caller gets, in milliseconds.
const RETRY_MS: (u64, u64) = (100, 10_000);

/// What a worker works with; made, used and dropped on the worker's thread.
pub(crate) trait Bench: 'static {
    /// Puts away what the last caller left.
    fn reset(&mut self);
    /// Why it cannot be used any more, if it cannot.
    fn broken(&self) -> Option<Retired>;
}

/// The size of a pool and of its queue.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The stage's name, for threads and messages.
    pub(crate) name: &'static str,
    /// How many workers there are.
    pub(crate) instances: usize,
    /// How many callers may wait.
    pub(crate) queue: usize,
    /// How long each may wait.
    pub(crate) queue_timeout: Duration,
}

/// A pool at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Workers there should be.
    pub(crate) instances: usize,
    /// Workers with a loaded bench.
    pub(crate) ready: usize,
    /// Of these, how many are lent.
    pub(crate) in_use: usize,
    /// Callers in the queue, and how many may be.
    pub(crate) waiting: usize,
    pub(crate) queue: usize,
    /// Whether all workers were ready at least once.
    pub(crate) settled: bool,
    /// Why the last attempt to load failed, for the operator; none once a later one succeeded.
    pub(crate) failure: Option<String>,
}

type Job<B> = Box<dyn FnOnce(&mut B) + Send>;
type Loader<B> = Box<dyn Fn() -> Result<B, String> + Send + Sync>;
type Observer = Box<dyn Fn(Retired) + Send + Sync>;

enum Message<B> {
    Run(Job<B>),
    Release,
    Stop,
}

struct Shared<B> {
    rules: Rules,
    load: Loader<B>,
    on_retired: Observer,
    idle: Mutex<Vec<Sender<Message<B>>>>,
    /// As many permits as there are idle workers.
    free: Semaphore,
    waiting: AtomicUsize,
    status: Mutex<Loading>,
    closing: AtomicBool,
    /// Wakes the threads that pause before they load again.
    wake: Condvar,
    /// Moving average of the length of a lease, in microseconds.
    lease_us: AtomicU64,
}

#[derive(Default)]
struct Loading {
    ready: usize,
    settled: bool,
    failure: Option<String>,
}

/// Workers that are lent one caller at a time.
pub(crate) struct Pool<B> {
    shared: Arc<Shared<B>>,
}

impl<B: Bench> Pool<B> {
    /// Starts the threads, which begin to load at once.
    pub(crate) fn start(
        rules: Rules,
        load: impl Fn() -> Result<B, String> + Send + Sync + 'static,
        on_retired: impl Fn(Retired) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let pool = Self {
            shared: Arc::new(Shared {
                load: Box::new(load),
                on_retired: Box::new(on_retired),
                idle: Mutex::default(),
                free: Semaphore::new(0),
                waiting: AtomicUsize::new(0),
                status: Mutex::default(),
                closing: AtomicBool::new(false),
                wake: Condvar::new(),
                lease_us: AtomicU64::new(0),
                rules,
            }),
        };
        for k in 0..pool.shared.rules.instances {
            let shared = Arc::clone(&pool.shared);
            thread::Builder::new()
                .name(format!("{}-{k}", shared.rules.name))
                .spawn(move || shared.work())?;
        }
        Ok(pool)
    }

    /// A worker for the caller alone, as soon as one is free.
    ///
    /// # Errors
    /// `Busy` when the queue is full or the wait was too long, `Unavailable` when nothing could be loaded.
    pub(crate) async fn lease(&self) -> Result<Lease<B>, Fault> {
        let shared = &self.shared;
        let permit = match shared.free.try_acquire() {
            Ok(permit) => permit,
            Err(_) => {
                shared.unavailable()?;
                let _place = Place::take(shared)?;
                match tokio::time::timeout(shared.rules.queue_timeout, shared.free.acquire()).await
                {
                    Ok(Ok(permit)) => permit,
                    Ok(Err(_)) => return Err(Fault::internal(shared.rules.name)),
                    Err(_) => {
                        shared.unavailable()?;
                        shared.starting()?;
                        return Err(shared.busy());
                    }
                }
            }
        };
        // The permit comes back when the worker does.
        permit.forget();
        let worker = lock(&shared.idle)
            .pop()
            .ok_or_else(|| Fault::internal(shared.rules.name))?;
        Ok(Lease {
            worker,
            shared: Arc::clone(shared),
            since: Instant::now(),
            wanted: Arc::new(watch::Sender::new(())),
        })
    }

    /// The pool at this moment.
    pub(crate) fn status(&self) -> Status {
        let shared = &self.shared;
        let idle = lock(&shared.idle).len();
        let loading = lock(&shared.status);
        Status {
            instances: shared.rules.instances,
            ready: loading.ready,
            in_use: loading.ready.saturating_sub(idle),
            queue: shared.rules.queue,
            waiting: shared.waiting.load(Ordering::Relaxed),
            settled: loading.settled,
            failure: loading.failure.clone(),
        }
    }
}

impl<B> Drop for Pool<B> {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for worker in lock(&self.shared.idle).drain(..) {
            let _ended = worker.send(Message::Stop);
        }
        let _guard = lock(&self.shared.status);
        self.shared.wake.notify_all();
    }
}

impl<B: Bench> Shared<B> {
    /// The life of one worker thread.
    fn work(self: Arc<Self>) {
        let mut pause = BACKOFF.0;
        while !self.closing.load(Ordering::SeqCst) {
            match catch_unwind(AssertUnwindSafe(|| (self.load)())) {
                Ok(Ok(mut bench)) => {
                    pause = BACKOFF.0;
                    self.joined();
                    let why = self.serve(&mut bench);
                    lock(&self.status).ready -= 1;
                    match why {
                        Some(why) => (self.on_retired)(why),
                        None => return,
                    }
                }
                Ok(Err(reason)) => self.failed(reason, &mut pause),
                Err(_) => self.failed("the loader panicked".into(), &mut pause),
            }
        }
    }

    fn joined(&self) {
        let mut status = lock(&self.status);
        status.ready += 1;
        status.failure = None;
        if status.ready == self.rules.instances {
            status.settled = true;
        }
    }

    fn failed(&self, reason: String, pause: &mut Duration) {
        tracing::error!(
            stage = self.rules.name,
            retry_ms = pause.as_millis() as u64,
            "cannot load: {reason}"
        );
        let mut status = lock(&self.status);
        status.failure = Some(reason);
        if !self.closing.load(Ordering::SeqCst) {
            drop(
                self.wake
                    .wait_timeout(status, *pause)
                    .unwrap_or_else(PoisonError::into_inner),
            );
        }
        *pause = (*pause * 2).min(BACKOFF.1);
    }

    /// Works for one lease after the other until the bench breaks (`Some`) or the pool closes (`None`).
    fn serve(&self, bench: &mut B) -> Option<Retired> {
        let (worker, messages) = channel();
        loop {
            if !self.offer(&worker) {
                return None;
            }
            if let Some(end) = self.serve_lease(bench, &messages) {
                return end;
            }
        }
    }

    /// Works for one lease: `None` when it was given back, otherwise how the worker ends.
    fn serve_lease(
        &self,
        bench: &mut B,
        messages: &Receiver<Message<B>>,
    ) -> Option<Option<Retired>> {
        loop {
            match messages.recv() {
                Ok(Message::Run(job)) => {
                    // A panic here is a defect of the host; it costs this instance, not the thread.
                    let panicked = catch_unwind(AssertUnwindSafe(|| job(bench))).is_err();
                    if let Some(why) = bench.broken().or(panicked.then_some(Retired::Trap)) {
                        return Some(Some(why));
                    }
                }
                Ok(Message::Release) => {
                    bench.reset();
                    return bench.broken().map(Some);
                }
                Ok(Message::Stop) | Err(_) => return Some(None),
            }
        }
    }

    /// Puts a worker on the list of idle ones, unless the pool is closing.
    fn offer(&self, worker: &Sender<Message<B>>) -> bool {
        let mut idle = lock(&self.idle);
        if self.closing.load(Ordering::SeqCst) {
            return false;
        }
        idle.push(worker.clone());
        drop(idle);
        self.free.add_permits(1);
        true
    }
}

impl<B> Shared<B> {
    /// Fails when nothing is loaded and the last attempt to load failed. The reason stays with the operator.
    fn unavailable(&self) -> Result<(), Fault> {
        let status = lock(&self.status);
        if status.ready == 0 && status.failure.is_some() {
            return Err(Fault::Unavailable(format!(
                "the {} stage cannot be loaded",
                self.rules.name
            )));
        }
        Ok(())
    }

    /// Fails when nothing is loaded yet: waiting for that is not the same as waiting for a turn.
    fn starting(&self) -> Result<(), Fault> {
        if lock(&self.status).ready == 0 {
            return Err(Fault::Unavailable(format!(
                "the {} stage is still starting",
                self.rules.name
            )));
        }
        Ok(())
    }

    /// When a place should be free again: the queue's length in leases of average length.
    fn busy(&self) -> Fault {
        let ahead = self.waiting.load(Ordering::Relaxed) as u64 + 1;
        let us = self.lease_us.load(Ordering::Relaxed).saturating_mul(ahead)
            / (self.rules.instances as u64).max(1);
        Fault::Busy((us / 1000).clamp(RETRY_MS.0, RETRY_MS.1) as u32)
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take<B>(shared: &'a Shared<B>) -> Result<Self, Fault> {
        let queue = shared.rules.queue;
        let taken = shared
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
                (n < queue).then_some(n + 1)
            });
        taken
            .map(|_| Self(&shared.waiting))
            .map_err(|_| shared.busy())
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Exclusive use of one worker, until dropped.
pub(crate) struct Lease<B> {
    worker: Sender<Message<B>>,
    shared: Arc<Shared<B>>,
    since: Instant,
    wanted: Wanted,
}

/// That somebody waits for what a worker does. When the last copy is dropped, those who watch it can tell.
pub(crate) type Wanted = Arc<watch::Sender<()>>;

impl<B: Bench> Lease<B> {
    /// Hands a job to the worker, after those it already has, within the caller's span. A job for a worker that broke is dropped.
    pub(crate) fn submit(&self, job: impl FnOnce(&mut B) + Send + 'static) {
        let span = Span::current();
        let _broken = self.worker.send(Message::Run(Box::new(move |bench| {
            span.in_scope(|| job(bench))
        })));
    }

    /// Runs a job and waits for its answer. Dropping the future does not stop the job.
    ///
    /// # Errors
    /// `Internal` when the worker broke before the job could answer.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut B) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.submit(move |bench| {
            let _gone = answer.send(job(bench));
        });
        answered
            .await
            .map_err(|_| Fault::internal(self.shared.rules.name))
    }

    /// What is dropped with the lease, unless somebody keeps a copy for longer.
    pub(crate) fn wanted(&self) -> Wanted {
        Arc::clone(&self.wanted)
    }

    /// The stage this worker belongs to.
    pub(crate) fn stage(&self) -> &'static str {
        self.shared.rules.name
    }
}

impl<B> Drop for Lease<B> {
    fn drop(&mut self) {
        let _broken = self.worker.send(Message::Release);
        let us = self.since.elapsed().as_micros() as u64;
        // An eighth of each new value; two updates at once may lose one, which does no harm to an estimate.
        let old = self.shared.lease_us.load(Ordering::Relaxed);
        self.shared
            .lease_us
            .store(old - old / 8 + us / 8, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
