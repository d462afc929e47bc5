//! Access tokens: JWTs of 15 minutes that name a person and a session, signed by a key that the master key yields.

use std::sync::Once;

use dryoc::classic::crypto_auth_hmacsha256::{crypto_auth_hmacsha256, crypto_auth_hmacsha256_verify};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result as JwtResult};
use jsonwebtoken::signature::{Error as BadSignature, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{Error, PersonId, Result, SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How long an access token is good.
pub(crate) const ACCESS_MS: i64 = 15 * 60_000;
/// Whom the tokens are for.
const AUDIENCE: &str = "atelier";
/// Longer than any of our tokens; more is not parsed.
const MAX_TOKEN: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: PersonId,
    sid: SessionId,
    /// Seconds since 1970, as the standard has it.
    iat: i64,
    exp: i64,
}

/// Makes and reads access tokens.
pub(crate) struct Access {
    issuer: String,
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
}

impl Access {
    pub(crate) fn new(issuer: &str, key: &[u8; 32]) -> Self {
        install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Checked below, by the clock that everything here goes by.
        validation.validate_exp = false;
        Self {
            issuer: issuer.to_owned(),
            sign: EncodingKey::from_secret(key),
            verify: DecodingKey::from_secret(key),
            validation,
        }
    }

    /// A token for a session, and when it ends.
    pub(crate) fn token(
        &self,
        person: PersonId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<(String, Timestamp)> {
        let seconds = now.0.div_euclid(1000);
        let exp = seconds + ACCESS_MS / 1000;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: person,
            sid: session,
            iat: seconds,
            exp,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .map_err(Error::internal)?;
        Ok((token, Timestamp(exp.saturating_mul(1000))))
    }

    /// Whom a token names, if it is ours and has not ended.
    pub(crate) fn read(&self, token: &str, now: Timestamp) -> Option<(PersonId, SessionId)> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verify, &self.validation).ok()?.claims;
        (claims.exp.saturating_mul(1000) > now.0).then_some((claims.sub, claims.sid))
    }
}

/// HS256 by the library that makes the keys too. `jsonwebtoken`'s own providers bring RSA and three curves along.
struct Hmac(Zeroizing<[u8; 32]>);

impl Hmac {
    fn new(algorithm: Algorithm, key: &[u8]) -> JwtResult<Box<Self>> {
        if algorithm != Algorithm::HS256 {
            return Err(ErrorKind::UnsupportedAlgorithm.into());
        }
        let key = key.try_into().map_err(|_| ErrorKind::InvalidKeyFormat)?;
        Ok(Box::new(Self(Zeroizing::new(key))))
    }
}

impl Signer<Vec<u8>> for Hmac {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, BadSignature> {
        let mut mac = [0; 32];
        crypto_auth_hmacsha256(&mut mac, message, &self.0);
        Ok(mac.to_vec())
    }
}

impl Verifier<Vec<u8>> for Hmac {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), BadSignature> {
        let mac = signature.as_slice().try_into().map_err(|_| BadSignature::new())?;
        crypto_auth_hmacsha256_verify(mac, message, &self.0).map_err(|_| BadSignature::new())
    }
}

impl JwtSigner for Hmac {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hmac {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Hmac::new(*algorithm, key.as_bytes())?),
    verifier_factory: |algorithm, key| Ok(Hmac::new(*algorithm, key.try_get_as_bytes()?)?),
    key_utils: KeyUtils::new_unimplemented(),
};

fn install() {
    static ONCE: Once = Once::new();
    // Refused only when this process has another provider, which does HS256 as well.
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn ids() -> (PersonId, SessionId) {
        (PersonId::from_bits(1), SessionId::from_bits(2))
    }

    #[test]
    fn a_token_names_its_person_and_session_until_it_ends() {
        let access = Access::new("http://a", &[7; 32]);
        let (person, session) = ids();
        let (token, ends) = access.token(person, session, NOW).unwrap();
        assert_eq!(ends, NOW.plus_millis(ACCESS_MS));
        assert_eq!(access.read(&token, ends.plus_millis(-1)), Some((person, session)));
        assert_eq!(access.read(&token, ends), None);
    }

    #[test]
    fn a_token_of_another_key_issuer_or_signature_is_refused() {
        let access = Access::new("http://a", &[7; 32]);
        let (person, session) = ids();
        for other in [Access::new("http://a", &[8; 32]), Access::new("http://b", &[7; 32])] {
            assert_eq!(access.read(&other.token(person, session, NOW).unwrap().0, NOW), None);
        }
        let (token, _) = access.token(person, session, NOW).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(access.read(&format!("{signed}."), NOW), None);
        assert_eq!(access.read("", NOW), None);
    }

    #[test]
    fn a_token_that_names_no_algorithm_is_refused() {
        use base64::Engine as _;
        let access = Access::new("http://a", &[7; 32]);
        let (person, session) = ids();
        let (token, _) = access.token(person, session, NOW).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert_eq!(access.read(&format!("{header}.{claims}."), NOW), None);
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // As Python's `hmac` has it.
        let signer = Hmac::new(Algorithm::HS256, &[1; 32]).unwrap();
        let mac = signer.try_sign(b"header.claims").unwrap();
        assert_eq!(crate::tokens::hex(&mac), HMAC_OF_PYTHON);
    }

    const HMAC_OF_PYTHON: &str = "6b31124f7b7d48bb400bad36a5335b212749fc9e675a09549e2c3c9d5711a8f1";
}
