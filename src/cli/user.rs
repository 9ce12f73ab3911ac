//! `souk user`: people of an organization.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::offline::Offline;
use crate::password;
use crate::user::{NewUser, Role, User};

pub const EXAMPLES: &str = "Examples:
  souk user create --organization 1 --email ada@acme.example --name \"Ada\" --role Editor
  souk user create --organization 1 --id 77 --email bob@acme.example --name \"Bob\" --role Auditor
  souk user list --organization 1
  souk user disable ada@acme.example";

#[derive(Subcommand)]
pub enum UserVerb {
    /// Create a user; the password is made up and printed once
    Create(Create),
    /// List users
    List {
        /// Only of this organization
        #[arg(long)]
        organization: Option<i64>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Disable a user and end all sessions
    Disable {
        email: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct Create {
    /// The organization's number
    #[arg(long)]
    pub organization: i64,
    #[arg(long)]
    pub email: String,
    #[arg(long)]
    pub name: String,
    /// Admin, Reviewer, Editor or Auditor
    #[arg(long)]
    pub role: Role,
    /// Keep the number the person has in another system
    #[arg(long)]
    pub id: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl UserVerb {
    pub fn run(&self, config: &Config) -> Result<()> {
        let offline = Offline::open(config)?;
        match self {
            Self::Create(create) => create.run(&offline),
            Self::List { organization, json } => {
                let rows = offline
                    .storage
                    .control(|conn| User::list(conn, *organization))?
                    .iter()
                    .map(serde_json::to_value)
                    .collect::<Result<Vec<Value>, _>>()
                    .map_err(|error| Error::internal("users", error))?;
                Output { json: *json }.table(
                    &[
                        "id",
                        "organizationId",
                        "email",
                        "name",
                        "roleName",
                        "disabled",
                    ],
                    &rows,
                )
            }
            Self::Disable { email, json } => {
                offline.storage.control_write(|tx| {
                    let user = known(User::with_email(tx, email)?, email)?;
                    User::disable(tx, user.id)
                })?;
                let text = format!("Disabled {email}; all sessions have ended");
                Output { json: *json }.one(&json!({ "email": email, "disabled": true }), &text)
            }
        }
    }
}

impl Create {
    pub fn run(&self, offline: &Offline) -> Result<()> {
        let password = password::generate()?;
        let hash = password::hash(&password)?;
        let user = offline.storage.control_write(|tx| {
            User::create(
                tx,
                &NewUser {
                    id: self.id,
                    organization_id: self.organization,
                    email: &self.email,
                    name: &self.name,
                    role: self.role,
                    password_hash: &hash,
                },
            )
        })?;
        let text = format!(
            "Created {} {} ({}). Password, shown this once: {password}",
            user.role, user.id, user.email
        );
        let value = json!({
            "id": user.id, "organizationId": user.organization_id, "email": user.email,
            "name": user.name, "roleName": user.role, "password": password,
        });
        Output { json: self.json }.one(&value, &text)
    }
}

/// The user, or a message that names the address that nobody has.
pub fn known(user: Option<User>, email: &str) -> Result<User> {
    user.ok_or_else(|| {
        Error::NotFound(format!(
            "There is no user with the e-mail address {email}; 'souk user list' shows all"
        ))
    })
}
