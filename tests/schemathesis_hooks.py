"""What calls need to lead somewhere: ids that are there, something to take away, and a stream that ends."""

import json
import os

import requests
import schemathesis

URL = os.environ["ATELIER_URL"] + "/api/v1"
TOKEN = {"Authorization": "Bearer " + os.environ["ATELIER_TOKEN"]}
KNOWN = json.loads(os.environ["ATELIER_KNOWN_IDS"])
PROJECT = KNOWN["projectId"]
ADA = {"email": "ada@example.org", "password": "correct horse battery"}
# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


def post(path, body, headers=TOKEN):
    """What a call that must succeed answers."""
    answer = requests.post(URL + path, json=body, headers=headers, timeout=30)
    assert answer.ok, f"POST {path}: {answer.status_code} {answer.text}"
    return answer


def put(path, body):
    """The same for one that puts something in its place."""
    answer = requests.put(URL + path, json=body, headers=TOKEN, timeout=30)
    assert answer.ok, f"PUT {path}: {answer.status_code} {answer.text}"
    return answer


def get(path):
    return requests.get(URL + path, headers=TOKEN, timeout=30).json()


def sessions():
    return {one["id"] for one in get("/auth/sessions")}


# Made before anything is guessed at: wrong passwords lock an account out. Where they run out, a call finds none.
SIGN_INS = 20
before = sessions()
for _ in range(SIGN_INS):
    post("/auth/login", ADA)
SESSIONS = sorted(sessions() - before)
COOKIES = [post("/auth/login", ADA).cookies["atelier_refresh"] for _ in range(SIGN_INS)]


def made(path, body):
    """The id of something that was made just now."""
    return post(path, body).json()["id"]


def member():
    """Someone who joined the project just now."""
    email = f"{os.urandom(8).hex()}@example.org"
    link = post(f"/projects/{PROJECT}/invitations", {"email": email, "role": "viewer"}).json()["link"]
    token = link.split("#token=")[1]
    joined = post("/invitations/accept", {"token": token, "name": "Ben", "password": ADA["password"]}, {})
    return joined.json()["signedIn"]["user"]["id"]


def relationship():
    """A relationship between two characters."""
    characters = f"/projects/{PROJECT}/characters"
    one, other = (made(characters, {"name": f"Extra {os.urandom(4).hex()}"}) for _ in range(2))
    post(f"/projects/{PROJECT}/relationships", {"source": one, "type": "knows", "target": other})
    return get(f"{characters}/{one}/relationships")["docs"][0]["id"]


def conversation():
    return made("/orchestrator/conversations", {"projectId": PROJECT})


def schedule():
    """An order for one moment that is far away."""
    order = {"kind": "task", "task": "List the sounds"}
    when = {"kind": "once", "at": "2099-01-01T00:00:00Z"}
    return made(f"/projects/{PROJECT}/schedules", {"name": "Brief", "order": order, "when": when})


def agent():
    """One that the project has switched off."""
    put(f"/projects/{PROJECT}/agents/audio/cues", {"off": True})
    return "cues"


def tool_server():
    """The name of a server that nobody asks."""
    name = f"try-{os.urandom(4).hex()}"
    put(f"/projects/{PROJECT}/tool-servers/{name}", {"url": "https://tools.invalid/mcp"})
    return name


# What each removal takes away, by the path's last parameter.
TO_TAKE_AWAY = {
    "session": lambda: SESSIONS.pop() if SESSIONS else "",
    "key": lambda: made("/auth/keys", {"name": "brief"}),
    "runner": lambda: made("/runners", {"name": "brief"}),
    "id": lambda: made("/projects", {"name": "Brief", "type": "movie"}),
    "person": member,
    "invitation": lambda: made(
        f"/projects/{PROJECT}/invitations", {"email": f"{os.urandom(8).hex()}@example.org", "role": "viewer"}
    ),
    "relationship": relationship,
    "record": lambda: made(f"/projects/{PROJECT}/scenes", {"name": f"INT. ROOM {os.urandom(4).hex()} - DAY"}),
    "conversation": conversation,
    "schedule": schedule,
    "agent": agent,
    "name": tool_server,
}


def well_formed(value, like):
    return isinstance(value, str) and value[:4] == like[:4] and len(value) == len(like)


@schemathesis.hook
def map_body(context, body):
    """Puts known ids into the places that have a well-formed one; what is broken on purpose stays broken."""
    if isinstance(body, dict):
        for field, known in KNOWN.items():
            if well_formed(body.get(field), known):
                body[field] = known
        # A model is looked for on this machine, and not found.
        if isinstance(body.get("baseUrl"), str) and body["baseUrl"].startswith("http"):
            body["baseUrl"] = NOWHERE
        # Nor does anybody answer under such a name.
        if isinstance(body.get("url"), str) and body["url"].startswith("http"):
            body["url"] = "https://tools.invalid/mcp"
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes what a call is to take away, signs in for those that go by a cookie, and lets a stream end."""
    path = case.operation.path
    if case.operation.method.upper() == "DELETE" and "{" in path:
        name = path.rsplit("{", 1)[1].rstrip("}")
        fresh = TO_TAKE_AWAY[name]()
        if well_formed(case.path_parameters.get(name), fresh):
            case.path_parameters[name] = fresh
    elif path.endswith(("/auth/refresh", "/auth/logout")):
        case.cookies = {"atelier_refresh": COOKIES.pop()} if COOKIES else {}
    elif path.endswith("/orchestrator/stream"):
        talk = conversation()
        if well_formed((case.query or {}).get("conversationId"), talk):
            case.query["conversationId"] = talk

        def speak_and_end(response, *args, **rest):
            """Once it is listened to: something is said, and then the conversation ends, and its stream with it."""
            if response.status_code == 200:
                post("/orchestrator/chat", {"projectId": PROJECT, "conversationId": talk, "mode": "query", "content": "Who?"})
                requests.delete(f"{URL}/orchestrator/conversations/{talk}", headers=TOKEN, timeout=30).raise_for_status()

        kwargs["hooks"] = {"response": speak_and_end}
