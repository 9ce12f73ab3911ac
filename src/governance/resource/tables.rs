//! The tables, column by column, with the names that scripts and the API use.

use super::{Resource, flag, read, write};

pub const RISKS: Resource = Resource {
    one: "risk",
    table: "risks",
    columns: &[
        read("id", "id"),
        write("projectId", "project_id"),
        write("riskName", "risk_name"),
        write("riskOwner", "risk_owner"),
        write("aiLifecyclePhase", "ai_lifecycle_phase"),
        write("riskDescription", "risk_description"),
        write("riskCategory", "risk_category"),
        write("impact", "impact"),
        write("likelihood", "likelihood"),
        write("severity", "severity"),
        write("riskLevel", "risk_level"),
        write("mitigationStatus", "mitigation_status"),
        write("mitigationPlan", "mitigation_plan"),
        write("riskSeverity", "risk_severity"),
        write("likelihoodMitigation", "likelihood_mitigation"),
        write("finalRiskLevel", "final_risk_level"),
        write("reviewNotes", "review_notes"),
        write("deadline", "deadline"),
        write("dateOfAssessment", "date_of_assessment"),
        read("createdAt", "created_at"),
        read("updatedAt", "updated_at"),
    ],
    made: &["created_at"],
    changed: &["updated_at"],
    stamped: &[],
    derive: None,
};

pub const MODELS: Resource = Resource {
    one: "model",
    table: "model_inventory",
    columns: &[
        read("id", "id"),
        write("provider", "provider"),
        write("model", "model"),
        write("version", "version"),
        write("approver", "approver"),
        write("capabilities", "capabilities"),
        flag("securityAssessment", "security_assessment"),
        write("status", "status"),
        read("statusDate", "status_date"),
        write("referenceLink", "reference_link"),
        write("biases", "biases"),
        write("limitations", "limitations"),
        write("hostingProvider", "hosting_provider"),
        read("createdAt", "created_at"),
        read("updatedAt", "updated_at"),
    ],
    made: &["status_date", "created_at"],
    changed: &["updated_at"],
    stamped: &[("status", "status_date")],
    // Older clients read both as one text.
    derive: Some(
        "UPDATE model_inventory SET provider_model = provider || ' ' || model WHERE id = ?",
    ),
};

pub const PROJECTS: Resource = Resource {
    one: "project",
    table: "projects",
    columns: &[
        read("id", "id"),
        write("projectTitle", "project_title"),
        write("owner", "owner"),
        write("startDate", "start_date"),
        write("aiRiskClassification", "ai_risk_classification"),
        write("typeOfHighRiskRole", "type_of_high_risk_role"),
        write("goal", "goal"),
        read("lastUpdated", "last_updated"),
        read("createdAt", "created_at"),
    ],
    made: &["created_at"],
    changed: &["last_updated"],
    stamped: &[],
    derive: None,
};

/// Without their content, which is read one by one.
pub const FILES: Resource = Resource {
    one: "file",
    table: "files",
    columns: &[
        read("id", "id"),
        read("filename", "filename"),
        read("mime", "mime"),
        read("size", "size"),
        read("sha256", "sha256"),
        read("uploadedBy", "uploaded_by"),
        read("uploadedAt", "uploaded_at"),
    ],
    made: &[],
    changed: &[],
    stamped: &[],
    derive: None,
};
