//! How far the log of a tenant reaches: told by notices, and asked for once a second.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use pulsedb::Seq;
use tokio::sync::{Notify, watch};
use tokio_postgres::{AsyncMessage, NoTls, SimpleQueryMessage};

use crate::calls::Server;

/// How long a notice that was lost goes unnoticed, and how long a lost connection is waited for at most.
const POLLED_EVERY: Duration = Duration::from_secs(1);

/// What is known of the log.
#[derive(Debug)]
pub(crate) struct News {
    /// The greatest number that is known to be committed.
    latest: watch::Sender<Seq>,
    /// Rings when this store has committed something.
    committed: Notify,
}

impl News {
    /// With the number that was found.
    pub(crate) fn new(latest: Seq) -> Self {
        Self { latest: watch::Sender::new(latest), committed: Notify::new() }
    }

    /// The greatest number that is known.
    pub(crate) fn latest(&self) -> Seq {
        *self.latest.borrow()
    }

    /// A receiver of the numbers that come after this one.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Seq> {
        self.latest.subscribe()
    }

    /// Notes a number that was committed somewhere.
    fn raise(&self, sequence: Seq) {
        self.latest.send_if_modified(|latest| {
            let is_new = sequence > *latest;
            *latest = sequence.max(*latest);
            is_new
        });
    }

    /// Notes a number that this store has committed, and has it told to others.
    pub(crate) fn commit(&self, sequence: Seq) {
        self.raise(sequence);
        self.committed.notify_one();
    }
}

/// The channel on which a tenant's numbers are told.
fn channel(server: &Server) -> String {
    format!("pulsedb_{}", server.config.tenant)
}

/// Tells others what this store has committed. While one notice is under way the next ones become one: a commit with a
/// notice takes a lock that all commits of a server want.
pub(crate) async fn tell(server: Server, news: Arc<News>) {
    loop {
        news.committed.notified().await;
        let (channel, sequence) = (channel(&server), news.latest().to_string());
        // Whoever is not told asks within a second.
        if let Ok(client) = server.pool.get().await
            && let Err(error) = client.execute("SELECT pg_notify($1, $2)", &[&channel, &sequence]).await
        {
            tracing::debug!(%error, "a notice was lost");
        }
    }
}

/// Listens, asks once a second, and makes a new connection where one is lost.
pub(crate) async fn listen(server: Server, address: tokio_postgres::Config, news: Arc<News>) {
    let mut pause = Duration::from_millis(10);
    loop {
        match listen_once(&server, &address, &news).await {
            Ok(()) => pause = Duration::from_millis(10),
            Err(error) => tracing::debug!(%error, "the connection that listens was lost"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLLED_EVERY);
    }
}

/// Until the connection is lost; an error only if it was never made.
async fn listen_once(
    server: &Server,
    address: &tokio_postgres::Config,
    news: &Arc<News>,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = address.connect(NoTls).await?;
    let heard = Arc::clone(news);
    let driver = tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notice) = message
                && let Ok(sequence) = notice.payload().parse()
            {
                heard.raise(sequence);
            }
        }
    });
    // The driver ends with the client.
    client.batch_execute(&format!("LISTEN \"{}\"", channel(server))).await?;
    let asked = format!(
        "BEGIN READ ONLY; SET LOCAL ROLE pulsedb_app; SELECT set_config('pulsedb.tenant', '{}', true); \
         SELECT sequence FROM pulsedb.tenant; COMMIT",
        server.config.tenant
    );
    while !driver.is_finished() {
        let Ok(said) = client.simple_query(&asked).await else { break };
        let sequence = said.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        news.raise(sequence.unwrap_or(0));
        tokio::time::sleep(POLLED_EVERY).await;
    }
    Ok(())
}
