"""A web application of one page: whom it greets, and on which host it runs.

The name comes from the environment, which an image sets with ENV and `lab run -e`
replaces. The host name is the container's: its UTS namespace has one of its own.

Try it: see README.md beside this file
"""

import html
import os
import socket

from flask import Flask

app = Flask(__name__)


@app.route("/")
def hello() -> str:
    """The page."""
    name = html.escape(os.environ.get("NAME", "world"))
    return f"<h3>Hello {name}!</h3><b>Hostname:</b> {socket.gethostname()}<br/>\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=80)
