"""Reads all contacts of a sandbox account with dlt's REST source into Parquet files, and prints what it took.

Usage: pipeline.py BASE_URL KEY VIEW FOLDER
"""

import json
import os
import resource
import sys
import time

base_url, key, view, folder = sys.argv[1:5]
os.environ["DLT_DATA_DIR"] = os.path.join(folder, "dlt")
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402

source = rest_api_source(
    {
        "client": {
            "base_url": base_url,
            "headers": {"Authorization": f"Token token={key}", "Accept": "application/json"},
            "paginator": {"type": "page_number", "base_page": 1, "total_path": "meta.total_pages"},
        },
        "resources": [
            {
                "name": "contacts",
                "primary_key": "id",
                "endpoint": {
                    "path": f"contacts/view/{view}",
                    "data_selector": "contacts",
                    "params": {"per_page": 100, "include": "owner"},
                },
            }
        ],
    },
    # One table, as on the other side: what has parts stays in its column.
    max_table_nesting=0,
)
pipeline = dlt.pipeline(
    pipeline_name="contacts",
    pipelines_dir=os.path.join(folder, "pipelines"),
    destination=dlt.destinations.filesystem(bucket_url=f"file://{folder}/files"),
    dataset_name="crm",
)
started = time.monotonic()
pipeline.run(source, loader_file_format="parquet", write_disposition="replace")
seconds = time.monotonic() - started
rows = pipeline.last_trace.last_normalize_info.row_counts["contacts"]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": seconds, "peak_mib": peak}))
