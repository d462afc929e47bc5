//! People who use a server, by their access token.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::{Atelier, PASSWORD};

/// A person who is signed in.
#[derive(Clone)]
pub struct Actor {
    client: reqwest::Client,
    url: String,
    /// What `Authorization: Bearer` bears.
    pub token: String,
    /// Their id.
    pub id: String,
}

impl Actor {
    /// The person that a sign-in's answer tells of.
    pub fn of(url: &str, signed_in: &Value) -> Self {
        Self {
            client: crate::client(),
            url: url.to_owned(),
            token: signed_in["accessToken"].as_str().expect("a token").to_owned(),
            id: signed_in["user"]["id"].as_str().expect("an id").to_owned(),
        }
    }

    /// The same person by another token, such as an API key.
    pub fn by(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The same person, who uses another server of the same installation.
    pub fn at(&self, server: &Atelier) -> Self {
        Self { url: server.url.clone(), ..self.clone() }
    }

    /// A request that bears the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.url)).bearer_auth(&self.token)
    }

    /// What a request without a body answers.
    pub async fn send(&self, method: Method, path: &str) -> (StatusCode, Value) {
        answered(self.request(method, path)).await
    }

    /// What a request with a JSON body answers.
    pub async fn send_json(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        answered(self.request(method, path).json(body)).await
    }

    /// Reads what must be there.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path).await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// Does what must succeed.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send_json(Method::POST, path, body).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// Makes a film.
    pub async fn film(&self, name: &str) -> String {
        let project = self.post("/projects", &json!({ "name": name, "type": "movie" })).await;
        project["id"].as_str().expect("an id").to_owned()
    }

    /// Brings another person onto the server, by way of a project of their own.
    pub async fn befriend(&self, app: &Atelier, name: &str) -> Self {
        let meeting = self.film("Where we met").await;
        let friend = self.invite(app, &meeting, name, "owner").await;
        let (status, _) = friend.send(Method::DELETE, &format!("/projects/{meeting}")).await;
        assert_eq!(status, 204);
        friend
    }

    /// Invites a new person to a project, who accepts.
    pub async fn invite(&self, app: &Atelier, project: &str, name: &str, role: &str) -> Self {
        let email = format!("{name}@example.org");
        let invitation = self
            .post(&format!("/projects/{project}/invitations"), &json!({ "email": email, "role": role }))
            .await;
        let link = invitation["link"].as_str().expect("a link");
        let token = link.split_once("#token=").expect("a token behind #").1;
        let body = json!({ "token": token, "name": name, "password": PASSWORD });
        let answer =
            crate::client().post(format!("{}/api/v1/invitations/accept", app.url)).json(&body).send().await;
        let answer: Value = answer.expect("an answer").json().await.expect("JSON");
        Self::of(&app.url, &answer["signedIn"])
    }

    /// Imports a text and saves what was read of it.
    pub async fn import(&self, project: &str, filename: &str, content: &str) -> Value {
        let import = self
            .post(
                &format!("/projects/{project}/imports"),
                &json!({ "filename": filename, "content": content }),
            )
            .await;
        let id = import["importId"].as_str().expect("an id");
        self.post(&format!("/projects/{project}/imports/{id}/decision"), &json!({ "decision": "ingest" }))
            .await
    }
}

/// The status and the JSON of an answer; `null` where there is none.
pub async fn answered(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}
