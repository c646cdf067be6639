//! One request: a connection of its own, what is sent, and the audio as it comes.
//!
//! The breaker of the service is asked before and told after. The order is fixed: `turn.start`, audio, `turn.end`; an end without any
//! audio is an error, and so is a connection that ends before.
//!
//! Invariants: every wait has an end, every message and the whole audio a size; dropping a session closes its connection.

use std::rc::Rc;
use std::time::Instant;

use colloquy_upstream::{Failure, Gate, Outcome, Surroundings, Ticket};
use tungstenite::Message;
use uuid::Uuid;

use crate::config::Config;
use crate::format::{BadAudio, Decoder};
use crate::link::{Connect, Link};
use crate::log;
use crate::message::{self, BadFrame, Event};
use crate::opening::{self, Clock, Socket};
use crate::ssml;

/// Longest audio of one request in seconds.
const LONGEST_S: usize = 900;

/// The service and everything that is needed to ask it.
pub struct Service {
    /// What an operator set.
    pub config: Config,
    /// The way there.
    pub connect: Box<dyn Connect>,
    /// Its clock.
    pub clock: Rc<Clock>,
    /// Its breaker.
    pub gate: Gate,
}

impl Service {
    /// A service with what an operator set; `surroundings` have the store that its breaker is in.
    pub fn new(
        config: Config,
        connect: Box<dyn Connect>,
        clock: Rc<Clock>,
        surroundings: Rc<dyn Surroundings>,
    ) -> Self {
        let policy = config
            .policy
            .breaker(config.limits.connect + config.limits.total);
        let origin = config.endpoint.origin();
        let gate = Gate::new("the speech service", origin, policy, surroundings);
        Self {
            config,
            connect,
            clock,
            gate,
        }
    }
}

/// A request on its way.
pub struct Session {
    socket: Socket,
    decoder: Decoder,
    ticket: Option<Ticket>,
    end: Instant,
    started: bool,
    /// Whether any audio came.
    heard: bool,
    /// Samples so far.
    n_samples: usize,
    ended: bool,
}

impl Session {
    /// Connects and sends a piece of text, which is escaped already.
    ///
    /// # Errors
    /// What [`opening::open`] and the breaker bring.
    pub fn begin(service: &Service, piece: &str, voice: &str, rate: f32) -> Result<Self, Failure> {
        let ticket = service.gate.enter()?;
        match Self::send(service, piece, voice, rate) {
            Ok(session) => Ok(Self {
                ticket: Some(ticket),
                ..session
            }),
            Err(failure) => {
                ticket.report(outcome(&failure));
                Err(failure)
            }
        }
    }

    fn send(service: &Service, piece: &str, voice: &str, rate: f32) -> Result<Self, Failure> {
        let config = &service.config;
        let decoder = config.format.decoder().map_err(|error| bad_audio(&error))?;
        let mut socket = opening::open(config, service.connect.as_ref(), &service.clock)?;
        let now = Instant::now();
        socket.get_mut().set_end(now + config.limits.pause);
        let timestamp = message::timestamp(service.clock.unix_s());
        let id = Uuid::new_v4().simple().to_string();
        let ssml = ssml::document(piece, voice, rate);
        // Both in one go: sent one by one, the second would wait until the first is acknowledged (Nagle).
        let first = message::config(config.format.name(), &timestamp);
        let second = message::request(&id, &timestamp, &ssml);
        socket
            .write(Message::text(first))
            .and_then(|()| socket.send(Message::text(second)))
            .map_err(|error| opening::failure(&error))?;
        Ok(Self {
            socket,
            decoder,
            ticket: None,
            end: now + config.limits.total,
            started: false,
            heard: false,
            n_samples: 0,
            ended: false,
        })
    }

    /// The next samples as they arrive, at least one; none after the last.
    ///
    /// # Errors
    /// `Deadline` when nothing comes, `Unavailable` when it is not what the service should send.
    pub fn next_samples(&mut self, config: &Config) -> Result<Option<Vec<i16>>, Failure> {
        while !self.ended {
            let samples = self.message(config);
            let samples = samples.inspect_err(|failure| {
                self.ended = true;
                report(&mut self.ticket, outcome(failure));
            })?;
            if !samples.is_empty() {
                return Ok(Some(samples));
            }
        }
        Ok(None)
    }

    /// Reads one message and gives the samples that it brings.
    fn message(&mut self, config: &Config) -> Result<Vec<i16>, Failure> {
        let end = (Instant::now() + config.limits.pause).min(self.end);
        self.socket.get_mut().set_end(end);
        let message = self.socket.read();
        let message = message.map_err(|error| opening::failure(&error))?;
        let event = match &message {
            Message::Text(text) => {
                message::text(text.as_str()).map_err(|error| bad_frame(&error))?
            }
            Message::Binary(bytes) => message::binary(bytes).map_err(|error| bad_frame(&error))?,
            Message::Close(reason) => {
                if let Some(reason) = reason {
                    log(&format!("closed by the service: {reason}"));
                }
                let why = "the speech service closed the connection before the audio was complete";
                return Err(Failure::Unavailable(why.to_owned()));
            }
            // Answered by the library.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => Event::Other,
        };
        let samples = match event {
            Event::Other => Vec::new(),
            Event::TurnStart => {
                self.started = true;
                Vec::new()
            }
            Event::Audio { .. } | Event::TurnEnd if !self.started => {
                let why = "the speech service sent audio before it began to speak";
                return Err(Failure::Unavailable(why.to_owned()));
            }
            Event::Audio { kind, data } => {
                if kind.is_some_and(|kind| !config.format.is(kind)) {
                    let why =
                        "the speech service sent audio in another format than it was asked for";
                    return Err(Failure::Unavailable(why.to_owned()));
                }
                self.heard |= !data.is_empty();
                self.decoder.take(data).map_err(|error| bad_audio(&error))?
            }
            Event::TurnEnd if !self.heard => {
                let why = "the speech service sent no audio; it may not have the voice, or not speak the text's language";
                return Err(Failure::Unavailable(why.to_owned()));
            }
            Event::TurnEnd => self.decoder.end().map_err(|error| bad_audio(&error))?,
        };
        self.n_samples += samples.len();
        if self.n_samples > LONGEST_S * config.format.rate_hz() as usize {
            let why = format!("the speech service sent more than {LONGEST_S} seconds of audio");
            return Err(Failure::Unavailable(why));
        }
        if event == Event::TurnEnd {
            self.finish();
        }
        Ok(samples)
    }

    fn finish(&mut self) {
        self.ended = true;
        report(&mut self.ticket, Outcome::Answered);
        // A farewell, which nobody waits for.
        let _sent = self.socket.close(None);
    }
}

fn report(ticket: &mut Option<Ticket>, outcome: Outcome) {
    if let Some(ticket) = ticket.take() {
        ticket.report(outcome);
    }
}

/// What a failure says of the service. A client that it refuses stays away from it for a while, as from one that is broken.
fn outcome(failure: &Failure) -> Outcome {
    match failure {
        Failure::Deadline | Failure::Unavailable(_) => Outcome::Failed,
        _ => Outcome::Unknown,
    }
}

fn bad_frame(error: &BadFrame) -> Failure {
    Failure::Unavailable(format!("the speech service sent {error}"))
}

fn bad_audio(error: &BadAudio) -> Failure {
    Failure::Unavailable(format!("what the speech service sent {error}"))
}
