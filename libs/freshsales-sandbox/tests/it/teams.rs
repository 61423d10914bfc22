//! Teams of contacts, sales accounts and deals.

use freshsales_sandbox::Kind;
use rstest::rstest;
use serde_json::{Value, json};

use crate::client::App;

struct Ids {
    users: [i64; 2],
    roles: [i64; 2],
}

fn ids(app: &App) -> Ids {
    let id = |list: &str, name: &str| app.account.selector_id(list, name).unwrap();
    Ids {
        users: [id("owners", "Tomas Ferreira"), id("owners", "Nadia Rahman")],
        roles: [id("designations", "Account manager"), id("designations", "Solution engineer")],
    }
}

fn seeded(app: &App, kind: Kind) -> String {
    let body = json!({"name": "A", "last_name": "A", "amount": 1});
    format!("/{}/{}", kind.plural(), app.account.seed(kind, &body))
}

async fn manage(app: &App, record: &str, rows: Value) -> Value {
    app.post(&format!("{record}/manage_team_members"), &json!({"team_users": rows})).await.ok(200)["team_users"].clone()
}

#[rstest]
#[case(Kind::Contact)]
#[case(Kind::SalesAccount)]
#[case(Kind::Deal)]
#[tokio::test]
async fn members_join_change_their_role_and_leave(#[case] kind: Kind) {
    let app = App::start().await;
    let Ids { users: [tomas, nadia], roles: [manager, engineer] } = ids(&app);
    let record = seeded(&app, kind);
    manage(&app, &record, json!([{"user_id": tomas, "designation_id": manager}])).await;
    app.account.advance(std::time::Duration::from_secs(60));
    let rows = json!([{"user_id": nadia, "designation_id": manager}, {"user_id": tomas, "designation_id": engineer}]);
    let team = manage(&app, &record, rows).await;
    assert_eq!((&team[0]["user_id"], &team[0]["designation_id"]), (&json!(tomas), &json!(engineer)));
    let times = [&team[0]["created_at"], &team[0]["updated_at"], &team[1]["created_at"]];
    assert_eq!(times, ["2026-06-15T12:30:30Z", "2026-06-15T12:31:30Z", "2026-06-15T12:31:30Z"]);
    let shown = || async { app.get(&record).await.ok(200)[kind.singular()].clone() };
    assert_eq!(shown().await["team_user_ids"], json!([tomas, nadia]));
    let gone = json!([{"user_id": tomas, "designation_id": engineer, "_destroy": true}]);
    assert_eq!(manage(&app, &record, gone.clone()).await.as_array().unwrap().len(), 1);
    assert_eq!(manage(&app, &record, gone).await[0]["user_id"], nadia);
    assert_eq!(shown().await["updated_at"], "2026-06-15T12:30:30Z");
}

#[rstest]
#[case(json!([{"user_id": 1}]), "Invalid user provided.")]
#[case(json!([{"user_id": "USER", "designation_id": 1}]), "Invalid designation provided.")]
#[case(json!([{"user_id": "USER"}]), "Invalid designation provided.")]
#[case(json!("x"), "Team users can't be blank")]
#[tokio::test]
async fn members_are_users_with_a_role(#[case] rows: Value, #[case] sentence: &str) {
    let app = App::start().await;
    let record = seeded(&app, Kind::Contact);
    let user = ids(&app).users[0].to_string();
    let body = json!({"team_users": rows}).to_string().replace("USER", &user);
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(app.post(&format!("{record}/manage_team_members"), &body).await.message(), sentence);
    assert_eq!(app.get(&record).await.ok(200)["contact"]["team_user_ids"], Value::Null);
    assert_eq!(app.post("/contacts/1/manage_team_members", &body).await.status, 404);
}
