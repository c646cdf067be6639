//! The ways a proxy uses a lease: one call, a resource with its methods, a stream. When it is dropped in the middle of them, what the stage
//! asks of servers ends, so that the stage is not kept by one that is silent.
//!
//! Everything a proxy needs is here, so that a proxy only names functions and types.

use tokio::sync::mpsc;
use wasmtime::component::{ComponentNamedList, Lift, Lower, ResourceAny, TypedFunc};

use super::fault::Fault;
use super::instance::Instance;
use super::stream::Stream;
use super::version::Version;
use super::{Lease, Passing, Stage};
use crate::telemetry::Work;

/// A function of the stage that may answer an error of its own.
pub(super) type Fallible<P, T, E> = TypedFunc<P, (Result<T, E>,)>;
/// Picks the method that gives the next item of a resource.
type Next<S, T, E> = fn(&S) -> Fallible<(ResourceAny,), Option<T>, E>;

impl<S: Stage> Version<S> {
    /// Leases an instance for one call.
    pub(crate) async fn once<P, T, E>(
        &self,
        work: &Work,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, T, E>,
        params: P,
    ) -> Result<T, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        T: Lift + Send + Sync + 'static,
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        let lease = self.lease_for(work).await?;
        let call = lease.run(move |instance| instance.call(name, pick, params));
        watched(work, call.await)?
    }

    /// Leases an instance and has it open a resource, which is dropped together with the lease.
    pub(crate) async fn open<P, E>(
        &self,
        work: &Work,
        name: &'static str,
        pick: fn(&S) -> Fallible<P, ResourceAny, E>,
        params: P,
    ) -> Result<Lease<S>, E>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        E: From<Fault> + Passing + Lift + Send + Sync + 'static,
    {
        let lease = self.lease_for(work).await?;
        let call = lease.run(move |instance| {
            let resource = instance.call(name, pick, params)?;
            Ok::<_, Fault>(resource.map(|resource| instance.keep(resource)))
        });
        watched(work, call.await)??;
        Ok(lease)
    }

    /// An instance that knows what it is leased for.
    async fn lease_for(&self, work: &Work) -> Result<Lease<S>, Fault> {
        let lease = self.lease().await;
        let lease = lease.inspect_err(|fault| work.failed(fault.label()))?;
        work.placed(self.identity().0);
        let (work, wanted) = (work.clone(), lease.wanted().subscribe());
        lease.submit(move |instance| instance.work_for(work, wanted));
        Ok(lease)
    }
}

impl<S: Stage> Lease<S> {
    /// Calls a method of the open resource; `with` puts its arguments behind the resource.
    pub(crate) async fn method<P, R>(
        &self,
        name: &'static str,
        pick: fn(&S) -> TypedFunc<P, (R,)>,
        with: impl FnOnce(ResourceAny) -> P + Send + 'static,
    ) -> Result<R, Fault>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: Lift + Send + Sync + 'static,
    {
        self.run(move |instance| {
            let resource = instance.open()?;
            instance.call(name, pick, with(resource))
        })
        .await?
    }

    /// The next item of the open resource, pulled now: what it is decides whether another stage is asked.
    pub(crate) async fn next<T, E>(
        &self,
        name: &'static str,
        pick: Next<S, T, E>,
    ) -> Result<Option<T>, E>
    where
        T: Lift + Send + Sync + 'static,
        E: From<Fault> + Lift + Send + Sync + 'static,
    {
        self.method(name, pick, |it| (it,)).await?
    }

    /// Pulls the open resource empty, at most `ahead` items before they are used. The lease ends with the stream.
    pub(crate) fn stream<T, E>(
        self,
        name: &'static str,
        pick: Next<S, T, E>,
        ahead: usize,
    ) -> Stream<T, E>
    where
        T: Lift + Send + Sync + 'static,
        E: From<Fault> + Passing + Clone + Lift + Send + Sync + 'static,
    {
        let (items, taken) = mpsc::channel(ahead);
        self.submit(move |instance| pull(instance, name, pick, &items));
        Stream::new(self.stage(), taken).wanting(self.wanted())
        // The lease is dropped here: its worker takes no other before the job above is done.
    }
}

/// Sends item after item until the end, an error, or nobody listens.
fn pull<S: Stage, T, E>(
    instance: &mut Instance<S>,
    name: &'static str,
    pick: Next<S, T, E>,
    items: &mpsc::Sender<Result<Option<T>, E>>,
) where
    T: Lift + Send + Sync + 'static,
    E: From<Fault> + Passing + Lift + Send + Sync + 'static,
{
    while !items.is_closed() {
        let item = instance
            .open()
            .and_then(|resource| instance.call(name, pick, (resource,)));
        let item: Result<_, E> = item.unwrap_or_else(|fault| Err(fault.into()));
        if let (Err(error), Some(work)) = (&item, &instance.work) {
            work.failed(error.label());
        }
        let last = !matches!(item, Ok(Some(_)));
        if items.blocking_send(item).is_err() || last {
            return;
        }
    }
}

/// What a call came to, noted in the work that it was done for.
fn watched<T, E: Passing>(
    work: &Work,
    answer: Result<Result<Result<T, E>, Fault>, Fault>,
) -> Result<Result<T, E>, Fault> {
    let answer = answer.and_then(|answer| answer);
    match &answer {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => work.failed(error.label()),
        Err(fault) => work.failed(fault.label()),
    }
    answer
}
