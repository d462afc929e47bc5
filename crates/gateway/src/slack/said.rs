//! What Slack says: its events, slash commands and pressed buttons as one kind of thing, and all else left alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::slack::Channel;

/// The most characters of an id that Slack gives.
const ID: usize = 200;
/// The slash command.
pub(crate) const COMMAND: &str = "/atelier";

/// What a request says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Slack wants to see that the address is ours.
    Challenge(String),
    /// Someone said something.
    Word(Box<Word>),
    /// Nothing that is meant for us.
    Nothing,
}

/// Something that someone said to us. It is kept so until it is heeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Word {
    /// Tells it from everything else that Slack ever says; the same when it says this again.
    pub(crate) id: String,
    pub(crate) at: Channel,
    /// Who, in their team.
    pub(crate) member: String,
    /// The first message of the thread that it is in, or that an answer begins.
    pub(crate) thread: Option<String>,
    /// Where an answer that only this person sees is sent, if Slack says so.
    pub(crate) answer_at: Option<String>,
    pub(crate) what: What,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// A command, by the slash command or in a mention.
    Line(String),
    /// Something in a thread, which may be one of ours.
    Reply(String),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outer {
    UrlVerification {
        challenge: String,
    },
    EventCallback(Box<Callback>),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Callback {
    team_id: String,
    event_id: String,
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    /// Edits, joins and the like have one.
    subtype: Option<String>,
    /// What a program wrote has one; ours too.
    bot_id: Option<String>,
    user: Option<String>,
    channel: Option<String>,
    text: Option<String>,
    ts: Option<String>,
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
struct Slash {
    command: String,
    #[serde(default)]
    text: String,
    team_id: String,
    channel_id: String,
    user_id: String,
    trigger_id: String,
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct Pressed {
    #[serde(rename = "type")]
    kind: String,
    team: Named,
    user: Named,
    channel: Option<Named>,
    container: Option<Container>,
    trigger_id: String,
    response_url: Option<String>,
    #[serde(default)]
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Container {
    message_ts: Option<String>,
    thread_ts: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    value: Option<String>,
}

/// What comes over a socket that Slack has given us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Something was said; to be acknowledged by that id.
    Said(String, Option<Said>),
    /// Slack closes this socket soon, and gives another.
    Disconnect,
    /// Nothing that has to be answered.
    Nothing,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
}

/// What a text on such a socket says (Slack's "Socket Mode"): the same as over HTTP, in an envelope.
pub(crate) fn frame(text: &str) -> Option<Frame> {
    let Envelope { kind, envelope_id, payload } = serde_json::from_str(text).ok()?;
    if kind == "disconnect" {
        return Some(Frame::Disconnect);
    }
    let Some(id) = envelope_id.filter(|id| (1..=ID).contains(&id.len())) else { return Some(Frame::Nothing) };
    let said = match kind.as_str() {
        "events_api" => serde_json::from_value(payload).ok().and_then(told),
        "slash_commands" => serde_json::from_value(payload).ok().and_then(commanded),
        "interactive" => serde_json::from_value(payload).ok().and_then(pressed),
        _ => Some(Said::Nothing),
    };
    Some(Frame::Said(id, said))
}

/// What a JSON body says: the Events API.
pub(crate) fn event(body: &[u8]) -> Option<Said> {
    told(serde_json::from_slice(body).ok()?)
}

fn told(outer: Outer) -> Option<Said> {
    let Callback { team_id, event_id, event } = match outer {
        Outer::UrlVerification { challenge } => {
            return Some(Said::Challenge(challenge.chars().take(1_000).collect()));
        }
        Outer::EventCallback(callback) => *callback,
        Outer::Other => return Some(Said::Nothing),
    };
    // What programs say, we among them, and what is said of a message is no word to us.
    let (None, None) = (&event.subtype, &event.bot_id) else { return Some(Said::Nothing) };
    let (Some(member), Some(channel), Some(ts)) = (event.user, event.channel, event.ts) else {
        return Some(Said::Nothing);
    };
    let text = event.text.unwrap_or_default();
    let (thread, what) = match (event.kind.as_str(), event.thread_ts) {
        ("app_mention", thread) => (thread.unwrap_or(ts), What::Line(after_mention(&text))),
        // A mention in a thread is told as a mention, too, which is heeded.
        ("message", Some(thread)) if !text.trim_start().starts_with("<@") => {
            (thread, What::Reply(typed(&text)))
        }
        _ => return Some(Said::Nothing),
    };
    let at = Channel { team: team_id, channel };
    checked(Word { id: format!("event/{event_id}"), at, member, thread: Some(thread), answer_at: None, what })
}

/// What a form says: a slash command, or a pressed button.
pub(crate) fn form(body: &[u8]) -> Option<Said> {
    let fields: BTreeMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
    if let Some(payload) = fields.get("payload") {
        return pressed(serde_json::from_str(payload).ok()?);
    }
    commanded(serde_json::from_value(json!(fields)).ok()?)
}

fn commanded(slash: Slash) -> Option<Said> {
    if slash.command != COMMAND {
        return Some(Said::Nothing);
    }
    let Slash { text, team_id: team, channel_id: channel, user_id: member, trigger_id, response_url, .. } =
        slash;
    let id = format!("command/{team}/{channel}/{member}/{trigger_id}");
    let at = Channel { team, channel };
    let what = What::Line(typed(&text));
    checked(Word { id, at, member, thread: None, answer_at: response_url, what })
}

fn pressed(pressed: Pressed) -> Option<Said> {
    let Pressed { kind, team, user, channel, container, trigger_id, response_url, actions } = pressed;
    let (Some(channel), Some(line)) = (channel, actions.into_iter().find_map(|action| action.value)) else {
        return Some(Said::Nothing);
    };
    if kind != "block_actions" {
        return Some(Said::Nothing);
    }
    let id = format!("action/{}/{}/{}/{trigger_id}", team.id, channel.id, user.id);
    let thread = container.and_then(|container| container.thread_ts.or(container.message_ts));
    let at = Channel { team: team.id, channel: channel.id };
    // A button's value is the command that it stands for: what it may do is seen as for all others.
    checked(Word { id, at, member: user.id, thread, answer_at: response_url, what: What::Line(line) })
}

/// The word, unless an id in it is missing or no id of Slack's.
fn checked(word: Word) -> Option<Said> {
    let ids = [&word.at.team, &word.at.channel, &word.member].into_iter().chain(&word.thread);
    let is_id = |id: &String| {
        (1..=ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
    };
    let whole = ids.into_iter().all(is_id) && word.id.len() <= 5 * ID && !word.id.ends_with('/');
    whole.then(|| Said::Word(Box::new(word)))
}

/// What follows the mention that a text begins with.
fn after_mention(text: &str) -> String {
    let text = text.trim_start();
    let rest = text.strip_prefix("<@").and_then(|rest| rest.split_once('>')).map_or(text, |(_, rest)| rest);
    typed(rest)
}

/// What was typed: Slack's clients make quotes and dashes prettier than programs take them, and its server escapes three
/// characters.
fn typed(text: &str) -> String {
    let plain = text.replace(['“', '”', '„'], "\"").replace(['‘', '’', '‚'], "'").replace('—', "--");
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn callback(event: &Value) -> Option<Said> {
        let body = json!({ "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event });
        super::event(body.to_string().as_bytes())
    }

    fn word(said: Option<Said>) -> Word {
        match said {
            Some(Said::Word(word)) => *word,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_challenge_is_given_back() {
        let body = br#"{"token":"x","challenge":"3eZbrw","type":"url_verification"}"#;
        assert_eq!(event(body), Some(Said::Challenge("3eZbrw".into())));
    }

    #[test]
    fn a_mention_is_a_command_in_a_thread_of_its_own_or_in_that_which_it_is_in() {
        let mut mention = json!({ "type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.2",
            "text": "<@U0LAN> do — echo “a &amp; b”" });
        let said = word(callback(&mention));
        assert_eq!(
            (said.id.as_str(), said.member.as_str(), said.thread.as_deref()),
            ("event/Ev1", "U1", Some("1.2"))
        );
        assert_eq!(said.at, Channel { team: "T1".into(), channel: "C1".into() });
        assert_eq!(said.what, What::Line("do -- echo \"a & b\"".into()));
        mention["thread_ts"] = json!("1.0");
        assert_eq!(word(callback(&mention)).thread.as_deref(), Some("1.0"));
    }

    #[test]
    fn only_what_people_say_in_threads_may_be_a_reply() {
        let reply = json!({ "type": "message", "user": "U1", "channel": "C1", "ts": "1.3", "thread_ts": "1.2",
            "text": "go on" });
        assert_eq!(word(callback(&reply)).what, What::Reply("go on".into()));
        for (field, value) in [
            ("subtype", json!("message_changed")),
            ("bot_id", json!("B1")),
            ("thread_ts", Value::Null),
            ("user", Value::Null),
            ("text", json!("<@U0LAN> status")),
            ("type", json!("reaction_added")),
        ] {
            let mut other = reply.clone();
            other[field] = value;
            assert_eq!(callback(&other), Some(Said::Nothing), "{field}");
        }
    }

    #[test]
    fn a_slash_command_and_a_button_are_commands_that_are_answered_where_slack_says() {
        let form = super::form(
            b"command=%2Fatelier&text=status&team_id=T1&channel_id=C1&user_id=U1&trigger_id=9.8&response_url=https%3A%2F%2Fh",
        );
        let said = word(form);
        assert_eq!((said.id.as_str(), &said.what), ("command/T1/C1/U1/9.8", &What::Line("status".into())));
        assert_eq!((said.answer_at.as_deref(), said.thread), (Some("https://h"), None));
        let payload = json!({ "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
            "channel": { "id": "C1" }, "container": { "message_ts": "1.2" }, "trigger_id": "9.9",
            "actions": [{ "action_id": "cancel", "value": "cancel run_1" }] });
        let body: String = form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &payload.to_string())
            .finish();
        let said = word(super::form(body.as_bytes()));
        assert_eq!((said.what, said.thread.as_deref()), (What::Line("cancel run_1".into()), Some("1.2")));
        assert_eq!(
            super::form(b"command=%2Fother&team_id=T1&channel_id=C1&user_id=U1&trigger_id=9"),
            Some(Said::Nothing)
        );
    }

    #[test]
    fn over_a_socket_the_same_is_said_in_an_envelope() {
        let of = |kind: &str, payload: Value| {
            let envelope = json!({ "type": kind, "envelope_id": "e1", "payload": payload });
            frame(&envelope.to_string()).unwrap()
        };
        let event = json!({ "type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.2", "text": "<@U0> status" });
        let callback =
            json!({ "type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event });
        assert_eq!(
            of("events_api", callback.clone()),
            Frame::Said("e1".into(), super::event(callback.to_string().as_bytes()))
        );
        let slash = json!({ "command": "/atelier", "text": "status", "team_id": "T1", "channel_id": "C1", "user_id": "U1",
            "trigger_id": "9.8", "response_url": "https://h" });
        let Frame::Said(_, said) = of("slash_commands", slash) else { panic!() };
        assert_eq!(word(said).what, What::Line("status".into()));
        let payload = json!({ "type": "block_actions", "team": { "id": "T1" }, "user": { "id": "U1" },
            "channel": { "id": "C1" }, "trigger_id": "9.9", "actions": [{ "value": "cancel run_1" }] });
        let Frame::Said(_, said) = of("interactive", payload) else { panic!() };
        assert_eq!(word(said).what, What::Line("cancel run_1".into()));
        // What makes no sense is acknowledged, or it would be said again.
        assert_eq!(of("interactive", json!(7)), Frame::Said("e1".into(), None));
        assert_eq!(frame(r#"{"type":"hello","num_connections":1}"#), Some(Frame::Nothing));
        assert_eq!(frame(r#"{"type":"disconnect","reason":"refresh_requested"}"#), Some(Frame::Disconnect));
        assert_eq!(frame("[]"), None);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for body in [&b""[..], b"{", b"[]", b"null", br#"{"type":"event_callback"}"#] {
            assert_eq!(event(body), None);
        }
        for body in [
            &b""[..],
            b"command=%2Fatelier",
            b"command=%2Fatelier&team_id=T1&channel_id=C1&user_id=U1",
            b"command=%2Fatelier&team_id=T%2F1&channel_id=C1&user_id=U1&trigger_id=1",
            b"payload=x",
        ] {
            assert_eq!(form(body), None, "{}", String::from_utf8_lossy(body));
        }
    }
}
