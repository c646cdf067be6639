//! Read-ahead: a stage works on its own thread while the caller takes what is ready from a bounded channel.
//!
//! Invariants: the end is only reported when the stage said so; a channel that closes without it is an internal error; whatever ended
//! the stream is repeated on further calls. Dropping the stream cancels the work: the stage notices before its next item.

use std::collections::VecDeque;

use tokio::sync::mpsc::Receiver;

use super::fault::Fault;
use super::pool::Wanted;

/// Items that a stage produces ahead of their use.
pub(crate) struct Stream<T, E> {
    stage: &'static str,
    /// What was pulled before the stream began.
    ready: VecDeque<T>,
    items: Receiver<Result<Option<T>, E>>,
    end: Option<Result<(), E>>,
    /// Dropped with the stream.
    _wanted: Option<Wanted>,
}

impl<T, E: From<Fault> + Clone> Stream<T, E> {
    /// A stream of what the sender's side is given: items, then `Ok(None)` or one error.
    pub(crate) fn new(stage: &'static str, items: Receiver<Result<Option<T>, E>>) -> Self {
        Self {
            stage,
            ready: VecDeque::new(),
            items,
            end: None,
            _wanted: None,
        }
    }

    /// The stream of a worker that is wanted for as long as the stream.
    pub(super) fn wanting(self, wanted: Wanted) -> Self {
        Self {
            _wanted: Some(wanted),
            ..self
        }
    }

    /// The stream with these items in front.
    pub(crate) fn after(mut self, first: impl IntoIterator<Item = T>) -> Self {
        self.ready.extend(first);
        self
    }

    /// The next item, or the end.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, E> {
        if let Some(item) = self.ready.pop_front() {
            return Ok(Some(item));
        }
        if let Some(end) = &self.end {
            return end.clone().map(|()| None);
        }
        match self.items.recv().await {
            Some(Ok(Some(item))) => Ok(Some(item)),
            Some(Ok(None)) => {
                self.end = Some(Ok(()));
                Ok(None)
            }
            Some(Err(error)) => self.fail(error),
            None => self.fail(Fault::internal(self.stage).into()),
        }
    }

    fn fail(&mut self, error: E) -> Result<Option<T>, E> {
        self.end = Some(Err(error.clone()));
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::channel;

    fn items(items: Vec<Result<Option<u8>, Fault>>) -> Stream<u8, Fault> {
        let (sender, receiver) = channel(8);
        for item in items {
            sender.try_send(item).unwrap();
        }
        Stream::new("tts", receiver)
    }

    #[tokio::test]
    async fn the_end_stays_the_end() {
        let mut stream = items(vec![Ok(Some(1)), Ok(None)]);
        assert_eq!(stream.next().await, Ok(Some(1)));
        assert_eq!(stream.next().await, Ok(None));
        assert_eq!(stream.next().await, Ok(None));
    }

    #[tokio::test]
    async fn what_was_pulled_before_comes_first() {
        let mut stream = items(vec![Ok(Some(3)), Ok(None)]).after([1, 2]);
        for n in 1..=3 {
            assert_eq!(stream.next().await, Ok(Some(n)));
        }
        assert_eq!(stream.next().await, Ok(None));
    }

    #[tokio::test]
    async fn a_channel_that_just_closes_is_a_failure() {
        let mut stream = items(vec![Ok(Some(1))]);
        assert_eq!(stream.next().await, Ok(Some(1)));
        assert_eq!(stream.next().await, Err(Fault::internal("tts")));
        assert_eq!(stream.next().await, Err(Fault::internal("tts")));
    }

    #[tokio::test]
    async fn an_error_is_repeated() {
        let mut stream = items(vec![Err(Fault::Deadline), Ok(Some(1))]);
        assert_eq!(stream.next().await, Err(Fault::Deadline));
        assert_eq!(stream.next().await, Err(Fault::Deadline));
    }
}
