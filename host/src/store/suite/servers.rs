//! Real servers for the suite. One that is not installed is left out, with the reason printed; continuous integration has to have it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::*;

/// More than a machine under load takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = "key:secret";

fn program(name: &str, beside: Option<PathBuf>) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .chain(beside);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "no {name} on the path");
        eprintln!("left out: no {name} on the path");
    }
    found
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A Redis server. Dropping it kills it.
pub(super) struct RedisServer {
    child: Child,
    program: PathBuf,
    port: u16,
}

/// Starts one.
pub(super) fn redis() -> Option<RedisServer> {
    let program = program("redis-server", None)?;
    let port = free_port();
    let child = start_redis(&program, port);
    Some(RedisServer {
        child,
        program,
        port,
    })
}

fn start_redis(program: &std::path::Path, port: u16) -> Child {
    let mut child = Command::new(program)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--dir", "/tmp", "--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = |line: Result<String, _>| line.unwrap().contains("Ready to accept connections");
    assert!(lines.any(ready), "redis-server has ended");
    std::thread::spawn(move || lines.for_each(drop));
    child
}

impl RedisServer {
    pub(super) fn settings(&self, prefix: &str) -> redis::Settings {
        self.settings_within(prefix, PATIENCE)
    }

    pub(super) fn settings_within(&self, prefix: &str, patience: Duration) -> redis::Settings {
        let url = format!("redis://127.0.0.1:{}", self.port);
        redis::Settings::new(&url, None, prefix.into(), patience).unwrap()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Says something to the server and hears that it is well.
    pub(super) fn command(&self, text: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert_eq!(line, "+OK\r\n");
    }

    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(super) fn start_again(&mut self) {
        self.child = start_redis(&self.program, self.port);
    }

    /// Stops and continues the process as signals do: connections are taken, and nothing is answered.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder of its own in the one S3 server of this process.
pub(super) fn s3() -> Option<object::Settings> {
    static PORT: OnceLock<Option<u16>> = OnceLock::new();
    static N: AtomicU32 = AtomicU32::new(0);
    let port = (*PORT.get_or_init(start_s3))?;
    let n = N.fetch_add(1, Ordering::Relaxed);
    Some(s3_settings(port, &format!("suite/{n}")))
}

fn s3_settings(port: u16, folder: &str) -> object::Settings {
    let endpoint = format!("http://127.0.0.1:{port}");
    let access = object::Access {
        endpoint: Some(&endpoint),
        region: Some("us-east-1"),
        credentials: Some(KEY),
    };
    object::Settings::new(&format!("s3://colloquy/{folder}"), &access, PATIENCE).unwrap()
}

/// Starts SeaweedFS, which ends with this process: when its standard input does.
fn start_s3() -> Option<u16> {
    let python = std::env::var_os("COLLOQUY_PYTHON").map(PathBuf::from);
    let beside = python.and_then(|python| Some(python.parent()?.to_owned()));
    let weed = program("weed", beside)?;
    let port = free_port();
    let script = r#"
        folder=$(mktemp -d)
        printf '{"identities":[{"name":"t","credentials":[{"accessKey":"key","secretKey":"secret"}],"actions":["Admin","Read","Write","List"]}]}' >"$folder/s3.json"
        "$0" -logdir="$folder" server -dir="$folder" -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3 -s3.config="$folder/s3.json" -s3.port="$1" -master.port="$2" \
            -master.port.grpc="$3" -volume.port="$4" -volume.port.grpc="$5" -filer.port="$6" -filer.port.grpc="$7" -s3.port.grpc="$8" -s3.port.iceberg=0 -s3.port.lance=0 \
            -master.volumeSizeLimitMB=64 -volume.max=20 </dev/null >"$folder/log" 2>&1 &
        server=$!
        read -r end
        kill -9 $server
        rm -r "$folder"
    "#;
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(weed).arg(port.to_string());
    for _ in 0..7 {
        command.arg(free_port().to_string());
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    // Kept open for as long as this process lives.
    std::mem::forget(child);
    await_s3(port);
    // The server makes the bucket with the first object. On a thread, because the caller's runtime is busy with the caller.
    let first = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let bounds = Bounds {
                max_bytes: 1000,
                max_age: None,
            };
            let backend = Backend::Object(s3_settings(port, "first"));
            let store = Store::open(&backend, bounds).unwrap();
            store.set("first".into(), vec![1]).await.unwrap();
        });
    });
    first.join().unwrap();
    Some(port)
}

/// Waits until the server says that it is there.
fn await_s3(port: u16) {
    let since = std::time::Instant::now();
    loop {
        assert!(
            since.elapsed() < Duration::from_secs(300),
            "the S3 server does not start"
        );
        let asked = TcpStream::connect(("127.0.0.1", port)).and_then(|mut stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(
                b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            )?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line)?;
            Ok(line.contains(" 200"))
        });
        if matches!(asked, Ok(true)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
