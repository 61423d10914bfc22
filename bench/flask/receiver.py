"""The baseline of the webhook benchmark: what an app's own Flask receiver does with a notification of the CRM.

It reads the body, looks at event and kind, and answers. It checks no secret and keeps nothing: that is the program people start from, run by the server
that Flask itself brings, as they run it. PORT says where it listens, on this machine only.
"""

import logging
import os

from flask import Flask, jsonify, request

app = Flask(__name__)


@app.post("/freshsales/webhook")
def receive():
    """Answers a notification."""
    body = request.get_json(force=True)
    if not body:
        return jsonify(error="No data"), 400
    record = body.get("object", {})
    if body.get("event") == "deal_updated" and body.get("object_type") == "deal":
        app.logger.debug("deal moved to %s", record.get("deal_stage", {}).get("name"))
    return jsonify(status="received")


@app.get("/health")
def health():
    """Says that it runs."""
    return jsonify(status="ok")


if __name__ == "__main__":
    # A line for each request would be measured too.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "0")), threaded=True)
