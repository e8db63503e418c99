//! The commands where PostgreSQL is built in.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use pulsedb::{Collective, Config, EmbeddingProvider, PulseDBError, ServerError, SubstrateProvider};
use pulsedb_mcp::Opener;
use pulsedb_postgres::{MoveError, MoveOptions, MoveProgress, Moved, PostgresConfig, PostgresSubstrate};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use unicode_normalization::UnicodeNormalization;

use crate::args::MoveArgs;
use crate::database::{Target, external, is_external};
use crate::exit::{CliError, Exit};
use crate::output::Out;
use crate::stamped::Stamped;
use crate::text::{count, printable_line};

/// The variable that names the server.
const URL_VARIABLE: &str = "PULSEDB_POSTGRES_URL";
/// A batch of large records takes longer than a call of an agent.
const STATEMENT_TIMEOUT: Duration = Duration::from_mins(5);

pub(crate) fn push(target: &Target, args: &MoveArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let url = url(args)?;
    let db = target.read()?;
    let collective = target.named_collective().map(|name| target.collective_named(&db, name)).transpose()?;
    let runtime = runtime()?;
    let connected = runtime.block_on(connect(url, config(args), db.embedder_identity()));
    let store = connected.map_err(|error| refused_embedder(error, args))?;
    let options = MoveOptions { collective, overwrite: args.overwrite };
    let bar = bar(args.quiet);
    let moved = pulsedb_postgres::push(&db, &store, options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    let (place, there) = (target.path.display().to_string(), server_name(args));
    print(&told(moved)?, args, (&place, &there), out)
}

pub(crate) fn pull(target: &Target, args: &MoveArgs, out: &mut Out) -> anyhow::Result<Exit> {
    let url = url(args)?;
    let runtime = runtime()?;
    let stored = runtime.block_on(PostgresSubstrate::stored_embedder(url, &config(args)))?;
    let Some(embedder) = stored else {
        let message = format!(
            "{} holds no memory yet; see --tenant, and `pulsedb push` to bring one there",
            server_name(args)
        );
        return Err(CliError::NotFound(message).into());
    };
    let config = PostgresConfig { migrate: false, ..config(args) };
    let store = runtime.block_on(connect(url, config, embedder.clone()))?;
    // Before a database is made for it.
    let collective = target.named_collective().map(|name| named(&runtime, &store, name, args)).transpose()?;
    let db = target.create_for(&embedder)?;
    let options = MoveOptions { collective: collective.map(|it| it.id), overwrite: args.overwrite };
    let bar = bar(args.quiet);
    let moved = pulsedb_postgres::pull(&store, &db, options, |progress| show(&bar, progress));
    bar.finish_and_clear();
    let (place, there) = (target.path.display().to_string(), server_name(args));
    print(&told(moved)?, args, (&there, &place), out)?;
    db.close()?;
    Ok(Exit::Ok)
}

fn url(args: &MoveArgs) -> anyhow::Result<&str> {
    let url = args.url.as_deref().filter(|url| !url.is_empty());
    Ok(url.ok_or_else(unnamed)?)
}

fn unnamed() -> CliError {
    let form = "`postgres://user:password@host:port/database`";
    CliError::Usage(format!("name the server: {form}, or that in {URL_VARIABLE}"))
}

/// Opens the memory of a tenant when it is first needed; its tables are made if there are none.
pub(crate) fn opener(url: &str, tenant: &str) -> anyhow::Result<Opener> {
    let of_environment = || std::env::var(URL_VARIABLE).ok();
    let url = Some(url.to_owned()).filter(|url| !url.is_empty()).or_else(of_environment);
    let url = url.filter(|url| !url.is_empty()).ok_or_else(unnamed)?;
    let config = PostgresConfig { tenant: tenant.to_owned(), ..Default::default() };
    // Bad settings fail here, where the user sees it, and not in an answer to a model later.
    PostgresSubstrate::check(&url, &config)?;
    let background = Background(Some(runtime()?));
    Ok(Arc::new(move || {
        background.wait(async {
            let stored = PostgresSubstrate::stored_embedder(&url, &config).await?;
            let store = match stored {
                Some(embedder) => connect(&url, config.clone(), embedder).await?,
                None => PostgresSubstrate::connect(&url, config.clone()).await?,
            };
            Ok(Arc::new(store) as Arc<dyn pulsedb_mcp::Store>)
        })
    }))
}

/// A runtime with a thread of its own: calls of the store wait for it in whatever thread they are made, that of the server's
/// runtime included.
struct Background(Option<Runtime>);

impl Background {
    fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.0.as_ref().expect("it is taken when it is dropped").block_on(call)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // A runtime must not be waited for in a task of another one.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What the other side is called in messages, in which no address stands.
fn server_name(args: &MoveArgs) -> String {
    format!("the tenant `{}` at the server", args.tenant.name)
}

fn config(args: &MoveArgs) -> PostgresConfig {
    PostgresConfig {
        tenant: args.tenant.name.clone(),
        statement_timeout: STATEMENT_TIMEOUT,
        connections: 2,
        ..Default::default()
    }
}

fn runtime() -> anyhow::Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.context("cannot start the thread that talks with the server")
}

/// Connects for vectors of this embedder.
async fn connect(
    url: &str,
    config: PostgresConfig,
    embedder: pulsedb::ProviderIdentity,
) -> pulsedb::Result<PostgresSubstrate> {
    if is_external(&embedder) {
        let memory = external(embedder.dimension);
        return PostgresSubstrate::connect(url, PostgresConfig { memory, ..config }).await;
    }
    let bundled = EmbeddingProvider::default().service()?;
    if bundled.is_some_and(|bundled| bundled.identity() == embedder) {
        let memory = Config::default();
        return PostgresSubstrate::connect(url, PostgresConfig { memory, ..config }).await;
    }
    PostgresSubstrate::connect_with_embedder(url, config, Arc::new(Stamped::new(embedder))).await
}

/// The collective of that name at the server.
fn named(
    runtime: &Runtime,
    store: &PostgresSubstrate,
    name: &str,
    args: &MoveArgs,
) -> anyhow::Result<Collective> {
    let collectives = runtime.block_on(store.list_collectives())?;
    let normal: String = name.nfc().collect();
    let names: Vec<String> =
        collectives.iter().take(10).map(|it| format!("`{}`", printable_line(&it.name))).collect();
    let found = collectives.into_iter().find(|it| it.name == normal);
    let missing = || {
        let others =
            if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) };
        CliError::NotFound(format!("{} has no collective `{name}`; {others}", server_name(args)))
    };
    Ok(found.ok_or_else(missing)?)
}

