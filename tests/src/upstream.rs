//! An emulated OpenAI-compatible server: one thread per connection, HTTP/1.1 by hand, so that a case decides where a body is cut into
//! pieces, where it stops and where the connection breaks. It keeps every request for the case to look at.
//!
//! A [`Relay`] in its place passes on what a real server sends, and holds back the end.
//!
//! Strict: a request that is not complete and well-formed HTTP/1.1 gets no answer, and the next look at what came is an error.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

mod received;
mod relay;

pub use received::{Part, Received};
pub use relay::Relay;

/// Something that is closed until a case opens it, for good.
#[derive(Debug, Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Lets everybody pass.
    pub fn open(&self) {
        *lock(&self.0.0) = true;
        self.0.1.notify_all();
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *lock(&self.0.0)
    }

    /// Waits until it is open, or for the longest that a case may take; whether it is open then.
    pub fn pass(&self) -> bool {
        let wait = self
            .0
            .1
            .wait_timeout_while(lock(&self.0.0), Duration::from_secs(120), |open| !*open);
        drop(wait);
        self.is_open()
    }
}

/// How a body is sent.
#[derive(Debug, Clone)]
pub enum Way {
    /// With its length, at once.
    Whole,
    /// Chunked, in pieces of this many bytes.
    Pieces(usize),
    /// Chunked until this many bytes are sent, then the connection breaks.
    CutAfter(usize),
    /// Nothing is ever sent, not even a head.
    Never,
    /// Chunked until this many bytes are sent, then nothing more, on an open connection.
    StopsAfter(usize),
    /// Chunked, and then what is behind this many bytes again and again, ten times a second for half a minute. The gate opens when the
    /// client goes away before that.
    Repeats(usize, Gate),
    /// Chunked until this many bytes are sent, and the rest when the gate is open.
    HoldsAfter(usize, Gate),
    /// Chunked, what another server sends as it comes; the body of the reply is not looked at.
    Passes(relay::Passed),
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers beside the length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How it is sent.
    pub way: Way,
}

impl Reply {
    /// A success of this content type.
    #[must_use]
    pub fn ok(kind: &str, body: impl Into<Vec<u8>>, way: Way) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", kind.to_owned())],
            body: body.into(),
            way,
        }
    }

    /// A refusal as OpenAI words them.
    #[must_use]
    pub fn refusal(status: u16, headers: Vec<(&'static str, String)>, error: &str) -> Self {
        Self {
            status,
            headers,
            body: format!("{{\"error\":{error}}}").into_bytes(),
            way: Way::Whole,
        }
    }
}

type Answer = Box<dyn Fn(&Received) -> Reply + Send + Sync>;

struct Shared {
    answer: Mutex<Answer>,
    received: Mutex<Vec<Received>>,
    fault: Mutex<Option<anyhow::Error>>,
    connections: AtomicUsize,
    dead: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A running server. Its threads end with the test process; dropping it frees nothing that matters.
pub struct Upstream {
    /// Such as `http://127.0.0.1:40123`.
    pub url: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Upstream {
    /// Starts a server that answers by this function.
    pub fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            answer: Mutex::new(Box::new(answer)),
            received: Mutex::default(),
            fault: Mutex::default(),
            connections: AtomicUsize::new(0),
            dead: AtomicBool::new(false),
            open: Mutex::default(),
        });
        Ok(Self {
            url: format!("http://{address}"),
            address,
            listening: Some(listen(listener, &shared)),
            shared,
        })
    }

    /// Cuts every connection and takes no more, as a process that is killed.
    pub fn kill(&mut self) -> Result<()> {
        let Some(listening) = self.listening.take() else {
            return Ok(());
        };
        self.shared.dead.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        drop(TcpStream::connect(self.address)?);
        ensure!(listening.join().is_ok(), "the emulator's thread failed");
        for stream in lock(&self.shared.open).drain(..) {
            // One that has ended already is as it should be.
            let _ended = stream.shutdown(Shutdown::Both);
        }
        Ok(())
    }

    /// Listens again, at the same address.
    pub fn revive(&mut self) -> Result<()> {
        if self.listening.is_none() {
            let listener = TcpListener::bind(self.address)?;
            self.shared.dead.store(false, Ordering::SeqCst);
            self.listening = Some(listen(listener, &self.shared));
        }
        Ok(())
    }

    /// Answers by another function from now on.
    pub fn answer(&self, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) {
        *lock(&self.shared.answer) = Box::new(answer);
    }

    /// What has come since the last call; an error when something came that is not a request.
    pub fn received(&self) -> Result<Vec<Received>> {
        if let Some(fault) = lock(&self.shared.fault).take() {
            return Err(fault.context("what the emulator received"));
        }
        Ok(std::mem::take(&mut *lock(&self.shared.received)))
    }

    /// Connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

