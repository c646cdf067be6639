//! How long requests take, for docs/stores.md: `cargo test --release -p colloquy-host -- --ignored --nocapture figures`.

use std::time::Instant;

use super::*;

const TIMES: usize = 200;

/// Median and slowest of so many, in milliseconds.
fn spread(mut took: Vec<Duration>) -> String {
    took.sort();
    let ms = |at: usize| took[at].as_secs_f64() * 1000.0;
    format!("{:7.2} {:7.2}", ms(took.len() / 2), ms(took.len() - 1))
}

async fn timed(mut work: impl AsyncFnMut(usize)) -> String {
    let mut took = Vec::new();
    for n in 0..TIMES {
        let since = Instant::now();
        work(n).await;
        took.push(since.elapsed());
    }
    spread(took)
}

#[tokio::test]
#[ignore = "prints figures and checks nothing"]
async fn figures() {
    println!("{:8} {:>8}  what   median slowest ms", "backend", "bytes");
    for bed in beds(&Bounds {
        max_bytes: 1 << 30,
        max_age: None,
    }) {
        let shown: String = bed.to_string().chars().take(8).collect();
        let (name, store) = (shown, &bed.store);
        for size in [2_000, 200_000] {
            let value = vec![7; size];
            let set = timed(async |n| store.set(format!("k{n}"), value.clone()).await.unwrap());
            println!("{name:8} {size:8}  set   {}", set.await);
            let get = timed(async |n| drop(store.get(format!("k{n}")).await.unwrap().unwrap()));
            println!("{name:8} {size:8}  get   {}", get.await);
        }
        let add = timed(async |_| assert!(store.increment("n".into(), 1).await.is_ok()));
        println!("{name:8} {:8}  add   {}", 8, add.await);
    }
}
