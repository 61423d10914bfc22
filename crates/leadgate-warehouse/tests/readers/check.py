"""Reads what the sinks wrote with the libraries that people read it with, and checks types and values.

Called with the folder of the files and the folder of a PostgreSQL server's socket.
"""

import csv
import datetime
import decimal
import json
import pathlib
import sqlite3
import sys

import duckdb
import psycopg
import pyarrow
import pyarrow.parquet

BIG = 9007199254740993123
AMOUNT = decimal.Decimal("1234567890123456.78")
MOMENT = datetime.datetime(2026, 11, 27, 4, 30, 0, 500000, tzinfo=datetime.timezone.utc)
DAY = datetime.date(2026, 2, 28)
TAGS = ["a,b", {"c": None}]
FORMULA = '=HYPERLINK("x")'
IDS = [3, 4, BIG]


def equal(what, found, expected):
    if found != expected or type(found) is not type(expected):
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def check_csv(folder):
    with open(folder / "deals.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    equal("csv ids", [row["id"] for row in rows], [str(id) for id in IDS])
    equal("csv name", rows[2]["name"], "renamed")
    equal("csv amount", rows[2]["amount"], str(AMOUNT))
    equal("csv moment", rows[2]["updated_at"], "2026-11-27T04:30:00.5Z")
    equal("csv formula", rows[2]["cf_plan"], "'" + FORMULA)
    equal("csv number", rows[0]["amount"], "-5")
    equal("csv lines", rows[0]["name"], "two\r\nlines\tand \\N")


def check_ndjson(folder):
    lines = (folder / "deals.ndjson").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    equal("ndjson ids", [row["id"] for row in rows], IDS)
    equal("ndjson amount", rows[2]["amount"], str(AMOUNT))
    equal("ndjson tags", rows[2]["tags"], TAGS)
    equal("ndjson blank", rows[0]["expected_close"], None)
    equal("ndjson truth", rows[2]["won"], True)


def check_parquet(folder):
    path = str(folder / "deals.parquet")
    table = pyarrow.parquet.read_table(path)
    types = {field.name: field.type for field in table.schema}
    equal("parquet id type", str(types["id"]), "int64")
    equal("parquet amount type", str(types["amount"]), "decimal128(38, 9)")
    equal("parquet moment type", str(types["updated_at"]), "timestamp[us, tz=UTC]")
    equal("parquet day type", str(types["expected_close"]), "date32[day]")
    equal("parquet truth type", str(types["won"]), "bool")
    row = table.to_pylist()[2]
    equal("parquet id", row["id"], BIG)
    equal("parquet amount", row["amount"].normalize(), AMOUNT)
    equal("parquet moment", row["updated_at"].astimezone(datetime.timezone.utc), MOMENT)
    equal("parquet day", row["expected_close"], DAY)
    equal("parquet text", row["cf_plan"], FORMULA)
    equal("parquet blank", table.to_pylist()[0]["expected_close"], None)
    equal("parquet empty", table.to_pylist()[0]["cf_plan"], "")
    read = duckdb.sql(f"SELECT id, amount, tags::VARCHAR, epoch_us(updated_at) FROM '{path}' ORDER BY id DESC").fetchall()
    equal("duckdb id", read[0][0], BIG)
    equal("duckdb amount", read[0][1].normalize(), AMOUNT)
    equal("duckdb tags", json.loads(read[0][2]), TAGS)
    equal("duckdb moment", read[0][3], int(MOMENT.timestamp() * 1_000_000))
    changes = duckdb.sql(f"SELECT field, to_value FROM '{folder / 'changes.parquet'}' WHERE field = 'name'").fetchall()
    equal("duckdb changes", changes, [("name", "renamed")])


def check_duckdb_texts(folder):
    read = duckdb.sql(f"SELECT id, amount, updated_at FROM '{folder / 'csv' / 'deals.csv'}' ORDER BY id DESC").fetchall()
    equal("duckdb csv id", read[0][0], BIG)
    read = duckdb.sql(f"SELECT id, amount FROM read_json_auto('{folder / 'ndjson' / 'deals.ndjson'}') ORDER BY id DESC")
    equal("duckdb ndjson", read.fetchall()[0], (BIG, str(AMOUNT)))


def check_sqlite(path):
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT id, amount, won, updated_at, tags FROM deals ORDER BY id DESC").fetchall()
    equal("sqlite ids", [row[0] for row in rows], IDS[::-1])
    equal("sqlite row", rows[0][1:4], (str(AMOUNT), 1, "2026-11-27T04:30:00.5Z"))
    equal("sqlite tags", json.loads(rows[0][4]), TAGS)


def check_postgres(socket):
    with psycopg.connect(host=str(socket), user="postgres", dbname="postgres") as connection:
        sql = "SELECT id, amount, won, expected_close, updated_at, tags, cf_plan FROM freshsales.deals ORDER BY id DESC"
        rows = connection.execute(sql).fetchall()
        names = connection.execute("SELECT field, to_value FROM freshsales.changes WHERE field = 'name'").fetchall()
    equal("postgres ids", [row[0] for row in rows], IDS[::-1])
    moment = rows[0][4].astimezone(datetime.timezone.utc)
    equal("postgres row", rows[0][1:4] + (moment,) + rows[0][5:], (AMOUNT, True, DAY, MOMENT, TAGS, FORMULA))
    equal("postgres changes", names, [("name", "renamed")])


def main():
    folder, socket = map(pathlib.Path, sys.argv[1:])
    check_csv(folder / "csv")
    check_ndjson(folder / "ndjson")
    check_parquet(folder / "parquet")
    check_duckdb_texts(folder)
    check_sqlite(folder / "mirror.db")
    check_postgres(socket)
    print("read and equal: csv, json, pyarrow, duckdb, sqlite3, psycopg")


main()
