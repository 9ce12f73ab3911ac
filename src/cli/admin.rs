//! `souk admin`: make an organization's Admin, let one in again, and rotate the key of stored secrets.

mod rotate_key;

use clap::Subcommand;
use serde_json::json;

use super::{Output, user};
use crate::config::Config;
use crate::error::Result;
use crate::offline::Offline;
use crate::password;
use crate::user::{Role, User};

pub const EXAMPLES: &str = "Examples:
  souk admin create --organization 1 --email root@acme.example --name \"Root\"
  souk admin reset-password root@acme.example
  souk admin rotate-key";

#[derive(Subcommand)]
pub enum Admin {
    /// Create an Admin; the password is made up and printed once
    Create {
        /// The organization's number
        #[arg(long)]
        organization: i64,
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// Keep the number the person has in another system
        #[arg(long)]
        id: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give any user a new password, printed once; all sessions of the user end
    ResetPassword {
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Encrypt all stored secrets with a new key, and forget the old one
    ///
    /// It needs the server stopped. The key file holds the new and the old key until all is done, so a
    /// rotation that was cut off is ended by running it again, and the server starts in between.
    ///
    /// Everyone signs in again afterwards, because the keys that sign sessions are replaced as well.
    /// Backups from before open with the old key only: keep a copy of it with them.
    #[command(after_help = rotate_key::EXAMPLES)]
    RotateKey(rotate_key::RotateKey),
}

impl Admin {
    pub fn run(self, config: &Config) -> Result<()> {
        let offline = Offline::open(config)?;
        match self {
            Self::Create {
                organization,
                email,
                name,
                id,
                json,
            } => user::Create {
                organization,
                email,
                name,
                role: Role::Admin,
                id,
                json,
            }
            .run(&offline),
            Self::RotateKey(verb) => verb.run(&offline, &config.secret_key),
            Self::ResetPassword { email, json } => {
                let password = password::generate()?;
                let hash = password::hash(&password)?;
                offline.storage.control_write(|tx| {
                    let found = user::known(User::with_email(tx, &email)?, &email)?;
                    User::set_password(tx, found.id, &hash)
                })?;
                let text = format!("New password of {email}, shown this once: {password}");
                Output { json }.one(&json!({ "email": email, "password": password }), &text)
            }
        }
    }
}
