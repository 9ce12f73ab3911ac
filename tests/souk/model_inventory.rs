//! `/api/modelInventory`.

use crate::support::TestServer;

#[test]
fn members_see_their_organizations_models() {
    let server = TestServer::builtin();
    let auditor = server.as_role(2, "Auditor");
    let models = auditor.get("/api/modelInventory").is(200).data();
    assert_eq!(models.as_array().unwrap().len(), 5);
    let one = auditor
        .get(&format!("/api/modelInventory/{}", models[0]["id"]))
        .is(200)
        .data();
    assert_eq!(one, models[0]);
    assert_eq!(
        auditor.get("/api/modelInventory/999").is(404).data(),
        "Model not found"
    );
    auditor.get("/api/modelInventory/x").is(400);
}
