//! A proxy before Redis that can cut and freeze what goes through it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Connections are closed, and new ones are closed at once.
    Cut,
    /// Nothing goes through, and nothing is closed.
    Frozen,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    mode: watch::Sender<Mode>,
}

impl Proxy {
    /// A proxy before the server at `url`, which is `redis://host:port` and perhaps more.
    pub(crate) async fn before(url: &str) -> Self {
        let at = url.rfind('@').map_or("redis://".len(), |at| at + 1);
        let end = url[at..].find('/').map_or(url.len(), |end| at + end);
        let server = url[at..end].to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let mode = watch::Sender::new(Mode::Open);
        let modes = mode.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *modes.borrow() != Mode::Cut {
                    tokio::spawn(carry(client, server.clone(), modes.clone()));
                }
            }
        });
        Self { url: format!("{}{own}{}", &url[..at], &url[end..]), mode }
    }

    pub(crate) fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    pub(crate) fn freeze(&self) {
        self.mode.send_replace(Mode::Frozen);
    }

    pub(crate) fn heal(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn carry(client: TcpStream, server: String, mut modes: watch::Receiver<Mode>) {
    let server = TcpStream::connect(server).await.unwrap();
    let ((client_reads, client_writes), (server_reads, server_writes)) =
        (client.into_split(), server.into_split());
    let (there, back) = (modes.clone(), modes.clone());
    tokio::select! {
        () = pump(client_reads, server_writes, there) => {}
        () = pump(server_reads, client_writes, back) => {}
        // Also when the proxy is gone.
        _ = modes.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut modes: watch::Receiver<Mode>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if modes.wait_for(|mode| *mode != Mode::Frozen).await.is_err()
            || to.write_all(&buffer[..read]).await.is_err()
        {
            return;
        }
    }
}
