//! The connection to a Redis server: one for each bucket, shared by all requests, kept by a task of its own.
//!
//! While the server is away there is no connection, and who asks for it is told so at once instead of waiting. The task goes on trying.
//! A server that takes connections and answers nothing is away, too: every answer has a limit, and after the first that is late the
//! connection is given up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::super::health::Health;

/// How long an idle connection goes without a question whether the server is still there.
const PING: Duration = Duration::from_secs(1);
/// Between attempts to connect: the first pause, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The way to a server. Dropping it closes the connection.
pub(super) struct Link {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    client: Client,
    config: AsyncConnectionConfig,
    health: Arc<Health>,
    current: Mutex<Current>,
    lost: Notify,
    /// Whether the first attempt is over.
    tried: watch::Sender<bool>,
}

#[derive(Default)]
struct Current {
    connection: Option<MultiplexedConnection>,
    /// How many connections there were.
    n: u64,
}

/// A connection, and which one it is.
pub(super) struct Lent {
    pub(super) connection: MultiplexedConnection,
    n: u64,
}

impl Link {
    /// Starts to connect; needs a runtime. `patience` is for connecting, and for every answer.
    pub(super) fn new(client: Client, patience: Duration, health: Arc<Health>) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let shared = Arc::new(Shared {
            client,
            config,
            health,
            current: Mutex::default(),
            lost: Notify::new(),
            tried: watch::Sender::new(false),
        });
        let task = tokio::spawn(keep(Arc::clone(&shared)));
        Self { shared, task }
    }

    /// The connection; none while there is none. Waits for the first attempt and for nothing else.
    pub(super) async fn lend(&self) -> Option<Lent> {
        let mut tried = self.shared.tried.subscribe();
        tried.wait_for(|tried| *tried).await.ok()?;
        let current = self.shared.current();
        let connection = current.connection.clone()?;
        let n = current.n;
        Some(Lent { connection, n })
    }

    /// Gives up a connection after an error of it.
    pub(super) fn lose(&self, lent: &Lent, error: &RedisError) {
        self.shared.lose(lent.n, error);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lose(&self, n: u64, error: &RedisError) {
        let mut current = self.current();
        // Others may have seen the same error, and there may be a new connection by now.
        if current.n == n && current.connection.take().is_some() {
            self.health.failed(&error.to_string());
            self.lost.notify_one();
        }
    }

    async fn connect(&self) -> Result<u64, RedisError> {
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await?;
        ping(&mut connection).await?;
        let mut current = self.current();
        current.connection = Some(connection);
        current.n += 1;
        let n = current.n;
        drop(current);
        self.health.works();
        Ok(n)
    }

    /// Returns when the connection is lost.
    async fn watch(&self, n: u64) {
        loop {
            let quiet = tokio::time::timeout(PING, self.lost.notified()).await;
            let connection = self.current().connection.clone();
            let Some(mut connection) = connection else {
                return;
            };
            if quiet.is_err()
                && let Err(error) = ping(&mut connection).await
            {
                self.lose(n, &error);
            }
        }
    }
}

/// Connects again and again.
async fn keep(shared: Arc<Shared>) {
    let mut pause = PAUSE.0;
    loop {
        let connected = shared.connect().await;
        if let Err(error) = &connected {
            shared.health.failed(&error.to_string());
        }
        shared.tried.send_replace(true);
        match connected {
            Ok(n) => {
                pause = PAUSE.0;
                shared.watch(n).await;
            }
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
    }
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("PING").query_async::<()>(connection).await
}
