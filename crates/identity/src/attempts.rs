//! How often one may guess: failed sign-ins are counted per account and per address.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use kernel::{Code, Error, Result, Timestamp};
use resilience::limiter::{Limiter, Params, Verdict};
use serde_json::json;

/// Failed sign-ins of one account in a window.
const PER_ACCOUNT: Params = Params { limit: 10, window_ms: 15 * 60_000, keys: 100_000 };
/// Failed sign-ins from one address in a window: several people may share it.
const PER_ADDRESS: Params = Params { limit: 50, window_ms: 15 * 60_000, keys: 100_000 };

/// Counts attempts.
pub(crate) struct Attempts(Mutex<Both>);

struct Both {
    accounts: Limiter<String>,
    addresses: Limiter<IpAddr>,
}

/// An attempt that was let through and counted.
#[derive(Debug)]
pub(crate) struct Attempt {
    account: String,
    address: Option<IpAddr>,
    at: Timestamp,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Both { accounts: Limiter::new(PER_ACCOUNT), addresses: Limiter::new(PER_ADDRESS) }))
    }

    /// Lets an attempt on `account` through and counts it, before it is known how it ends: many at once are counted too.
    ///
    /// # Errors
    /// `RATE_LIMITED`, with `retryAfter` in seconds.
    pub(crate) fn begin(&self, account: &str, address: Option<IpAddr>, now: Timestamp) -> Result<Attempt> {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = Attempt { account: account.to_owned(), address: address.map(network), at: now };
        // The address first: who guesses at many accounts must not fill the accounts' places.
        if let Some(address) = &attempt.address {
            passed(both.addresses.check(address, now))?;
        }
        passed(both.accounts.check(&attempt.account, now))?;
        Ok(attempt)
    }

    /// An attempt was good, and so does not count.
    pub(crate) fn forgive(&self, attempt: &Attempt) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        both.accounts.take_back(&attempt.account, attempt.at);
        if let Some(address) = &attempt.address {
            both.addresses.take_back(address, attempt.at);
        }
    }
}

fn passed(verdict: Verdict) -> Result<()> {
    match verdict {
        Verdict::Allowed { .. } => Ok(()),
        Verdict::Refused { retry_after_ms } => {
            let seconds = retry_after_ms.div_ceil(1000);
            Err(Error::new(
                Code::RateLimited,
                format!("Too many attempts have failed. Try again in {} min.", seconds.div_ceil(60)),
            )
            .with_details(json!({ "retryAfter": seconds })))
        }
    }
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
    use super::*;

    #[test]
    fn good_attempts_do_not_count() {
        let attempts = Attempts::new();
        let from = Some(IpAddr::from([10, 0, 0, 1]));
        for at in 0..500 {
            let attempt = attempts.begin("ada@example.org", from, Timestamp(at)).unwrap();
            attempts.forgive(&attempt);
        }
    }

    #[test]
    fn an_account_is_closed_after_ten_failures_from_wherever_and_opens_again() {
        let attempts = Attempts::new();
        for last in 0..10 {
            attempts.begin("ada", Some(IpAddr::from([10, 0, 0, last])), Timestamp(0)).unwrap();
        }
        let refused =
            attempts.begin("ada", Some(IpAddr::from([10, 0, 1, 1])), Timestamp(60_000)).unwrap_err();
        assert_eq!(refused.code(), Code::RateLimited);
        assert_eq!(refused.details().unwrap()["retryAfter"], 14 * 60);
        assert!(attempts.begin("ben", Some(IpAddr::from([10, 0, 1, 1])), Timestamp(60_000)).is_ok());
        assert!(attempts.begin("ada", None, Timestamp(PER_ACCOUNT.window_ms)).is_ok());
    }

    #[test]
    fn an_address_is_closed_after_fifty_failures_whatever_the_accounts() {
        let attempts = Attempts::new();
        let of = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]));
        for n in 0..50 {
            attempts.begin(&format!("p{n}"), of(n), Timestamp(0)).unwrap();
        }
        assert_eq!(attempts.begin("another", of(99), Timestamp(1)).unwrap_err().code(), Code::RateLimited);
        assert!(
            attempts
                .begin("another", Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1])), Timestamp(1))
                .is_ok()
        );
    }
}
