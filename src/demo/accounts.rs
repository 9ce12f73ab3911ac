//! The demo's two organizations with their people and core data.

use rusqlite::{Transaction, named_params};
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::error::{Error, Result};
use crate::governance::{Model, NewModel};
use crate::organization::{self, NewOrganization};
use crate::password;
use crate::tenant::TenantId;
use crate::user::{NewUser, Role, User};

/// Known to everyone, so the demo serves loopback only.
pub const PASSWORD: &str = "souk-demo-2026";

const TOKEN_SECONDS: i64 = 24 * 3600;

const ORGANIZATIONS: [(&str, &str); 2] = [
    ("Acme Bank", "acme.example"),
    ("Beta Health", "beta.example"),
];

/// People's names by role, so that the pages show persons and not roles.
const PEOPLE: [(Role, &str); 4] = [
    (Role::Admin, "Ada Adler"),
    (Role::Reviewer, "Ravi Rao"),
    (Role::Editor, "Elif Erdem"),
    (Role::Auditor, "Otto Ahn"),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub organization_id: i64,
    pub tenant_id: TenantId,
    pub email: String,
    pub password: &'static str,
    pub role: Role,
    pub token: String,
    #[serde(skip)]
    pub organization: String,
}

/// Makes what is missing and returns every account with a fresh token.
/// A data folder with organizations that are not the demo's is refused: it is somebody's real data.
pub fn ensure(app: &App) -> Result<Vec<Account>> {
    // One more than the demo has tells enough.
    let known = app
        .storage
        .control(|conn| organization::page(conn, 0, ORGANIZATIONS.len() as u32 + 1))?;
    if known
        .iter()
        .any(|one| !ORGANIZATIONS.iter().any(|(name, _)| *name == one.name))
    {
        return Err(Error::Conflict(format!(
            "{} holds organizations that are not the demo's; use 'souk serve' for it, or another folder",
            app.data.root().display()
        )));
    }
    let mut accounts = Vec::new();
    for (name, domain) in ORGANIZATIONS {
        let organization = match known.iter().find(|one| one.name == name) {
            Some(found) => found.clone(),
            None => {
                let new = NewOrganization {
                    name,
                    id: None,
                    admin: None,
                };
                organization::create(&app.storage, &new)?.0
            }
        };
        app.storage
            .tenant_write(&organization.tenant_id, |tx| sample_core_data(tx, domain))?;
        for (role, person) in PEOPLE {
            let email = format!("{}@{domain}", role.to_string().to_lowercase());
            let user = ensure_user(app, organization.id, &email, person, role)?;
            accounts.push(Account {
                organization_id: organization.id,
                tenant_id: organization.tenant_id.clone(),
                token: app.sessions.access_token(&user, TOKEN_SECONDS)?,
                email,
                password: PASSWORD,
                role,
                organization: organization.name.clone(),
            });
        }
    }
    Ok(accounts)
}

fn ensure_user(
    app: &App,
    organization_id: i64,
    email: &str,
    name: &str,
    role: Role,
) -> Result<User> {
    let known = app.storage.control(|conn| {
        let Some(user) = User::with_email(conn, email)? else {
            return Ok(None);
        };
        Ok(Some((User::password_hash(conn, user.id)?, user)))
    })?;
    if let Some((hash, user)) = known {
        if password::verify(PASSWORD, hash.as_deref()) {
            return Ok(user);
        }
        // Somebody changed it; the accounts printed must be the accounts that work.
        let hash = password::hash(PASSWORD)?;
        return app.storage.control_write(|tx| {
            User::set_password(tx, user.id, &hash)?;
            Ok(User::with_id(tx, user.id)?.unwrap_or(user))
        });
    }
    let hash = password::hash(PASSWORD)?;
    app.storage.control_write(|tx| {
        User::create(
            tx,
            &NewUser {
                id: None,
                organization_id,
                email,
                name,
                role,
                password_hash: &hash,
            },
        )
    })
}

struct SampleModel {
    provider: &'static str,
    model: &'static str,
    version: &'static str,
    status: &'static str,
    capabilities: &'static str,
    hosting: &'static str,
}

const MODELS: [SampleModel; 5] = [
    SampleModel {
        provider: "In-house",
        model: "Credit scorecard",
        version: "4.2",
        status: "Approved",
        capabilities: "Classification",
        hosting: "On premises",
    },
    SampleModel {
        provider: "In-house",
        model: "Fraud detector",
        version: "2.0",
        status: "Restricted",
        capabilities: "Anomaly detection",
        hosting: "On premises",
    },
    SampleModel {
        provider: "Mistral",
        model: "Mistral Small",
        version: "3.2",
        status: "Pending",
        capabilities: "Text generation",
        hosting: "On premises",
    },
    SampleModel {
        provider: "OpenAI",
        model: "GPT-4o mini",
        version: "2024-07-18",
        status: "Blocked",
        capabilities: "Text generation, vision",
        hosting: "Azure",
    },
    SampleModel {
        provider: "Meta",
        model: "Llama 3.3",
        version: "70B",
        status: "Approved",
        capabilities: "Text generation",
        hosting: "On premises",
    },
];

/// Fills an empty tenant: a second start finds it filled.
fn sample_core_data(tx: &Transaction<'_>, domain: &str) -> Result<()> {
    if Model::any(tx)? {
        return Ok(());
    }
    let now = clock::now_iso();
    for sample in MODELS {
        Model::insert(
            tx,
            &NewModel {
                provider: sample.provider,
                model: sample.model,
                version: sample.version,
                capabilities: sample.capabilities,
                security_assessment: sample.status == "Approved",
                status: sample.status,
                reference_link: Some(&format!("https://models.{domain}/")),
                hosting_provider: Some(sample.hosting),
            },
        )?;
    }
    tx.execute(
        "INSERT INTO projects (project_title, start_date, ai_risk_classification, type_of_high_risk_role, goal, last_updated, created_at)
         VALUES ('Consumer credit decisions', :now, 'High risk', 'Deployer', 'Score applications for consumer credit', :now, :now),
                ('Service desk assistant', :now, 'Limited risk', NULL, 'Draft answers for the service desk', :now, :now)",
        named_params! { ":now": now },
    )?;
    tx.execute(
        "INSERT INTO risks (project_id, risk_name, ai_lifecycle_phase, risk_description, risk_category, likelihood, severity,
                            risk_level, mitigation_status, created_at, updated_at)
         VALUES (1, 'Scores drift unnoticed', 'Monitoring & maintenance', 'Inputs change faster than the scorecard is reviewed',
                 'Operational risk', 'Possible', 'Major', 'High risk', 'In Progress', :now, :now),
                (1, 'Unequal treatment', 'Model validation & testing', 'A proxy for a protected attribute steers decisions',
                 'Compliance risk', 'Unlikely', 'Catastrophic', 'High risk', 'Not Started', :now, :now),
                (2, 'Confidential text leaves the house', 'Deployment & integration', 'Prompts reach an outside provider',
                 'Data privacy risk', 'Possible', 'Moderate', 'Medium risk', 'Completed', :now, :now)",
        named_params! { ":now": now },
    )?;
    Ok(())
}
