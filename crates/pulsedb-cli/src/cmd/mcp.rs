//! `mcp`: the memory as a server of the Model Context Protocol.

use std::sync::Arc;

use anyhow::Context;
use pulsedb_mcp::{HttpSettings, Listening, Opener, Server, Settings, Store, serve_stdio};

use crate::args::McpArgs;
use crate::cmd::server;
use crate::database::Target;
use crate::exit::Exit;

pub(crate) fn run(target: Target, args: &McpArgs) -> anyhow::Result<Exit> {
    let place = std::env::current_dir().context("the current directory is gone")?;
    let target = target.at(&place);
    let collective = target.collective.clone();
    let open: Opener = match &args.url {
        Some(url) => server::opener(url, &args.tenant.name)?,
        None => Arc::new(move || Ok(Arc::new(target.open_for_agent()?) as Arc<dyn Store>)),
    };
    let server = Server::new(Settings { open, collective, channel: args.channel });
    let Some(address) = args.http else {
        serve_stdio(server)?;
        return Ok(Exit::Ok);
    };
    let listening = Listening::new(server, &HttpSettings { address, token: args.token.clone() })?;
    // Standard output is for data; this is for the person who started the server.
    eprintln!("listening at {}", listening.url());
    listening.serve();
    Ok(Exit::Ok)
}