/// Takes connections until the server is dead.
fn listen(listener: TcpListener, server: &Arc<Shared>) -> JoinHandle<()> {
    let server = Arc::clone(server);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if server.dead.load(Ordering::SeqCst) {
                return;
            }
            server.connections.fetch_add(1, Ordering::SeqCst);
            lock(&server.open).extend(stream.try_clone());
            let server = Arc::clone(&server);
            std::thread::spawn(move || {
                let served = serve(&stream, &server);
                // What a dying server makes of a request is nobody's fault.
                if let (Err(error), false) = (served, server.dead.load(Ordering::SeqCst)) {
                    *lock(&server.fault) = Some(error);
                }
                // The copy that could cut it keeps it open.
                let _ended = stream.shutdown(Shutdown::Both);
            });
        }
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests of one connection, one after the other.
fn serve(stream: &TcpStream, shared: &Shared) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let reply = lock(&shared.answer)(&request);
        lock(&shared.received).push(request);
        if !send(stream, &reply)? {
            return Ok(());
        }
    }
    Ok(())
}

/// A whole request; none when the client has closed the connection between two.
fn read(reader: &mut BufReader<&TcpStream>) -> Result<Option<Received>> {
    let mut line = String::new();
    // A connection that ends between two requests, however it ends, is as it should be.
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return Ok(None);
    }
    let mut words = line.trim_end().split(' ');
    let (method, path) = (
        words.next().context("method")?,
        words.next().context("path")?,
    );
    ensure!(words.next() == Some("HTTP/1.1"), "{line}");
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        ensure!(reader.read_line(&mut line)? > 0, "a head without an end");
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("a header without a colon")?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Received {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
        body: Vec::new(),
    };
    ensure!(
        request.header("host")?.is_some(),
        "a request without a host"
    );
    ensure!(
        request.header("transfer-encoding")?.is_none(),
        "a body without a length"
    );
    let length = request.header("content-length")?.unwrap_or("0").parse()?;
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).context("body")?;
    Ok(Some(request))
}

/// Whether the connection goes on.
fn send(mut stream: &TcpStream, reply: &Reply) -> Result<bool> {
    if matches!(reply.way, Way::Never) {
        return wait_for_end(stream);
    }
    let mut head = format!("HTTP/1.1 {} Emulated\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let (piece, end) = match &reply.way {
        Way::Passes(passed) => {
            head += "transfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes())?;
            return passed.send(stream);
        }
        Way::Whole | Way::Never => {
            head += &format!("content-length: {}\r\n\r\n", reply.body.len());
            stream.write_all(&[head.as_bytes(), &reply.body].concat())?;
            return Ok(true);
        }
        Way::Pieces(piece) => (*piece, reply.body.len()),
        Way::CutAfter(end) | Way::StopsAfter(end) => (997, *end),
        Way::Repeats(..) => (997, reply.body.len()),
        Way::HoldsAfter(end, _) => (*end, reply.body.len()),
    };
    head += "transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    for (index, chunk) in reply.body[..end.min(reply.body.len())]
        .chunks(piece)
        .enumerate()
    {
        if let (1, Way::HoldsAfter(_, gate)) = (index, &reply.way) {
            gate.pass();
        }
        // A client that has gone is not this server's failure.
        if write_chunk(stream, chunk).is_err() {
            return Ok(false);
        }
    }
    match &reply.way {
        Way::CutAfter(_) => Ok(false),
        Way::StopsAfter(_) => wait_for_end(stream),
        Way::Repeats(from, gate) => {
            repeat(stream, &reply.body[*from..], gate);
            Ok(false)
        }
        _ => {
            stream.write_all(b"0\r\n\r\n")?;
            Ok(true)
        }
    }
}

fn write_chunk(mut stream: &TcpStream, chunk: &[u8]) -> std::io::Result<()> {
    let size = format!("{:x}\r\n", chunk.len());
    stream.write_all(&[size.as_bytes(), chunk, b"\r\n"].concat())
}

fn repeat(stream: &TcpStream, chunk: &[u8], gone: &Gate) {
    for _ in 0..300 {
        if write_chunk(stream, chunk).is_err() {
            return gone.open();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until the client gives up.
fn wait_for_end(mut stream: &TcpStream) -> Result<bool> {
    let mut byte = [0];
    let _gone = stream.read(&mut byte);
    Ok(false)
}
