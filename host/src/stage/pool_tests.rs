//! The pool's rules with a bench that does nothing.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Poll;

use super::*;

#[derive(Default)]
struct Fake {
    left_behind: u32,
    broken: Option<Retired>,
}

impl Bench for Fake {
    fn reset(&mut self) {
        self.left_behind = 0;
    }

    fn broken(&self) -> Option<Retired> {
        self.broken
    }
}

fn rules(instances: usize, queue: usize) -> Rules {
    Rules {
        name: "fake",
        instances,
        queue,
        queue_timeout: Duration::from_secs(30),
    }
}

fn pool(instances: usize, queue: usize) -> Pool<Fake> {
    Pool::start(rules(instances, queue), || Ok(Fake::default()), |_| ()).unwrap()
}

/// Polls once and tells whether it has to wait.
async fn waits(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

#[tokio::test]
async fn a_lease_is_exclusive_and_comes_back_in_order() {
    let pool = pool(1, 4);
    let first = pool.lease().await.unwrap();
    first.run(|bench| bench.left_behind = 7).await.unwrap();
    let second = pool.lease();
    tokio::pin!(second);
    assert!(waits(second.as_mut()).await);
    assert_eq!((pool.status().in_use, pool.status().waiting), (1, 1));
    drop(first);
    let second = second.await.unwrap();
    assert_eq!(second.run(|bench| bench.left_behind).await, Ok(0));
    assert_eq!(pool.status().waiting, 0);
}

#[tokio::test]
async fn an_abandoned_job_never_costs_the_next_caller() {
    let pool = pool(2, 4);
    let (go, wait) = mpsc::channel::<()>();
    let lease = pool.lease().await.unwrap();
    lease.submit(move |_| wait.recv().unwrap());
    drop(lease);
    // The other worker serves everybody while the first still works for a caller who left.
    for _ in 0..3 {
        assert_eq!(pool.lease().await.unwrap().run(|_| 1).await, Ok(1));
    }
    go.send(()).unwrap();
    let (a, b) = (pool.lease().await.unwrap(), pool.lease().await.unwrap());
    assert_eq!((a.run(|_| 1).await, b.run(|_| 2).await), (Ok(1), Ok(2)));
}

#[tokio::test]
async fn a_full_queue_is_busy_at_once() {
    let pool = pool(1, 1);
    let _held = pool.lease().await.unwrap();
    let waiting = pool.lease();
    tokio::pin!(waiting);
    assert!(waits(waiting.as_mut()).await);
    let Err(Fault::Busy(retry_ms)) = pool.lease().await else {
        panic!("it was let in")
    };
    assert!((100..=10_000).contains(&retry_ms));
}

#[tokio::test]
async fn a_long_wait_is_busy_and_gives_its_place_back() {
    let mut short = rules(1, 1);
    short.queue_timeout = Duration::from_millis(1);
    let pool = Pool::start(short, || Ok(Fake::default()), |_| ()).unwrap();
    // The first lease has to wait for the loader, which may take longer than this queue's patience.
    let held = loop {
        if let Ok(lease) = pool.lease().await {
            break lease;
        }
    };
    assert!(matches!(pool.lease().await, Err(Fault::Busy(_))));
    assert_eq!(pool.status().waiting, 0);
    drop(held);
}

#[tokio::test]
async fn a_broken_bench_is_replaced() {
    let (loaded, loads) = mpsc::channel();
    let (retired, retirements) = mpsc::channel();
    let retired = Mutex::new(retired);
    let pool = Pool::start(
        rules(1, 4),
        move || {
            loaded.send(()).unwrap();
            Ok(Fake::default())
        },
        move |why| lock(&retired).send(why).unwrap(),
    )
    .unwrap();
    let lease = pool.lease().await.unwrap();
    lease
        .run(|bench| bench.broken = Some(Retired::Deadline))
        .await
        .unwrap();
    assert_eq!(lease.run(|_| ()).await, Err(Fault::internal("fake")));
    drop(lease);
    assert_eq!(
        pool.lease().await.unwrap().run(|bench| bench.broken).await,
        Ok(None)
    );
    assert_eq!(retirements.recv(), Ok(Retired::Deadline));
    assert_eq!(loads.iter().take(2).count(), 2);
    assert!(pool.status().settled);
}

#[tokio::test]
async fn a_panic_costs_one_bench() {
    let pool = pool(1, 4);
    let lease = pool.lease().await.unwrap();
    assert_eq!(
        lease.run(|_| -> u8 { panic!("on purpose") }).await,
        Err(Fault::internal("fake"))
    );
    drop(lease);
    assert_eq!(pool.lease().await.unwrap().run(|_| 5).await, Ok(5));
}

#[tokio::test]
async fn a_stage_that_cannot_load_is_unavailable_and_tried_again() {
    let (attempt, attempts) = mpsc::channel();
    let broken = AtomicBool::new(true);
    let pool = Pool::start(
        rules(1, 4),
        move || {
            attempt.send(()).unwrap();
            if broken.swap(false, Ordering::SeqCst) {
                Err("no such file: /secret".into())
            } else {
                Ok(Fake::default())
            }
        },
        |_| (),
    )
    .unwrap();
    attempts.recv().unwrap();
    while pool.status().failure.is_none() {
        tokio::task::yield_now().await;
    }
    let Err(Fault::Unavailable(text)) = pool.lease().await else {
        panic!("it was let in")
    };
    assert!(!text.contains("secret"));
    assert_eq!(
        pool.status().failure.as_deref(),
        Some("no such file: /secret")
    );
    attempts.recv().unwrap();
    while pool.status().ready == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(pool.lease().await.unwrap().run(|_| 1).await, Ok(1));
    assert_eq!(pool.status().failure, None);
}

#[tokio::test]
async fn dropping_the_pool_lets_leases_finish() {
    let pool = pool(2, 4);
    let lease = pool.lease().await.unwrap();
    drop(pool);
    assert_eq!(lease.run(|_| 3).await, Ok(3));
}
