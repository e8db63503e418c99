//! A server of a test's own, which it may kill; made by the programs that `cargo xtask postgres test` names.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Whom the server runs as where we are root, which it refuses: the user `nobody`.
const USER: u32 = 65534;
/// How often something is asked for, with a tenth of a second between.
const QUESTIONS: u32 = 600;

/// A server in a directory of its own; stopped when dropped.
pub(crate) struct OwnServer {
    programs: PathBuf,
    home: TempDir,
    port: u16,
    process: Child,
}

impl OwnServer {
    /// Starts one; `None`, with the reason printed, where there are no programs.
    pub(crate) fn start() -> Option<Self> {
        let programs = std::env::var_os("PULSEDB_POSTGRES_PROGRAMS").filter(|place| !place.is_empty());
        let Some(programs) = programs.map(PathBuf::from) else {
            println!(
                "skipped: PULSEDB_POSTGRES_PROGRAMS names no programs; `cargo xtask postgres test` does"
            );
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(home.path(), Some(USER), Some(USER)).unwrap();
        }
        let data = home.path().join("data");
        let mut make = as_user(&programs.join("initdb"), home.path());
        make.arg("-D").arg(&data).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        assert!(make.stdout(Stdio::null()).status().unwrap().success());
        // It is free now, and nobody else is told.
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let process = serve(&programs, home.path(), port);
        let server = Self { programs, home, port, process };
        server.wait();
        Some(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Ends it and all of its processes without a word, as a machine does that loses its power but keeps its disk.
    pub(crate) fn kill(&mut self) {
        let postmaster = self.process.id();
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let children = children.unwrap_or_default();
        self.process.kill().unwrap();
        for child in children.split_whitespace() {
            // It may have ended by itself.
            let _ = Command::new("kill").args(["-KILL", child]).stderr(Stdio::null()).status();
        }
        self.process.wait().unwrap();
        for child in children.split_whitespace() {
            wait_until("a process of the server lives on", || !is_alive(child));
        }
    }

    /// Starts it again, as an administrator does.
    pub(crate) fn start_again(&mut self) {
        for _ in 0..QUESTIONS {
            self.process = serve(&self.programs, self.home.path(), self.port);
            wait_until("the server neither answers nor ends", || {
                self.answers() || !is_alive(&self.process.id().to_string())
            });
            // It ends where a process of before has not yet noticed that it is alone.
            if self.answers() {
                return;
            }
            self.process.wait().unwrap();
        }
        panic!("the server does not start");
    }

    /// Until it answers.
    fn wait(&self) {
        wait_until("the server does not answer", || self.answers());
    }

    /// Asks for TLS, which any server answers with one letter.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut said = [0];
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).and_then(|()| stream.read_exact(&mut said)).is_ok()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn serve(programs: &Path, home: &Path, port: u16) -> Child {
    let log = fs::OpenOptions::new().create(true).append(true).open(home.join("log")).unwrap();
    let mut serve = as_user(&programs.join("postgres"), home);
    serve.arg("-D").arg(home.join("data")).args([
        "-p",
        &port.to_string(),
        "-c",
        "listen_addresses=127.0.0.1",
    ]);
    serve.args(["-c", "unix_socket_directories="]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    serve.spawn().unwrap()
}

/// Whether there is such a process, and it is more than a number that nobody has asked for.
fn is_alive(process: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn wait_until(problem: &str, is_met: impl Fn() -> bool) {
    for _ in 0..QUESTIONS {
        if is_met() {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{problem}");
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn as_user(program: &Path, home: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups"]).arg(program);
    } else {
        command = Command::new(program);
    }
    command.current_dir(home);
    command
}
