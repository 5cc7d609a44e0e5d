//! `/api/v1`: what can be asked and changed by whoever has the token. Wants it on loopback, too.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{Admin, Token};
use crate::capture::{Learnt, PinnedPair};
use crate::ledger::record::template;

/// Called with a change's name and what it was before.
pub type Audit = Arc<dyn Fn(&'static str, String) + Send + Sync>;

/// Reads the rules again: what is in force now, or why the old ones stay.
pub type Reload = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// What the interface works on.
pub struct Api {
    pub token: Token,
    pub learnt: Arc<Learnt>,
    pub audit: Audit,
    pub reload: Reload,
}

pub(super) fn routes() -> Router<Arc<Admin>> {
    Router::new().route("/pinned", get(pinned).delete(forget_all)).route("/pinned/{id}", get(one).delete(forget_one))
}

/// `POST /-/reload`
pub(super) async fn reload(State(admin): State<Arc<Admin>>) -> Response {
    match tokio::task::spawn_blocking(move || (admin.api.reload)()).await {
        Ok(Ok(packs)) => format!("in force: {packs}\n").into_response(),
        Ok(Err(error)) => {
            let text = format!("422: the rules do not hold, and the old ones stay in force: {error}\n");
            (StatusCode::UNPROCESSABLE_ENTITY, text).into_response()
        }
        Err(_) => {
            let text = "500: the reload failed, and the old rules stay in force; please report it\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

async fn pinned(State(admin): State<Arc<Admin>>) -> Json<Value> {
    Json(list(&admin.api.learnt.pinned()))
}

async fn one(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Response {
    match admin.api.learnt.pinned().iter().find(|pair| pair.id == id) {
        Some(pair) => Json(shown(pair)).into_response(),
        None => unknown(),
    }
}

async fn forget_all(State(admin): State<Arc<Admin>>) -> Json<Value> {
    Json(list(&forget(&admin.api, None)))
}

async fn forget_one(State(admin): State<Arc<Admin>>, Path(id): Path<String>) -> Response {
    let forgotten = forget(&admin.api, Some(&id));
    if forgotten.is_empty() { unknown() } else { Json(list(&forgotten)).into_response() }
}

/// From now on these pairs are opened again.
fn forget(api: &Api, id: Option<&str>) -> Vec<PinnedPair> {
    let forgotten = api.learnt.forget(id);
    for pair in &forgotten {
        (api.audit)("pinned_forgotten", format!("{} {}", pair.client, template::host(&pair.host)));
    }
    forgotten
}

fn unknown() -> Response {
    let text = "404: no pair of client and host has this id; `/api/v1/pinned` lists them\n";
    (StatusCode::NOT_FOUND, text).into_response()
}

fn list(pairs: &[PinnedPair]) -> Value {
    json!({ "pinned": pairs.iter().map(shown).collect::<Vec<_>>() })
}

fn shown(pair: &PinnedPair) -> Value {
    json!({
        "id": pair.id,
        "client": pair.client.to_string(),
        "host": template::host(&pair.host),
        "reason": pair.why.as_str(),
        "last_rejection": pair.last,
        "since": format!("{:.0}", pair.since),
        "until": format!("{:.0}", pair.until),
        "connections": pair.connections,
        "bytes": { "up": pair.up, "down": pair.down },
    })
}
