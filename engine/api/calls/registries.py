"""Registries: pull, push, look, and whether a name and a password are right.

    POST /images/create?fromImage=localhost:5000/shop&tag=1      pull, told line by line
    POST /images/localhost:5000/shop/push?tag=1                  push

Without a tag a pull brings every tag of the repository, and a push sends every one.

Source: Docker Engine API 1.41, "Images", "System" and "Distribution"
Try it: `docker -H unix:///run/labshell/labd.sock pull localhost:5000/shop`
"""

from engine.api import credentials
from engine.api.answers import Answer, as_json
from engine.api.call import Call
from engine.api.calls.archives import import_tree
from engine.api.problems import Problem
from engine.api.routes import Route, Takes
from engine.api.telling import Lines, Transfer, told
from engine.errors import RegistryError


def create(call: Call) -> Answer:
    """Make an image of a tar that is sent, or of what a registry has."""
    return import_tree(call) if "fromSrc" in call.request.query else _pull(call)


def _pull(call: Call) -> Answer:
    request, engine = call.request, call.engine
    name, tag = request.text("fromImage"), request.text("tag")
    if not name:
        raise Problem(400, "no image is named: fromImage=IMAGE")
    if tag:
        name += f"@{tag}" if ":" in tag else f":{tag}"
    logins, platform = credentials.of_image(call, name), request.text("platform")
    wanted = engine.pull if {":", "@"} & set(_last_part(name)) else engine.pull_all

    def work(lines: Lines) -> None:
        wanted(name, Transfer(lines, "Downloading"), platform, logins)

    return told(work)


def _last_part(name: str) -> str:
    """What may have a tag: behind a host there may be a colon, too."""
    return name.rpartition("/")[2]


def push(call: Call) -> Answer:
    """Bring an image to the registry in its name, told line by line."""
    if "x-registry-auth" not in call.request.headers:
        raise Problem(400, "Bad parameters and missing X-Registry-Auth: EOF")
    tag, logins = call.request.text("tag"), credentials.of_image(call, call.image)

    def work(lines: Lines) -> None:
        progress = Transfer(lines, "Pushing")
        if tag:
            pushed = [call.engine.push(f"{call.image}:{tag}", progress, logins)]
        else:
            pushed = call.engine.push_all(call.image, progress, logins)
        for one in pushed:
            sent = {
                "Tag": one.reference.tag,
                "Digest": one.image.manifest_digest,
                "Size": one.image.manifest_size,
            }
            lines.tell({"progressDetail": {}, "aux": sent})

    return told(work)


def distribution(call: Call) -> Answer:
    """What a registry has under a name, without fetching it."""
    logins = credentials.of_image(call, call.image)
    return as_json(call.engine.distribution(call.image, logins))


def authenticate(call: Call) -> Answer:
    """Whether the registry takes this name and password. Nothing is kept."""
    login = credentials.login_of(call.data)
    if login is None:
        raise Problem(400, "no user name is given")
    registry = str(call.data.get("serveraddress") or "")
    try:
        kept = call.engine.try_login(registry, login)
    except RegistryError as error:
        raise Problem(401 if error.status in (401, 403) else 500, error.message) from (
            error
        )
    return as_json({"Status": "Login Succeeded", "IdentityToken": kept.identity_token})


ROUTES = (
    Route("POST", "/images/create", create, Takes.STREAM),
    Route("POST", "/images/{image}/push", push),
    Route("GET", "/distribution/{image}/json", distribution, slow=True),
    Route("POST", "/auth", authenticate, Takes.JSON, slow=True),
)
