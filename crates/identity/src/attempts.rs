//! How often one may guess: failed sign-ins are counted per account and per address.

use std::net::{IpAddr, Ipv6Addr};

use backplane::limiter::{Limiter, Passed};
use kernel::{Code, Error, Result};
use resilience::limiter::Params;
use serde_json::json;

/// Failed sign-ins of one account in a window.
const PER_ACCOUNT: Params = Params { limit: 10, window_ms: 15 * 60_000, keys: 100_000 };
/// Failed sign-ins from one address in a window: several people may share it.
const PER_ADDRESS: Params = Params { limit: 50, window_ms: 15 * 60_000, keys: 100_000 };

/// Counts attempts, on all servers together.
pub(crate) struct Attempts {
    accounts: Limiter,
    addresses: Limiter,
}

/// An attempt that was let through and counted.
#[derive(Debug)]
pub(crate) struct Attempt {
    account: Passed,
    address: Option<Passed>,
}

impl Attempts {
    pub(crate) fn new(backplane: &backplane::Handle) -> Self {
        Self {
            accounts: backplane.limiter("sign-in.account", PER_ACCOUNT),
            addresses: backplane.limiter("sign-in.address", PER_ADDRESS),
        }
    }

    /// Lets an attempt on `account` through and counts it, before it is known how it ends: many at once are counted too.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with `retryAfter` in seconds.
    pub(crate) async fn begin(&self, account: &str, address: Option<IpAddr>) -> Result<Attempt> {
        // The address first: who guesses at many accounts must not fill the accounts' places.
        let address = match address.map(network) {
            Some(address) => Some(self.addresses.pass(&address.to_string()).await.map_err(refused)?),
            None => None,
        };
        let account = self.accounts.pass(account).await.map_err(refused)?;
        Ok(Attempt { account, address })
    }

    /// An attempt was good, and so does not count.
    pub(crate) async fn forgive(&self, attempt: &Attempt) {
        self.accounts.take_back(&attempt.account).await;
        if let Some(address) = &attempt.address {
            self.addresses.take_back(address).await;
        }
    }
}

fn refused(retry_after_ms: u64) -> Error {
    let seconds = retry_after_ms.div_ceil(1000);
    Error::new(
        Code::RateLimited,
        format!("Too many attempts have failed. Try again in {} min.", seconds.div_ceil(60)),
    )
    .with_details(json!({ "retryAfter": seconds }))
}

/// Who has one IPv6 address has 2^64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{Ambient, ManualClock, SeededRandom, Timestamp};

    use super::*;

    fn attempts() -> (Arc<ManualClock>, Attempts) {
        let clock = Arc::new(ManualClock::at(Timestamp(0)));
        let ambient = Ambient::new(clock.clone(), Arc::new(SeededRandom::new(1)));
        (clock, Attempts::new(&backplane::Handle::alone(ambient)))
    }

    #[tokio::test]
    async fn good_attempts_do_not_count() {
        let (clock, attempts) = attempts();
        let from = Some(IpAddr::from([10, 0, 0, 1]));
        for _ in 0..500 {
            let attempt = attempts.begin("ada@example.org", from).await.unwrap();
            attempts.forgive(&attempt).await;
            clock.advance(1);
        }
    }

    #[tokio::test]
    async fn an_account_is_closed_after_ten_failures_from_wherever_and_opens_again() {
        let (clock, attempts) = attempts();
        for last in 0..10 {
            attempts.begin("ada", Some(IpAddr::from([10, 0, 0, last]))).await.unwrap();
        }
        clock.advance(60_000);
        let refused = attempts.begin("ada", Some(IpAddr::from([10, 0, 1, 1]))).await.unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert_eq!(refused.details().unwrap()["retryAfter"], 14 * 60);
        assert!(attempts.begin("ben", Some(IpAddr::from([10, 0, 1, 1]))).await.is_ok());
        clock.advance(PER_ACCOUNT.window_ms - 60_000);
        assert!(attempts.begin("ada", None).await.is_ok());
    }

    #[tokio::test]
    async fn an_address_is_closed_after_fifty_failures_whatever_the_accounts() {
        let (_, attempts) = attempts();
        let of = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]));
        for n in 0..50 {
            attempts.begin(&format!("p{n}"), of(n)).await.unwrap();
        }
        assert_eq!(attempts.begin("another", of(99)).await.unwrap_err().code(), Code::RateLimited);
        let elsewhere = Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1]));
        assert!(attempts.begin("another", elsewhere).await.is_ok());
    }
}
