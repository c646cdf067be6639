//! Long computations give the host's scheduler a moment now and then.
//!
//! Spin and `wasmtime serve` run guests on the threads that also serve their other connections, and a guest that computes does not come
//! back before it is done: one recognition holds up everybody else for seconds. Waiting does come back, however short the wait. So
//! stages call [`breathe`] between the pieces of long work, and it waits for a microsecond whenever 20 ms have passed since the last
//! time. With three turns of 2 s in flight a request beside them took 0.03 s instead of 1.6 s; the waits cost less than a hundredth.
//!
//! `colloquy-breathe-tract` does so between the nodes of a model.
//!
//! Colloquy's own host runs stages on threads of their own and would not need it. Natively [`breathe`] does nothing.
//!
//! Invariant: nothing here is called while a component is being preloaded (see `colloquy-preload`): it asks the clock.

#[cfg(target_family = "wasm")]
mod waiting;

/// To be called between pieces of work that take some milliseconds at most: cheap, as it asks the clock and no more most of the time.
#[inline]
pub fn breathe() {
    #[cfg(target_family = "wasm")]
    waiting::breathe();
}
