"""The routes that the page and the API use. Gradio has many more, and none of those is open."""

from __future__ import annotations

from rag.web.posted import Refused

API = "/gradio_api"
RUN, JOIN, DATA = f"{API}/run/predict", f"{API}/queue/join", f"{API}/queue/data"
CALL, CANCEL, HEARTBEAT = f"{API}/call/chat", f"{API}/cancel", f"{API}/heartbeat"
COMPONENT = f"{API}/component_server"
UPLOAD, UPLOADING = f"{API}/upload", f"{API}/upload_progress"
FOR_ALL = ("/", "/theme.css", "/favicon.ico", "/robots.txt", "/manifest.json", f"{API}/startup-events")
FOR_ALL_BELOW = ("/assets/", "/static/", "/svelte/")
PAGES = ("/", "/config")  # what a browser or a program asks for first; it is given its cookie there
GETS = ("/config", f"{API}/info", f"{API}/app_id", DATA, UPLOADING)
GETS_BELOW = (f"{HEARTBEAT}/", f"{CALL}/")
POSTS = (RUN, JOIN, CALL, CANCEL, f"{API}/reset", COMPONENT, UPLOAD)
CLOSED = 404, "There is nothing here; Lodestar takes no files and gives none out."


def check(method: str, path: str) -> None:
    """Raises Refused for what is not on the list."""
    if method in ("GET", "HEAD"):
        open_ = path in FOR_ALL or path in GETS or path.startswith((*FOR_ALL_BELOW, *GETS_BELOW))
    else:
        open_ = method == "POST" and (path in POSTS or path == "/login")
    if not open_ or ".." in path:
        raise Refused(*CLOSED)
