//! Two hosts, each a network namespace of its own, and the way between them, on which packets may be late, overtake one another, or
//! be lost.

use std::fs::File;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kernel::SeededRandom;
use nix::sched::{CloneFlags, setns, unshare};
use tokio::sync::watch;
use tun_rs::{AsyncDevice, DeviceBuilder, SyncDevice};

/// The addresses of the first host, where the server is, and of the second.
const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];
/// The most bytes of a packet.
const MTU: u16 = 1_500;

/// What becomes of each packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It arrives at once.
    Good,
    /// It arrives after a time of its own, at most that long; so those that come later overtake it.
    Late(Duration),
    /// Of a hundred packets that many are lost.
    Lossy(u64),
    /// It is lost, and nobody is told.
    Dead,
    /// It is lost, and the second host sees at once that it has no network.
    Unplugged,
}

/// The two hosts, as the first one sees them.
pub struct Hosts {
    here: Arc<File>,
    there: Arc<File>,
    way: Arc<watch::Sender<Way>>,
}

/// Has something done on the first of two hosts. Nothing if this machine does not let us make any, unless nothing may be skipped.
///
/// # Panics
/// When what is done does, and when there may be no hosts and nothing may be skipped.
pub fn on_two_hosts(seed: u64, what: impl AsyncFnOnce(Hosts) + Send) {
    // A thread that has left its network stays so: this one is thrown away.
    thread::scope(|scope| {
        let first = scope.spawn(move || {
            let made = two_hosts();
            let (devices, here, there) = match made {
                Ok(made) => made,
                Err(error) if crate::strict() => panic!("no two hosts: {error}"),
                Err(error) => return eprintln!("skipped, for want of two hosts: {error}"),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let way = Arc::new(watch::Sender::new(Way::Good));
                let devices = devices.map(|device| AsyncDevice::new(device).map(Arc::new));
                let [first, second] = devices.map(|device| device.expect("a device"));
                tokio::spawn(carry(first.clone(), second.clone(), way.subscribe(), SeededRandom::new(seed)));
                tokio::spawn(carry(second, first, way.subscribe(), SeededRandom::new(!seed)));
                what(Hosts { here, there, way }).await;
            });
        });
        if let Err(panic) = first.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Makes this thread the first of two hosts.
#[allow(clippy::type_complexity)]
fn two_hosts() -> io::Result<([SyncDevice; 2], Arc<File>, Arc<File>)> {
    let second = thread::spawn(|| host(ADDRESSES[1]));
    let (other, there) = second.join().map_err(|_| io::Error::other("the second host"))??;
    let (one, here) = host(ADDRESSES[0])?;
    Ok(([one, other], here, there))
}

/// Gives this thread a network of its own; what it sends to others comes out of the device.
fn host(address: &str) -> io::Result<(SyncDevice, Arc<File>)> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let device = DeviceBuilder::new().name("way").mtu(MTU).build_sync()?;
    ip(&["link", "set", "lo", "up"])?;
    ip(&["address", "add", &format!("{address}/24"), "dev", "way"])?;
    ip(&["link", "set", "way", "up"])?;
    Ok((device, Arc::new(File::open("/proc/thread-self/ns/net")?)))
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(arguments).output()?;
    let said = || io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned());
    output.status.success().then_some(()).ok_or_else(said)
}

/// Carries packets one way, for ever.
async fn carry(
    from: Arc<AsyncDevice>,
    to: Arc<AsyncDevice>,
    way: watch::Receiver<Way>,
    random: SeededRandom,
) {
    let mut packet = vec![0; usize::from(MTU)];
    loop {
        let Ok(length) = from.recv(&mut packet).await else { return };
        let late = match *way.borrow() {
            Way::Good => None,
            Way::Late(most) => {
                let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
                Some(Duration::from_micros(crate::below(&random, most)))
            }
            Way::Lossy(percent) if crate::below(&random, 100) >= percent => None,
            Way::Lossy(_) | Way::Dead | Way::Unplugged => continue,
        };
        // A host that is not there, or has no room, loses it.
        match late {
            None => drop(to.send(&packet[..length]).await),
            Some(late) => {
                let (to, packet) = (to.clone(), packet[..length].to_vec());
                tokio::spawn(async move {
                    tokio::time::sleep(late).await;
                    let _ = to.send(&packet).await;
                });
            }
        }
    }
}

impl Hosts {
    /// Where a server on the first host listens.
    #[must_use]
    pub fn listen(&self) -> String {
        format!("{}:4400", ADDRESSES[0])
    }

    /// Does something on the second host: processes that are started so are there.
    ///
    /// # Panics
    /// When it is gone.
    pub fn there<T>(&self, what: impl FnOnce() -> T) -> T {
        setns(&*self.there, CloneFlags::CLONE_NEWNET).expect("the second host");
        let done = what();
        setns(&*self.here, CloneFlags::CLONE_NEWNET).expect("the first host");
        done
    }

    /// Makes the way so from now on.
    ///
    /// # Panics
    /// When the second host has lost its network in another way.
    pub fn become_(&self, way: Way) {
        let before = self.way.send_replace(way);
        if (before == Way::Unplugged) != (way == Way::Unplugged) {
            let state = if way == Way::Unplugged { "down" } else { "up" };
            self.there(|| ip(&["link", "set", "way", state])).expect("the device is there");
        }
    }
}
