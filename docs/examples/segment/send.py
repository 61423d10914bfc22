"""Sends events to Leadgate through the Python library of the tracking specification. Set LEADGATE_URL and LEADGATE_APP_KEY."""

import os
import sys
from datetime import datetime, timedelta, timezone

from segment.analytics.client import Client


def not_sent(error, events):
    print("python: not sent:", error, len(events), "events", file=sys.stderr)


def send(packed):
    analytics = Client(
        os.environ["LEADGATE_APP_KEY"],
        host=os.environ["LEADGATE_URL"],
        gzip=packed,
        on_error=not_sent,
    )
    user = "python-packed" if packed else "python-plain"
    analytics.identify(user, {"email": f"{user}@example.com", "first_name": "Grace"})
    analytics.group(user, "acme", {"name": "Acme"})
    analytics.track(user, "Trial Started", {"plan": "Pro"})
    analytics.page(user, "Docs", "Pricing")
    analytics.screen(user, "App", "Home")
    analytics.alias(user, user + "-2")
    an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    analytics.track(user + "-2", "Trial Extended", timestamp=an_hour_ago)
    analytics.shutdown()


send(packed=False)
send(packed=True)
