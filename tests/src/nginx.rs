//! A real nginx as a process, with the configuration that is shipped.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reqwest::blocking::Client;

use crate::process;

/// Around the shipped file: what a distribution's own configuration has, in a folder of ours.
const AROUND: &str = "
    daemon off;
    # Of a server that root starts, whose workers would otherwise be somebody who cannot write here.
    user root;
    worker_processes 2;
    error_log stderr info;
    pid FOLDER/nginx.pid;
    events { worker_connections 512; }
    http {
        access_log FOLDER/access.log;
        client_body_temp_path FOLDER/body;
        proxy_temp_path FOLDER/proxy;
        fastcgi_temp_path FOLDER/fastcgi;
        uwsgi_temp_path FOLDER/uwsgi;
        scgi_temp_path FOLDER/scgi;
        include FOLDER/colloquy.conf;
    }
";

/// A running nginx. Dropping it kills it.
#[derive(Debug)]
pub struct Server {
    _process: process::Server,
    /// Such as `http://127.0.0.1:8080`.
    pub url: String,
}

impl Server {
    /// Starts `deploy/nginx/colloquy.conf` with addresses of these hosts in place of the three that it names; none, with the reason
    /// printed, where there is no nginx.
    pub fn start(hosts: &[&str; 3], folder: &Path) -> Result<Option<Self>> {
        let Some(program) = process::installed("nginx", "nginx")? else {
            return Ok(None);
        };
        let mut text = std::fs::read_to_string(crate::root().join("deploy/nginx/colloquy.conf"))?;
        let port = process::free_port()?;
        let mut replace = |from: &str, to: &str| -> Result<()> {
            ensure!(text.matches(from).count() == 1, "{from} in colloquy.conf");
            text = text.replace(from, to);
            Ok(())
        };
        replace("listen 8080;", &format!("listen 127.0.0.1:{port};"))?;
        for (n, host) in hosts.iter().enumerate() {
            let address = host.strip_prefix("http://").context("a URL")?;
            replace(&format!("colloquy-{}:8000", n + 1), address)?;
        }
        std::fs::write(folder.join("colloquy.conf"), text)?;
        let configuration = folder.join("nginx.conf");
        std::fs::write(
            &configuration,
            AROUND.replace("FOLDER", &folder.display().to_string()),
        )?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&configuration).arg("-p").arg(folder);
        // The last thing that it says before it serves.
        let ready = |line: &str| line.contains("start worker process ").then_some(());
        let log = folder.join("nginx.log");
        let (process, ()) = process::Server::start(&mut command, log, ready)?;
        let url = format!("http://127.0.0.1:{port}");
        let health = Client::new().get(format!("{url}/nginx-health")).send()?;
        ensure!(health.text()? == "ok\n", "nginx is not well");
        Ok(Some(Self {
            _process: process,
            url,
        }))
    }
}