fn bar(quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("{msg} {bar:24} {human_pos} of {human_len} records {eta}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn show(bar: &ProgressBar, progress: MoveProgress<'_>) {
    bar.set_message(printable_line(progress.collective));
    bar.set_length(progress.total);
    bar.set_position(progress.done);
}

fn print(moved: &[Moved], args: &MoveArgs, (from, to): (&str, &str), out: &mut Out) -> anyhow::Result<Exit> {
    if args.output.json {
        let collectives: Vec<Value> = moved.iter().map(as_json).collect();
        out.json(&json!({ "tenant": args.tenant.name, "count": moved.len(), "collectives": collectives }))?;
        return Ok(Exit::Ok);
    }
    if moved.is_empty() {
        writeln!(out, "{from} has no collectives, so there was nothing to copy to {to}")?;
    }
    for one in moved {
        let (experiences, relations) =
            (count(one.experiences, "experience"), count(one.relations, "relation"));
        let (insights, copied) = (count(one.insights, "insight"), count(one.copied, "record"));
        let removed = match one.removed {
            0 => String::new(),
            removed => format!(", {} removed first", count(removed, "record")),
        };
        let name = printable_line(&one.name);
        writeln!(
            out,
            "{name}: {experiences}, {relations} and {insights} on both sides; {copied} copied{removed}; digest {:032x}",
            one.digest
        )?;
    }
    Ok(Exit::Ok)
}

fn as_json(one: &Moved) -> Value {
    json!({
        "name": one.name,
        "collective_id": one.collective.to_string(),
        "experiences": one.experiences,
        "relations": one.relations,
        "insights": one.insights,
        "copied": one.copied,
        "removed": one.removed,
        "digest": format!("{:032x}", one.digest),
    })
}

/// What was moved, or the error with what this command can do about it.
fn told(moved: Result<Vec<Moved>, MoveError>) -> anyhow::Result<Vec<Moved>> {
    moved.map_err(|error| match error {
        MoveError::Database(error) => {
            let is_gone = matches!(&error, PulseDBError::Server(ServerError::Unreachable { .. }));
            let error = anyhow::Error::new(error);
            if is_gone { error.context("interrupted; run it again to go on from here") } else { error }
        }
        MoveError::Diverged { .. } => anyhow::anyhow!("{error} with --overwrite"),
        other => other.into(),
    })
}

/// Names both embedders where the tenant has another one than the database.
fn refused_embedder(error: PulseDBError, args: &MoveArgs) -> anyhow::Error {
    match error {
        PulseDBError::EmbeddingProviderMismatch { stored, requested } => anyhow::anyhow!(
            "{} holds vectors of {stored}, this database has those of {requested}, and the two never mix; name another \
             --tenant, or give this database the other vectors with `pulsedb reembed`",
            server_name(args)
        ),
        other => other.into(),
    }
}
