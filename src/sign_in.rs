//! Signing in with a password, and changing it; guessing is slowed down per account and per address.

use std::net::IpAddr;
use std::time::Duration;

use crate::client_key::ClientKey;
use crate::error::{Error, Result};
use crate::password;
use crate::rate_limit::{self, Limit};
use crate::storage::Storage;
use crate::user::User;

const WINDOW: Duration = Duration::from_secs(15 * 60);
/// One client guessing at one account.
const PAIR: Limit = Limit {
    scope: "sign-in account from address",
    hits: 10,
    window: WINDOW,
};
/// Many clients guessing at one account. Wide, since whoever reaches it locks the account's owner out too.
const ACCOUNT: Limit = Limit {
    scope: "sign-in account",
    hits: 100,
    window: WINDOW,
};
/// One client guessing at many accounts.
const ADDRESS: Limit = Limit {
    scope: "sign-in address",
    hits: 50,
    window: WINDOW,
};

pub struct Credentials<'a> {
    pub email: &'a str,
    pub password: &'a str,
    pub client: IpAddr,
}

/// The user with these credentials. Unknown account, wrong password and disabled user get one answer.
pub fn with_password(storage: &Storage, credentials: &Credentials<'_>) -> Result<User> {
    let account = credentials.email.trim().to_lowercase();
    let address = ClientKey::of(credentials.client).to_string();
    let pair = format!("{account} {address}");
    // Counted before the password is looked at: guesses at the same moment cannot slip by.
    for (limit, name) in [(PAIR, &pair), (ACCOUNT, &account), (ADDRESS, &address)] {
        let decision = rate_limit::hit(storage, limit, name)?;
        if !decision.allowed {
            return Err(Error::RateLimited {
                message: "Too many failed sign-ins; try again later.".to_owned(),
                retry_after: decision.resets_in,
            });
        }
    }
    let found = storage.control(|conn| {
        let user = User::with_email(conn, &account)?.filter(|user| !user.disabled);
        let hash = match &user {
            Some(user) => User::password_hash(conn, user.id)?,
            None => None,
        };
        Ok(user.zip(hash))
    })?;
    let right = password::verify(
        credentials.password,
        found.as_ref().map(|(_, hash)| hash.as_str()),
    );
    match found {
        Some((user, _)) if right => {
            rate_limit::forget(storage, PAIR, &pair)?;
            rate_limit::forget(storage, ACCOUNT, &account)?;
            rate_limit::take_back(storage, ADDRESS, &address)?;
            Ok(user)
        }
        _ => {
            tracing::warn!(client = %credentials.client, "a sign-in failed");
            Err(Error::Unauthenticated(
                "E-mail address or password is wrong".to_owned(),
            ))
        }
    }
}

/// Sets a new password after the current one is proven; every session of the user ends.
pub fn change_password(storage: &Storage, current: &Credentials<'_>, new: &str) -> Result<User> {
    password::check("newPassword", new)?;
    let user = with_password(storage, current).map_err(|error| match error {
        Error::Unauthenticated(_) => {
            Error::invalid("currentPassword", "The current password is wrong")
        }
        other => other,
    })?;
    let hash = password::hash(new)?;
    storage.control_write(|tx| {
        User::set_password(tx, user.id, &hash)?;
        User::with_id(tx, user.id)?
            .ok_or_else(|| Error::NotFound("The account no longer exists".to_owned()))
    })
}
