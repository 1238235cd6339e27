"""A hub.toml with a login from outside, complete: what its tests change stands in them."""

from __future__ import annotations

__all__ = ["OAUTH", "oauth_with"]

SPAWNER = "[spawner]"
OAUTH = f"""[people]
lecturers = ["ada"]
students = []
[authenticator]
kind = "oauth"
class = "oauthenticator.github.GitHubOAuthenticator"
[authenticator.options]
client_id = "i"
client_secret = "s"
oauth_callback_url = "https://hub.example.org/hub/oauth_callback"
{SPAWNER}
kind = "docker"
image = "course:1"
[exchange]
root = "."
"""


def oauth_with(option: str) -> str:
    """The same with one more line in [authenticator.options]."""
    return OAUTH.replace(SPAWNER, f"{option}\n{SPAWNER}")
